/** Cycles by node of a call tree and by context, with the part of them that was waited, by cause. Grows as nodes are added. */
import { STALL_CAUSES } from '../core/stalls.ts';

const COLUMNS = 1 + STALL_CAUSES;

export class CycleLedger {
  private readonly contexts: number;
  /** `COLUMNS` numbers for each node and context: all cycles, then those of each cause. */
  private entries = new Float64Array(4096);

  constructor(contexts: number) {
    this.contexts = contexts;
  }

  /** @param stalls cycles of each cause, at most `cycles` in all */
  add(node: number, context: number, cycles: number, stalls: Float64Array): void {
    const at = (node * this.contexts + context) * COLUMNS;
    if (at + COLUMNS > this.entries.length) this.grow(at + COLUMNS);
    const { entries } = this;
    entries[at] += cycles;
    for (let cause = 0; cause < STALL_CAUSES; cause++) entries[at + 1 + cause] += stalls[cause];
  }

  cycles(node: number, context: number): number {
    return this.entries[(node * this.contexts + context) * COLUMNS] ?? 0;
  }

  stalled(node: number, context: number, cause: number): number {
    return this.entries[(node * this.contexts + context) * COLUMNS + 1 + cause] ?? 0;
  }

  private grow(length: number): void {
    const larger = new Float64Array(Math.max(this.entries.length * 2, length));
    larger.set(this.entries);
    this.entries = larger;
  }
}
