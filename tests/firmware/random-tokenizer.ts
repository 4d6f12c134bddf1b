/** Random tokenizers of any size, with pieces that really merge, duplicates, and every fallback that fits. */

import { FALLBACK_TOKENS, isMatchable, NEVER_MERGED } from '../../models/tokenizer/data.ts';
import type { Fallback, TokenizerData } from '../../models/tokenizer/index.ts';
import type { Random } from './random-model.ts';

const letters = ['a', 'b', 'c', ' ', 'é', '€', '😀', '.', 'ab', '\n'];

/** The characters these tokenizers know, for texts that they can often encode. */
export const knownCharacters = letters;

function fallbackFor(random: Random, vocabulary: number): Fallback {
  const fitting = (['none', 'bytes', 'nibbles'] as const).filter((f) => FALLBACK_TOKENS[f] + 4 <= vocabulary);
  return fitting.length > 0 ? random.pick(fitting) : 'none';
}

function randomPiece(random: Random, earlier: Uint8Array[]): Uint8Array {
  const encoder = new TextEncoder();
  if (earlier.length > 1 && !random.chance(3)) {
    return Uint8Array.from([...random.pick(earlier), ...random.pick(earlier)].slice(0, 40));
  }
  if (random.chance(15)) return Uint8Array.of(random.between(128, 255));
  return encoder.encode(random.pick(letters));
}

export function randomTokenizer(random: Random, vocabulary: number): TokenizerData {
  const fallback = fallbackFor(random, vocabulary);
  const pieces: Uint8Array[] = Array.from({ length: vocabulary }, () => new Uint8Array(0));
  const fallbackBase = random.between(0, vocabulary - FALLBACK_TOKENS[fallback]);
  const isFallback = (id: number) => id >= fallbackBase && id < fallbackBase + FALLBACK_TOKENS[fallback];
  const free = pieces.map((_, id) => id).filter((id) => !isFallback(id));
  const special = () => (free.length > 3 && !random.chance(3) ? random.pick(free) : null);
  const bos = special();
  const eos = special();
  const earlier: Uint8Array[] = [];
  for (const id of free) {
    if (id === bos || id === eos || random.chance(30)) continue;
    pieces[id] = randomPiece(random, earlier);
    earlier.push(pieces[id]);
  }
  const data: TokenizerData = {
    pieces,
    ranks: pieces.map(() => (random.chance(4) ? NEVER_MERGED : random.between(0, vocabulary))),
    fallback,
    fallbackBase,
    bos,
    eos,
    control: [],
    prependBos: bos !== null && random.chance(2),
    prependSpace: random.chance(3),
    stripSpace: random.chance(2),
  };
  data.control = free.filter((id) => isMatchable(data, id) && random.chance(20));
  return data;
}
