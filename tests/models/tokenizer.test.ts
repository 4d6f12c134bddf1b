import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  BpeTokenizer,
  NEVER_MERGED,
  type TokenizerData,
  tokenizerFromLlama2c,
  tokenizerFromSection,
  trainBpe,
  trainCharacters,
} from '../../models/tokenizer/index.ts';

const STORY = 'Once upon a time there was a girl. The girl had a cat. "The cat is there," said the girl. ';
const small = trainBpe({ texts: [STORY.repeat(3)], vocabulary: 80 });
const withBytes = trainBpe({ texts: [STORY.repeat(3)], vocabulary: 330, fallback: 'bytes' });

/** Code points as bytes; a byte that belongs to none stands alone. */
function characters(bytes: Buffer): Buffer[] {
  const all: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const size = [1, 2, 3, 4].find((n) => {
      const text = bytes.subarray(at, at + n).toString();
      return [...text].length === 1 && text !== '\ufffd' && Buffer.from(text).length === n;
    });
    const isReplacement = bytes.subarray(at, at + 3).equals(Buffer.from('\ufffd'));
    const end = at + (isReplacement ? 3 : (size ?? 1));
    all.push(bytes.subarray(at, end));
    at = end;
  }
  return all;
}

/** The rule of models/IMAGE.md taken literally: look at every pair, replace one, start again. */
function slowEncode(data: TokenizerData, text: string | Buffer): number[] {
  const keys = data.pieces.map((p) => Buffer.from(p).toString('latin1'));
  const find = (key: string) => (key === '' ? -1 : keys.indexOf(key));
  const ids: number[] = [];
  for (const bytes of characters(Buffer.from(text))) {
    const id = find(bytes.toString('latin1'));
    if (id >= 0) ids.push(id);
    else if (data.fallback === 'none') for (const b of bytes) ids.push(find(String.fromCharCode(b)));
    else if (data.fallback === 'bytes') for (const b of bytes) ids.push(data.fallbackBase + b);
    else for (const b of bytes) ids.push(data.fallbackBase + (b >> 4), data.fallbackBase + (b & 15));
  }
  for (;;) {
    let best = -1;
    let bestRank = NEVER_MERGED;
    for (let i = 0; i + 1 < ids.length; i++) {
      const [left, right] = [keys[ids[i]], keys[ids[i + 1]]];
      const whole = left === '' || right === '' ? -1 : find(left + right);
      if (whole >= 0 && data.ranks[whole] < bestRank) [best, bestRank] = [i, data.ranks[whole]];
    }
    if (best < 0) return data.prependBos ? [data.bos!, ...ids] : ids;
    ids.splice(best, 2, find(keys[ids[best]] + keys[ids[best + 1]]));
  }
}

const storyLike = fc
  .array(fc.constantFrom(...'theogirlc. aT"é', 'the', ' cat', ' girl'))
  .map((parts) => parts.join(''));

