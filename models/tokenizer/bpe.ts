/** Encoding and decoding by the rules of models/IMAGE.md, in n log n. */
import {
  checkTokenizer,
  FALLBACK_TOKENS,
  isMatchable,
  NEVER_MERGED,
  type TokenizerData,
  UnknownCharacterError,
} from './data.ts';
import { MergeQueue } from './merge-queue.ts';
import { writeSection } from './section.ts';
import { byteKey, codePointLength, utf8 } from './utf8.ts';

/** Text to token ids and back, by the rules of IMAGE.md (Tokenizer section). */
export interface Tokenizer {
  /** Token ids of a text, as the device makes them: with BOS and a leading space where the tokenizer says so. */
  encode(text: string | Uint8Array): number[];
  /** The bytes that these tokens stand for. */
  decode(ids: number[]): Uint8Array;
  /** The tokenizer section of a model image. */
  toSection(): Uint8Array;
  vocabulary: number;
  bos: number | null;
  eos: number | null;
  /** What follows the last token of a text: EOS, or in models of llama2.c, whose stories follow each other, the next BOS. */
  storyEnd: number | null;
}

/** Bounds on what is remembered, so that long and strange texts cost no more memory than others. */
const MOST_CHUNKS = 50_000;
const LONGEST_CHUNK = 64;

const isContinuation = (byte: number): boolean => (byte & 0xc0) === 0x80;

/** Merges pieces in the order of their ranks; what is no piece becomes fallback tokens. */
export class BpeTokenizer implements Tokenizer {
  readonly data: TokenizerData;
  readonly vocabulary: number;
  readonly bos: number | null;
  readonly eos: number | null;
  readonly storyEnd: number | null;
  /** Matchable pieces, by their bytes; the smallest id of equal pieces. */
  private readonly idOf = new Map<string, number>();
  private readonly keys: string[];
  /** What a pair (left * vocabulary + right) merges into, or -1; filled as pairs are met. */
  private readonly merges = new Map<number, number>();
  private readonly fallbackEnd: number;
  /** 1 at (first << 8 | second) where some piece has these two bytes next to each other. */
  private readonly adjacent = new Uint8Array(0x10000);
  /** Tokens of chunks met before: words, for most tokenizers. */
  private readonly chunks = new Map<string, number[]>();

  constructor(data: TokenizerData) {
    checkTokenizer(data);
    this.data = data;
    this.vocabulary = data.pieces.length;
    this.bos = data.bos;
    this.eos = data.eos;
    // Nothing else tells these models apart: their training put no EOS between stories.
    this.storyEnd = data.prependSpace && data.prependBos ? data.bos : data.eos;
    this.keys = data.pieces.map(byteKey);
    this.fallbackEnd = data.fallbackBase + FALLBACK_TOKENS[data.fallback];
    for (let id = 0; id < this.vocabulary; id++) {
      const piece = data.pieces[id];
      for (let i = 1; i < piece.length; i++) this.adjacent[(piece[i - 1] << 8) | piece[i]] = 1;
      if (isMatchable(data, id) && !this.idOf.has(this.keys[id])) this.idOf.set(this.keys[id], id);
    }
  }

  encode(text: string | Uint8Array): number[] {
    const { prependBos, prependSpace, bos } = this.data;
    let bytes = utf8(text);
    if (prependSpace && bytes.length > 0) bytes = Uint8Array.from(Buffer.concat([Buffer.from(' '), bytes]));
    const ids = prependBos ? [bos!] : [];
    for (let at = 0; at < bytes.length; ) {
      const end = this.chunkEnd(bytes, at);
      for (const id of this.encodeChunk(bytes.subarray(at, end), at)) ids.push(id);
      at = end;
    }
    return ids;
  }

  decode(ids: number[]): Uint8Array {
    const { pieces, fallback, fallbackBase, stripSpace } = this.data;
    const out: number[] = [];
    for (let i = 0; i < ids.length; i++) {
      const id = ids[i];
      if (id === this.bos || id === this.eos) continue;
      if (!this.isFallback(id)) {
        const strip = stripSpace && i > 0 && ids[i - 1] === this.bos && pieces[id]?.[0] === 0x20;
        for (const byte of strip ? pieces[id].subarray(1) : (pieces[id] ?? [])) out.push(byte);
      } else if (fallback === 'bytes') {
        out.push(id - fallbackBase);
      } else if (i + 1 < ids.length && this.isFallback(ids[i + 1])) {
        out.push(((id - fallbackBase) << 4) | (ids[++i] - fallbackBase));
      }
    }
    return Uint8Array.from(out);
  }

