/**
 * Random valid models, as quantized models or images: for property tests of the C engine against the integer reference.
 * Everything is drawn from one seed: shape, formats, weights, constants, placement.
 */
import { ImageError } from './image/errors.ts';
import type { PlanOptions } from './image/plan.ts';
import { writeImage } from './image/write.ts';
import { normConstant } from './quantize/gain.ts';
import { makeTables } from './quantize/tables.ts';
import {
  ffnRows,
  groupSize,
  type LayerConstants,
  type QuantizedGain,
  type QuantizedLayer,
  type QuantizedMatrix,
  type QuantizedModel,
  type QuantizedShape,
  qkvRows,
  type WeightFormat,
  weightRange,
} from './quantized.ts';
import { accumulatorShift } from './reference/arithmetic.ts';
import { Rng } from './reference/rng.ts';
import { BpeTokenizer } from './tokenizer/index.ts';

/** Anything not given is drawn from the seed. */
export interface RandomModelOptions {
  seed: number;
  /** Fields to fix; the rest is drawn, small. */
  shape?: Partial<QuantizedShape>;
  /** One format for all matrices; otherwise one is drawn for each. */
  format?: WeightFormat;
  /** Largest dim, hidden and vocabulary drawn. @default 48 */
  largest?: number;
}

/** A valid image of a random model. @throws ImageError when a shape that was asked for does not fit. */
export function randomImage(options: RandomModelOptions & PlanOptions): Uint8Array {
  const placement = options.placement ?? (['auto', 'sram', 'flash'] as const)[options.seed % 3];
  return writeImage(randomModel(options), { ...options, placement }).bytes;
}

/** The model's image with so little SRAM that matrices are streamed; undefined where they are too small for a ring. */
export function streamedImage(model: QuantizedModel, options: PlanOptions = {}): Uint8Array | undefined {
  const roomy = { ...options, arenaLimit: 2 ** 28 };
  const most = writeImage(model, { ...roomy, placement: 'sram' }).plan.arenaBytes;
  const least = writeImage(model, { ...roomy, placement: 'flash' }).plan.arenaBytes;
  for (let share = 0.3; share < 1; share += 0.1) {
    const arenaLimit = Math.floor(least + share * (most - least));
    try {
      const { bytes, plan } = writeImage(model, { ...options, arenaLimit, placement: 'streamed' });
      if (plan.tensors.some(({ tile }) => tile !== undefined)) return bytes;
    } catch (error) {
      if (!(error instanceof ImageError)) throw error;
    }
  }
  return undefined;
}

export function randomModel({
  seed,
  shape: fixed,
  format,
  largest = 48,
}: RandomModelOptions): QuantizedModel {
  const draw = new Draw(seed);
  const shape = randomShape(draw, fixed ?? {}, largest);
  const { dim, hidden, heads, headSize, vocabulary, context, family } = shape;
  const matrix = (rows: number, columns: number) => randomMatrix(draw, rows, columns, format);
  const residualFraction = draw.integer(8, 16);
  const embedding = matrix(vocabulary, dim);
  // we - Fx lies in 0..31, and the residual should use bits well above rounding: about 8 to 14 of them.
  embedding.exponent = residualFraction + draw.integer(10, 16);
  const [qMax, kMax, vMax] = draw.chance(0.5)
    ? [127, 127, 127]
    : [draw.integer(1, 127), draw.integer(1, 127), draw.integer(1, 127)];
  const layers = Array.from({ length: shape.layers }, (): QuantizedLayer => {
    return {
      attentionNorm: randomGain(draw, dim),
      wqkv: matrix(qkvRows(shape), dim),
      wo: matrix(dim, heads * headSize),
      ffnNorm: randomGain(draw, dim),
      w13: matrix(ffnRows(shape), dim),
      w2: matrix(dim, hidden),
      constants: randomConstants(draw, headSize, qMax, kMax),
    };
  });
  const end = () => (draw.chance(0.3) ? null : draw.integer(0, vocabulary - 1));
  const [bos, eos] = [end(), end()];
  return {
    name: `random-${seed}`,
    shape,
    parameters: 0,
    residualFraction,
    logitFraction: draw.integer(8, 16),
    qMax,
    kMax,
    vMax,
    normEps: draw.chance(0.2) ? 0 : Math.floor(2 ** draw.real(0, 25.9)),
    bos,
    eos,
    embedding,
    layers,
    finalNorm: randomGain(draw, dim),
    output: shape.tied ? undefined : matrix(vocabulary, dim),
    tables: makeTables({ context, headSize, ropeTheta: family === 'llama' ? 10000 : undefined }),
    tokenizerSection: letterTokenizer(vocabulary, bos, eos),
    checkpointSha256: new Uint8Array(32),
  };
}

class Draw {
  private readonly rng: Rng;

  constructor(seed: number) {
    this.rng = new Rng(seed);
  }

