/**
 * A float model of a shape with random weights, untrained as the original's were. It is quantized like any other, so its integers
 * have the ranges and shifts of real models: norms and activations that died would take shorter ways through the firmware.
 */
import { type Checkpoint, tensorShapes } from '../../models/checkpoint.ts';
import type { QuantizedShape } from '../../models/quantized.ts';
import { randomModel } from '../../models/random.ts';
import { Rng } from '../../models/reference/rng.ts';

const CALIBRATION_TOKENS = 12;

/** No BOS and no EOS: nothing ends a story but the end of the context. */
export const randomCheckpoint = (name: string, shape: QuantizedShape, seed: number): Checkpoint => {
  const rng = new Rng(seed);
  const config = { ...shape, ropeTheta: 10_000, normEps: 1e-5 };
  const tensors = [...tensorShapes(config)].map(
    ([tensor, sizes]) => [tensor, { shape: sizes, data: randomTensor(rng, sizes) }] as const,
  );
  const length = Math.min(CALIBRATION_TOKENS, shape.context);
  return {
    name,
    config,
    tensors: new Map(tensors),
    tokenizer: { bos: null, eos: null, section: tokenizerSection(shape.vocabulary) },
    calibration: [Array.from({ length }, () => rng.next() % shape.vocabulary)],
    sha256: new Uint8Array(32),
  };
};

/** Matrices (rows, columns) whose outputs have the size of their inputs; gains of 1. */
const randomTensor = (rng: Rng, sizes: readonly number[]): Float32Array => {
  const count = sizes.reduce((product, size) => product * size, 1);
  if (sizes.length === 1) return new Float32Array(count).fill(1);
  const spread = 2 * Math.sqrt(3 / sizes[1]!);
  return Float32Array.from({ length: count }, () => spread * (rng.next() / 2 ** 32 - 0.5));
};

/** A tokenizer of `vocabulary` pieces of text. */
const tokenizerSection = (vocabulary: number): Uint8Array =>
  randomModel({ seed: 1, format: 'int8', shape: { vocabulary, dim: 1, hidden: 1, layers: 1 } })
    .tokenizerSection;
