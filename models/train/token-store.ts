/**
 * Token sequences, however many: in shared memory, or, when they are too many for it, in a temporary file that every worker reads
 * from as it needs them. Sequence i is tokens starts[i] up to starts[i + 1].
 */
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export interface TokenStore {
  /** All tokens; empty when they lie in `file`. */
  tokens: Uint16Array<SharedArrayBuffer>;
  /** Path of the file of little-endian u16 tokens, or null. */
  file: string | null;
  starts: Int32Array<SharedArrayBuffer>;
}

/** 128 MB. */
const MEMORY_TOKENS = 1 << 26;
const CHUNK_TOKENS = 1 << 20;
/** Starts are 32-bit numbers. */
const MOST_TOKENS = 2 ** 31 - 1;

export class TokenWriter {
  private readonly starts: number[] = [0];
  private readonly chunks: Uint16Array[] = [];
  private chunk = new Uint16Array(CHUNK_TOKENS);
  private used = 0;
  private readonly memoryTokens: number;
  private file: { path: string; descriptor: number } | null = null;

  /** @param memoryTokens more than these go to a file */
  constructor(memoryTokens = MEMORY_TOKENS) {
    this.memoryTokens = memoryTokens;
  }

  /** @throws RangeError beyond 2^31 tokens */
  append(sequence: readonly number[]): void {
    const end = this.starts.at(-1)! + sequence.length;
    if (end > MOST_TOKENS) throw new RangeError(`more than ${MOST_TOKENS} tokens`);
    for (const token of sequence) {
      if (this.used === CHUNK_TOKENS) this.fillChunk();
      this.chunk[this.used++] = token;
    }
    this.starts.push(end);
  }

  finish(): TokenStore {
    const starts = new Int32Array(new SharedArrayBuffer(4 * this.starts.length));
    starts.set(this.starts);
    this.fillChunk();
    if (this.file !== null) {
      closeSync(this.file.descriptor);
      return { tokens: new Uint16Array(new SharedArrayBuffer(0)), file: this.file.path, starts };
    }
    const tokens = new Uint16Array(new SharedArrayBuffer(2 * this.starts.at(-1)!));
    let at = 0;
    for (const chunk of this.chunks) {
      tokens.set(chunk, at);
      at += chunk.length;
    }
    return { tokens, file: null, starts };
  }

  private fillChunk(): void {
    const full = this.chunk.subarray(0, this.used);
    this.chunks.push(this.file === null ? full.slice() : full);
    this.used = 0;
    const held = this.chunks.reduce((sum, { length }) => sum + length, 0);
    if (this.file === null && held <= this.memoryTokens) return;
    if (this.file === null) {
      const path = join(mkdtempSync(join(tmpdir(), 'starmind-tokens-')), 'tokens.u16');
      this.file = { path, descriptor: openSync(path, 'w') };
    }
    for (const chunk of this.chunks.splice(0)) {
      const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      for (let at = 0; at < bytes.length; ) at += writeSync(this.file.descriptor, bytes, at);
    }
  }
}

/** Open files by path, one per thread. */
const open = new Map<string, number>();

/** The tokens of sequence i. */
export function sequenceOf({ tokens, file, starts }: TokenStore, i: number): Uint16Array {
  if (file === null) return tokens.subarray(starts[i], starts[i + 1]);
  if (!open.has(file)) open.set(file, openSync(file, 'r'));
  const sequence = new Uint16Array(starts[i + 1] - starts[i]);
  const bytes = new Uint8Array(sequence.buffer);
  for (let at = 0; at < bytes.length; ) {
    const count = readSync(open.get(file)!, bytes, at, bytes.length - at, 2 * starts[i] + at);
    if (count === 0) throw new Error(`${file} has become shorter`);
    at += count;
  }
  return sequence;
}

export function tokenCount({ starts }: TokenStore): number {
  return starts[starts.length - 1];
}

/** Removes the file of a store that has one. */
export function discard({ file }: TokenStore): void {
  if (file === null) return;
  const descriptor = open.get(file);
  if (descriptor !== undefined) closeSync(descriptor);
  open.delete(file);
  rmSync(dirname(file), { recursive: true, force: true });
}
