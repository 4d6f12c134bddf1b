/**
 * The clock of rp2040js' peripherals on whole clk_sys cycles. Nanoseconds are derived from the cycle count, never
 * added up, so time does not depend on how a run is cut into slices; an alarm is due at the first cycle boundary at or after
 * its time. When clk_sys changes, the cycles to come get their new length and alarms keep their times.
 */
import type { RP2040 } from 'rp2040js';

type IClock = RP2040['clock'];
type IAlarm = ReturnType<IClock['createAlarm']>;

/** An alarm this close (in cycles) behind a boundary belongs to the boundary: float noise, not time. */
const TOLERANCE = 1e-5;

export class ChipAlarm implements IAlarm {
  readonly callback: () => void;
  dueNanos = 0;
  dueCycle = 0;
  scheduled = false;
  private readonly clock: ChipClock;

  constructor(clock: ChipClock, callback: () => void) {
    this.clock = clock;
    this.callback = callback;
  }

  schedule(deltaNanos: number): void {
    this.cancel();
    this.dueNanos = this.clock.nanos + deltaNanos;
    this.clock.insert(this);
  }

  cancel(): void {
    if (this.scheduled) this.clock.remove(this);
  }
}

export class ChipClock implements IClock {
  /** Absolute clk_sys cycle of what happens now; the scheduler and the bus set it before peripherals look. */
  cycle = 0;
  /** Cycle of the earliest alarm, or Infinity. */
  nextDueCycle = Number.POSITIVE_INFINITY;
  private hz: number;
  private baseCycle = 0;
  private baseNanos = 0;
  /** Inside an alarm the time is the alarm's own, which may be a fraction of a cycle earlier; NaN outside. */
  private firingNanos = Number.NaN;
  /** Earliest first; equal times in the order in which they were scheduled. */
  private readonly alarms: ChipAlarm[] = [];

  constructor(hz: number) {
    this.hz = hz;
  }

  get frequency(): number {
    return this.hz;
  }

  get nanos(): number {
    return Number.isNaN(this.firingNanos) ? this.nanosAt(this.cycle) : this.firingNanos;
  }

  /** What our own peripherals count by. */
  get cycles(): number {
    return this.cycle;
  }

  get micros(): number {
    return this.nanos / 1000;
  }

  nanosAt(cycle: number): number {
    return this.baseNanos + ((cycle - this.baseCycle) * 1e9) / this.hz;
  }

  /** First cycle boundary at or after a time. */
  cycleAt(nanos: number): number {
    return this.baseCycle + Math.ceil(((nanos - this.baseNanos) * this.hz) / 1e9 - TOLERANCE);
  }

  setFrequency(hz: number): void {
    this.baseNanos = this.nanosAt(this.cycle);
    this.baseCycle = this.cycle;
    this.hz = hz;
    for (const alarm of this.alarms) alarm.dueCycle = this.cycleAt(alarm.dueNanos);
    this.update();
  }

  createAlarm(callback: () => void): ChipAlarm {
    return new ChipAlarm(this, callback);
  }

  /** Fires what is due at the present cycle, in order of time. */
  fireDue(): void {
    while (this.alarms.length > 0 && this.alarms[0].dueCycle <= this.cycle) {
      const alarm = this.alarms.shift() as ChipAlarm;
      alarm.scheduled = false;
      this.firingNanos = alarm.dueNanos;
      alarm.callback();
      this.firingNanos = Number.NaN;
    }
    this.update();
  }

  insert(alarm: ChipAlarm): void {
    alarm.dueCycle = this.cycleAt(alarm.dueNanos);
    alarm.scheduled = true;
    let at = this.alarms.length;
    while (at > 0 && this.alarms[at - 1].dueNanos > alarm.dueNanos) at--;
    this.alarms.splice(at, 0, alarm);
    this.update();
  }

  remove(alarm: ChipAlarm): void {
    this.alarms.splice(this.alarms.indexOf(alarm), 1);
    alarm.scheduled = false;
    this.update();
  }

  private update(): void {
    this.nextDueCycle = this.alarms.length > 0 ? this.alarms[0].dueCycle : Number.POSITIVE_INFINITY;
  }
}
