/**
 * Writes a tokenizer as Hugging Face's `tokenizer.json`, in the dialect with "▁" for a space and byte tokens. Every cut of a piece
 * into two pieces is listed as a merge, because our tokenizer merges any pair that makes a piece.
 */

import { FALLBACK_TOKENS, isMatchable } from '../tokenizer/data.ts';
import { NEVER_MERGED, type TokenizerData } from '../tokenizer/index.ts';
import { byteKey } from '../tokenizer/utf8.ts';

/** @returns undefined when the format cannot hold it: nibble tokens, pieces that are not UTF-8, or a "▁" of its own */
export function huggingFaceTokenizer(data: TokenizerData): Record<string, unknown> | undefined {
  if (data.fallback === 'nibbles') return undefined;
  const texts = data.pieces.map(pieceText);
  if (texts.some((text) => text === undefined || text.includes('▁'))) return undefined;
  const names = tokenNames(data, texts as string[]);
  const special = [data.bos, data.eos, ...data.control].filter((id) => id !== null).sort((a, b) => a - b);
  const { bos, prependSpace, stripSpace } = data;
  const toSpaces = { type: 'Replace', pattern: { String: '▁' }, content: ' ' };
  const fromSpaces = { type: 'Replace', pattern: { String: ' ' }, content: '▁' };
  const prepend = prependSpace ? [{ type: 'Prepend', prepend: '▁' }] : [];
  const strip = stripSpace ? [{ type: 'Strip', content: ' ', start: 1, stop: 0 }] : [];
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: special.map((id) => ({
      id,
      content: names[id],
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: { type: 'Sequence', normalizers: [...prepend, fromSpaces] },
    pre_tokenizer: null,
    post_processor: data.prependBos && bos !== null ? startingWith(names[bos], bos) : null,
    decoder: { type: 'Sequence', decoders: [toSpaces, { type: 'ByteFallback' }, { type: 'Fuse' }, ...strip] },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: data.fallback === 'bytes',
      ignore_merges: false,
      vocab: Object.fromEntries(names.map((name, id) => [name, id])),
      merges: mergesOf(data, names),
    },
  };
}

function pieceText(piece: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(piece);
  } catch {
    return undefined;
  }
}

/** Unique names: of ids that text never becomes, or that share a piece with a smaller id, they stand for themselves. */
function tokenNames(data: TokenizerData, texts: readonly string[]): string[] {
  const { bos, eos, fallback, fallbackBase } = data;
  const taken = new Set<string>();
  return texts.map((text, id) => {
    const nth = id - fallbackBase;
    const isByte = nth >= 0 && nth < FALLBACK_TOKENS[fallback];
    const wanted =
      id === bos
        ? '<s>'
        : id === eos
          ? '</s>'
          : isByte
            ? `<0x${nth.toString(16).toUpperCase().padStart(2, '0')}>`
            : text.replaceAll(' ', '▁');
    const name = wanted === '' || taken.has(wanted) ? `<unused ${id}>` : wanted;
    taken.add(name);
    return name;
  });
}

function startingWith(name: string, id: number): Record<string, unknown> {
  const begin = { SpecialToken: { id: name, type_id: 0 } };
  return {
    type: 'TemplateProcessing',
    single: [begin, { Sequence: { id: 'A', type_id: 0 } }],
    pair: [begin, { Sequence: { id: 'A', type_id: 0 } }, begin, { Sequence: { id: 'B', type_id: 1 } }],
    special_tokens: { [name]: { id: name, ids: [id], tokens: [name] } },
  };
}

function mergesOf(data: TokenizerData, names: readonly string[]): [string, string][] {
  const idOf = new Map<string, number>();
  data.pieces.forEach((piece, id) => {
    const key = byteKey(piece);
    if (isMatchable(data, id) && !idOf.has(key)) idOf.set(key, id);
  });
  const merged = [...idOf.values()].filter((id) => data.ranks[id] < NEVER_MERGED);
  merged.sort((a, b) => data.ranks[a] - data.ranks[b] || a - b);
  return merged.flatMap((id) => {
    const key = byteKey(data.pieces[id]);
    const cuts: [string, string][] = [];
    for (let at = 1; at < key.length; at++) {
      const [left, right] = [idOf.get(key.slice(0, at)), idOf.get(key.slice(at))];
      if (left !== undefined && right !== undefined) cuts.push([names[left], names[right]]);
    }
    return cuts;
  });
}
