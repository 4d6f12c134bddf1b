import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Checkpoint, tensorShapes } from '../../models/checkpoint.ts';
import type { ModelConfig } from '../../models/config.ts';
import { ModelError } from '../../models/errors.ts';
import { validateImage } from '../../models/image/validate.ts';
import { writeImage } from '../../models/image/write.ts';
import { quantizeCheckpoint } from '../../models/quantize/quantize.ts';
import { randomModel } from '../../models/random.ts';
import { FloatModel } from '../../models/reference/float.ts';
import { IntegerModel } from '../../models/reference/integer.ts';
import { Rng } from '../../models/reference/rng.ts';

/** A checkpoint with normal-like weights of the given size, gains near 1, and a trivial tokenizer. */
function randomCheckpoint(config: ModelConfig, size: number, seed: number): Checkpoint {
  const rng = new Rng(seed);
  const uniform = () => rng.next() / 2 ** 31 - 1;
  const tensors = new Map(
    [...tensorShapes(config)].map(([name, shape]) => {
      const length = shape.reduce((a, b) => a * b, 1);
      const spread = shape.length === 1 ? 0.3 : (1.7 * size) / Math.sqrt(shape[1]);
      const centre = shape.length === 1 ? 1 : 0;
      return [name, { shape, data: Float32Array.from({ length }, () => centre + spread * uniform()) }];
    }),
  );
  const { vocabulary } = config;
  const { tokenizerSection } = randomModel({ seed: 0, shape: { vocabulary } });
  return { name: 'random', config, tensors, tokenizer: { bos: null, eos: null, section: tokenizerSection } };
}

const shapes: ModelConfig[] = [
  {
    ...{ family: 'llama', vocabulary: 40, dim: 24, hidden: 36, layers: 2, heads: 4, kvHeads: 2, headSize: 6 },
    ...{ context: 16, tied: true, ropeTheta: 10000, normEps: 1e-5 },
  },
  {
    ...{ family: 'llama', vocabulary: 30, dim: 33, hidden: 50, layers: 1, heads: 3, kvHeads: 1, headSize: 4 },
    ...{ context: 20, tied: false, ropeTheta: 500, normEps: 0 },
  },
  {
    ...{
      family: 'starmind',
      vocabulary: 50,
      dim: 8,
      hidden: 40,
      layers: 2,
      heads: 4,
      kvHeads: 4,
      headSize: 2,
    },
    ...{ context: 12, tied: true, ropeTheta: 10000, normEps: 1e-6 },
  },
  {
    ...{
      family: 'starmind',
      vocabulary: 20,
      dim: 1,
      hidden: 5,
      layers: 1,
      heads: 1,
      kvHeads: 1,
      headSize: 1,
    },
    ...{ context: 4, tied: true, ropeTheta: 10000, normEps: 1e-6 },
  },
];

describe('quantizing a checkpoint', () => {
  it.each(shapes)('int8 follows the float logits of a $family model, tied $tied, dim $dim', (config) => {
    const checkpoint = randomCheckpoint(config, 1, 5);
    const float = new FloatModel(checkpoint);
    const integer = new IntegerModel(quantizeCheckpoint(checkpoint));
    let [error, power] = [0, 0];
    for (let position = 0; position < config.context; position++) {
      const token = (7 * position + 3) % config.vocabulary;
      const expected = float.forward(token, position);
      const logits = integer.forward(token, position);
      for (let i = 0; i < expected.length; i++) {
        error += (logits[i] * integer.logitScale - expected[i]) ** 2;
        power += expected[i] ** 2;
      }
    }
    expect(Math.sqrt(error)).toBeLessThanOrEqual(0.03 * Math.sqrt(power) + 1e-9);
  });

  it('gives a valid image, or says why not, for weights of any size', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...shapes),
        fc.double({ min: -20, max: 20, noNaN: true }),
        fc.constantFrom('int8', 'int4', 'int4g32' as const),
        fc.nat(1000),
        (config, logSize, format, seed) => {
          const checkpoint = randomCheckpoint(config, 2 ** logSize, seed);
          try {
            const model = quantizeCheckpoint(checkpoint, { format, calibration: [[1, 2, 3, 0]] });
            expect(validateImage(writeImage(model).bytes)).toBeUndefined();
          } catch (error) {
            if (!(error instanceof ModelError)) throw error;
            expect(error.message).toMatch(/too large for fixed point/);
            expect(logSize).toBeGreaterThan(8);
          }
        },
      ),
      { numRuns: 150 },
    );
  });

  it('takes the format of a single kind of matrix', () => {
    const checkpoint = randomCheckpoint(shapes[0], 1, 1);
    const model = quantizeCheckpoint(checkpoint, {
      format: 'int4',
      formats: { embedding: 'int8', w2: 'int4g32' },
    });
    const [layer] = model.layers;
    expect([model.embedding, layer.wqkv, layer.w2].map(({ format }) => format)).toEqual([
      'int8',
      'int4',
      'int4g32',
    ]);
  });
});
