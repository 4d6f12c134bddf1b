/** Copies of a large memory that rarely changes: each keeps only the sectors that are not as they were in the first one. */

import type { Hash } from 'node:crypto';

const SECTOR_BYTES = 4096;
const ERASED = new Uint8Array(SECTOR_BYTES).fill(0xff);

/** Contents of the changed sectors, by number. */
export type FlashCopy = ReadonlyMap<number, Uint8Array>;

export class FlashCopies {
  private readonly memory: Uint8Array;
  private readonly first: Uint8Array;
  private latest: FlashCopy = new Map();

  /** The contents are taken as the first copy now. */
  constructor(memory: Uint8Array) {
    this.memory = memory;
    this.first = memory.slice();
  }

  take(): FlashCopy {
    const copy = new Map<number, Uint8Array>();
    // One comparison finds most of the memory unchanged.
    if (Buffer.compare(this.memory, this.first) !== 0) {
      for (let sector = 0; sector * SECTOR_BYTES < this.memory.length; sector++) {
        const now = this.sector(this.memory, sector);
        if (Buffer.compare(now, this.sector(this.first, sector)) === 0) continue;
        const before = this.latest.get(sector);
        const shared = before !== undefined && Buffer.compare(before, now) === 0;
        copy.set(sector, shared ? before : now.slice());
      }
    }
    this.latest = copy;
    return copy;
  }

  putBack(copy: FlashCopy): void {
    const present = this.take();
    for (const sector of present.keys()) {
      if (!copy.has(sector)) this.memory.set(this.sector(this.first, sector), sector * SECTOR_BYTES);
    }
    for (const [sector, contents] of copy) this.memory.set(contents, sector * SECTOR_BYTES);
  }

  /** Erased sectors, which are most of them, are left out. */
  hashInto(hash: Hash): void {
    for (let sector = 0; sector * SECTOR_BYTES < this.memory.length; sector++) {
      const contents = this.sector(this.memory, sector);
      if (Buffer.compare(contents, ERASED) !== 0) hash.update(`${sector}:`).update(contents);
    }
  }

  private sector(memory: Uint8Array, sector: number): Uint8Array {
    return memory.subarray(sector * SECTOR_BYTES, (sector + 1) * SECTOR_BYTES);
  }
}
