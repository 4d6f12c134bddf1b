import { RP2040 } from 'rp2040js';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { installPeripherals, type Peripherals } from '../../emulator/peripherals/install.ts';
import { CycleClock } from '../../emulator/stock/clock.ts';
import { allTimingRules } from '../../emulator/timing/all-rules.ts';

const RESETS = 0x4000c000;
const PSM = 0x40010000;
const VREG = 0x40064000;
const SYSCFG = 0x40004000;
const SYSINFO = 0x40000000;
const ADC = 0x4004c000;
const SET = 0x2000;
const CLEAR = 0x3000;

let clock: CycleClock;
let rp2040: RP2040;
let chips: Peripherals;
let core1: boolean[];

beforeEach(() => {
  clock = new CycleClock(125_000_000);
  rp2040 = new RP2040(clock);
  core1 = [];
  chips = installPeripherals(rp2040, { onCore1Off: (off) => core1.push(off) });
});

describe('power and resets', () => {
  it('begins with every subsystem in reset, and reports each done as it is let go', () => {
    expect(rp2040.readUint32(RESETS)).toBe(0x1ffffff);
    rp2040.writeUint32(RESETS + CLEAR, (1 << 5) | (1 << 8));
    expect(rp2040.readUint32(RESETS + 8)).toBe((1 << 5) | (1 << 8));
  });

  it('clears a UART, the DMA and the timer that are put into reset', () => {
    rp2040.writeUint32(RESETS, 0);
    rp2040.writeUint32(0x40034024, 67);
    rp2040.writeUint32(0x50000000, 0x20000000);
    rp2040.writeUint32(0x40054010, 1234);
    rp2040.writeUint32(RESETS + SET, (1 << 22) | (1 << 2) | (1 << 21));
    expect(rp2040.readUint32(0x40034024)).toBe(0);
    expect(rp2040.readUint32(0x50000000)).toBe(0);
    expect(rp2040.readUint32(0x40054010)).toBe(0);
  });

  it('puts PIO, PWM, ADC and pins back to their reset values', () => {
    rp2040.writeUint32(RESETS, 0);
    rp2040.writeUint32(0x50200048, 0xe001);
    rp2040.writeUint32(0x502000c8, 5 << 16);
    rp2040.writeUint32(0x40050014 + 0x10, 99);
    rp2040.writeUint32(ADC, 1);
    rp2040.writeUint32(0x40014004 + 8 * 7, 5);
    rp2040.writeUint32(0x4001c004 + 4 * 7, 0);
    rp2040.writeUint32(RESETS + SET, 0x1ffffff);
    expect(rp2040.readUint32(0x502000c8)).toBe(1 << 16);
    expect(rp2040.pio[0].instructions[0]).toBe(0);
    expect(rp2040.readUint32(0x40050014 + 0x10)).toBe(0xffff);
    expect(rp2040.readUint32(ADC) & 1).toBe(0);
    expect(rp2040.readUint32(0x40014004 + 8 * 7)).toBe(0x1f);
    expect(rp2040.readUint32(0x4001c004 + 4 * 7)).toBe(0x56);
  });

  it('holds core 1 in reset through PSM, as multicore_reset_core1 does', () => {
    rp2040.writeUint32(PSM + 4 + SET, 1 << 16);
    expect(rp2040.readUint32(PSM + 4)).toBe(1 << 16);
    expect(rp2040.readUint32(PSM + 0xc)).toBe(0xffff);
    rp2040.writeUint32(PSM + 4 + CLEAR, 1 << 16);
    expect(rp2040.readUint32(PSM + 0xc)).toBe(0x1ffff);
    expect(core1).toEqual([true, false]);
  });

  it('keeps the regulator setting and says that it is reached', () => {
    rp2040.writeUint32(VREG, 0xd1);
    expect(rp2040.readUint32(VREG)).toBe(0x10d1);
    expect(rp2040.readUint32(VREG + 8)).toBe(1 << 8);
  });
});

