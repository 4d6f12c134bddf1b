/**
 * Timing rules of everything that is not a core: flash, XIP, DMA, clocks, UART, ADC. Same shape and meaning as `table.ts`.
 *
 * DS = RP2040 datasheet, W25Q = W25Q16JV datasheet (AC characteristics, typical), SSI = DW_apb_ssi databook as cited in DS 4.10,
 * PF = raspberrypi/pico-feedback issue.
 */
import type { TimingRule } from './table.ts';

export interface MemoryRule extends Omit<TimingRule, 'unit'> {
  unit:
    | TimingRule['unit']
    | 'words'
    | 'nanoseconds'
    | 'clk_ref cycles'
    | 'XOSC cycles'
    | 'clk_adc cycles'
    | 'Hz'
    | 'ticks';
}

type RuleBody = Omit<MemoryRule, 'name'>;

function rule(
  value: number,
  unit: MemoryRule['unit'],
  source: string,
  confidence: MemoryRule['confidence'],
  note: string,
  range?: [number, number],
): RuleBody {
  return { value, unit, source, confidence, note, ...(range ? { range } : {}) };
}

const RULES = {
  xipQuadWord: rule(
    20,
    'SCK cycles',
    'DS 4.10, boot2_w25q080',
    'H',
    'EBh in continuous mode: 8 address and mode, 4 dummy, 8 data',
  ),
  xipSerialWord: rule(
    64,
    'SCK cycles',
    'DS 4.10, boot2_generic_03h',
    'H',
    '03h: 8 command, 24 address, 32 data',
  ),
  xipOverhead: rule(10, 'cycles', 'none', 'L', 'added to the SCK periods of a miss', [0, 12]),
  xipBypassOverhead: rule(10, 'cycles', 'none', 'L', 'the same for reads that skip the cache', [0, 12]),
  xipFlush: rule(
    1024,
    'cycles',
    'DS 2.6.3.1',
    'M',
    'flush of the tag memory; a read of FLUSH waits for it',
    [1024, 1040],
  ),
  xipStreamHoldOff: rule(7, 'cycles', 'DS 2.6.3.3', 'H', 'from the last XIP miss until streaming goes on'),
  xipStreamOverhead: rule(
    0,
    'cycles',
    'ratio 2.5 between streaming and direct DMA in the vendor example',
    'M',
    'added to the SCK periods of a streamed word',
    [0, 4],
  ),
  xipWriteStore: rule(0, 'cycles', 'none', 'L', 'wait states of a store to the XIP address range', [0, 2]),
  dmaReadToWrite: rule(
    1,
    'cycles',
    'PF 202: four overlapped phases',
    'M',
    'from read data to the write address phase',
    [1, 2],
  ),
  dmaDataFifo: rule(
    4,
    'words',
    'none',
    'L',
    'elements between read and write, all channels together',
    [2, 8],
  ),
  dmaStart: rule(
    2,
    'cycles',
    'none',
    'L',
    'from the trigger (or chain) to the first read address phase',
    [1, 4],
  ),
  dmaDreqLatency: rule(
    1,
    'cycles',
    'DS 2.5.3; PF 202 total of 11',
    'L',
    'from a DREQ to the transfer it allows',
    [1, 3],
  ),
  dmaChain: rule(
    1,
    'cycles',
    'none',
    'L',
    'from the last write of a channel to the trigger of the next',
    [0, 2],
  ),
  flashPageProgram: rule(400_000, 'nanoseconds', 'W25Q tPP', 'M', 'up to 256 bytes', [150_000, 3_000_000]),
  flashErase4k: rule(45_000_000, 'nanoseconds', 'W25Q tSE', 'M', 'sector', [30_000_000, 400_000_000]),
  flashErase32k: rule(120_000_000, 'nanoseconds', 'W25Q tBE1', 'M', 'block', [80_000_000, 1_600_000_000]),
  flashErase64k: rule(150_000_000, 'nanoseconds', 'W25Q tBE2', 'M', 'block', [100_000_000, 2_000_000_000]),
  flashEraseChip: rule(
    5_000_000_000,
    'nanoseconds',
    'W25Q tCE',
    'M',
    'chip',
    [4_000_000_000, 25_000_000_000],
  ),
  flashWriteStatus: rule(
    10_000_000,
    'nanoseconds',
    'W25Q tW',
    'M',
    'status register',
    [5_000_000, 15_000_000],
  ),
  roscHz: rule(
    6_500_000,
    'Hz',
    'DS 2.17',
    'M',
    'ring oscillator at reset; varies from chip to chip',
    [1_800_000, 12_000_000],
  ),
  pllLock: rule(100_000, 'nanoseconds', 'none', 'L', 'from power-up of the VCO to LOCK', [10_000, 1_000_000]),
  frequencyCountUnit: rule(
    980,
    'nanoseconds',
    'DS 2.15.6.2',
    'H',
    'FC0 test interval is this times 2^INTERVAL',
  ),
  watchdogDecrement: rule(2, 'ticks', 'DS errata RP2040-E1', 'H', 'the watchdog loses this with every tick'),
  adcConversion: rule(96, 'clk_adc cycles', 'DS 4.9.2', 'H', 'one sample'),
} satisfies Record<string, RuleBody>;

export type MemoryTimingName = keyof typeof RULES;

/** All rules, in the order of the table. */
export const memoryRules: readonly MemoryRule[] = Object.entries(RULES).map(([name, body]) => ({
  name,
  ...(body as RuleBody),
}));

/** Just the numbers, for the code that counts. Change one (calibration) before the peripherals are installed. */
export const memoryTiming: Record<MemoryTimingName, number> = Object.fromEntries(
  memoryRules.map(({ name, value }) => [name, value]),
) as Record<MemoryTimingName, number>;
