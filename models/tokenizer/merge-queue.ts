/** A binary heap of candidate merges, smallest rank first, leftmost of equals. */
export interface Candidate {
  rank: number;
  /** Index of the left part among the text's first tokens: an order from left to right that merging keeps. */
  left: number;
  right: number;
  /** The ids seen when the candidate was made; it is stale once either differs. */
  leftId: number;
  rightId: number;
  merged: number;
}

const before = (a: Candidate, b: Candidate): boolean =>
  a.rank < b.rank || (a.rank === b.rank && a.left < b.left);

export class MergeQueue {
  private readonly heap: Candidate[] = [];

  push(candidate: Candidate): void {
    const { heap } = this;
    let at = heap.length;
    heap.push(candidate);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!before(candidate, heap[parent])) break;
      heap[at] = heap[parent];
      at = parent;
    }
    heap[at] = candidate;
  }

  pop(): Candidate | undefined {
    const { heap } = this;
    const top = heap[0];
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return top;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1], heap[child])) child++;
      if (!before(heap[child], last)) break;
      heap[at] = heap[child];
      at = child;
    }
    heap[at] = last;
    return top;
  }
}
