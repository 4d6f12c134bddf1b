/** Random quantized models, written as numbers: not trained, but with every value in the range a trained one has, and some at its ends. */
import { parameterCount } from '../../models/config.ts';
import { normConstant } from '../../models/quantize/gain.ts';
import { makeTables } from '../../models/quantize/tables.ts';
import {
  ffnRows,
  groupSize,
  type QuantizedGain,
  type QuantizedLayer,
  type QuantizedMatrix,
  type QuantizedModel,
  type QuantizedShape,
  qkvRows,
  type WeightFormat,
  weightRange,
} from '../../models/quantized.ts';
import { accumulatorShift } from '../../models/reference/arithmetic.ts';
import { BpeTokenizer } from '../../models/tokenizer/index.ts';
import { randomTokenizer } from './random-tokenizer.ts';

/** Whole random numbers from a seed (mulberry32). */
export class Random {
  private state: number;

  constructor(seed: number) {
    this.state = seed >>> 0;
  }

  u32(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let t = this.state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  }

  /** least..most, both included. */
  between(least: number, most: number): number {
    return least + (this.u32() % (most - least + 1));
  }

  chance(of: number): boolean {
    return this.between(1, of) === 1;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.between(0, items.length - 1)];
  }
}

const formats: WeightFormat[] = ['int8', 'int4', 'int4g32'];

/** How a row's weights are drawn: mostly anything, sometimes all at an end of the range. */
function drawWeights(random: Random, out: Int8Array, format: WeightFormat): void {
  const { least, most } = weightRange[format];
  const extreme = random.chance(12) ? random.pick([least, most, 0]) : undefined;
  for (let k = 0; k < out.length; k++) out[k] = extreme ?? random.between(least, most);
}

/** Real weights of about 1 / sqrt(columns), give or take `jitter` binary orders. */
export function randomMatrix(
  random: Random,
  format: WeightFormat,
  rows: number,
  columns: number,
  jitter = 3,
): QuantizedMatrix {
  const weights = new Int8Array(rows * columns);
  for (let r = 0; r < rows; r++)
    drawWeights(random, weights.subarray(r * columns, (r + 1) * columns), format);
  const groups = Math.ceil(columns / groupSize);
  const groupScales =
    format === 'int4g32'
      ? Uint16Array.from({ length: rows * groups }, () =>
          random.chance(20) ? random.pick([0, 2047]) : random.between(900, 2047),
        )
      : undefined;
  const rowScales = Uint16Array.from({ length: rows }, () =>
    random.chance(20) ? random.pick([0, 1, 65535]) : random.between(20000, 65535),
  );
  const typical = { int8: 73, int4: 4.5, int4g32: 4.5 * 1500 }[format] * 43000 * Math.sqrt(columns);
  const exponent = Math.round(Math.log2(typical)) + random.between(-jitter, jitter);
  const pre = accumulatorShift({ format, rows, columns, weights, groupScales });
  return { format, rows, columns, weights, rowScales, groupScales, exponent, pre };
}

function randomGain(random: Random, n: number): QuantizedGain {
  const exponent = random.between(12, 16);
  const gains = Int16Array.from({ length: n }, () =>
    random.chance(10) ? random.pick([-32767, 0, 32767]) : random.between(-32767, 32767),
  );
  return { gains, exponent, ...normConstant(n, exponent) };
}

function randomShape(random: Random): QuantizedShape {
  const family = random.pick(['llama', 'starmind'] as const);
  const kvHeads = random.between(1, 4);
  const heads = kvHeads * random.between(1, Math.floor(8 / kvHeads));
  const headSize = family === 'llama' ? 2 * random.between(1, 6) : random.between(1, 10);
  return {
    family,
    vocabulary: random.between(1, 70),
    dim: random.chance(6) ? random.pick([1, 8, 33]) : random.between(1, 48),
    hidden: random.between(1, 70),
    layers: random.between(1, 3),
    heads,
    kvHeads,
    headSize,
    context: random.chance(10) ? random.between(1, 3) : random.between(4, 40),
    tied: family === 'starmind' || random.chance(2),
  };
}

function randomLayer(
  random: Random,
  shape: QuantizedShape,
  format: () => WeightFormat,
  most: number,
): QuantizedLayer {
  const { dim, hidden, heads, headSize } = shape;
  const scoreShift = random.between(1, 31);
  const span = 2 * headSize * most * most;
  const room = Math.floor((2 ** 32 - 1 - 2 ** (scoreShift - 1)) / span);
  // Usually such that a score difference reaches the table's useful part, sometimes anything allowed.
  const useful = Math.max(1, Math.round((2 ** scoreShift * 1024) / span));
  const scoreMul = Math.min(65535, room, random.chance(4) ? random.between(0, 65535) : useful);
  return {
    attentionNorm: randomGain(random, dim),
    wqkv: randomMatrix(random, format(), qkvRows(shape), dim),
    wo: randomMatrix(random, format(), dim, heads * headSize),
    ffnNorm: randomGain(random, dim),
    w13: randomMatrix(random, format(), ffnRows(shape), dim),
    w2: randomMatrix(random, format(), dim, hidden),
    constants: {
      fqkv: random.between(9, 14),
      qShift: random.between(2, 7),
      kShift: random.between(2, 7),
      vShift: random.between(2, 7),
      scoreMul,
      scoreShift,
      fz: random.between(3, 13),
    },
  };
}

/** A model of a random shape, or of the given one. `format` undefined mixes formats between tensors. */
export function randomModel(
  seed: number,
  options: { shape?: QuantizedShape; format?: WeightFormat } = {},
): QuantizedModel {
  const random = new Random(seed);
  const shape = options.shape ?? randomShape(random);
  const one = options.format ?? (random.chance(3) ? undefined : random.pick(formats));
  const format = () => one ?? random.pick(formats);
  const residualFraction = random.between(8, 18);
  const most = random.pick([31, 63, 127, 127]);
  const maximum = () => random.pick([most, most, random.between(1, most)]);
  const { vocabulary, dim, layers, context, headSize, family } = shape;
  const embedding = randomMatrix(random, format(), vocabulary, dim);
  embedding.exponent = Math.min(Math.max(embedding.exponent, residualFraction), residualFraction + 31);
  const tokenizer = randomTokenizer(random, vocabulary);
  return {
    name: `random ${seed}`,
    shape,
    parameters: parameterCount({ ...shape, ropeTheta: 10000, normEps: 1e-5 }),
    residualFraction,
    logitFraction: random.between(8, 16),
    qMax: maximum(),
    kMax: maximum(),
    vMax: maximum(),
    normEps: random.chance(5) ? 0 : random.between(0, 1 << random.between(0, 25)),
    bos: tokenizer.bos,
    eos: tokenizer.eos,
    embedding,
    layers: Array.from({ length: layers }, () => randomLayer(random, shape, format, most)),
    finalNorm: randomGain(random, dim),
    output: shape.tied ? undefined : randomMatrix(random, format(), vocabulary, dim),
    tables: makeTables({ context, headSize, ropeTheta: family === 'llama' ? 10000 : undefined }),
    tokenizerSection: new BpeTokenizer(tokenizer).toSection(),
    checkpointSha256: Uint8Array.from({ length: 32 }, () => random.between(0, 255)),
  };
}

/** Tokens for a model, and for some positions more than the first few. */
export function randomTokens(random: Random, { vocabulary, context }: QuantizedShape): number[] {
  const count = Math.min(context, random.between(1, random.chance(8) ? context : 6));
  return Array.from({ length: count }, () => random.between(0, vocabulary - 1));
}
