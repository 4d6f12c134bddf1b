/** The `bad-tokenizer` checks of IMAGE.md. */
import type { ImageView } from './view.ts';

interface Section {
  vocabulary: number;
  /** Start of each piece in `text`, and the end of the last. */
  starts: Uint32Array;
  /** All ids: the matchable ones by (bytes, id), then the others by id. */
  ids: Uint16Array;
  matchable: number;
  text: Uint8Array;
  fallbackBase: number;
  fallbackCount: number;
  bos: number | null;
  eos: number | null;
}

export function tokenizerProblem({ bytes, view, header }: ImageView): string | undefined {
  const at = header.tokenizer.offset;
  const size = header.tokenizer.bytes;
  const { vocabulary } = header.shape;
  const textAt = 16 + 4 * (vocabulary + 1) + 4 * vocabulary + 4;
  if (size < textAt) return `section of ${size} bytes`;
  if (view.getUint32(at, true) !== vocabulary)
    return `${view.getUint32(at, true)} tokens, the header has ${vocabulary}`;
  if (view.getUint32(at + 12, true) !== size - textAt)
    return `${view.getUint32(at + 12, true)} bytes of piece text`;
  const fallback = view.getUint8(at + 4);
  const flags = view.getUint8(at + 5);
  if (fallback > 2 || flags > 7) return `fallback ${fallback}, flags ${flags}`;
  if ((flags & 1) === 1 && header.bos === null) return 'BOS is to be prepended, but there is none';
  if (view.getUint16(at + 10, true) !== 0 || view.getUint16(at + textAt - 2, true) !== 0) {
    return 'reserved bytes are not zero';
  }
  const idsAt = at + 16 + 4 * (vocabulary + 1) + 2 * vocabulary;
  const section: Section = {
    vocabulary,
    starts: Uint32Array.from({ length: vocabulary + 1 }, (_, i) => view.getUint32(at + 16 + 4 * i, true)),
    ids: Uint16Array.from({ length: vocabulary }, (_, i) => view.getUint16(idsAt + 2 * i, true)),
    matchable: view.getUint16(at + textAt - 4, true),
    text: bytes.subarray(at + textAt, at + size),
    fallbackBase: view.getUint16(at + 6, true),
    fallbackCount: [0, 256, 16][fallback],
    bos: header.bos,
    eos: header.eos,
  };
  return (
    startsProblem(section, view.getUint16(at + 8, true)) ?? fallbackProblem(section) ?? idsProblem(section)
  );
}

function pieceBytes({ starts }: Section, id: number): number {
  return starts[id + 1] - starts[id];
}

function startsProblem(section: Section, longest: number): string | undefined {
  const { starts, vocabulary, text } = section;
  if (starts[0] !== 0 || starts[vocabulary] !== text.length) return 'pieces do not fill the piece text';
  let found = 0;
  for (let id = 0; id < vocabulary; id++) {
    if (starts[id] > starts[id + 1]) return `piece ${id} ends before it starts`;
    found = Math.max(found, pieceBytes(section, id));
  }
  return found === longest ? undefined : `longest piece has ${found} bytes, not ${longest}`;
}

function fallbackProblem(section: Section): string | undefined {
  const { fallbackBase, fallbackCount, vocabulary } = section;
  if (fallbackBase + fallbackCount > vocabulary) return 'fallback tokens exceed the vocabulary';
  for (let id = fallbackBase; id < fallbackBase + fallbackCount; id++) {
    if (pieceBytes(section, id) > 0) return `fallback token ${id} has text`;
  }
  return undefined;
}

function idsProblem(section: Section): string | undefined {
  const { ids, matchable, vocabulary } = section;
  if (matchable > vocabulary) return `${matchable} matchable tokens`;
  const seen = new Uint8Array(vocabulary);
  for (let i = 0; i < vocabulary; i++) {
    const id = ids[i];
    if (id >= vocabulary || seen[id] === 1) return `id ${id} is not one of each`;
    seen[id] = 1;
    const isFirst = i === 0 || i === matchable;
    if (i < matchable) {
      if (isSpecial(section, id)) return `token ${id} may not be matched`;
      if (!isFirst && compare(section, ids[i - 1], id) >= 0) return 'matchable ids are not sorted by piece';
    } else if (!isFirst && ids[i - 1] >= id) {
      return 'the other ids are not ascending';
    }
  }
  return undefined;
}

/** Tokens that text never becomes. */
function isSpecial(section: Section, id: number): boolean {
  const { bos, eos, fallbackBase, fallbackCount } = section;
  const isFallback = id >= fallbackBase && id < fallbackBase + fallbackCount;
  return id === bos || id === eos || isFallback || pieceBytes(section, id) === 0;
}

/** By bytes, then by id. */
function compare(section: Section, a: number, b: number): number {
  const { text, starts } = section;
  const order = Buffer.compare(
    text.subarray(starts[a], starts[a + 1]),
    text.subarray(starts[b], starts[b + 1]),
  );
  return order !== 0 ? order : a - b;
}
