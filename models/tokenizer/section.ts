/** The tokenizer section of a model image, byte by byte (models/IMAGE.md). */
import {
  checkTokenizer,
  FALLBACK_TOKENS,
  type Fallback,
  isMatchable,
  type TokenizerData,
  TokenizerError,
} from './data.ts';

const FALLBACKS: Fallback[] = ['none', 'bytes', 'nibbles'];
const HEADER_BYTES = 16;

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) if (a[i] !== b[i]) return a[i] - b[i];
  return a.length - b.length;
}

/** Matchable ids sorted by piece, then by id; the others after them in id order. */
function sortedIds(data: TokenizerData): { ids: number[]; matchable: number } {
  const all = data.pieces.map((_, id) => id);
  const front = all.filter((id) => isMatchable(data, id));
  front.sort((a, b) => compareBytes(data.pieces[a], data.pieces[b]) || a - b);
  return { ids: [...front, ...all.filter((id) => !isMatchable(data, id))], matchable: front.length };
}

/** BOS and EOS give nothing when decoded, so their text is left out. */
function sectionPieces({ pieces, bos, eos }: TokenizerData): Uint8Array[] {
  return pieces.map((piece, id) => (id === bos || id === eos ? new Uint8Array(0) : piece));
}

export function writeSection(data: TokenizerData): Uint8Array {
  checkTokenizer(data);
  const pieces = sectionPieces(data);
  const vocabulary = pieces.length;
  const textBytes = pieces.reduce((sum, piece) => sum + piece.length, 0);
  const bytes = new Uint8Array(HEADER_BYTES + 4 * (vocabulary + 1) + 4 * vocabulary + 4 + textBytes);
  const view = new DataView(bytes.buffer);
  const { ids, matchable } = sortedIds(data);
  view.setUint32(0, vocabulary, true);
  view.setUint8(4, FALLBACKS.indexOf(data.fallback));
  view.setUint8(5, (data.prependBos ? 1 : 0) | (data.prependSpace ? 2 : 0) | (data.stripSpace ? 4 : 0));
  view.setUint16(6, data.fallbackBase, true);
  view.setUint16(8, Math.max(...pieces.map((piece) => piece.length)), true);
  view.setUint32(12, textBytes, true);
  const ranksAt = HEADER_BYTES + 4 * (vocabulary + 1);
  const textAt = ranksAt + 4 * vocabulary + 4;
  let start = 0;
  for (let id = 0; id < vocabulary; id++) {
    view.setUint32(HEADER_BYTES + 4 * id, start, true);
    bytes.set(pieces[id], textAt + start);
    start += pieces[id].length;
    view.setUint16(ranksAt + 2 * id, data.ranks[id], true);
    view.setUint16(ranksAt + 2 * vocabulary + 2 * id, ids[id], true);
  }
  view.setUint32(HEADER_BYTES + 4 * vocabulary, start, true);
  view.setUint16(ranksAt + 4 * vocabulary, matchable, true);
  return bytes;
}

function need(condition: boolean, what: string): asserts condition {
  if (!condition) throw new TokenizerError(what);
}

/**
 * Reads and validates a section.
 * @param ends BOS and EOS ids, which the image header holds
 * @throws TokenizerError for anything that `writeSection` would not have written
 */
export function readSection(
  bytes: Uint8Array,
  ends: { bos: number | null; eos: number | null },
): TokenizerData {
  need(bytes.length >= HEADER_BYTES, `${bytes.length} bytes are too few for its header`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const vocabulary = view.getUint32(0, true);
  need(vocabulary >= 1 && vocabulary <= 32768, `${vocabulary} tokens; 1..32768 are possible`);
  const textBytes = view.getUint32(12, true);
  const ranksAt = HEADER_BYTES + 4 * (vocabulary + 1);
  const textAt = ranksAt + 4 * vocabulary + 4;
  need(bytes.length === textAt + textBytes, `${bytes.length} bytes where ${textAt + textBytes} are due`);
  const flags = view.getUint8(5);
  need(view.getUint8(4) < FALLBACKS.length && flags < 8, 'unknown fallback or flags');
  need(
    view.getUint16(10, true) === 0 && view.getUint16(textAt - 2, true) === 0,
    'reserved bytes are not zero',
  );

  const starts = Array.from({ length: vocabulary + 1 }, (_, i) => view.getUint32(HEADER_BYTES + 4 * i, true));
  need(starts[0] === 0 && starts[vocabulary] === textBytes, 'pieces do not fill the piece text');
  need(
    starts.every((start, i) => i === 0 || start >= starts[i - 1]),
    'piece starts go backwards',
  );
  const pieces = starts.slice(1).map((end, id) => bytes.slice(textAt + starts[id], textAt + end));
  const ids = pieces.map((_, i) => view.getUint16(ranksAt + 2 * vocabulary + 2 * i, true));
  const matchable = view.getUint16(ranksAt + 4 * vocabulary, true);
  need(matchable <= vocabulary, 'more matchable tokens than tokens');
  const data: TokenizerData = {
    pieces,
    ranks: pieces.map((_, id) => view.getUint16(ranksAt + 2 * id, true)),
    fallback: FALLBACKS[view.getUint8(4)],
    fallbackBase: view.getUint16(6, true),
    ...ends,
    control: ids.slice(matchable),
    prependBos: (flags & 1) !== 0,
    prependSpace: (flags & 2) !== 0,
    stripSpace: (flags & 4) !== 0,
  };
  need(Math.max(...pieces.map((piece) => piece.length)) === view.getUint16(8, true), 'longest piece');
  checkTokenizer(data);
  const expected = sortedIds(data);
  need(
    expected.matchable === matchable && expected.ids.every((id, i) => id === ids[i]),
    'ids are not sorted by piece, or a token is matchable that may not be',
  );
  data.control = controlOf(data);
  return data;
}

/** Of the ids that are never matched, those that nothing else already says so of. */
function controlOf(data: TokenizerData): number[] {
  const { pieces, bos, eos, fallbackBase, fallback, control } = data;
  const isFallback = (id: number) => id >= fallbackBase && id < fallbackBase + FALLBACK_TOKENS[fallback];
  return control.filter((id) => pieces[id].length > 0 && id !== bos && id !== eos && !isFallback(id));
}
