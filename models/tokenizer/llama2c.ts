/**
 * llama2.c's `tokenizer.bin`: u32 longest piece, then per token f32 score, i32 bytes, the piece. The file does not hold the
 * number of tokens; it comes from the model. Ids 0 `<unk>`, 1 BOS, 2 EOS, then 256 byte tokens `<0x00>`..`<0xFF>`
 * (source: karpathy/llama2.c, tokenizer.py `export`, run.c `build_tokenizer`, `encode`, `decode`).
 */
import { FALLBACK_TOKENS, NEVER_MERGED, type TokenizerData, TokenizerError } from './data.ts';
import { codePointLength } from './utf8.ts';

const BYTE_BASE = 3;

/** How a byte token is written. */
export function byteText(byte: number): string {
  return `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`;
}

/** How our exports write a nibble token, which llama2.c itself does not have. */
export function nibbleText(nibble: number): string {
  return `<nibble ${nibble.toString(16).toUpperCase()}>`;
}

interface ScoredPiece {
  score: number;
  piece: Uint8Array;
}

function readPieces(bytes: Uint8Array, vocabulary: number | undefined): ScoredPiece[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 4) throw new TokenizerError('the file is too short for a llama2.c tokenizer');
  const longest = view.getUint32(0, true);
  const found: ScoredPiece[] = [];
  let at = 4;
  while (at < bytes.length && found.length < (vocabulary ?? Number.POSITIVE_INFINITY)) {
    const where = `token ${found.length} at byte ${at}`;
    if (at + 8 > bytes.length) throw new TokenizerError(`the file ends inside ${where}`);
    const score = view.getFloat32(at, true);
    const length = view.getInt32(at + 4, true);
    if (length < 0 || length > longest || at + 8 + length > bytes.length) {
      throw new TokenizerError(`${where} claims ${length} bytes`);
    }
    if (Number.isNaN(score)) throw new TokenizerError(`${where} has no score`);
    found.push({ score, piece: bytes.slice(at + 8, at + 8 + length) });
    at += 8 + length;
    if (found.length > 32768) throw new TokenizerError('more than 32768 tokens');
  }
  if (vocabulary !== undefined && found.length !== vocabulary) {
    throw new TokenizerError(`${found.length} tokens in the file, ${vocabulary} in the model`);
  }
  return found;
}

/** Higher scores merge first; equal scores share a rank, as llama2.c takes the leftmost of equals. */
function ranksOf(found: ScoredPiece[]): number[] {
  const scores = [...new Set(found.map(({ score }) => score))].sort((a, b) => b - a);
  const rank = new Map(scores.map((score, i) => [score, i]));
  return found.map(({ score, piece }) =>
    piece.length === 0 || codePointLength(piece, 0) === piece.length ? NEVER_MERGED : rank.get(score)!,
  );
}

/**
 * Reads a `tokenizer.bin`.
 * @param vocabulary tokens of the model the file belongs to; all of the file when left out
 * @throws TokenizerError for a file that is not a llama2.c tokenizer
 */
export function tokenizerFromLlama2c(bytes: Uint8Array, vocabulary?: number): TokenizerData {
  const found = readPieces(bytes, vocabulary);
  const textOf = (id: number) => Buffer.from(found[id]?.piece ?? []).toString('latin1');
  const fallback = textOf(BYTE_BASE) === nibbleText(0) ? 'nibbles' : 'bytes';
  const end = BYTE_BASE + FALLBACK_TOKENS[fallback];
  for (let id = BYTE_BASE; id < end; id++) {
    const expected = fallback === 'nibbles' ? nibbleText(id - BYTE_BASE) : byteText(id - BYTE_BASE);
    if (textOf(id) !== expected) throw new TokenizerError(`token ${id} is not ${expected}`);
  }
  const isSilent = (id: number) => id === 1 || id === 2 || (id >= BYTE_BASE && id < end);
  // Id 0 is never text in a file of llama2.c; models of ours, which know no <unk>, have a common piece there.
  const isUnknown = (id: number) => id === 0 && /^<.*>$/.test(textOf(0));
  const ranks = ranksOf(found);
  // Only models of ours have nibble tokens, and they were trained without a space in front.
  const hasSpace = fallback === 'bytes';
  return {
    pieces: found.map(({ piece }, id) => (isSilent(id) ? new Uint8Array(0) : piece)),
    ranks: ranks.map((rank, id) => (isSilent(id) || isUnknown(id) ? NEVER_MERGED : rank)),
    fallback,
    fallbackBase: BYTE_BASE,
    bos: 1,
    eos: 2,
    control: found.flatMap((_, id) => (isUnknown(id) ? [id] : [])),
    prependBos: true,
    prependSpace: hasSpace,
    stripSpace: hasSpace,
  };
}
