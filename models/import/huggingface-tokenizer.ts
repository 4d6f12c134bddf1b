/**
 * Reads `tokenizer.json` of Hugging Face tokenizers with a BPE model, in its two common dialects: with byte tokens `<0x00>`..
 * and "▁" for a space (as sentencepiece makes them), and byte-level (GPT-2's table of printable stand-ins for bytes).
 *
 * Our tokenizer section has pieces and the rank of each, not a list of pairs, and does not split text into words first: a pair
 * merges when its concatenation is a piece. For vocabularies whose merge list holds every pair that makes a piece that is
 * the same; the notes say where it is not.
 */
import { ModelError } from '../errors.ts';
import { NEVER_MERGED, type TokenizerData } from '../tokenizer/index.ts';
import { codePointLength } from '../tokenizer/utf8.ts';
import { isObject } from './source.ts';

const mostTokens = 32768;
const spaceSign = '▁';

export interface HuggingFaceTokenizer {
  data: TokenizerData;
  notes: string[];
}

/** Special ids that config.json names; they decide where tokenizer.json is silent. */
export interface SpecialIds {
  bos: number | null;
  eos: number | null;
}

interface Source {
  what: string;
  /** Text of each id as the file writes it; undefined for ids that are not there. */
  tokens: (string | undefined)[];
  /** Ids that text never becomes. */
  special: Set<number>;
  merges: [string, string][];
  json: Record<string, unknown>;
}

/**
 * @param vocabulary rows of the model's embedding; ids that the file leaves out are empty
 * @throws ModelError for a tokenizer that is not BPE, or not one of the two dialects
 */
export function importHuggingFaceTokenizer(
  json: Record<string, unknown>,
  vocabulary: number,
  ids: SpecialIds,
  what = 'tokenizer.json',
): HuggingFaceTokenizer {
  const source = readSourceTokens(json, vocabulary, what);
  const isByteLevel = asText([json['pre_tokenizer'], json['decoder']], what).includes('"ByteLevel"');
  const read = isByteLevel ? byteLevel(source, ids) : withByteTokens(source, ids);
  return { ...read, notes: [...leftOut(json, what), ...read.notes] };
}

const taken = new Set(['Sequence', 'Prepend', 'Replace', 'ByteLevel', 'Metaspace']);

/** What the file does to a text before it looks for tokens and the device does not. */
function leftOut(json: Record<string, unknown>, what: string): string[] {
  const typesOf = (part: string) => {
    const all = asText([json[part]], what).matchAll(/"type":"(\w+)"/g);
    return [...new Set([...all].map(([, type]) => type))].filter((type) => !taken.has(type));
  };
  const [changes, cuts] = [typesOf('normalizer'), typesOf('pre_tokenizer')];
  const notes: string[] = [];
  if (changes.length > 0) notes.push(`text is taken as it is: ${changes.join(', ')} must be done before`);
  if (cuts.length > 0) notes.push(`text is not cut first (${cuts.join(', ')}): some texts get other tokens`);
  return notes;
}

