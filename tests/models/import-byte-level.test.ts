import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { importHuggingFaceTokenizer } from '../../models/import/huggingface-tokenizer.ts';
import { BpeTokenizer } from '../../models/tokenizer/index.ts';

const codes = Array.from({ length: 256 }, (_, byte) => byte);
const isPrintable = (b: number) => (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174;
const strange = codes.filter((b) => !isPrintable(b));
/** GPT-2's stand-in for a byte. */
const sign = (b: number) => String.fromCodePoint(isPrintable(b) ? b : 256 + strange.indexOf(b));
const signs = (bytes: Buffer) => [...bytes].map(sign).join('');

const pairs: [Buffer, Buffer][] = [
  [Buffer.from(' '), Buffer.from('t')],
  [Buffer.from('h'), Buffer.from('e')],
  [Buffer.from(' t'), Buffer.from('he')],
  [Buffer.of(0xf0), Buffer.of(0x9f)],
  [Buffer.of(0xc3), Buffer.of(0xa9)],
];

/** A byte-level tokenizer.json of these bytes and the merges of `pairs`. */
function byteLevel(bytes: number[]) {
  const pieces = [...bytes.map(sign), ...pairs.map(([left, right]) => signs(Buffer.concat([left, right])))];
  const json = {
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false },
    model: {
      type: 'BPE',
      vocab: Object.fromEntries(pieces.map((piece, id) => [piece, id])),
      merges: pairs.map(([left, right]) => `${signs(left)} ${signs(right)}`),
    },
  };
  const { data, notes } = importHuggingFaceTokenizer(json, pieces.length, { bos: null, eos: null });
  return { tokenizer: new BpeTokenizer(data), notes };
}

describe('a byte-level tokenizer.json', () => {
  it('with every byte loses nothing of any text: what is no token is its bytes', () => {
    const { tokenizer, notes } = byteLevel(codes);
    expect(notes).toEqual([]);
    expect(tokenizer.encode(' the é😀')).toEqual([258, 0x20, 260, 259, 0x98, 0x80]);
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(tokenizer.decodeText(tokenizer.encode(text))).toBe(text);
      }),
    );
  });

  it('says what else its file does to a text, and is refused when its pieces are not text as it stands', () => {
    const json = (model: object) => ({
      normalizer: { type: 'Sequence', normalizers: [{ type: 'NFC' }, { type: 'Lowercase' }] },
      pre_tokenizer: { type: 'Sequence', pretokenizers: [{ type: 'Digits' }, { type: 'ByteLevel' }] },
      model: { type: 'BPE', vocab: { a: 0, b: 1 }, merges: [], ...model },
    });
    const read = (model: object) => importHuggingFaceTokenizer(json(model), 2, { bos: null, eos: null });
    expect(read({}).notes.slice(0, 2)).toEqual([
      'text is taken as it is: NFC, Lowercase must be done before',
      'text is not cut first (Digits): some texts get other tokens',
    ]);
    expect(() => read({ end_of_word_suffix: '</w>' })).toThrow(/end_of_word_suffix is "<\/w>"/);
  });

  it('without some bytes says how many, and refuses a text with them by name', () => {
    const { tokenizer, notes } = byteLevel(codes.filter((b) => b !== 0xbc));
    expect(notes).toEqual(['1 of 256 bytes have no token: text with them is refused']);
    expect(() => tokenizer.encode('a ü')).toThrow(/no token for "ü" at byte 2/);
  });
});
