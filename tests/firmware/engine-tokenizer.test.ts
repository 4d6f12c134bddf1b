import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildHost } from '../../firmware/host/build.ts';
import { HostEngine } from '../../firmware/host/client.ts';
import { writeImage } from '../../models/image/write.ts';
import { BpeTokenizer, UnknownCharacterError } from '../../models/tokenizer/index.ts';
import { Random, randomModel } from './random-model.ts';
import { knownCharacters, randomTokenizer } from './random-tokenizer.ts';

const UNKNOWN_CHARACTER = -23;
const PROMPT_TOO_LONG = -24;

let host: HostEngine;

beforeAll(async () => {
  host = new HostEngine(await buildHost());
});

afterAll(() => host.close());

/** A model that is nothing but its tokenizer, loaded. */
async function load(seed: number, vocabulary: number): Promise<BpeTokenizer> {
  const data = randomTokenizer(new Random(seed), vocabulary);
  const tokenizer = new BpeTokenizer(data);
  const shape = {
    family: 'starmind',
    dim: 1,
    hidden: 1,
    layers: 1,
    heads: 1,
    kvHeads: 1,
    headSize: 1,
  } as const;
  const model = randomModel(1, { shape: { ...shape, vocabulary, context: 1, tied: true }, format: 'int8' });
  const { bos, eos } = data;
  const image = writeImage({ ...model, bos, eos, tokenizerSection: tokenizer.toSection() });
  expect(await host.load(image.bytes)).toBe(0);
  return tokenizer;
}

/** Offset in the caller's text, which the space that the tokenizer may put before it does not shift. */
function unknownAt({ data }: BpeTokenizer, text: Uint8Array): number {
  try {
    if (data.prependSpace && text.length > 0) new BpeTokenizer({ ...data, prependSpace: false }).encode(' ');
    new BpeTokenizer({ ...data, prependSpace: false }).encode(text);
  } catch (error) {
    if (error instanceof UnknownCharacterError) return error.offset;
  }
  return -1;
}

async function expectSameEncoding(tokenizer: BpeTokenizer, text: Uint8Array, what: string): Promise<void> {
  const { status, at, ids } = await host.encode(text);
  let expected: number[];
  try {
    expected = tokenizer.encode(text);
  } catch (error) {
    if (!(error instanceof UnknownCharacterError)) throw error;
    expect({ status, at }, what).toEqual({ status: UNKNOWN_CHARACTER, at: unknownAt(tokenizer, text) });
    return;
  }
  expect(ids, what).toEqual(expected);
  expect(status, what).toBe(expected.length);
}

const character = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...knownCharacters) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }) },
);
const bytes = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.array(character, { maxLength: 60 }).map((c) => new TextEncoder().encode(c.join(''))),
  },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 30 }) },
);

describe('the tokenizer in C', () => {
  it('encodes any bytes as the reference does, and names the byte offset of what it cannot', async () => {
    for (let seed = 1; seed <= 60; seed++) {
      const tokenizer = await load(seed, new Random(seed).pick([1, 7, 40, 120, 300, 700]));
      await fc.assert(
        fc.asyncProperty(bytes, (text) => expectSameEncoding(tokenizer, text, `tokenizer ${seed}`)),
        { numRuns: 40, seed },
      );
    }
  });

  it('decodes any ids as the reference does', async () => {
    for (let seed = 100; seed <= 160; seed++) {
      const vocabulary = new Random(seed).pick([1, 7, 40, 120, 300, 700]);
      const tokenizer = await load(seed, vocabulary);
      const ids = fc.array(fc.nat(vocabulary - 1), { maxLength: 40 });
      await fc.assert(
        fc.asyncProperty(ids, async (tokens) => {
          expect([...(await host.decode(tokens))], `tokenizer ${seed}`).toEqual([
            ...tokenizer.decode(tokens),
          ]);
        }),
        { numRuns: 40, seed },
      );
    }
  });

  it('loses nothing of a text it can encode', async () => {
    for (let seed = 200; seed <= 230; seed++) {
      const tokenizer = await load(seed, 300);
      if (tokenizer.data.fallback === 'none') continue;
      const text = new TextEncoder().encode('ab é€ 😀 \u0000 x\ufffd cab.');
      const { ids } = await host.encode(text);
      const { prependSpace, stripSpace, pieces } = tokenizer.data;
      const stripped = stripSpace && ids[0] === tokenizer.bos && pieces[ids[1]][0] === 0x20;
      const before = prependSpace && !stripped ? ' ' : '';
      expect(Buffer.from(await host.decode(ids)).toString()).toBe(before + Buffer.from(text).toString());
    }
  });

  it('stops at the caller’s capacity', async () => {
    await load(7, 300);
    const text = new TextEncoder().encode('abcabcabcabc');
    expect((await host.encode(text, 3)).status).toBe(PROMPT_TOO_LONG);
  });
});