  real(least: number, most: number): number {
    return least + (this.rng.next() / 2 ** 32) * (most - least);
  }

  integer(least: number, most: number): number {
    return least + (this.rng.next() % (most - least + 1));
  }

  chance(probability: number): boolean {
    return this.rng.next() / 2 ** 32 < probability;
  }

  of<T>(values: readonly T[]): T {
    return values[this.rng.next() % values.length];
  }
}

function randomShape(draw: Draw, fixed: Partial<QuantizedShape>, largest: number): QuantizedShape {
  const family = fixed.family ?? draw.of(['llama', 'starmind'] as const);
  const kvHeads = fixed.kvHeads ?? (fixed.heads === undefined ? draw.integer(1, 4) : fixed.heads);
  const heads = fixed.heads ?? kvHeads * draw.integer(1, 3);
  const headSize = fixed.headSize ?? (family === 'llama' ? 2 * draw.integer(1, 6) : draw.integer(1, 12));
  return {
    family,
    vocabulary: draw.integer(1, largest * 2),
    dim: draw.integer(1, largest),
    hidden: draw.integer(1, largest * 2),
    layers: draw.integer(1, 3),
    context: draw.integer(1, 24),
    tied: draw.chance(0.6),
    ...fixed,
    heads,
    kvHeads,
    headSize,
  };
}

/** Weights of a random spread, some rows saturated, some zero; scales that put outputs in a useful range. */
function randomMatrix(draw: Draw, rows: number, columns: number, fixed?: WeightFormat): QuantizedMatrix {
  const format = fixed ?? draw.of(['int8', 'int4', 'int4g32'] as const);
  const { least, most } = weightRange[format];
  const weights = new Int8Array(rows * columns);
  for (let r = 0; r < rows; r++) {
    const kind = draw.integer(0, 15);
    for (let k = 0; k < columns; k++) {
      const extreme = draw.chance(0.5) ? least : most;
      weights[r * columns + k] = kind === 0 ? 0 : kind === 1 ? extreme : draw.integer(least, most);
    }
  }
  const groups = Math.ceil(columns / groupSize);
  const largestGroup = Math.min(2047, Math.floor((2 ** 31 - 1) / (127 * 8 * groups * groupSize)));
  const groupScales =
    format === 'int4g32'
      ? Uint16Array.from({ length: rows * groups }, () => draw.integer(0, largestGroup))
      : undefined;
  const rowScales = Uint16Array.from({ length: rows }, () =>
    draw.chance(0.1) ? draw.integer(0, 65535) : draw.integer(20000, 65535),
  );
  // Real weights of about 1 / sqrt(columns) keep activations of one layer the size of the last one's.
  const unit = (most / 2) * 45000 * (groupScales === undefined ? 1 : largestGroup / 2) * Math.sqrt(columns);
  const exponent = Math.round(Math.log2(unit)) + draw.integer(-2, 2);
  const matrix = { format, rows, columns, weights, groupScales, rowScales, exponent };
  return { ...matrix, pre: accumulatorShift(matrix) };
}

function randomGain(draw: Draw, dim: number): QuantizedGain {
  const exponent = draw.integer(10, 15);
  const gains = Int16Array.from({ length: dim }, () =>
    draw.chance(0.05) ? draw.of([0, 32767, -32767]) : draw.integer(-32767, 32767),
  );
  return { gains, exponent, ...normConstant(dim, exponent) };
}

function randomConstants(draw: Draw, headSize: number, qMax: number, kMax: number): LayerConstants {
  const scoreShift = draw.integer(1, 20);
  const room = Math.floor((2 ** 32 - 1 - 2 ** (scoreShift - 1)) / (2 * headSize * qMax * kMax));
  const wanted = draw.chance(0.9)
    ? Math.ceil(2 ** draw.real(scoreShift - 6, scoreShift + 1))
    : draw.integer(0, 65535);
  return {
    fqkv: draw.integer(4, 14),
    qShift: draw.integer(0, 9),
    kShift: draw.integer(0, 9),
    vShift: draw.integer(0, 9),
    scoreMul: Math.max(0, Math.min(65535, room, wanted)),
    scoreShift,
    fz: draw.integer(3, 14),
  };
}

/** Piece i is the text of i in base 62 where that has one or two characters, and nothing merges. */
export function letterTokenizer(vocabulary: number, bos: number | null, eos: number | null): Uint8Array {
  const digits = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';
  const pieces = Array.from({ length: vocabulary }, (_, i) =>
    Buffer.from(
      i < digits.length ? digits[i] : `${digits[i % digits.length]}${Math.floor(i / digits.length)}`,
    ),
  );
  return new BpeTokenizer({
    pieces: pieces.map((piece) => new Uint8Array(piece)),
    ranks: pieces.map(() => 0xffff),
    fallback: 'none',
    fallbackBase: 0,
    bos,
    eos,
    control: [],
    prependBos: false,
    prependSpace: false,
    stripSpace: false,
  }).toSection();
}