describe('the BPE tokenizer', () => {
  it('gives back any Unicode text, with byte fallback and with nibble fallback', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
        for (const tokenizer of [small, withBytes]) {
          expect(tokenizer.decodeText(tokenizer.encode(text))).toBe(text);
        }
      }),
    );
  });

  it('has any size from 32 to 8192 tokens, or one token per character, and loses nothing at any size', () => {
    const words = Array.from({ length: 9000 }, (_, i) => `w${(i * 7919).toString(36)}`);
    const texts = [words.join(' ').repeat(2), STORY];
    const sizes = [32, 33, 64, 300, 512, 8192].map((vocabulary) => trainBpe({ texts, vocabulary }));
    expect(sizes.map(({ vocabulary }) => vocabulary)).toEqual([32, 33, 64, 300, 512, 8192]);
    const characters = trainCharacters({ texts: [STORY.repeat(2)], vocabulary: 200 });
    expect(characters.vocabulary).toBe(2 + 16 + new Set(STORY).size);
    expect(characters.encode('the cat')).toHaveLength(1 + 7);
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), storyLike), (text) => {
        for (const tokenizer of [...sizes, characters])
          expect(tokenizer.decodeText(tokenizer.encode(text))).toBe(text);
      }),
    );
    expect(() => trainBpe({ texts, vocabulary: 18 })).toThrow(/no room beside 18/);
  });

  it('learns what counting all pairs again after every merge would give', () => {
    const texts = [STORY.repeat(2), 'mamama banana ananas bandana '.repeat(3)];
    const learned = trainBpe({ texts, vocabulary: 90, fallback: 'nibbles' });
    const pieces = learned.data.pieces.map((piece) => Buffer.from(piece).toString());
    const first = learned.data.ranks.indexOf(0);
    for (let size = first; size < learned.vocabulary; size++) {
      const { data } = learned;
      const sofar = { ...data, pieces: data.pieces.slice(0, size), ranks: data.ranks.slice(0, size) };
      const tokenizer = new BpeTokenizer({ ...sofar, prependBos: false });
      const counts = new Map<string, number>();
      for (const word of texts.flatMap((text) => text.match(/ ?\p{L}+| ?[^\s\p{L}]+|\s+/gu)!)) {
        const ids = tokenizer.encode(word);
        for (let i = 1; i < ids.length; i++) {
          const pair = pieces[ids[i - 1]] + pieces[ids[i]];
          counts.set(pair, (counts.get(pair) ?? 0) + 1);
        }
      }
      const [[best]] = [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
      expect(pieces[size], `piece ${size}`).toBe(best);
    }
  });

  it('gives back any bytes, valid UTF-8 or not', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        for (const tokenizer of [small, withBytes])
          expect(tokenizer.decode(tokenizer.encode(bytes))).toEqual(bytes);
      }),
    );
  });

  it('encodes exactly as the obvious slow implementation does', () => {
    fc.assert(
      fc.property(fc.oneof(storyLike, fc.string({ unit: 'grapheme' })), (text) => {
        for (const { data, encode } of [small, withBytes].map((t) => ({
          data: t.data,
          encode: t.encode.bind(t),
        }))) {
          expect(encode(text)).toEqual(slowEncode(data, text));
        }
      }),
      { numRuns: 300 },
    );
  });

  it('learns the same tokens from the same text, and as many as asked', () => {
    const again = trainBpe({ texts: [STORY.repeat(3)], vocabulary: 80 });
    expect(again.toSection()).toEqual(small.toSection());
    expect(small.vocabulary).toBe(80);
  });

  it('keeps the tokens of a prompt that ends at a word boundary when the story goes on', () => {
    const whole = small.encode('Once upon a time there was a girl.');
    const prompt = small.encode('Once upon a time');
    expect(whole.slice(0, prompt.length)).toEqual(prompt);
  });

  it('gives nothing for BOS, EOS and a high nibble with no low one after it', () => {
    const nibble = small.data.fallbackBase;
    expect(small.decode([small.bos!, nibble + 4, small.eos!])).toEqual(new Uint8Array(0));
    expect(small.decode([nibble + 4, nibble + 1, nibble + 4])).toEqual(Uint8Array.of(0x41));
  });

  it('takes single bytes as pieces where there is no fallback, and merges them', () => {
    const bytes = Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte));
    const pieces = [...bytes, Uint8Array.of(0xe2, 0x82), Buffer.from('€'), Buffer.from('ab')];
    const tokenizer = new BpeTokenizer({
      ...small.data,
      pieces,
      ranks: pieces.map((piece, id) => (piece.length === 2 ? id : NEVER_MERGED)),
      fallback: 'none',
      fallbackBase: 0,
      bos: null,
      eos: null,
      prependBos: false,
    });
    expect(tokenizer.encode('ab€₭')).toEqual([258, 257, 256, 0xad]);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (text) => {
        expect(tokenizer.decode(tokenizer.encode(text))).toEqual(text);
        expect(tokenizer.encode(text)).toEqual(slowEncode(tokenizer.data, Buffer.from(text)));
      }),
    );
  });

  it('names the character that it has no token for when there is no fallback', () => {
    const none = new BpeTokenizer({
      ...small.data,
      fallback: 'none',
      fallbackBase: 0,
      control: [],
    });
    expect(() => none.encode('the §')).toThrow(/"§" at byte 4/);
  });
});

