/**
 * Cycles in which a core could not go on, by cause, each exactly where it was spent. (Sleep is not here: a core that sleeps has no
 * time of its own, and tells when it begins and ends.) Counting changes nothing and happens only where something waits.
 */

/** Another master had the port. */
export const STALL_BUS = 0;
/** Wait states of the core's own access to flash: a miss of the cache. (Waiting for the miss of another master is `STALL_BUS`.) */
export const STALL_XIP = 1;
/** A division was under way whose result was then read, or asked for. */
export const STALL_DIVIDER = 2;
export const STALL_CAUSES = 3;

export class Stalls {
  private readonly cycles = new Float64Array(STALL_CAUSES);
  /** The last stall, which may reach beyond the cycle that somebody asks about. */
  private lastCause = STALL_BUS;
  private lastEnd = 0;
  /** What had been waited when the division under way began. */
  private beforeDivision = 0;

  /** @param from absolute cycle in which the wait begins */
  add(cause: number, from: number, cycles: number): void {
    this.cycles[cause] += cycles;
    this.lastCause = cause;
    this.lastEnd = from + cycles;
  }

  divisionBegan(): void {
    this.beforeDivision = this.cycles[STALL_BUS] + this.cycles[STALL_XIP];
  }

  /** Between the absolute cycles `from` and `to` a result was not there yet; what was waited for something else is counted there. */
  divisionAwaited(from: number, to: number): void {
    const others = this.cycles[STALL_BUS] + this.cycles[STALL_XIP] - this.beforeDivision;
    if (to - from > others) this.cycles[STALL_DIVIDER] += to - from - others;
    this.divisionBegan();
  }

  /** Cycles waited for a cause up to an absolute cycle, which is not before the last stall but one. */
  until(cycle: number, cause: number): number {
    const all = this.cycles[cause];
    return cause === this.lastCause && this.lastEnd > cycle ? all - (this.lastEnd - cycle) : all;
  }
}
