import type { M0 } from './m0.ts';

/** Places data after the program, one piece after the other, 4-byte aligned. */
export class M0Memory {
  private free: number;
  private readonly m0: M0;

  constructor(m0: M0) {
    this.m0 = m0;
    this.free = m0.end;
  }

  words(values: ArrayLike<number>): number {
    const at = this.free;
    this.m0.writeWords(at, values);
    this.free += 4 * values.length;
    return at;
  }

  halves(values: ArrayLike<number>): number {
    const bytes = new Uint8Array(Uint16Array.from(values).buffer);
    return this.bytes(bytes);
  }

  bytes(values: Uint8Array): number {
    const at = this.free;
    this.m0.write(at, values);
    this.free += (values.length + 3) & -4;
    return at;
  }
}
