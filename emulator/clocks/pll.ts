/**
 * A PLL: f_out = f_xosc / REFDIV x FBDIV / (POSTDIV1 x POSTDIV2). RP2040 datasheet 2.18.
 *
 * LOCK comes `pllLock` after the VCO was powered up (no document gives that time). Until then, and while the post
 * dividers are powered down, there is no output.
 */
import type { RP2040 } from 'rp2040js';
import { RegisterBlock } from '../peripherals/block.ts';
import { memoryTiming } from '../timing/memory-rules.ts';

const CS = 0x00;
const PWR = 0x04;
const FBDIV_INT = 0x08;
const PRIM = 0x0c;

const CS_LOCK = 0x80000000;
const CS_BYPASS = 1 << 8;
const CS_REFDIV = 0x3f;
const PWR_RESET = 0x2d;
const PWR_PD = 1 << 0;
const PWR_POSTDIVPD = 1 << 3;
const PWR_VCOPD = 1 << 5;
const PRIM_RESET = 0x77000;
const ROUNDING_NANOS = 1e-3;

export class Pll extends RegisterBlock {
  private cs = 1;
  private power = PWR_RESET;
  private fbdiv = 0;
  private prim = PRIM_RESET;
  /** Infinity while powered down. */
  private lockNanos = Number.POSITIVE_INFINITY;
  private readonly reference: () => number;
  private readonly onChange: () => void;
  private readonly alarm: { schedule(deltaNanos: number): void; cancel(): void };

  /**
   * @param reference present crystal frequency in Hz, 0 while it is not stable
   * @param onChange called when the output frequency may have changed
   */
  constructor(rp2040: RP2040, name: string, reference: () => number, onChange: () => void) {
    super(rp2040, name);
    this.reference = reference;
    this.onChange = onChange;
    this.alarm = rp2040.clock.createAlarm(() => this.onChange());
  }

  powerOn(): void {
    this.cs = 1;
    this.power = PWR_RESET;
    this.fbdiv = 0;
    this.prim = PRIM_RESET;
    this.updateLock();
    this.onChange();
  }

  private get locked(): boolean {
    return this.reference() > 0 && this.chip.clock.nanos >= this.lockNanos - ROUNDING_NANOS;
  }

  /** Output frequency in Hz; 0 without lock. */
  get frequency(): number {
    const divided = this.reference() / (this.cs & CS_REFDIV || 1);
    if (this.cs & CS_BYPASS) return divided;
    if (!this.locked || this.power & PWR_POSTDIVPD) return 0;
    const postdiv = ((this.prim >>> 16) & 7 || 1) * ((this.prim >>> 12) & 7 || 1);
    return (divided * this.fbdiv) / postdiv;
  }

  protected read(offset: number): number {
    switch (offset) {
      case CS:
        return this.cs | (this.locked ? CS_LOCK : 0);
      case PWR:
        return this.power;
      case FBDIV_INT:
        return this.fbdiv;
      case PRIM:
        return this.prim;
      default:
        return 0;
    }
  }

  protected write(offset: number, value: number): void {
    switch (offset) {
      case CS:
        this.cs = value & (CS_BYPASS | CS_REFDIV);
        break;
      case PWR:
        this.power = value & 0x2d;
        break;
      case FBDIV_INT:
        this.fbdiv = value & 0xfff;
        break;
      case PRIM:
        this.prim = value & 0x77000;
        break;
      default:
        return;
    }
    this.updateLock();
    this.onChange();
  }

  private updateLock(): void {
    const running = !(this.power & (PWR_PD | PWR_VCOPD)) && this.fbdiv > 0;
    if (!running) {
      this.lockNanos = Number.POSITIVE_INFINITY;
      this.alarm.cancel();
    } else if (this.lockNanos === Number.POSITIVE_INFINITY) {
      this.lockNanos = this.chip.clock.nanos + memoryTiming.pllLock;
      this.alarm.schedule(memoryTiming.pllLock);
    }
  }
}
