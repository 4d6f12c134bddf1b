/**
 * Repairs of rp2040js' ADC in place: round-robin steps to the channel it found, and a sample takes 96 periods of clk_adc, whatever
 * that runs at, and taking a sample out of the FIFO lowers its interrupt. RP2040 datasheet 4.9.
 */
import type { RP2040 } from 'rp2040js';
import { memoryTiming } from '../timing/memory-rules.ts';

const CS_AINSEL_SHIFT = 12;
const CS_AINSEL_BITS = 7 << CS_AINSEL_SHIFT;
const CS_RROBIN_SHIFT = 16;
const FIFO = 0x0c;
const CHANNELS = 5;
const TEMPERATURE_CHANNEL = 4;
/** The sensor at 27 degrees Celsius: 0.706 V of 3.3 V. DS 4.9.5. */
const ROOM_TEMPERATURE_VALUE = Math.round((0.706 / 3.3) * 4096);
const DEFAULT_CLK_ADC = 48_000_000;

/** Returns a function that adapts the conversion time to the present clk_adc (0 = not yet running). */
export function repairAdc(adc: RP2040['adc']): (clkAdcHz: number) => void {
  const registers = adc as unknown as { cs: number };
  const selected = () => (registers.cs & CS_AINSEL_BITS) >>> CS_AINSEL_SHIFT;
  Object.defineProperty(adc, 'activeChannel', {
    get: selected,
    // Set only by the round-robin, whose own choice skips channel 0.
    set: () => {
      const next = nextChannel(selected(), registers.cs >>> CS_RROBIN_SHIFT);
      registers.cs = (registers.cs & ~CS_AINSEL_BITS) | (next << CS_AINSEL_SHIFT);
    },
  });
  const read = adc.readUint32.bind(adc);
  adc.readUint32 = (offset) => {
    const value = read(offset);
    if (offset === FIFO) adc.checkInterrupts();
    return value;
  };
  adc.channelValues[TEMPERATURE_CHANNEL] = ROOM_TEMPERATURE_VALUE;
  return (clkAdcHz) => {
    const micros = (memoryTiming.adcConversion * 1e6) / (clkAdcHz || DEFAULT_CLK_ADC);
    (adc as { sampleTime: number }).sampleTime = micros;
  };
}

/** The next channel after `channel` whose bit is set in `mask`; `mask` has at least one of them. */
function nextChannel(channel: number, mask: number): number {
  let next = channel;
  do next = next + 1 < CHANNELS ? next + 1 : 0;
  while (!(mask & (1 << next)) && next !== channel);
  return next;
}
