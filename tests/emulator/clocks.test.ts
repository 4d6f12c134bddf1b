import { RP2040 } from 'rp2040js';
import { beforeEach, describe, expect, it } from 'vitest';
import { installPeripherals, type Peripherals } from '../../emulator/peripherals/install.ts';
import { CycleClock } from '../../emulator/stock/clock.ts';
import { memoryTiming } from '../../emulator/timing/memory-rules.ts';

const XOSC = 0x40024000;
const ROSC = 0x40060000;
const PLL_SYS = 0x40028000;
const CLOCKS = 0x40008000;
const CLK_REF = CLOCKS + 0x30;
const CLK_SYS = CLOCKS + 0x3c;
const CLK_PERI = CLOCKS + 0x48;
const WATCHDOG = 0x40058000;
const TIMER = 0x40054000;
const STABLE = 0x80000000;
const LOCK = 0x80000000;

let clock: CycleClock;
let rp2040: RP2040;
let chips: Peripherals;
let changes: number[];
let interrupts: Set<number>;

beforeEach(() => {
  clock = new CycleClock(6_500_000);
  rp2040 = new RP2040(clock);
  changes = [];
  interrupts = new Set();
  rp2040.setInterrupt = (line, level) => {
    if (level) interrupts.add(line);
    else interrupts.delete(line);
  };
  rp2040.addClockListener((hz) => {
    clock.setFrequency(hz);
    changes.push(hz);
  });
  chips = installPeripherals(rp2040);
});

function write(address: number, value: number): void {
  rp2040.writeUint32(address, value >>> 0);
}

function read(address: number): number {
  return rp2040.readUint32(address) >>> 0;
}

/** Lets emulated time pass, alarms at their own times. */
function wait(nanos: number): void {
  const end = clock.nanos + nanos;
  for (;;) {
    const target = clock.cycleAt(end);
    if (clock.nextDueCycle > target) break;
    clock.cycles = clock.nextDueCycle;
    clock.fireDue();
  }
  clock.cycles = clock.cycleAt(end);
}

function waitMicros(micros: number): void {
  wait(micros * 1000);
}

/** The SDK's clocks_init in its order, for a PLL at refdiv 1. */
function clocksInit(fbdiv: number, postdiv1: number, postdiv2: number): void {
  write(XOSC + 0x0c, 47);
  write(XOSC + 0x00, (0xfab << 12) | 0xaa0);
  while (!(read(XOSC + 0x04) & STABLE)) waitMicros(1);
  write(PLL_SYS + 0x00, 1);
  write(PLL_SYS + 0x08, fbdiv);
  write(PLL_SYS + 0x04, 0x08);
  while (!(read(PLL_SYS + 0x00) & LOCK)) waitMicros(1);
  write(PLL_SYS + 0x0c, (postdiv1 << 16) | (postdiv2 << 12));
  write(PLL_SYS + 0x04, 0x00);
  write(CLK_REF, 2);
  write(CLK_SYS, 0);
  write(CLK_SYS, 1);
  write(CLK_PERI, 1 << 11);
  write(WATCHDOG + 0x2c, (1 << 9) | 12);
}

