/**
 * Models of useful shapes with drawn weights: what a trained model of the shape costs can be measured before there is one.
 * The weights are drawn quantized, spread as rounding normally distributed ones to the format would spread them, so that
 * millions of them take a moment. They are made anew from their seed each time and are no checkpoints.
 */
import { didYouMean, ModelError } from './errors.ts';
import { quantizeGain } from './quantize/gain.ts';
import { expStep, makeTables } from './quantize/tables.ts';
import {
  ffnRows,
  groupSize,
  type QuantizedLayer,
  type QuantizedMatrix,
  type QuantizedModel,
  type QuantizedShape,
  qkvRows,
  type WeightFormat,
  weightRange,
} from './quantized.ts';
import { letterTokenizer } from './random.ts';
import { accumulatorShift } from './reference/arithmetic.ts';
import { Rng } from './reference/rng.ts';

const llama = { family: 'llama', tied: true } as const;

/** Shapes by name. Their contexts are what SRAM holds beside the working memory. */
const shapes: Record<string, QuantizedShape> = {
  'drawn-260k': {
    ...llama,
    vocabulary: 512,
    dim: 64,
    hidden: 172,
    layers: 5,
    heads: 8,
    kvHeads: 4,
    headSize: 8,
    context: 80,
  },
  'drawn-15m': {
    ...llama,
    vocabulary: 4096,
    dim: 288,
    hidden: 768,
    layers: 6,
    heads: 6,
    kvHeads: 6,
    headSize: 48,
    context: 36,
  },
};

/** Names of the models with drawn weights. */
export const drawnNames = Object.keys(shapes);

/** Standard deviation of quantized weights, as a normal distribution's largest of a few hundred fills the format. */
const spread: Record<WeightFormat, number> = { int8: 40, int4: 2.5, int4g32: 2.9 };
/** Of q, k and v in their 8-bit steps. */
const attentionSpread = 30;
const residualFraction = 14;
const normEps = 1e-5;

/**
 * A model of random integers, as quantization would give them: for what a shape costs.
 * @throws ModelError when there is none of this name
 */
export function drawnModel(
  name: string,
  format: WeightFormat = 'int8',
  { seed = 1, context: wanted }: { seed?: number; context?: number } = {},
): QuantizedModel {
  const known = shapes[name];
  if (known === undefined) {
    const guess = didYouMean(name, drawnNames);
    throw new ModelError(`no drawn model "${name}".${guess ? ` Did you mean ${guess}?` : ''}`);
  }
  const shape = { ...known, context: wanted ?? known.context };
  const rng = new Rng(seed);
  const { vocabulary, dim, hidden, heads, headSize, context } = shape;
  const width = heads * headSize;
  const matrix = (rows: number, columns: number, deviation: number) =>
    drawMatrix(rng, format, rows, columns, deviation);
  const gain = () => quantizeGain(Float32Array.from({ length: dim }, () => 0.75 + rng.next() / 2 ** 33));
  // Scores differ by a few units of the exponential.
  const scoreScale = 2 / (attentionSpread ** 2 * Math.sqrt(headSize) * expStep);
  const scoreShift = 14;
  const embedding = matrix(vocabulary, dim, 1);
  const layers = Array.from({ length: shape.layers }, (): QuantizedLayer => {
    return {
      attentionNorm: gain(),
      wqkv: matrix(qkvRows(shape), dim, attentionSpread / Math.sqrt(dim)),
      wo: matrix(dim, width, 3 / (attentionSpread * Math.sqrt(width))),
      ffnNorm: gain(),
      w13: matrix(ffnRows(shape), dim, 1.5 / Math.sqrt(dim)),
      w2: matrix(dim, hidden, 1 / Math.sqrt(hidden)),
      constants: {
        fqkv: 7,
        qShift: 7,
        kShift: 7,
        vShift: 7,
        scoreMul: Math.max(1, Math.round(scoreScale * 2 ** scoreShift)),
        scoreShift,
        fz: 11,
      },
    };
  });
  const matrices = [embedding, ...layers.flatMap(({ wqkv, wo, w13, w2 }) => [wqkv, wo, w13, w2])];
  return {
    name,
    shape,
    parameters: matrices.reduce((sum, { weights }) => sum + weights.length, dim * (2 * shape.layers + 1)),
    residualFraction,
    logitFraction: 11,
    qMax: 127,
    kMax: 127,
    vMax: 127,
    normEps: Math.round(dim * normEps * 2 ** (2 * residualFraction)),
    bos: null,
    eos: null,
    embedding,
    layers,
    finalNorm: gain(),
    tables: makeTables({ context, headSize, ropeTheta: 10000 }),
    tokenizerSection: letterTokenizer(vocabulary, null, null),
    checkpointSha256: new Uint8Array(32),
  };
}

/** Real weights have about the given standard deviation. */
function drawMatrix(
  rng: Rng,
  format: WeightFormat,
  rows: number,
  columns: number,
  deviation: number,
): QuantizedMatrix {
  const { least, most } = weightRange[format];
  const steps = Int8Array.from(normalQuantiles, (z) =>
    Math.max(least, Math.min(most, Math.round(z * spread[format]))),
  );
  const weights = new Int8Array(rows * columns);
  for (let i = 0; i < weights.length; ) {
    for (let word = rng.next(), left = 4; left > 0 && i < weights.length; word >>>= 8, left--)
      weights[i++] = steps[word & 255];
  }
  const groups = Math.ceil(columns / groupSize);
  const largest = Math.min(2047, Math.floor((2 ** 31 - 1) / (127 * 8 * groups * groupSize)));
  const between = (low: number, high: number) => low + (rng.next() % (high - low + 1));
  const groupScales =
    format === 'int4g32'
      ? Uint16Array.from({ length: rows * groups }, () => between(largest >> 1, largest))
      : undefined;
  const rowScales = Uint16Array.from({ length: rows }, () => between(40000, 60000));
  const unit = (spread[format] * 50000 * (groupScales ? 0.75 * largest : 1)) / deviation;
  const parts = {
    format,
    rows,
    columns,
    weights,
    rowScales,
    groupScales,
    exponent: Math.round(Math.log2(unit)),
  };
  return { ...parts, pre: accumulatorShift(parts) };
}

/** 256 equally likely values of a normal distribution. */
const normalQuantiles = Float64Array.from({ length: 256 }, (_, i) => quantile((i + 0.5) / 256));

/** Of the standard normal distribution, by bisection of its distribution function. */
function quantile(p: number): number {
  let [low, high] = [-6, 6];
  for (let step = 0; step < 50; step++) {
    const middle = (low + high) / 2;
    if (below(middle) < p) low = middle;
    else high = middle;
  }
  return low;
}

/** The normal distribution function by its series. */
function below(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; n < 200; n++) {
    term *= (x * x) / (2 * n + 1);
    sum += term;
  }
  return 0.5 + (sum * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI);
}