describe('the tokenizer section', () => {
  it('restores a tokenizer that encodes and decodes alike', () => {
    for (const tokenizer of [small, withBytes]) {
      const { bos, eos } = tokenizer;
      const restored = tokenizerFromSection(tokenizer.toSection(), { bos, eos });
      expect(restored.data).toEqual(tokenizer.data);
      expect(restored.encode(STORY)).toEqual(tokenizer.encode(STORY));
    }
  });

  it('lists matchable ids first, sorted by their bytes', () => {
    const section = small.toSection();
    const view = new DataView(section.buffer);
    const sortedAt = 16 + 4 * (small.vocabulary + 1) + 2 * small.vocabulary;
    const matchable = view.getUint16(sortedAt + 2 * small.vocabulary, true);
    const ids = Array.from({ length: matchable }, (_, i) => view.getUint16(sortedAt + 2 * i, true));
    const keys = ids.map((id) => Buffer.from(small.data.pieces[id]).toString('latin1'));
    expect(matchable).toBe(small.vocabulary - 18);
    expect(keys).toEqual([...keys].sort());
  });

  it('refuses every truncation and survives every flipped bit with a named error or a sound tokenizer', () => {
    const section = small.toSection();
    for (let length = 0; length < section.length; length++) {
      expect(() => tokenizerFromSection(section.subarray(0, length))).toThrow(/bad-tokenizer/);
    }
    fc.assert(
      fc.property(fc.nat(section.length * 8 - 1), (bit) => {
        const bad = section.slice();
        bad[bit >> 3] ^= 1 << (bit & 7);
        try {
          const { decode } = tokenizerFromSection(bad);
          expect(decode).toBeTypeOf('function');
        } catch (error) {
          expect((error as { code?: string }).code).toBe('bad-tokenizer');
        }
      }),
      { numRuns: 500 },
    );
  });
});

/** A llama2.c tokenizer of the given pieces after the 259 that every one starts with. */
function llama2cFile(pieces: { piece: string; score: number }[]): Uint8Array {
  const bytes = Array.from({ length: 256 }, (_, b) => `<0x${b.toString(16).toUpperCase().padStart(2, '0')}>`);
  const all = ['<unk>', '\n<s>\n', '\n</s>\n', ...bytes].map((piece) => ({ piece, score: 0 })).concat(pieces);
  const parts = all.map(({ piece, score }) => {
    const text = Buffer.from(piece);
    const head = Buffer.alloc(8);
    head.writeFloatLE(score, 0);
    head.writeInt32LE(text.length, 4);
    return Buffer.concat([head, text]);
  });
  return Buffer.concat([Buffer.from([7, 0, 0, 0]), ...parts]);
}

describe("llama2.c's tokenizer.bin", () => {
  const file = llama2cFile([
    { piece: ' t', score: -1 },
    { piece: 'he', score: -2 },
    { piece: ' the', score: -3 },
    { piece: ' ', score: -4 },
    { piece: 't', score: -5 },
    { piece: 'h', score: -6 },
    { piece: 'e', score: -7 },
  ]);
  const tokenizer = new BpeTokenizer(tokenizerFromLlama2c(file));

  it('prepends BOS and a space, merges by score, falls back to bytes, and drops the space again', () => {
    expect(tokenizer.encode('the é')).toEqual([1, 261, 262, 3 + 0xc3, 3 + 0xa9]);
    expect(tokenizer.encode('')).toEqual([1]);
    expect(tokenizer.decodeText(tokenizer.encode('the é'))).toBe('the é');
  });

  it('refuses truncated and foreign files', () => {
    for (let length = 0; length < file.length; length += 7) {
      expect(() => tokenizerFromLlama2c(file.subarray(0, length), 266)).toThrow(/bad-tokenizer/);
    }
    expect(() => tokenizerFromLlama2c(new TextEncoder().encode('{"not": "a tokenizer"}'))).toThrow(
      /bad-tokenizer/,
    );
  });
});