function readSourceTokens(json: Record<string, unknown>, vocabulary: number, what: string): Source {
  const model = json['model'];
  if (!isObject(model) || !isObject(model['vocab']))
    throw new ModelError(`${what}: no model with a vocabulary`);
  if ((model['type'] ?? 'BPE') !== 'BPE') {
    throw new ModelError(`${what}: a ${JSON.stringify(model['type'])} tokenizer; only BPE can be imported`);
  }
  for (const affix of ['continuing_subword_prefix', 'end_of_word_suffix']) {
    if (model[affix]) {
      throw new ModelError(
        `${what}: model.${affix} is ${JSON.stringify(model[affix])}; only pieces that are text as it stands can be imported`,
      );
    }
  }
  if (vocabulary > mostTokens)
    throw new ModelError(`${what}: ${vocabulary} tokens; at most ${mostTokens} fit`);
  const tokens: (string | undefined)[] = Array.from({ length: vocabulary });
  const put = (text: unknown, id: unknown) => {
    if (
      typeof text !== 'string' ||
      !Number.isInteger(id) ||
      (id as number) < 0 ||
      (id as number) >= vocabulary
    ) {
      throw new ModelError(
        `${what}: token ${JSON.stringify(text)} has id ${JSON.stringify(id)}; the model has ids 0 to ${vocabulary - 1}`,
      );
    }
    tokens[id as number] = text;
  };
  for (const [text, id] of Object.entries(model['vocab'])) put(text, id);
  const special = new Set<number>();
  const added = json['added_tokens'] ?? [];
  if (!Array.isArray(added)) throw new ModelError(`${what}: added_tokens is not a list`);
  for (const token of added) {
    if (!isObject(token)) throw new ModelError(`${what}: an added token is not an object`);
    put(token['content'], token['id']);
    if (token['special'] !== false) special.add(token['id'] as number);
  }
  return { what, tokens, special, merges: readMerges(model['merges'], what), json };
}

function readMerges(value: unknown, what: string): [string, string][] {
  if (!Array.isArray(value)) throw new ModelError(`${what}: model.merges is not a list`);
  if (value.length > 1_000_000)
    throw new ModelError(`${what}: ${value.length} merges; at most 1,000,000 are read`);
  return value.map((merge, i) => {
    const pair = typeof merge === 'string' ? merge.split(' ') : merge;
    if (Array.isArray(pair) && pair.length === 2 && pair.every((part) => typeof part === 'string')) {
      return pair as [string, string];
    }
    throw new ModelError(`${what}: merge ${i} is not a pair`);
  });
}

/** Sentencepiece's dialect. */
function withByteTokens(source: Source, ids: SpecialIds): HuggingFaceTokenizer {
  const { tokens, json, what, special } = source;
  const base = tokens.indexOf('<0x00>');
  for (let byte = 0; byte < 256 && base >= 0; byte++) {
    const expected = `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`;
    if (tokens[base + byte] !== expected) {
      throw new ModelError(`${what}: token ${base + byte} is not ${expected}; byte tokens must be in order`);
    }
  }
  const isByte = (id: number) => base >= 0 && id >= base && id < base + 256;
  const unknown = (json['model'] as Record<string, unknown>)['unk_token'];
  const control = [...special];
  if (typeof unknown === 'string' && tokens.includes(unknown)) control.push(tokens.indexOf(unknown));
  const pieces = tokens.map((text, id) =>
    text === undefined || isByte(id) ? '' : special.has(id) ? text : text.replaceAll(spaceSign, ' '),
  );
  const prependSpace = /"Prepend"|"prepend_scheme":"(first|always)"|"add_prefix_space":true/.test(
    asText([json['normalizer'], json['pre_tokenizer']], what),
  );
  return finish(source, ids, {
    pieces: pieces.map((piece) => new TextEncoder().encode(piece)),
    control,
    fallback: base >= 0 ? 'bytes' : 'none',
    fallbackBase: Math.max(0, base),
    prependSpace,
    stripSpace: prependSpace,
  });
}

/** GPT-2's dialect: every character of a token stands for one byte. */
function byteLevel(source: Source, ids: SpecialIds): HuggingFaceTokenizer {
  const { tokens, special, what } = source;
  const byteOf = byteTable();
  const pieces = tokens.map((text, id) => {
    if (text === undefined) return new Uint8Array(0);
    if (special.has(id)) return new TextEncoder().encode(text);
    return Uint8Array.from([...text], (character) => {
      const byte = byteOf.get(character);
      if (byte === undefined)
        throw new ModelError(`${what}: ${JSON.stringify(text)} is not a byte-level token`);
      return byte;
    });
  });
  const prependSpace = /"add_prefix_space":true/.test(asText([source.json['pre_tokenizer']], what));
  const made = finish(source, ids, {
    pieces,
    control: [...special],
    fallback: 'none',
    fallbackBase: 0,
    prependSpace,
    stripSpace: false,
  });
  const single = new Set(
    pieces.filter((piece, id) => piece.length === 1 && !special.has(id)).map(([byte]) => byte),
  );
  if (single.size < 256) {
    made.notes.push(`${256 - single.size} of 256 bytes have no token: text with them is refused`);
  }
  return made;
}

