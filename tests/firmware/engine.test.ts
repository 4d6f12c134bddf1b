import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildHost } from '../../firmware/host/build.ts';
import { HostEngine } from '../../firmware/host/client.ts';
import { writeImage } from '../../models/image/write.ts';
import type { QuantizedShape } from '../../models/quantized.ts';
import { streamedImage } from '../../models/random.ts';
import { IntegerModel } from '../../models/reference/integer.ts';
import { Sampler } from '../../models/reference/sampler.ts';
import { Random, randomModel, randomTokens } from './random-model.ts';

const anySize = { arenaLimit: 2 ** 26, flashLimit: 2 ** 28 };
const placements = ['auto', 'flash', 'sram'] as const;

/** `enum sm_tap` in firmware/engine/port.h. */
const TAP_QKV = 2;

const fromSeed = (seed: number, count: number) => Array.from({ length: count }, (_, i) => seed + i);

let host: HostEngine;

beforeAll(async () => {
  host = new HostEngine(await buildHost());
});

afterAll(() => host.close());

/** Loads the model's image and compares all logits of all positions. */
async function expectSameLogits(
  model: ReturnType<typeof randomModel>,
  tokens: number[],
  seed: number,
): Promise<void> {
  // An arena with little room leaves some tensors in flash.
  const placement = new Random(seed).pick(placements);
  const streamed = seed % 4 === 0 ? streamedImage(model, anySize) : undefined;
  const bytes = streamed ?? writeImage(model, { ...anySize, placement }).bytes;
  expect(await host.load(bytes), `seed ${seed} loads`).toBe(0);
  await host.setCores(new Random(seed + 1).pick([1, 2] as const));
  const logits = await host.forward(tokens);
  const reference = new IntegerModel(model);
  const { vocabulary } = model.shape;
  for (const [position, token] of tokens.entries()) {
    const expected = reference.forward(token, position);
    const got = logits.subarray(position * vocabulary, (position + 1) * vocabulary);
    const where = `seed ${seed}, position ${position}, ${JSON.stringify(model.shape)}`;
    expect(Buffer.compare(Buffer.from(got.slice().buffer), Buffer.from(expected.slice().buffer)), where).toBe(
      0,
    );
  }
}

describe('the portable engine', () => {
  it('gives the integer reference’s logits bit for bit on 1,000 random models', async () => {
    for (const seed of fromSeed(1, 1000)) {
      const model = randomModel(seed);
      await expectSameLogits(model, randomTokens(new Random(seed + 7), model.shape), seed);
    }
  });

  const odd: Record<string, Partial<QuantizedShape>> = {
    'one of everything': { vocabulary: 1, dim: 1, hidden: 1, layers: 1, heads: 1, kvHeads: 1, headSize: 2 },
    'hidden that no block divides': { dim: 8, hidden: 173, heads: 8, kvHeads: 8, headSize: 2 },
    'eight heads on one key-value head': { dim: 24, heads: 8, kvHeads: 1, headSize: 4 },
    'attention wider than the residual': { dim: 5, hidden: 9, heads: 8, kvHeads: 2, headSize: 16 },
    'the widest residual': { dim: 640, hidden: 33, heads: 10, kvHeads: 5, headSize: 64, layers: 1 },
    'rows longer than a kernel’s short sums': { dim: 16, hidden: 4099, layers: 1 },
    'a thousand tokens': { vocabulary: 1027, dim: 20 },
  };
  for (const [name, change] of Object.entries(odd)) {
    for (const family of ['llama', 'starmind'] as const) {
      it(`agrees with the reference on a ${family} with ${name}, in every format`, async () => {
        for (const format of ['int8', 'int4', 'int4g32'] as const) {
          const shape: QuantizedShape = {
            ...{ family, vocabulary: 37, dim: 12, hidden: 40, layers: 2, heads: 2, kvHeads: 1, headSize: 6 },
            ...{ context: 9, tied: true, ...change },
          };
          const model = randomModel(901, { shape, format });
          await expectSameLogits(model, randomTokens(new Random(5), shape), 901);
        }
      });
    }
  }

  it('agrees with the reference at each of 1,024 positions', async () => {
    for (const family of ['llama', 'starmind'] as const) {
      const shape: QuantizedShape = {
        ...{ family, vocabulary: 20, dim: 8, hidden: 12, layers: 1, heads: 4, kvHeads: 2, headSize: 2 },
        ...{ context: 1024, tied: true },
      };
      const random = new Random(11);
      const tokens = Array.from({ length: 1024 }, () => random.between(0, 19));
      await expectSameLogits(randomModel(77, { shape }), tokens, 77);
    }
  });

  it('passes through the reference’s intermediate vectors', async () => {
    for (const seed of fromSeed(3000, 40)) {
      const model = randomModel(seed);
      expect(await host.load(writeImage(model, anySize).bytes)).toBe(0);
      const taps = await host.taps([0]);
      const expected: number[][] = [];
      const wanted = [
        'embed x',
        'norm a',
        'qkv y',
        'attention t',
        'output x',
        'ffn t',
        'ffn x',
        'logits logits',
      ];
      new IntegerModel(model).forward(0, 0, (_layer, phase, tensor, values) => {
        if (wanted.includes(`${phase} ${tensor}`)) expected.push([...values]);
      });
      // The engine clamps y where it is used, the reference before it is tapped.
      const got = taps.map(({ tap, values }) =>
        [...values].map((v) => (tap === TAP_QKV ? Math.min(Math.max(v, -32767), 32767) : v)),
      );
      expect(got, `seed ${seed}`).toEqual(expected);
    }
  });

  it('gives the same again when positions are run again', async () => {
    const model = randomModel(31);
    const { bytes } = writeImage(model, anySize);
    expect(await host.load(bytes)).toBe(0);
    const tokens = randomTokens(new Random(3), {
      ...model.shape,
      context: Math.min(model.shape.context, 12),
    });
    const first = await host.forward(tokens);
    expect(await host.forward(tokens)).toEqual(first);
    expect(await host.forward(tokens.slice(-1), tokens.length - 1)).toEqual(
      first.slice(-model.shape.vocabulary),
    );
  });

  it('refuses a token outside the vocabulary and a position outside the context', async () => {
    const model = randomModel(32);
    expect(await host.load(writeImage(model, anySize).bytes)).toBe(0);
    await expect(host.forward([model.shape.vocabulary])).rejects.toThrow('-20');
    await expect(host.forward([0], model.shape.context)).rejects.toThrow('-21');
  });

  it('samples the reference’s tokens, greedy and seeded, feeding each back', async () => {
    for (const seed of fromSeed(2000, 60)) {
      const random = new Random(seed);
      const model = randomModel(seed);
      const { vocabulary, context } = model.shape;
      expect(await host.load(writeImage(model, anySize).bytes)).toBe(0);
      const request = {
        temperature: random.chance(3) ? 0 : random.between(655, 200000),
        topK: random.chance(2) ? 0 : random.between(1, vocabulary),
        topP: random.chance(2) ? 65536 : random.between(1, 65535),
        seed: random.u32(),
      };
      const first = random.between(0, vocabulary - 1);
      const reference = new IntegerModel(model);
      const sampler = new Sampler(request, { logitFraction: model.logitFraction });
      const expected: number[] = [];
      for (let p = 0, token = first; p < context; p++) {
        token = sampler.sample(Int32Array.from(reference.forward(token, p)));
        expected.push(token);
      }
      expect(await host.generate(request, [first], context), `seed ${seed}`).toEqual(expected);
    }
  });
});
