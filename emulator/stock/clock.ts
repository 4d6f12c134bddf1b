/**
 * rp2040js' clock interface on top of an integer cycle count. Stock rp2040js adds floating-point nanoseconds per instruction, so
 * its time drifts from its cycles; here nanoseconds are always derived from the cycle count, and an alarm is due at a whole cycle.
 */

/** The clock as rp2040js' peripherals use it. */
export interface PeripheralAlarm {
  schedule(deltaNanos: number): void;
  cancel(): void;
}

/** An alarm that is due this close (in cycles) after a cycle boundary belongs to that boundary: float noise, not time. */
const BOUNDARY_TOLERANCE = 1e-5;

export class CycleAlarm implements PeripheralAlarm {
  readonly callback: () => void;
  dueNanos = 0;
  dueCycle = 0;
  scheduled = false;
  next: CycleAlarm | null = null;
  private readonly clock: CycleClock;

  constructor(clock: CycleClock, callback: () => void) {
    this.clock = clock;
    this.callback = callback;
  }

  schedule(deltaNanos: number): void {
    this.cancel();
    this.dueNanos = this.clock.nanos + deltaNanos;
    this.clock.link(this);
  }

  cancel(): void {
    if (this.scheduled) this.clock.unlink(this);
  }
}

export class CycleClock {
  private count: number;
  /** Cycle of the earliest alarm; Infinity when none is scheduled. */
  nextDueCycle = Number.POSITIVE_INFINITY;
  private hz: number;
  private nanosPerCycle: number;
  private baseCycle: number;
  private baseNanos: number;
  /** While alarms fire, the time is the alarm's own. */
  private firing: { dueNanos: number; dueCycle: number } | undefined;
  private first: CycleAlarm | null = null;

  /** @param cycles and @param nanos where time goes on from (after a reset that does not restart it) */
  constructor(hz: number, cycles = 0, nanos = 0) {
    this.hz = hz;
    this.nanosPerCycle = 1e9 / hz;
    this.count = cycles;
    this.baseCycle = cycles;
    this.baseNanos = nanos;
  }

  get nanos(): number {
    return this.firing?.dueNanos ?? this.baseNanos + (this.count - this.baseCycle) * this.nanosPerCycle;
  }

  /**
   * clk_sys cycles since reset; the machine that owns the clock advances it at instruction boundaries. Inside an alarm it is the
   * cycle in which that was due, which may lie inside the last instruction.
   */
  get cycles(): number {
    return this.firing?.dueCycle ?? this.count;
  }

  set cycles(cycle: number) {
    this.count = cycle;
  }

  get frequency(): number {
    return this.hz;
  }

  /** From the present cycle on, a cycle lasts 1/hz seconds; alarms keep their time. */
  setFrequency(hz: number): void {
    this.baseNanos += (this.count - this.baseCycle) * this.nanosPerCycle;
    this.baseCycle = this.count;
    this.hz = hz;
    this.nanosPerCycle = 1e9 / hz;
    for (let alarm = this.first; alarm; alarm = alarm.next) alarm.dueCycle = this.cycleAt(alarm.dueNanos);
    this.nextDueCycle = this.first?.dueCycle ?? Number.POSITIVE_INFINITY;
  }

  /** The first cycle boundary at or after a time. */
  cycleAt(nanos: number): number {
    return this.baseCycle + Math.ceil((nanos - this.baseNanos) / this.nanosPerCycle - BOUNDARY_TOLERANCE);
  }

  createAlarm(callback: () => void): CycleAlarm {
    return new CycleAlarm(this, callback);
  }

  /** Fires, in order of time, every alarm due at or before the present cycle. */
  fireDue(): void {
    while (this.first && this.first.dueCycle <= this.count) {
      const alarm = this.first;
      this.first = alarm.next;
      alarm.next = null;
      alarm.scheduled = false;
      // A copy: the callback may schedule its own alarm again.
      this.firing = { dueNanos: alarm.dueNanos, dueCycle: alarm.dueCycle };
      alarm.callback();
    }
    this.firing = undefined;
    this.nextDueCycle = this.first?.dueCycle ?? Number.POSITIVE_INFINITY;
  }

  link(alarm: CycleAlarm): void {
    alarm.dueCycle = this.cycleAt(alarm.dueNanos);
    let previous: CycleAlarm | null = null;
    let at = this.first;
    while (at && at.dueNanos <= alarm.dueNanos) {
      previous = at;
      at = at.next;
    }
    alarm.next = at;
    alarm.scheduled = true;
    if (previous) previous.next = alarm;
    else this.first = alarm;
    this.nextDueCycle = this.first?.dueCycle ?? Number.POSITIVE_INFINITY;
  }

  unlink(alarm: CycleAlarm): void {
    let previous: CycleAlarm | null = null;
    let at = this.first;
    while (at && at !== alarm) {
      previous = at;
      at = at.next;
    }
    if (!at) return;
    if (previous) previous.next = alarm.next;
    else this.first = alarm.next;
    alarm.next = null;
    alarm.scheduled = false;
    this.nextDueCycle = this.first?.dueCycle ?? Number.POSITIVE_INFINITY;
  }
}
