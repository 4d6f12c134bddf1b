/**
 * Byte-pair encoding learned from text, deterministic: the most frequent adjacent pair becomes a piece, ties go to the
 * piece that sorts first. Pieces stay inside a word with its leading space, a number, or a run of punctuation, so a prompt
 * that ends at a word boundary is tokenized as it was in training although the encoder does not split words.
 */
import { BpeTokenizer } from './bpe.ts';
import { FALLBACK_TOKENS, type Fallback, NEVER_MERGED, type TokenizerData } from './data.ts';
import { byteKey, keyBytes, utf8 } from './utf8.ts';

const UNITS = / ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+/gu;

/** What to learn pieces from, and how many. */
export interface BpeTraining {
  texts: Iterable<string>;
  /** Tokens in all, control and fallback tokens included. */
  vocabulary: number;
  /** @default 'bytes' from 512 tokens on, else 'nibbles' */
  fallback?: Fallback;
  /** Longest piece in bytes. @default 24 */
  longestPiece?: number;
  /** Characters that occur less often than this are left to the fallback. @default 2 */
  leastCount?: number;
}

interface Word {
  count: number;
  ids: number[];
}

function countUnits(texts: Iterable<string>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const text of texts) {
    for (const unit of text.match(UNITS) ?? []) counts.set(unit, (counts.get(unit) ?? 0) + 1);
  }
  return counts;
}

const fallbackOf = ({ fallback, vocabulary }: BpeTraining): Fallback =>
  fallback ?? (vocabulary >= 512 ? 'bytes' : 'nibbles');

/** @throws RangeError when the vocabulary has no more than these */
function reservedTokens(fallback: Fallback, vocabulary: number): number {
  const reserved = 2 + FALLBACK_TOKENS[fallback];
  if (vocabulary > reserved) return reserved;
  throw new RangeError(
    `a vocabulary of ${vocabulary} has no room beside ${reserved} control and fallback tokens`,
  );
}

/** Characters by falling count, then by code point. */
function alphabet(counts: Map<string, number>, leastCount: number, most: number): string[] {
  const seen = new Map<string, number>();
  for (const [unit, count] of counts) for (const c of unit) seen.set(c, (seen.get(c) ?? 0) + count);
  return [...seen]
    .filter(([, count]) => count >= leastCount)
    .sort(([a, m], [b, n]) => n - m || a.codePointAt(0)! - b.codePointAt(0)!)
    .slice(0, most)
    .map(([c]) => c);
}

function emptyTokenizer(characters: string[], fallback: Fallback): TokenizerData {
  const silent = Array.from({ length: 2 + FALLBACK_TOKENS[fallback] }, () => new Uint8Array(0));
  const pieces = [...silent, ...characters.map(utf8)];
  return {
    pieces,
    ranks: pieces.map(() => NEVER_MERGED),
    fallback,
    fallbackBase: 2,
    bos: 0,
    eos: 1,
    control: [],
    prependBos: true,
    prependSpace: false,
    stripSpace: false,
  };
}

/** Pairs of neighbouring tokens in the words: how often each occurs, and where. A pair is the bytes of both. */
class Pairs {
  private readonly counts = new Map<string, number>();
  private readonly places = new Map<string, Set<Word>>();
  private readonly data: TokenizerData;
  private readonly longestPiece: number;
  private readonly idOf = new Map<string, number>();
  private readonly keys: string[] = [];

  constructor(data: TokenizerData, longestPiece: number) {
    this.data = data;
    this.longestPiece = longestPiece;
    for (const piece of data.pieces) this.addKey(byteKey(piece));
  }

  /** Counts the pairs of a word, or with -1 takes them away again. */
  count(word: Word, sign: 1 | -1): void {
    for (let i = 0; i + 1 < word.ids.length; i++) {
      const [left, right] = [this.keys[word.ids[i]], this.keys[word.ids[i + 1]]];
      if (left === '' || right === '' || left.length + right.length > this.longestPiece) continue;
      const pair = left + right;
      const count = (this.counts.get(pair) ?? 0) + sign * word.count;
      if (count === 0) this.counts.delete(pair);
      else this.counts.set(pair, count);
      const places = this.places.get(pair) ?? new Set();
      this.places.set(pair, places.add(word));
    }
  }

  /** The most frequent pair, or null when none occurs twice. */
  best(): string | null {
    let best: string | null = null;
    let most = 1;
    for (const [pair, count] of this.counts) {
      if (count > most || (count === most && best !== null && pair < best)) [best, most] = [pair, count];
    }
    return best;
  }

  /** Makes a piece of a pair, everywhere. */
  merge(pair: string): void {
    this.data.pieces.push(keyBytes(pair));
    this.data.ranks.push(this.data.pieces.length - 1);
    this.addKey(pair);
    const words = [...(this.places.get(pair) ?? [])];
    this.places.delete(pair);
    for (const word of words) {
      this.count(word, -1);
      this.settle(word.ids);
      this.count(word, 1);
    }
  }

  private addKey(key: string): void {
    if (key !== '' && !this.idOf.has(key)) this.idOf.set(key, this.keys.length);
    this.keys.push(key);
  }

  /** Goes on merging as the encoder does: the smallest rank first, the leftmost of equals. */
  private settle(ids: number[]): void {
    for (;;) {
      let [at, whole, least] = [-1, -1, NEVER_MERGED];
      for (let i = 0; i + 1 < ids.length; i++) {
        const [left, right] = [this.keys[ids[i]], this.keys[ids[i + 1]]];
        const id = left === '' || right === '' ? undefined : this.idOf.get(left + right);
        if (id !== undefined && this.data.ranks[id] < least)
          [at, whole, least] = [i, id, this.data.ranks[id]];
      }
      if (at < 0) return;
      ids.splice(at, 2, whole);
    }
  }
}

/** Learns a tokenizer; it may stay smaller than asked when the text has nothing left to merge. */
export function trainBpe(training: BpeTraining): BpeTokenizer {
  const { texts, vocabulary, longestPiece = 24, leastCount = 2 } = training;
  const fallback = fallbackOf(training);
  const room = vocabulary - reservedTokens(fallback, vocabulary);
  const counts = countUnits(texts);
  const data = emptyTokenizer(alphabet(counts, leastCount, room), fallback);
  const first = data.pieces.length;
  const start = new BpeTokenizer({
    ...data,
    pieces: [...data.pieces],
    ranks: [...data.ranks],
    prependBos: false,
  });
  const pairs = new Pairs(data, longestPiece);
  for (const [text, count] of counts) pairs.count({ count, ids: start.encode(text) }, 1);
  while (data.pieces.length < vocabulary) {
    const pair = pairs.best();
    if (pair === null) break;
    pairs.merge(pair);
  }
  const ranks = data.ranks.map((rank) => (rank === NEVER_MERGED ? rank : rank - first));
  return new BpeTokenizer({ ...data, ranks });
}

/**
 * One token per character, the most frequent first; the others are left to the fallback. It may stay smaller than asked.
 * @throws RangeError for a vocabulary without room
 */
export function trainCharacters(training: Omit<BpeTraining, 'longestPiece'>): BpeTokenizer {
  const { texts, vocabulary, leastCount = 2 } = training;
  const fallback = fallbackOf(training);
  const characters = alphabet(
    countUnits(texts),
    leastCount,
    vocabulary - reservedTokens(fallback, vocabulary),
  );
  return new BpeTokenizer(emptyTokenizer(characters, fallback));
}
