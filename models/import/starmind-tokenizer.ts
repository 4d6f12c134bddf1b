/**
 * The original project's `vocab_*.bin` and its tokenizer: u16 count, then u8 length and text for each id. It encodes by greedy
 * longest match of at most 8 characters, lower-cases, and writes what it cannot match as id 3.
 *
 * Our tokenizer section merges pairs instead, so the two split some words differently; `asMerges` says how far it carries.
 */
import { ModelError } from '../errors.ts';
import { BpeTokenizer, NEVER_MERGED, type TokenizerData } from '../tokenizer/index.ts';
import type { ImportNotes } from './source.ts';

const [BOS, EOS, UNKNOWN] = [1, 2, 3];
const longestMatch = 8;

/** Bytes of each id. @throws ModelError when the file is not exactly a vocabulary */
export function readStarmindVocabulary(file: Uint8Array, what: string): Uint8Array[] {
  if (file.length < 2) throw new ModelError(`${what}: too short for a vocabulary`);
  const count = file[0] | (file[1] << 8);
  const pieces: Uint8Array[] = [];
  let at = 2;
  for (let id = 0; id < count; id++) {
    const end = at + 1 + (file[at] ?? 0);
    if (at >= file.length || end > file.length) {
      throw new ModelError(`${what}: ends inside token ${id} of ${count}`);
    }
    pieces.push(file.slice(at + 1, end));
    at = end;
  }
  if (at !== file.length)
    throw new ModelError(`${what}: ${file.length - at} bytes after the last of ${count} tokens`);
  return pieces;
}

/** The original's tokenizer as it behaves on its device. */
export class StarmindTokenizer {
  readonly strings: (string | undefined)[];
  private readonly idOf = new Map<string, number>();

  /** Invalid UTF-8 is left out of a piece; of equal pieces the last id is the one that is matched. */
  constructor(pieces: readonly Uint8Array[]) {
    this.strings = pieces.map((piece) => {
      const text = new TextDecoder('utf-8').decode(piece).replaceAll('\ufffd', '');
      return text === '' ? undefined : text;
    });
    this.strings.forEach((text, id) => {
      if (text !== undefined) this.idOf.set(text, id);
    });
  }

  /** BOS, then greedy longest matches of at most 8 characters. */
  encode(text: string): number[] {
    const characters = [...text.toLowerCase()];
    const ids = [BOS];
    for (let at = 0; at < characters.length; ) {
      let length = Math.min(longestMatch, characters.length - at);
      while (length > 0 && !this.idOf.has(characters.slice(at, at + length).join(''))) length--;
      ids.push(length === 0 ? UNKNOWN : this.idOf.get(characters.slice(at, at + length).join(''))!);
      at += Math.max(1, length);
    }
    return ids;
  }

  /** Up to id 2, without id 1; unused ids print as `<empty_N>`. */
  decode(ids: readonly number[]): string {
    let text = '';
    for (const id of ids) {
      if (id === EOS) break;
      if (id === BOS || id >= this.strings.length) continue;
      text += this.strings[id] ?? `<empty_${id}>`;
    }
    return text;
  }
}

export interface MergingTokenizer extends ImportNotes {
  data: TokenizerData;
}

/**
 * The vocabulary as merges, shorter pieces first.
 * @param vocabulary rows of the embedding; ids that the file leaves out are empty
 */
export function asMerges(stored: readonly Uint8Array[], vocabulary: number, what: string): MergingTokenizer {
  if (stored.length > vocabulary) {
    throw new ModelError(
      `${what}: ${stored.length} tokens, the model has ${vocabulary}; these files do not belong together`,
    );
  }
  const { strings } = new StarmindTokenizer(stored);
  const pieces = Array.from({ length: vocabulary }, (_, id) => new TextEncoder().encode(strings[id] ?? ''));
  const shadowed = strings.flatMap((text, id) =>
    text !== undefined && strings.lastIndexOf(text) !== id ? [id] : [],
  );
  const special = [0, UNKNOWN].filter((id) => id < vocabulary);
  const hasEnds = vocabulary > EOS;
  const isSilent = (id: number) =>
    special.includes(id) || shadowed.includes(id) || (hasEnds && (id === BOS || id === EOS));
  const { ranks, unreachable } = ranksByLength(strings, vocabulary, isSilent);
  const data: TokenizerData = {
    pieces,
    ranks,
    fallback: 'none',
    fallbackBase: 0,
    bos: hasEnds ? BOS : null,
    eos: hasEnds ? EOS : null,
    control: [...new Set([...special, ...shadowed])]
      .filter((id) => pieces[id].length > 0 && !(hasEnds && (id === BOS || id === EOS)))
      .sort((a, b) => a - b),
    prependBos: hasEnds,
    prependSpace: false,
    stripSpace: false,
  };
  return { data, repairs: [], notes: mergingNotes(data, stored, unreachable) };
}

/** A piece of several characters can be merged when some cut of it leaves two pieces that can be made. */
function ranksByLength(
  strings: readonly (string | undefined)[],
  vocabulary: number,
  isSilent: (id: number) => boolean,
) {
  const pieces = strings
    .map((text, id) => ({ id, characters: [...(text ?? '')] }))
    .filter(({ id, characters }) => characters.length > 0 && !isSilent(id))
    .sort((a, b) => a.characters.length - b.characters.length || a.id - b.id);
  const made = new Set<string>();
  const ranks = Array.from({ length: vocabulary }, () => NEVER_MERGED);
  let unreachable = 0;
  let rank = 0;
  for (const { id, characters } of pieces) {
    const text = characters.join('');
    const isCut = (at: number) =>
      made.has(characters.slice(0, at).join('')) && made.has(characters.slice(at).join(''));
    if (characters.length > 1) {
      if (characters.some((_, at) => at > 0 && isCut(at))) ranks[id] = rank++;
      else unreachable++;
    }
    if (characters.length === 1 || ranks[id] !== NEVER_MERGED) made.add(text);
  }
  return { ranks, unreachable };
}

const sample =
  'once upon a time there was a little girl who liked to play in the park with her dog and one day they saw a big red ball ' +
  'hello how are you today i am fine thank you the assistant can help you with many things please tell me a story about the sea';

function mergingNotes(data: TokenizerData, stored: readonly Uint8Array[], unreachable: number): string[] {
  const notes = [
    'text is not lower-cased, and a character outside the vocabulary is refused instead of becoming <unk>: give lower-case text',
  ];
  if (unreachable > 0)
    notes.push(`${unreachable} tokens cannot be reached by merging; text never becomes them`);
  const words = sample.split(' ');
  const original = new StarmindTokenizer(stored);
  const ours = new BpeTokenizer(data);
  const same = words.filter((word) => isSame(original, ours, word)).length;
  notes.push(`merging splits ${same} of ${words.length} common words as the original's longest match does`);
  return notes;
}

function isSame(original: StarmindTokenizer, ours: BpeTokenizer, word: string): boolean {
  try {
    return ours.encode(word).join() === original.encode(word).join();
  } catch {
    return false;
  }
}
