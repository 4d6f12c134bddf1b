import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { corpusStories } from '../../models/corpus/index.ts';
import { huggingFaceTokenizer } from '../../models/export/huggingface-tokenizer.ts';
import { importHuggingFaceTokenizer } from '../../models/import/huggingface-tokenizer.ts';
import {
  BpeTokenizer,
  type TokenizerData,
  tokenizerFromSection,
  trainBpe,
} from '../../models/tokenizer/index.ts';
import { stories260K } from './interop.ts';

interface Json {
  normalizer: { normalizers: { type: string }[] };
  model: { vocab: Record<string, number>; merges: [string, string][] };
}

/** What Hugging Face's BPE does with such a file, in few words: characters, then the listed pair that comes first, leftmost. */
function encodePlainly({ normalizer, model }: Json, text: string): number[] {
  const { vocab, merges } = model;
  const rank = new Map(merges.map(([left, right], i) => [`${left} ${right}`, i]));
  const prepends = normalizer.normalizers.some(({ type }) => type === 'Prepend') && text !== '';
  const parts = [...`${prepends ? '▁' : ''}${text.replaceAll(' ', '▁')}`].flatMap((character) =>
    character in vocab
      ? [character]
      : [...Buffer.from(character)].map((byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`),
  );
  for (;;) {
    const ranks = parts
      .slice(1)
      .map((part, i) => rank.get(`${parts[i]} ${part}`) ?? Number.POSITIVE_INFINITY);
    const best = Math.min(...ranks, Number.POSITIVE_INFINITY);
    if (best === Number.POSITIVE_INFINITY) return parts.map((part) => vocab[part]);
    const at = ranks.indexOf(best);
    parts.splice(at, 2, parts[at] + parts[at + 1]);
  }
}

const tokenizers: [string, TokenizerData][] = [
  [
    'grammar stories',
    trainBpe({ texts: corpusStories('grammar', 'train', 60, 1), vocabulary: 420, fallback: 'bytes' }).data,
  ],
  [
    'a small one',
    trainBpe({
      texts: ['the cat and the hat and that', 'ünïcode the über cat'],
      vocabulary: 290,
      fallback: 'bytes',
      leastCount: 1,
    }).data,
  ],
];
const real = stories260K();
if (real !== undefined) tokenizers.push(['stories260K', dataOf(real.tokenizer)]);

function dataOf({
  section,
  bos,
  eos,
}: {
  section: Uint8Array;
  bos: number | null;
  eos: number | null;
}): TokenizerData {
  return tokenizerFromSection(section, { bos, eos }).data;
}

const words = [
  'the',
  'then',
  'cat',
  'hat',
  'and',
  'that',
  ' ',
  ' ',
  '  ',
  '.',
  ',',
  'Lily',
  'über',
  '日本',
  '\n',
  '"',
  'ing',
  'Once upon',
];
const text = fc.array(fc.oneof(fc.constantFrom(...words), fc.string({ unit: 'grapheme', maxLength: 4 })), {
  maxLength: 12,
});

describe.each(tokenizers)('tokenizer.json of %s', (_, data) => {
  const json = huggingFaceTokenizer(data) as unknown as Json;
  const ours = new BpeTokenizer(data);
  const { data: back } = importHuggingFaceTokenizer(json as never, data.pieces.length, {
    bos: data.bos,
    eos: data.eos,
  });
  const imported = new BpeTokenizer(back);

  it('encodes by the plain reading of the format as ours does', () => {
    fc.assert(
      fc.property(text, (parts) => {
        const whole = parts.join('').replaceAll('▁', '_');
        const wanted = ours.encode(whole);
        expect([...(data.prependBos ? [data.bos] : []), ...encodePlainly(json, whole)]).toEqual(wanted);
      }),
      { numRuns: 150 },
    );
  });

  it('imports as a tokenizer that encodes and decodes as before', () => {
    fc.assert(
      fc.property(text, (parts) => {
        const ids = ours.encode(parts.join(''));
        expect(imported.encode(parts.join(''))).toEqual(ids);
        expect(imported.decode(ids)).toEqual(ours.decode(ids));
      }),
      { numRuns: 100 },
    );
  });
});

it('nibble tokens have no place in tokenizer.json', () => {
  const { data } = trainBpe({ texts: ['abc abc'], vocabulary: 40, fallback: 'nibbles', leastCount: 1 });
  expect(huggingFaceTokenizer(data)).toBeUndefined();
});