describe('oscillators and PLLs', () => {
  it('start with clk_ref and clk_sys on the ring oscillator at its nominal 6.5 MHz', () => {
    expect([chips.clocks.refFreq, chips.clocks.sysFreq, rp2040.clkSys]).toEqual([6.5e6, 6.5e6, 6.5e6]);
    expect([read(CLK_REF + 8), read(CLK_SYS + 8)]).toEqual([1, 1]);
  });

  it('makes the crystal stable after STARTUP.DELAY times 256 periods', () => {
    write(XOSC + 0x0c, 47);
    write(XOSC + 0x00, (0xfab << 12) | 0xaa0);
    const startup = (47 * 256 * 1e9) / 12e6;
    wait(startup - 200);
    expect(read(XOSC + 0x04) & STABLE).toBe(0);
    wait(400);
    expect(read(XOSC + 0x04) & STABLE).toBe(STABLE | 0);
  });

  it('locks a PLL after its lock time and not without a crystal', () => {
    write(PLL_SYS + 0x08, 125);
    write(PLL_SYS + 0x04, 0x08);
    wait(2 * memoryTiming.pllLock);
    expect(read(PLL_SYS)).toBe(1);
    write(XOSC + 0x00, (0xfab << 12) | 0xaa0);
    waitMicros(20_000);
    expect(read(PLL_SYS)).toBe((LOCK | 1) >>> 0);
    write(PLL_SYS + 0x04, 0x2d);
    expect(read(PLL_SYS)).toBe(1);
    write(PLL_SYS + 0x04, 0x08);
    wait(memoryTiming.pllLock - 1000);
    expect(read(PLL_SYS)).toBe(1);
    wait(2000);
    expect(read(PLL_SYS)).toBe((LOCK | 1) >>> 0);
  });

  it.each([
    [125, 6, 2, 125e6],
    [133, 6, 2, 133e6],
    [100, 6, 1, 200e6],
    [125, 6, 5, 50e6],
  ])('gives clk_sys exactly (FBDIV %i, POSTDIV %i x %i): %i Hz', (fbdiv, postdiv1, postdiv2, hz) => {
    clocksInit(fbdiv, postdiv1, postdiv2);
    expect([chips.clocks.sysFreq, rp2040.clkSys, chips.clocks.periFreq]).toEqual([hz, hz, hz]);
    expect(changes.at(-1)).toBe(hz);
    expect(read(CLK_SYS + 8)).toBe(2);
    const cycles = clock.cycles;
    waitMicros(1000);
    expect(clock.cycles - cycles).toBe(hz / 1000);
  });

  it('does not switch the glitchless multiplexer to a source that stands still', () => {
    write(CLK_SYS, 1);
    expect([read(CLK_SYS), read(CLK_SYS + 8), rp2040.clkSys]).toEqual([1, 1, 6.5e6]);
    write(CLK_REF, 2);
    expect(read(CLK_REF + 8)).toBe(1);
    write(XOSC + 0x00, (0xfab << 12) | 0xaa0);
    waitMicros(20_000);
    expect([read(CLK_REF + 8), chips.clocks.refFreq]).toEqual([4, 12e6]);
  });

  it('divides with 8 fractional bits', () => {
    clocksInit(125, 6, 2);
    write(CLK_SYS + 4, 0x280);
    expect(rp2040.clkSys).toBe(50e6);
  });

  it('runs the ring oscillator faster with a smaller divider, and its random bit repeats from run to run', () => {
    write(ROSC + 0x10, 0xaa0 + 8);
    expect(rp2040.clkSys).toBe(13e6);
    const bits = Array.from({ length: 64 }, () => read(ROSC + 0x1c));
    expect(new Set(bits)).toEqual(new Set([0, 1]));
    const again = installPeripherals(new RP2040(new CycleClock(6.5e6)));
    expect(again.clocks.sysFreq).toBe(6.5e6);
  });

  it('counts frequencies as the SDK asks: kilohertz after about a millisecond', () => {
    clocksInit(133, 6, 2);
    const measure = (source: number) => {
      write(CLOCKS + 0x80, 12_000);
      write(CLOCKS + 0x90, 10);
      write(CLOCKS + 0x84, 0);
      write(CLOCKS + 0x88, 0xffffffff);
      write(CLOCKS + 0x94, source);
      expect(read(CLOCKS + 0x98) & 0x10).toBe(0);
      waitMicros(1004);
      expect(read(CLOCKS + 0x98) & 0x10).toBe(0x10);
      return read(CLOCKS + 0x9c) >>> 5;
    };
    expect([0x1, 0x3, 0x5, 0x8, 0x9, 0xa].map(measure)).toEqual([133000, 6500, 12000, 12000, 133000, 133000]);
  });
});

