/**
 * Watchdog and tick generator. RP2040 datasheet 4.7.
 *
 * The tick (clk_ref / CYCLES, 1 MHz as the SDK sets it) drives the TIMER block too. Errata RP2040-E1: the watchdog counts down
 * twice per tick. A reset is a callback; scratch registers and REASON survive it. PSM.WDSEL is not looked at: the whole chip resets.
 */
import type { RP2040 } from 'rp2040js';
import { RegisterBlock } from '../peripherals/block.ts';
import { memoryTiming } from '../timing/memory-rules.ts';

const CTRL = 0x00;
const LOAD = 0x04;
const REASON = 0x08;
const SCRATCH0 = 0x0c;
const SCRATCH7 = 0x28;
const TICK = 0x2c;

const CTRL_TRIGGER = 0x80000000;
const CTRL_ENABLE = 0x40000000;
const CTRL_PAUSES = 0x07000000;
const TIME_MASK = 0xffffff;
const REASON_TIMER = 1 << 0;
const REASON_FORCE = 1 << 1;
const TICK_CYCLES = 0x1ff;
const TICK_ENABLE = 1 << 9;
const TICK_RUNNING = 1 << 10;

export class Watchdog extends RegisterBlock {
  /** Survive every reset but power-on. */
  readonly scratchData = new Uint32Array(8);
  /** Bit 0: the last reset came from the timer; bit 1: from the TRIGGER bit; 0: from power-on. */
  reason = 0;
  /** Called when the watchdog resets the chip; `reason` is already set. */
  onWatchdogTrigger: () => void = () => {};
  /** Called when the tick rate may have changed. */
  onTickChange: () => void = () => {};

  private pauses = CTRL_PAUSES;
  private enabled = false;
  private tickControl = TICK_ENABLE;
  /** Count at `baseNanos`. */
  private baseCount = 0;
  private baseNanos = 0;
  private countHz = 0;
  private knownRefHz = -1;
  private readonly refHz: () => number;
  private readonly alarm: { schedule(deltaNanos: number): void; cancel(): void };

  constructor(rp2040: RP2040, refHz: () => number) {
    super(rp2040, 'WATCHDOG_BASE');
    this.refHz = refHz;
    this.alarm = rp2040.clock.createAlarm(() => this.expire());
  }

  powerOn(): void {
    this.scratchData.fill(0);
    this.reason = 0;
    this.afterReset();
  }

  /** Everything that a reset by the watchdog itself clears. */
  afterReset(): void {
    this.enabled = false;
    this.pauses = CTRL_PAUSES;
    this.tickControl = TICK_ENABLE;
    this.baseCount = 0;
    this.clockChanged();
  }

  /** Ticks per second; 0 while the generator is off or CYCLES is 0. */
  get tickHz(): number {
    const cycles = this.tickControl & TICK_CYCLES;
    return this.tickControl & TICK_ENABLE && cycles ? this.refHz() / cycles : 0;
  }

  /** clk_ref may have changed. */
  referenceIs(hz: number): void {
    if (hz === this.knownRefHz) return;
    this.knownRefHz = hz;
    this.clockChanged();
  }

  /** clk_ref changed: keep the count, go on at the new rate. */
  clockChanged(): void {
    this.baseCount = this.count;
    this.rebase();
    this.onTickChange();
  }

  /** The remaining count, fraction included. */
  private get count(): number {
    const passed = ((this.chip.clock.nanos - this.baseNanos) * this.countHz) / 1e9;
    return Math.max(0, this.baseCount - passed);
  }

  private rebase(): void {
    this.baseNanos = this.chip.clock.nanos;
    this.countHz = this.enabled ? this.tickHz * memoryTiming.watchdogDecrement : 0;
    this.alarm.cancel();
    if (this.countHz > 0 && this.baseCount > 0) this.alarm.schedule((this.baseCount * 1e9) / this.countHz);
  }

  private expire(): void {
    this.reset(REASON_TIMER);
  }

  private reset(reason: number): void {
    this.reason = reason;
    this.enabled = false;
    this.baseCount = 0;
    this.rebase();
    this.onWatchdogTrigger();
  }

  protected read(offset: number): number {
    if (offset >= SCRATCH0 && offset <= SCRATCH7) return this.scratchData[(offset - SCRATCH0) >>> 2];
    switch (offset) {
      case CTRL:
        return (this.enabled ? CTRL_ENABLE : 0) | this.pauses | (Math.ceil(this.count) & TIME_MASK);
      case REASON:
        return this.reason;
      case TICK:
        return this.tickControl | (this.tickHz > 0 ? TICK_RUNNING : 0);
      default:
        return 0;
    }
  }

  protected write(offset: number, value: number): void {
    if (offset >= SCRATCH0 && offset <= SCRATCH7) {
      this.scratchData[(offset - SCRATCH0) >>> 2] = value;
      return;
    }
    switch (offset) {
      case CTRL:
        this.baseCount = this.count;
        this.pauses = value & CTRL_PAUSES;
        this.enabled = (value & CTRL_ENABLE) !== 0;
        this.rebase();
        if (value & CTRL_TRIGGER) this.reset(REASON_FORCE);
        break;
      case LOAD:
        this.baseCount = value & TIME_MASK;
        this.rebase();
        break;
      case TICK:
        this.baseCount = this.count;
        this.tickControl = value & (TICK_CYCLES | TICK_ENABLE);
        this.rebase();
        this.onTickChange();
        break;
    }
  }
}
