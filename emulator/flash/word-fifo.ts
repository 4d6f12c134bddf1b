/** A hardware FIFO of 32-bit words: fixed depth, no allocation, `push` tells whether there was room. */
export class WordFifo {
  readonly depth: number;
  level = 0;
  private readonly words: Uint32Array;
  private head = 0;

  constructor(depth: number) {
    this.depth = depth;
    this.words = new Uint32Array(depth);
  }

  get empty(): boolean {
    return this.level === 0;
  }

  get full(): boolean {
    return this.level === this.depth;
  }

  /** Returns false, and drops the word, when the FIFO is full. */
  push(word: number): boolean {
    if (this.level === this.depth) return false;
    let tail = this.head + this.level;
    if (tail >= this.depth) tail -= this.depth;
    this.words[tail] = word;
    this.level++;
    return true;
  }

  /** The oldest word, removed; 0 when empty. */
  pop(): number {
    if (this.level === 0) return 0;
    const word = this.words[this.head];
    if (++this.head === this.depth) this.head = 0;
    this.level--;
    return word;
  }

  /** The oldest word, kept; 0 when empty. */
  front(): number {
    return this.level === 0 ? 0 : this.words[this.head];
  }

  clear(): void {
    this.level = 0;
    this.head = 0;
  }
}