describe('watchdog', () => {
  let resets: number;

  beforeEach(() => {
    resets = 0;
    chips.watchdog.onWatchdogTrigger = () => resets++;
    clocksInit(125, 6, 2);
  });

  it('resets after half its load in microseconds: it loses two per tick (RP2040-E1)', () => {
    write(WATCHDOG + 4, 2000);
    write(WATCHDOG + 0, 1 << 30);
    waitMicros(500);
    expect(read(WATCHDOG) & 0xffffff).toBe(1000);
    waitMicros(499);
    expect(resets).toBe(0);
    waitMicros(2);
    expect([resets, read(WATCHDOG + 8)]).toEqual([1, 1]);
    waitMicros(5000);
    expect(resets).toBe(1);
  });

  it('is put off by every load', () => {
    write(WATCHDOG + 4, 2000);
    write(WATCHDOG + 0, 1 << 30);
    for (let i = 0; i < 10; i++) {
      waitMicros(900);
      write(WATCHDOG + 4, 2000);
    }
    expect(resets).toBe(0);
  });

  it('resets at once on its trigger, keeps scratch, and says why', () => {
    write(WATCHDOG + 0x0c, 0x12345678);
    write(WATCHDOG + 0x2000, 0x80000000);
    expect([resets, read(WATCHDOG + 8), read(WATCHDOG + 0x0c)]).toEqual([1, 2, 0x12345678]);
    chips.watchdog.afterReset();
    expect([read(WATCHDOG + 8), read(WATCHDOG + 0x0c)]).toEqual([2, 0x12345678]);
  });
});

describe('timer', () => {
  it('stands still until the tick generator runs, then counts microseconds of the crystal', () => {
    waitMicros(100);
    expect(read(TIMER + 0x28)).toBe(0);
    clocksInit(133, 6, 2);
    const before = read(TIMER + 0x28);
    waitMicros(1000);
    expect(read(TIMER + 0x28) - before).toBe(1000);
  });

  it('latches the high word with the low one', () => {
    clocksInit(125, 6, 2);
    write(TIMER + 0x04, 0xfffffff0);
    write(TIMER + 0x00, 5);
    expect(read(TIMER + 0x0c)).toBe(0xfffffff0);
    waitMicros(32);
    expect([read(TIMER + 0x08), read(TIMER + 0x24)]).toEqual([5, 6]);
    expect(read(TIMER + 0x0c)).toBe(16);
    expect(read(TIMER + 0x08)).toBe(6);
  });

  it('fires alarms at their microsecond, once, and disarms them', () => {
    clocksInit(125, 6, 2);
    const now = read(TIMER + 0x28);
    write(TIMER + 0x38, 0b0101);
    write(TIMER + 0x10, now + 50);
    write(TIMER + 0x18, now + 10);
    expect(read(TIMER + 0x20)).toBe(0b0101);
    waitMicros(9);
    expect([...interrupts]).toEqual([]);
    waitMicros(1);
    expect([[...interrupts], read(TIMER + 0x40), read(TIMER + 0x20)]).toEqual([[2], 0b0100, 0b0001]);
    write(TIMER + 0x34, 0b0100);
    waitMicros(40);
    expect([[...interrupts], read(TIMER + 0x20)]).toEqual([[0], 0]);
  });

  it('compares low words only: a target just passed comes after the wrap', () => {
    clocksInit(125, 6, 2);
    waitMicros(100);
    write(TIMER + 0x10, read(TIMER + 0x28) - 5);
    waitMicros(1000);
    expect(read(TIMER + 0x20)).toBe(1);
    waitMicros(2 ** 32 - 1000 - 6);
    expect(read(TIMER + 0x20)).toBe(1);
    waitMicros(2);
    expect(read(TIMER + 0x20)).toBe(0);
  });

  it('pauses and goes on where it was, alarms too', () => {
    clocksInit(125, 6, 2);
    const now = read(TIMER + 0x28);
    write(TIMER + 0x10, now + 100);
    waitMicros(40);
    write(TIMER + 0x30, 1);
    waitMicros(1000);
    expect(read(TIMER + 0x28)).toBe(now + 40);
    write(TIMER + 0x30, 0);
    waitMicros(59);
    expect(read(TIMER + 0x20)).toBe(1);
    waitMicros(1);
    expect(read(TIMER + 0x20)).toBe(0);
  });

  it('cancels an alarm through ARMED', () => {
    clocksInit(125, 6, 2);
    write(TIMER + 0x10, read(TIMER + 0x28) + 10);
    write(TIMER + 0x20, 1);
    waitMicros(100);
    expect(read(TIMER + 0x34)).toBe(0);
  });
});