describe('small blocks', () => {
  it('routes NMI masks and keeps them', () => {
    const masks: [number, number][] = [];
    chips.systemConfig.onNmiMask = (core, mask) => masks.push([core, mask]);
    rp2040.writeUint32(SYSCFG + 4, 0x80);
    expect(masks).toEqual([[1, 0x80]]);
    expect(rp2040.readUint32(SYSCFG + 4)).toBe(0x80);
  });

  it('calls itself a Raspberry Pi RP2040 on an ASIC', () => {
    expect(rp2040.readUint32(SYSINFO) & 0xfffffff).toBe(0x0002927);
    expect(rp2040.readUint32(SYSINFO + 4)).toBe(2);
  });

  it('says nothing on the console about registers that do not exist, and reads them as zero', () => {
    const spies = (['log', 'warn', 'error', 'info', 'debug'] as const).map((name) =>
      vi.spyOn(console, name).mockImplementation(() => {}),
    );
    for (const base of [
      0x14000000,
      0x18000000,
      ...Array.from({ length: 27 }, (_, n) => 0x40000000 + 0x4000 * n),
    ]) {
      rp2040.readUint32(base + 0x7f8);
      rp2040.writeUint32(base + 0x7f8, 1);
    }
    for (const spy of spies) {
      expect(spy).not.toHaveBeenCalled();
      spy.mockRestore();
    }
    expect(rp2040.readUint32(PSM + 0x7f8)).toBe(0);
  });
});

function run(cycles: number): void {
  const end = clock.cycles + cycles;
  while (clock.nextDueCycle <= end) {
    clock.cycles = clock.nextDueCycle;
    clock.fireDue();
  }
  clock.cycles = end;
}

describe('timing table', () => {
  it('names every rule once, with its source, and gives a range where no document does', () => {
    expect(new Set(allTimingRules.map(({ name }) => name)).size).toBe(allTimingRules.length);
    for (const { name, value, source, confidence, range, note } of allTimingRules) {
      expect({ name, documented: source !== '' && note !== '' }).toEqual({ name, documented: true });
      if (confidence === 'L') expect({ name, range }).toMatchObject({ range: expect.any(Array) });
      if (range)
        expect({ name, inside: range[0] <= value && value <= range[1] }).toEqual({ name, inside: true });
    }
  });
});

describe('SPI', () => {
  const SPI = 0x4003c000;
  const BUSY = 1 << 4;

  it('takes the bits of a frame at its divided clock', () => {
    rp2040.clkPeri = clock.frequency;
    rp2040.writeUint32(SPI + 0x10, 2);
    rp2040.writeUint32(SPI, (4 << 8) | 7);
    rp2040.writeUint32(SPI + 4, 2);
    rp2040.writeUint32(SPI + 8, 0x55);
    rp2040.writeUint32(SPI + 8, 0xaa);
    run(159);
    expect(rp2040.readUint32(SPI + 0xc) & BUSY).toBe(BUSY);
    run(1);
    expect(rp2040.readUint32(SPI + 0xc) & BUSY).toBe(0);
    expect([rp2040.readUint32(SPI + 8), rp2040.readUint32(SPI + 8)]).toEqual([0, 0]);
  });
});

describe('PIO FIFOs', () => {
  const PIO = 0x50200000;
  const SHIFTCTRL = PIO + 0x0d0;
  const TXF0 = PIO + 0x10;
  const FLEVEL = PIO + 0x0c;

  it('joins eight words into one direction, and empties both on every change', () => {
    rp2040.writeUint32(SHIFTCTRL, 0x400c0000);
    for (let i = 0; i < 9; i++) rp2040.writeUint32(TXF0, i);
    expect(rp2040.readUint32(FLEVEL) & 0xff).toBe(8);
    rp2040.writeUint32(SHIFTCTRL, 0x000c0000);
    expect(rp2040.readUint32(FLEVEL) & 0xff).toBe(0);
    for (let i = 0; i < 9; i++) rp2040.writeUint32(TXF0, i);
    expect(rp2040.readUint32(FLEVEL) & 0xff).toBe(4);
  });
});

describe('ADC', () => {
  it('takes 96 periods of its clock for a sample', () => {
    const cycles = (96 / 48e6) * clock.frequency;
    rp2040.adc.channelValues[2] = 0x5a5;
    rp2040.writeUint32(ADC, 1 | (2 << 12));
    rp2040.writeUint32(ADC, 1 | 4 | (2 << 12));
    run(Math.floor(cycles) - 1);
    expect(rp2040.readUint32(ADC) & 0x100).toBe(0);
    run(2);
    expect(rp2040.readUint32(ADC) & 0x100).toBe(0x100);
    expect(rp2040.readUint32(ADC + 4)).toBe(0x5a5);
  });

  it('goes round the selected channels', () => {
    for (let channel = 0; channel < 5; channel++) rp2040.adc.channelValues[channel] = 10 + channel;
    rp2040.writeUint32(ADC + 8, 1);
    rp2040.writeUint32(ADC, 1 | (0b10101 << 16));
    const values: number[] = [];
    for (let i = 0; i < 6; i++) {
      rp2040.writeUint32(ADC + SET, 4);
      run(1000);
      values.push(rp2040.readUint32(ADC + 0xc));
    }
    expect(values).toEqual([10, 12, 14, 10, 12, 14]);
  });
});
