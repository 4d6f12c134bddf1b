/**
 * The two oscillators. XOSC: RP2040 datasheet 2.16, ready after STARTUP.DELAY x 256 of its own periods. ROSC: 2.17,
 * running from reset at about 6.5 MHz, divided by DIV; its random bit comes from a generator with a fixed seed, so that
 * runs repeat.
 */
import type { RP2040 } from 'rp2040js';
import { RegisterBlock } from '../peripherals/block.ts';
import { memoryTiming } from '../timing/memory-rules.ts';

const STATUS_STABLE = 0x80000000;
const STATUS_BADWRITE = 0x01000000;
const STATUS_ENABLED = 0x00001000;
const ENABLE = 0xfab;
const DISABLE = 0xd1e;
const COMA = 0x636f6d61;
const WAKE = 0x77616b65;

const XOSC_CTRL = 0x00;
const XOSC_STATUS = 0x04;
const XOSC_DORMANT = 0x08;
const XOSC_STARTUP = 0x0c;
const XOSC_COUNT = 0x1c;
const STARTUP_RESET = 0x00c4;
const STARTUP_X4 = 0x00100000;
const FREQ_RANGE_1_15MHZ = 0xaa0;

export class Xosc extends RegisterBlock {
  private ctrl = FREQ_RANGE_1_15MHZ;
  private startup = STARTUP_RESET;
  private dormant = WAKE;
  private enabled = false;
  private badWrite = false;
  private readyNanos = 0;
  private countFrom = 0;
  private countNanos = 0;
  private readonly onChange: () => void;
  private readonly alarm: { schedule(deltaNanos: number): void; cancel(): void };

  /** @param onChange called when the oscillator becomes stable or stops */
  constructor(rp2040: RP2040, onChange: () => void) {
    super(rp2040, 'XOSC_BASE');
    this.onChange = onChange;
    this.alarm = rp2040.clock.createAlarm(() => this.onChange());
  }

  powerOn(): void {
    this.ctrl = FREQ_RANGE_1_15MHZ;
    this.startup = STARTUP_RESET;
    this.enabled = false;
    this.badWrite = false;
    this.alarm.cancel();
  }

  get stable(): boolean {
    return this.enabled && this.chip.clock.nanos >= this.readyNanos - 1e-3;
  }

  /** Output frequency in Hz; 0 until stable. */
  get frequency(): number {
    return this.stable ? this.chip.xoscFreq : 0;
  }

  private get startupNanos(): number {
    const delay = (this.startup & 0x3fff) * 256 * (this.startup & STARTUP_X4 ? 4 : 1);
    return (delay * 1e9) / this.chip.xoscFreq;
  }

  protected read(offset: number): number {
    switch (offset) {
      case XOSC_CTRL:
        return this.ctrl;
      case XOSC_STATUS:
        return (
          (this.stable ? STATUS_STABLE : 0) |
          (this.badWrite ? STATUS_BADWRITE : 0) |
          (this.enabled ? STATUS_ENABLED : 0)
        );
      case XOSC_DORMANT:
        return this.dormant;
      case XOSC_STARTUP:
        return this.startup;
      case XOSC_COUNT: {
        const periods = Math.floor(((this.chip.clock.nanos - this.countNanos) * this.chip.xoscFreq) / 1e9);
        return Math.max(0, this.countFrom - periods);
      }
      default:
        return 0;
    }
  }

  protected write(offset: number, value: number, written: number): void {
    switch (offset) {
      case XOSC_CTRL:
        this.ctrl = value & 0xffffff;
        this.writeEnable((value >>> 12) & 0xfff);
        break;
      case XOSC_STATUS:
        if (written & STATUS_BADWRITE) this.badWrite = false;
        break;
      case XOSC_DORMANT:
        if (value === COMA || value === WAKE) this.dormant = value;
        else this.badWrite = true;
        break;
      case XOSC_STARTUP:
        this.startup = value & (STARTUP_X4 | 0x3fff);
        break;
      case XOSC_COUNT:
        this.countFrom = value & 0xff;
        this.countNanos = this.chip.clock.nanos;
        break;
    }
  }

  private writeEnable(code: number): void {
    if (code === ENABLE && !this.enabled) {
      this.enabled = true;
      this.readyNanos = this.chip.clock.nanos + this.startupNanos;
      this.alarm.schedule(this.startupNanos);
    } else if (code === DISABLE && this.enabled) {
      this.enabled = false;
      this.alarm.cancel();
      this.onChange();
    } else if (code !== ENABLE && code !== DISABLE && code !== 0) {
      this.badWrite = true;
    }
  }
}

