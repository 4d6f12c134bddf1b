/**
 * What a tokenizer is, as plain data; everything else in this folder is derived from it.
 * The algorithm is in models/IMAGE.md, "Tokenizer section".
 */

/** How bytes that no piece covers are written: not at all, as 256 byte tokens, or as two of 16 nibble tokens. */
export type Fallback = 'none' | 'bytes' | 'nibbles';

/** Number of ids each fallback takes, starting at `fallbackBase`. */
export const FALLBACK_TOKENS: Record<Fallback, number> = { none: 0, bytes: 256, nibbles: 16 };

/** Rank of a piece that no merge produces. */
export const NEVER_MERGED = 0xffff;

/** A tokenizer's tables, by token id. */
export interface TokenizerData {
  /** One byte string per id; empty for BOS, EOS and fallback tokens. */
  pieces: Uint8Array[];
  /** Merges with a smaller rank are done first; `NEVER_MERGED` for pieces that are not the result of a merge. */
  ranks: number[];
  fallback: Fallback;
  fallbackBase: number;
  bos: number | null;
  eos: number | null;
  /** Ids other than BOS, EOS, fallback tokens and empty pieces that text never becomes (`<unk>`). */
  control: number[];
  /** `encode` starts with BOS. */
  prependBos: boolean;
  /** `encode` puts a space before a non-empty text (llama2.c). */
  prependSpace: boolean;
  /** `decode` drops one leading space of the first piece after BOS (llama2.c). */
  stripSpace: boolean;
}

/** A tokenizer that cannot be: the code is the one of the image validators. */
export class TokenizerError extends Error {
  readonly code = 'bad-tokenizer';

  constructor(what: string) {
    super(`bad-tokenizer: ${what}`);
    this.name = 'TokenizerError';
  }
}

/** A character that neither a piece nor a fallback covers. */
export class UnknownCharacterError extends Error {
  readonly code = 'unknown-character';
  /** Offset in bytes from the start of the text. */
  readonly offset: number;

  constructor(bytes: Uint8Array, offset: number) {
    const shown = new TextDecoder().decode(bytes);
    super(`the tokenizer has no token for ${JSON.stringify(shown)} at byte ${offset}; leave it out`);
    this.name = 'UnknownCharacterError';
    this.offset = offset;
  }
}

/** Whether text can become this id by matching its piece. */
export function isMatchable(data: TokenizerData, id: number): boolean {
  const { pieces, bos, eos, fallbackBase, fallback, control } = data;
  const isFallback = id >= fallbackBase && id < fallbackBase + FALLBACK_TOKENS[fallback];
  return pieces[id].length > 0 && id !== bos && id !== eos && !isFallback && !control.includes(id);
}

/** Throws a TokenizerError if the data contradicts itself. */
export function checkTokenizer(data: TokenizerData): void {
  const { pieces, ranks, fallback, fallbackBase, bos, eos } = data;
  const vocabulary = pieces.length;
  if (vocabulary < 1 || vocabulary > 32768)
    throw new TokenizerError(`${vocabulary} tokens; 1..32768 are possible`);
  if (ranks.length !== vocabulary) throw new TokenizerError(`${ranks.length} ranks for ${vocabulary} tokens`);
  if (!ranks.every((r) => Number.isInteger(r) && r >= 0 && r <= NEVER_MERGED)) {
    throw new TokenizerError('a rank outside 0..65535');
  }
  if (!Number.isInteger(fallbackBase) || fallbackBase < 0) throw new TokenizerError('fallback base');
  if (fallbackBase + FALLBACK_TOKENS[fallback] > vocabulary) {
    throw new TokenizerError(`fallback tokens at ${fallbackBase} do not fit in ${vocabulary} tokens`);
  }
  for (const id of [bos, eos]) {
    if (id !== null && !(Number.isInteger(id) && id >= 0 && id < vocabulary)) {
      throw new TokenizerError(`BOS or EOS id ${id} outside the vocabulary`);
    }
  }
  for (let id = fallbackBase; id < fallbackBase + FALLBACK_TOKENS[fallback]; id++) {
    if (pieces[id].length > 0) throw new TokenizerError(`fallback token ${id} has text`);
  }
  if (data.prependBos && bos === null) throw new TokenizerError('BOS is to be prepended, but there is none');
  if (pieces.some((p) => p.length > 0xffff)) throw new TokenizerError('a piece longer than 65535 bytes');
}
