/**
 * Byte-pair encoding learned from text, deterministic: the most frequent adjacent pair becomes a piece, ties go to the
 * piece that sorts first. Pieces stay inside a word with its leading space, a number, or a run of punctuation, so a prompt
 * that ends at a word boundary is tokenized as it was in training although the encoder does not split words.
 */
import { BpeTokenizer } from './bpe.ts';
import { FALLBACK_TOKENS, type Fallback, NEVER_MERGED, type TokenizerData } from './data.ts';
import { byteKey, keyBytes, utf8 } from './utf8.ts';

const UNITS = / ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+/gu;

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
  text: string;
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

/** The most frequent pair of the words' tokens as the bytes of its piece, or null when none occurs twice. */
function bestPiece(words: Word[], data: TokenizerData, longestPiece: number): string | null {
  const keys = data.pieces.map(byteKey);
  const counts = new Map<string, number>();
  for (const { ids, count } of words) {
    for (let i = 0; i + 1 < ids.length; i++) {
      const [left, right] = [keys[ids[i]], keys[ids[i + 1]]];
      if (left === '' || right === '' || left.length + right.length > longestPiece) continue;
      counts.set(left + right, (counts.get(left + right) ?? 0) + count);
    }
  }
  let best: string | null = null;
  let most = 1;
  for (const [piece, count] of counts) {
    if (count > most || (count === most && best !== null && piece < best)) [best, most] = [piece, count];
  }
  return best;
}

/** Learns a tokenizer; it may stay smaller than asked when the text has nothing left to merge. */
export function trainBpe(training: BpeTraining): BpeTokenizer {
  const { texts, vocabulary, longestPiece = 24, leastCount = 2 } = training;
  const fallback = training.fallback ?? (vocabulary >= 512 ? 'bytes' : 'nibbles');
  const reserved = 2 + FALLBACK_TOKENS[fallback];
  if (vocabulary <= reserved)
    throw new RangeError(
      `a vocabulary of ${vocabulary} has no room beside ${reserved} control and fallback tokens`,
    );
  const counts = countUnits(texts);
  const data = emptyTokenizer(alphabet(counts, leastCount, vocabulary - reserved), fallback);
  let tokenizer = new BpeTokenizer({ ...data, prependBos: false });
  const words: Word[] = [...counts].map(([text, count]) => ({ text, count, ids: tokenizer.encode(text) }));
  for (let rank = 0; data.pieces.length < vocabulary; rank++) {
    const piece = bestPiece(words, data, longestPiece);
    if (piece === null) break;
    data.pieces.push(keyBytes(piece));
    data.ranks.push(rank);
    tokenizer = new BpeTokenizer({ ...data, prependBos: false });
    const shown = Buffer.from(keyBytes(piece)).toString('utf8');
    for (const word of words) if (word.text.includes(shown)) word.ids = tokenizer.encode(word.text);
  }
  return new BpeTokenizer(data);
}
