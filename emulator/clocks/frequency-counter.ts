/**
 * FC0, the clock frequency counter: counts a clock against clk_ref for about 1 us x 2^INTERVAL and tells kHz in 27.5 fixed point.
 * RP2040 datasheet 2.15.6.2.
 */
import type { RP2040 } from 'rp2040js';
import { memoryTiming } from '../timing/memory-rules.ts';
import type { ClockName } from './clocks.ts';

export interface CountedClocks {
  pllSys(): number;
  pllUsb(): number;
  rosc(): number;
  xosc(): number;
  clock(name: ClockName): number;
}

const REF_KHZ = 0x00;
const MIN_KHZ = 0x04;
const MAX_KHZ = 0x08;
const DELAY = 0x0c;
const INTERVAL = 0x10;
const SRC = 0x14;
const STATUS = 0x18;
const RESULT = 0x1c;

const STATUS_PASS = 1 << 0;
const STATUS_DONE = 1 << 4;
const STATUS_RUNNING = 1 << 8;
const STATUS_FAIL = 1 << 16;
const STATUS_SLOW = 1 << 20;
const STATUS_FAST = 1 << 24;
const STATUS_DIED = 1 << 28;

/** SRC codes from 8 up. */
const CLOCK_CODES: ClockName[] = ['ref', 'sys', 'peri', 'usb', 'adc', 'rtc'];

export class FrequencyCounter {
  private refKhz = 0;
  private minKhz = 0;
  private maxKhz = 0x1ffffff;
  private delay = 1;
  private interval = 8;
  private source = 0;
  /** When the count under way ends; Infinity when none was started. */
  private endNanos = Number.POSITIVE_INFINITY;
  private readonly chip: RP2040;
  private readonly clocks: CountedClocks;

  constructor(chip: RP2040, clocks: CountedClocks) {
    this.chip = chip;
    this.clocks = clocks;
  }

  read(offset: number): number {
    switch (offset) {
      case REF_KHZ:
        return this.refKhz;
      case MIN_KHZ:
        return this.minKhz;
      case MAX_KHZ:
        return this.maxKhz;
      case DELAY:
        return this.delay;
      case INTERVAL:
        return this.interval;
      case SRC:
        return this.source;
      case STATUS:
        return this.status;
      case RESULT:
        return this.done ? this.result : 0;
      default:
        return 0;
    }
  }

  write(offset: number, value: number): void {
    switch (offset) {
      case REF_KHZ:
        this.refKhz = value & 0xfffff;
        break;
      case MIN_KHZ:
        this.minKhz = value & 0x1ffffff;
        break;
      case MAX_KHZ:
        this.maxKhz = value & 0x1ffffff;
        break;
      case DELAY:
        this.delay = value & 7;
        break;
      case INTERVAL:
        this.interval = value & 0xf;
        break;
      case SRC:
        this.source = value & 0xff;
        this.endNanos = this.chip.clock.nanos + memoryTiming.frequencyCountUnit * 2 ** this.interval;
        break;
    }
  }

  private get done(): boolean {
    return this.chip.clock.nanos >= this.endNanos;
  }

  private get status(): number {
    if (this.source === 0 || this.endNanos === Number.POSITIVE_INFINITY) return 0;
    if (!this.done) return STATUS_RUNNING;
    const khz = this.result >>> 5;
    if (this.frequency === 0) return STATUS_DONE | STATUS_FAIL | STATUS_DIED;
    if (khz < this.minKhz) return STATUS_DONE | STATUS_FAIL | STATUS_SLOW;
    if (khz > this.maxKhz) return STATUS_DONE | STATUS_FAIL | STATUS_FAST;
    return STATUS_DONE | STATUS_PASS;
  }

  /** kHz with five fractional bits, off by as much as REF_KHZ is off from clk_ref. */
  private get result(): number {
    const reference = this.clocks.clock('ref');
    const scale = reference > 0 ? (this.refKhz * 1000) / reference : 0;
    return Math.floor((this.frequency / 1000) * scale * 32) >>> 0;
  }

  private get frequency(): number {
    const { clocks, source } = this;
    if (source >= 8) return source - 8 < CLOCK_CODES.length ? clocks.clock(CLOCK_CODES[source - 8]) : 0;
    switch (source) {
      case 1:
        return clocks.pllSys();
      case 2:
        return clocks.pllUsb();
      case 3:
      case 4:
        return clocks.rosc();
      case 5:
        return clocks.xosc();
      default:
        return 0;
    }
  }
}
