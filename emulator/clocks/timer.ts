/**
 * The 64-bit microsecond timer and its four alarms. RP2040 datasheet 4.6.
 *
 * It counts the watchdog's ticks, so it is exact to clk_ref and stands still until the tick generator is set up. An alarm compares
 * the low 32 bits only: a target that has just passed fires after the low word has gone all the way around (71.6 minutes).
 */
import type { RP2040 } from 'rp2040js';
import { RegisterBlock } from '../peripherals/block.ts';

const TIMEHW = 0x00;
const TIMELW = 0x04;
const TIMEHR = 0x08;
const TIMELR = 0x0c;
const ALARM0 = 0x10;
const ALARM3 = 0x1c;
const ARMED = 0x20;
const TIMERAWH = 0x24;
const TIMERAWL = 0x28;
const DBGPAUSE = 0x2c;
const PAUSE = 0x30;
const INTR = 0x34;
const INTE = 0x38;
const INTF = 0x3c;
const INTS = 0x40;

const ALARM_COUNT = 4;
const FIRST_IRQ = 0;
const TWO_32 = 2 ** 32;
/** Alarm times come back rounded to a cycle; a tick this close (in ticks) has happened. */
const TICK_TOLERANCE = 1e-6;

export class MicrosecondTimer extends RegisterBlock {
  /** Ticks counted at `baseNanos`, fraction included. */
  private baseTicks = 0;
  private baseNanos = 0;
  private hz = 0;
  private latchedHigh = 0;
  private writtenLow = 0;
  private paused = false;
  private debugPause = 7;
  private armed = 0;
  private raw = 0;
  private enable = 0;
  private force = 0;
  private readonly targets = new Uint32Array(ALARM_COUNT);
  private readonly alarms: { schedule(deltaNanos: number): void; cancel(): void }[] = [];
  private readonly tickHz: () => number;

  constructor(rp2040: RP2040, tickHz: () => number) {
    super(rp2040, 'TIMER_BASE');
    this.tickHz = tickHz;
    for (let n = 0; n < ALARM_COUNT; n++) this.alarms.push(rp2040.clock.createAlarm(() => this.due(n)));
  }

  powerOn(): void {
    this.baseTicks = 0;
    this.latchedHigh = 0;
    this.paused = false;
    this.armed = 0;
    this.raw = 0;
    this.enable = 0;
    this.force = 0;
    this.targets.fill(0);
    this.rebase(0);
    this.updateInterrupts();
  }

  /** The tick rate changed. */
  clockChanged(): void {
    this.rebase(this.ticks);
  }

  /** Whole and fractional ticks since the timer was 0. */
  private get ticks(): number {
    return this.baseTicks + ((this.chip.clock.nanos - this.baseNanos) * this.hz) / 1e9;
  }

  /** The 64-bit count as a number. */
  private get time(): number {
    return Math.floor(this.ticks + TICK_TOLERANCE);
  }

  private rebase(ticks: number): void {
    this.baseTicks = ticks;
    this.baseNanos = this.chip.clock.nanos;
    this.hz = this.paused ? 0 : this.tickHz();
    for (let n = 0; n < ALARM_COUNT; n++) this.scheduleAlarm(n);
  }

  private scheduleAlarm(n: number): void {
    this.alarms[n].cancel();
    if (!(this.armed & (1 << n)) || this.hz === 0) return;
    const now = this.time;
    const ahead = (this.targets[n] - (now % TWO_32) + TWO_32) % TWO_32;
    const nanos = ((now + ahead - this.ticks) * 1e9) / this.hz;
    this.alarms[n].schedule(Math.max(0, nanos));
  }

  private due(n: number): void {
    this.armed &= ~(1 << n);
    this.raw |= 1 << n;
    this.updateInterrupts();
  }

  private updateInterrupts(): void {
    const status = (this.raw & this.enable) | this.force;
    for (let n = 0; n < ALARM_COUNT; n++) this.chip.setInterrupt(FIRST_IRQ + n, (status & (1 << n)) !== 0);
  }

  protected override peek(offset: number): number {
    return offset === TIMELR ? this.time % TWO_32 : this.read(offset);
  }

  protected read(offset: number): number {
    if (offset >= ALARM0 && offset <= ALARM3) return this.targets[(offset - ALARM0) >>> 2];
    switch (offset) {
      case TIMEHR:
        return this.latchedHigh;
      case TIMELR: {
        const { time } = this;
        this.latchedHigh = Math.floor(time / TWO_32);
        return time % TWO_32;
      }
      case ARMED:
        return this.armed;
      case TIMERAWH:
        return Math.floor(this.time / TWO_32);
      case TIMERAWL:
        return this.time % TWO_32;
      case DBGPAUSE:
        return this.debugPause;
      case PAUSE:
        return this.paused ? 1 : 0;
      case INTR:
        return this.raw;
      case INTE:
        return this.enable;
      case INTF:
        return this.force;
      case INTS:
        return (this.raw & this.enable) | this.force;
      default:
        return 0;
    }
  }

  protected write(offset: number, value: number, written: number): void {
    if (offset >= ALARM0 && offset <= ALARM3) {
      const n = (offset - ALARM0) >>> 2;
      this.targets[n] = value;
      this.armed |= 1 << n;
      this.scheduleAlarm(n);
      return;
    }
    switch (offset) {
      case TIMELW:
        this.writtenLow = value;
        break;
      case TIMEHW:
        this.rebase(value * TWO_32 + this.writtenLow);
        break;
      case ARMED:
        this.armed &= ~written;
        for (let n = 0; n < ALARM_COUNT; n++) if (written & (1 << n)) this.alarms[n].cancel();
        break;
      case DBGPAUSE:
        this.debugPause = value & 6;
        break;
      case PAUSE: {
        const { ticks } = this;
        this.paused = (value & 1) !== 0;
        this.rebase(ticks);
        break;
      }
      case INTR:
        this.raw &= ~written;
        break;
      case INTE:
        this.enable = value & 0xf;
        break;
      case INTF:
        this.force = value & 0xf;
        break;
    }
    this.updateInterrupts();
  }
}