const ROSC_CTRL = 0x00;
const ROSC_FREQA = 0x04;
const ROSC_FREQB = 0x08;
const ROSC_DORMANT = 0x0c;
const ROSC_DIV = 0x10;
const ROSC_PHASE = 0x14;
const ROSC_STATUS = 0x18;
const ROSC_RANDOMBIT = 0x1c;
const ROSC_COUNT = 0x20;
const ROSC_DIV_RUNNING = 1 << 16;
const DIV_PASS = 0xaa0;
const DIV_RESET = 16;
const RANGE_LOW = 0xfa4;
/** Stages in the ring by frequency range; fewer stages run faster. DS 2.17.3: ranges divide the delay by 8, 6, 4 and 2 stages. */
const RANGE_STAGES: Readonly<Record<number, number>> = { 4004: 8, 4005: 6, 4007: 4, 4006: 2 };
const RANDOM_SEED = 0x2545f491;

export class Rosc extends RegisterBlock {
  private ctrl = (ENABLE << 12) | RANGE_LOW;
  private freqA = 0;
  private freqB = 0;
  private dormant = WAKE;
  private div = DIV_PASS + DIV_RESET;
  private phase = 8;
  private badWrite = false;
  private random = RANDOM_SEED;
  private countFrom = 0;
  private countNanos = 0;
  private readonly onChange: () => void;

  constructor(rp2040: RP2040, onChange: () => void) {
    super(rp2040, 'ROSC_BASE');
    this.onChange = onChange;
  }

  powerOn(): void {
    this.ctrl = (ENABLE << 12) | RANGE_LOW;
    this.freqA = 0;
    this.freqB = 0;
    this.div = DIV_PASS + DIV_RESET;
    this.phase = 8;
    this.badWrite = false;
    this.random = RANDOM_SEED;
  }

  private get enabled(): boolean {
    return this.ctrl >>> 12 !== DISABLE;
  }

  /** Output frequency in Hz; 0 when disabled. Drive strengths (FREQA, FREQB) are not modelled. */
  get frequency(): number {
    if (!this.enabled) return 0;
    const stages = RANGE_STAGES[this.ctrl & 0xfff] ?? RANGE_STAGES[RANGE_LOW];
    const divider = this.div >= DIV_PASS && this.div < DIV_PASS + 32 ? this.div - DIV_PASS || 32 : 31;
    return (memoryTiming.roscHz * RANGE_STAGES[RANGE_LOW] * DIV_RESET) / (stages * divider);
  }

  protected read(offset: number): number {
    switch (offset) {
      case ROSC_CTRL:
        return this.ctrl;
      case ROSC_FREQA:
        return this.freqA;
      case ROSC_FREQB:
        return this.freqB;
      case ROSC_DORMANT:
        return this.dormant;
      case ROSC_DIV:
        return this.div;
      case ROSC_PHASE:
        return this.phase;
      case ROSC_STATUS:
        return (
          (this.enabled ? STATUS_STABLE | STATUS_ENABLED | ROSC_DIV_RUNNING : 0) |
          (this.badWrite ? STATUS_BADWRITE : 0)
        );
      case ROSC_RANDOMBIT:
        return this.nextRandomBit();
      case ROSC_COUNT: {
        const periods = Math.floor(((this.chip.clock.nanos - this.countNanos) * this.frequency) / 1e9);
        return Math.max(0, this.countFrom - periods);
      }
      default:
        return 0;
    }
  }

  protected write(offset: number, value: number, written: number): void {
    switch (offset) {
      case ROSC_CTRL: {
        this.ctrl = value & 0xffffff;
        const code = this.ctrl >>> 12;
        if (code !== ENABLE && code !== DISABLE) this.badWrite = true;
        break;
      }
      case ROSC_FREQA:
        this.freqA = value;
        break;
      case ROSC_FREQB:
        this.freqB = value;
        break;
      case ROSC_DORMANT:
        if (value === COMA || value === WAKE) this.dormant = value;
        else this.badWrite = true;
        break;
      case ROSC_DIV:
        this.div = value & 0xfff;
        break;
      case ROSC_PHASE:
        this.phase = value & 0xfff;
        break;
      case ROSC_STATUS:
        if (written & STATUS_BADWRITE) this.badWrite = false;
        break;
      case ROSC_COUNT:
        this.countFrom = value & 0xff;
        this.countNanos = this.chip.clock.nanos;
        break;
    }
    this.onChange();
  }

  /** Xorshift, period 2^32 - 1. */
  private nextRandomBit(): number {
    let x = this.random;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.random = x;
    return x & 1;
  }
}