  /** The text of these tokens; broken UTF-8 shows as U+FFFD. */
  decodeText(ids: number[]): string {
    return new TextDecoder('utf-8', { ignoreBOM: true }).decode(this.decode(ids));
  }

  toSection(): Uint8Array {
    return writeSection(this.data);
  }

  /** The id two adjacent tokens become, or -1. */
  mergeOf(left: number, right: number): number {
    const key = left * this.vocabulary + right;
    const known = this.merges.get(key);
    if (known !== undefined) return known;
    const whole = this.idOf.get(this.keys[left] + this.keys[right]);
    const mergeable = this.keys[left] !== '' && this.keys[right] !== '' && whole !== undefined;
    const merged = mergeable && this.data.ranks[whole] < NEVER_MERGED ? whole : -1;
    this.merges.set(key, merged);
    return merged;
  }

  /** Where the chunk that starts at `at` ends: before a character that no piece has after the byte before it. */
  private chunkEnd(bytes: Uint8Array, at: number): number {
    let end = at + 1;
    while (
      end < bytes.length &&
      (isContinuation(bytes[end]) || this.adjacent[(bytes[end - 1] << 8) | bytes[end]])
    ) {
      end++;
    }
    return end;
  }

  /** No merge crosses the end of a chunk, so its tokens do not depend on what is around it. */
  private encodeChunk(chunk: Uint8Array, offset: number): number[] {
    const key = byteKey(chunk);
    const known = this.chunks.get(key);
    if (known !== undefined) return known;
    const ids = this.merge(this.codePointTokens(chunk, offset));
    if (this.chunks.size < MOST_CHUNKS && chunk.length <= LONGEST_CHUNK) this.chunks.set(key, ids);
    return ids;
  }

  private isFallback(id: number): boolean {
    return id >= this.data.fallbackBase && id < this.fallbackEnd;
  }

  private codePointTokens(bytes: Uint8Array, offset: number): number[] {
    const ids: number[] = [];
    for (let at = 0; at < bytes.length; ) {
      const end = at + codePointLength(bytes, at);
      const unit = bytes.subarray(at, end);
      const id = this.idOf.get(byteKey(unit));
      if (id !== undefined) ids.push(id);
      else this.pushFallback(ids, unit, offset + at);
      at = end;
    }
    return ids;
  }

  private pushFallback(ids: number[], unit: Uint8Array, offset: number): void {
    const { fallback, fallbackBase } = this.data;
    for (const byte of unit) {
      const own = fallback === 'none' ? this.idOf.get(String.fromCharCode(byte)) : undefined;
      if (own !== undefined) ids.push(own);
      else if (fallback === 'none') throw new UnknownCharacterError(unit, offset);
      else if (fallback === 'bytes') ids.push(fallbackBase + byte);
      else ids.push(fallbackBase + (byte >> 4), fallbackBase + (byte & 15));
    }
  }

  /** Replaces pairs, smallest rank and leftmost first, until none is left; a linked list over the first tokens. */
  private merge(ids: number[]): number[] {
    const count = ids.length;
    const next = Int32Array.from({ length: count }, (_, i) => (i + 1 < count ? i + 1 : -1));
    const previous = Int32Array.from({ length: count }, (_, i) => i - 1);
    const queue = new MergeQueue();
    const offer = (left: number, right: number): void => {
      if (left < 0 || right < 0) return;
      const merged = this.mergeOf(ids[left], ids[right]);
      if (merged < 0) return;
      queue.push({
        rank: this.data.ranks[merged],
        left,
        right,
        leftId: ids[left],
        rightId: ids[right],
        merged,
      });
    };
    for (let i = 0; i + 1 < count; i++) offer(i, i + 1);
    for (let c = queue.pop(); c !== undefined; c = queue.pop()) {
      if (next[c.left] !== c.right || ids[c.left] !== c.leftId || ids[c.right] !== c.rightId) continue;
      ids[c.left] = c.merged;
      ids[c.right] = -1;
      next[c.left] = next[c.right];
      if (next[c.right] >= 0) previous[next[c.right]] = c.left;
      next[c.right] = -1;
      offer(previous[c.left], c.left);
      offer(c.left, next[c.left]);
    }
    return ids.filter((id) => id >= 0);
  }
}