type Dialect = Pick<
  TokenizerData,
  'pieces' | 'control' | 'fallback' | 'fallbackBase' | 'prependSpace' | 'stripSpace'
>;

function finish(source: Source, ids: SpecialIds, dialect: Dialect): HuggingFaceTokenizer {
  const { tokens, merges } = source;
  const bos = ids.bos ?? firstOf(tokens, ['<s>', '<|begin_of_text|>', '<|endoftext|>']);
  const eos = ids.eos ?? firstOf(tokens, ['</s>', '<|end_of_text|>', '<|endoftext|>']);
  const { ranks, unlisted } = ranksOf(tokens, dialect.pieces, merges);
  const notes: string[] = [];
  if (unlisted > 0)
    notes.push(`${unlisted} tokens are the result of no merge and are only matched as characters`);
  return {
    data: {
      ...dialect,
      control: [...new Set(dialect.control)].filter((id) => id !== bos && id !== eos).sort((a, b) => a - b),
      ranks,
      bos,
      eos,
      prependBos: bos !== null && prependsBos(source.json, tokens[bos]),
    },
    notes,
  };
}

/** The rank of a piece is the place of its first merge among the pieces'. */
function ranksOf(
  tokens: readonly (string | undefined)[],
  pieces: readonly Uint8Array[],
  merges: readonly [string, string][],
): { ranks: number[]; unlisted: number } {
  const rankOf = new Map<string, number>();
  for (const [left, right] of merges) {
    const whole = left + right;
    if (!rankOf.has(whole)) rankOf.set(whole, rankOf.size);
  }
  let unlisted = 0;
  const ranks = tokens.map((text, id) => {
    const piece = pieces[id];
    if (text === undefined || piece.length === 0 || codePointLength(piece, 0) === piece.length)
      return NEVER_MERGED;
    const rank = rankOf.get(text);
    if (rank === undefined) unlisted++;
    return Math.min(rank ?? NEVER_MERGED, NEVER_MERGED);
  });
  return { ranks, unlisted };
}

/** Whether the template for a single text starts with the token. */
function prependsBos(json: Record<string, unknown>, bos: string | undefined): boolean {
  const processor = json['post_processor'];
  if (!isObject(processor) || bos === undefined) return false;
  const templates = [processor, ...(Array.isArray(processor['processors']) ? processor['processors'] : [])];
  return templates.some((template) => {
    const first = isObject(template) && Array.isArray(template['single']) ? template['single'][0] : undefined;
    return isObject(first) && isObject(first['SpecialToken']) && first['SpecialToken']['id'] === bos;
  });
}

/** A part of the file as text to search in. */
function asText(parts: unknown[], what: string): string {
  try {
    return JSON.stringify(parts);
  } catch {
    throw new ModelError(`${what}: nested too deeply`);
  }
}

function firstOf(tokens: readonly (string | undefined)[], texts: readonly string[]): number | null {
  const found = texts.map((text) => tokens.indexOf(text)).find((id) => id >= 0);
  return found ?? null;
}

/** GPT-2's stand-ins: printable Latin-1 bytes stand for themselves, the others for 256, 257, ... in order. */
function byteTable(): Map<string, number> {
  const isPrintable = (b: number) => (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174;
  const table = new Map<string, number>();
  let next = 256;
  for (let byte = 0; byte < 256; byte++) {
    table.set(String.fromCodePoint(isPrintable(byte) ? byte : next++), byte);
  }
  return table;
}
