/**
 * The two mailboxes between the cores (datasheet 2.3.1.4): 8 words each way. `FIFO_ST` of a core tells about the FIFO
 * it reads (VLD, ROE) and the one it writes (RDY, WOF).
 */

const DEPTH = 8;

const VLD = 1;
const RDY = 2;
const WOF = 4;
const ROE = 8;

export class Mailboxes {
  /** Words on their way to core 0 and to core 1. */
  private readonly toCore: [number[], number[]] = [[], []];
  private readonly overflow = [false, false];
  private readonly underflow = [false, false];

  status(core: number): number {
    return (
      (this.toCore[core].length > 0 ? VLD : 0) |
      (this.toCore[1 - core].length < DEPTH ? RDY : 0) |
      (this.overflow[core] ? WOF : 0) |
      (this.underflow[core] ? ROE : 0)
    );
  }

  /** A one written to a sticky flag clears it. */
  clearFlags(core: number, bits: number): void {
    if (bits & WOF) this.overflow[core] = false;
    if (bits & ROE) this.underflow[core] = false;
  }

  /** A word for the other core; lost when there is no room. */
  write(core: number, value: number): void {
    const fifo = this.toCore[1 - core];
    if (fifo.length >= DEPTH) this.overflow[core] = true;
    else fifo.push(value >>> 0);
  }

  read(core: number): number {
    const value = this.toCore[core].shift();
    if (value === undefined) this.underflow[core] = true;
    return value ?? 0;
  }

  /** Level of the core's SIO interrupt: VLD, WOF or ROE. */
  interrupt(core: number): boolean {
    return this.toCore[core].length > 0 || this.overflow[core] || this.underflow[core];
  }

  reset(): void {
    for (const fifo of this.toCore) fifo.length = 0;
    this.overflow.fill(false);
    this.underflow.fill(false);
  }
}
