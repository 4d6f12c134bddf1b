/**
 * Data requests (DREQs): how many transfers each peripheral can take or give now, and the pacing timers. RP2040 datasheet 2.5.3.
 *
 * The hardware counts request pulses so that transfers on their way never overfill a FIFO. The same comes out of asking the FIFO for
 * its room and subtracting what is on its way, which is what the engine does. PWM wraps are counted as pulses.
 */
import * as R from './registers.ts';

const TIMERS = 4;

export class Requests {
  /** Last level told by `setLevel`, `raise` or `lower`. */
  private readonly levels = new Int32Array(R.REQUESTS);
  private readonly providers: ((() => number) | undefined)[] = new Array(R.REQUESTS).fill(undefined);
  private readonly timers = new Uint32Array(TIMERS);
  /** Cycle in which each timer was last written. */
  private readonly timerStart = new Float64Array(TIMERS);

  /** A peripheral whose FIFO can be asked at any time. */
  provide(request: number, room: () => number): void {
    this.providers[request] = room;
  }

  setLevel(request: number, level: number): void {
    this.levels[request] = level;
  }

  /** Entries that the peripheral can take or give at this moment. */
  level(request: number): number {
    const provider = this.providers[request];
    return provider ? provider() : this.levels[request];
  }

  reset(): void {
    this.timers.fill(0);
  }

  timer(n: number): number {
    return this.timers[n];
  }

  setTimer(n: number, value: number, cycle: number): void {
    this.timers[n] = value;
    this.timerStart[n] = cycle;
  }

  /** Requests of a pacing timer up to and including `cycle`: X/Y of the clk_sys cycles since it was set. */
  ticksAt(request: number, cycle: number): number {
    const n = request - R.REQUEST_TIMER0;
    const { x, y } = this.ratio(n);
    return y === 0 ? 0 : Math.floor(((cycle - this.timerStart[n]) * x) / y);
  }

  /** Cycle of a timer's request number `tick`, counted from 1; Infinity for a stopped timer. */
  tickCycle(request: number, tick: number): number {
    const n = request - R.REQUEST_TIMER0;
    const { x, y } = this.ratio(n);
    return x === 0 || y === 0 ? Number.POSITIVE_INFINITY : this.timerStart[n] + Math.ceil((tick * y) / x);
  }

  /** X/Y, at most 1. */
  private ratio(n: number): { x: number; y: number } {
    const y = this.timers[n] & 0xffff;
    return { x: Math.min(this.timers[n] >>> 16, y), y };
  }
}
