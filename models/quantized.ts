/**
 * A quantized model: exactly the numbers the integer arithmetic works on (ARITHMETIC.md), unpacked, without addresses.
 * The quantizer makes it, the image writer packs it, the image reader gives it back, the integer reference runs it.
 */
import type { ModelFamily } from './config.ts';

/** Formats of integer weights (ARITHMETIC.md section 2). */
export type WeightFormat = 'int8' | 'int4' | 'int4g32';
/** What an image's weights can be. */
export type ImageFormat = WeightFormat | 'float';

/** Columns that share one group scale in `int4g32`. */
export const groupSize = 32;

/** Smallest and largest weight of each format. */
export const weightRange: Record<WeightFormat, { least: number; most: number }> = {
  int8: { least: -127, most: 127 },
  int4: { least: -8, most: 7 },
  int4g32: { least: -8, most: 7 },
};

/** W (rows, columns): real weight = weights * rowScales * 2^-exponent (times the group scale for int4g32). */
export interface QuantizedMatrix {
  format: WeightFormat;
  rows: number;
  columns: number;
  /** Row-major (rows, columns). */
  weights: Int8Array;
  /** `wm`, one per row. */
  rowScales: Uint16Array;
  /** `gs`, (rows, ceil(columns / 32)), each at most 2047; int4g32 only. */
  groupScales?: Uint16Array;
  /** `we`. */
  exponent: number;
  /** Shift after accumulation, see `accumulatorShift`. */
  pre: number;
}

/** Norm gains: real gain = gains * 2^-exponent; normC * 2^-normCe is about sqrt(dim) / 127 * 2^(11 - exponent). */
export interface QuantizedGain {
  gains: Int16Array; // (dim)
  /** `ge`. */
  exponent: number;
  normC: number;
  normCe: number;
}

/** Per-layer constants, named as in ARITHMETIC.md. */
export interface LayerConstants {
  fqkv: number;
  qShift: number;
  kShift: number;
  vShift: number;
  scoreMul: number;
  scoreShift: number;
  fz: number;
}

export interface QuantizedLayer {
  attentionNorm: QuantizedGain;
  wqkv: QuantizedMatrix; // ((heads + 2 kvHeads) * headSize, dim)
  wo: QuantizedMatrix; // (dim, heads * headSize)
  ffnNorm: QuantizedGain;
  /** w1 over w3 for llama (gate rows first), w1 for starmind. */
  w13: QuantizedMatrix; // (2 hidden or hidden, dim)
  w2: QuantizedMatrix; // (dim, hidden)
  constants: LayerConstants;
}

export interface Tables {
  sigma: Uint16Array; // 1024
  exp: Uint16Array; // expEntries
  exp2: Uint16Array; // 256
  /** (context, headSize / 2, 2): cosine and sine in Q14; llama only. */
  rope?: Int16Array;
}

export interface QuantizedShape {
  family: ModelFamily;
  vocabulary: number;
  dim: number;
  hidden: number;
  layers: number;
  heads: number;
  kvHeads: number;
  headSize: number;
  context: number;
  tied: boolean;
}

/** Float weights, row-major, in the arrangement of the quantized ones. */
export interface SingleWeights {
  /** Rounded to single precision. */
  normEps: number;
  embedding: Float32Array; // (vocabulary, dim)
  layers: {
    attentionNorm: Float32Array; // (dim)
    wqkv: Float32Array;
    wo: Float32Array;
    ffnNorm: Float32Array;
    w13: Float32Array;
    w2: Float32Array;
  }[];
  finalNorm: Float32Array; // (dim)
  output?: Float32Array;
}

/** One model in integers: shape, tokenizer, tensors and every constant of ARITHMETIC.md. */
export interface QuantizedModel {
  /** At most 31 UTF-8 bytes. */
  name: string;
  shape: QuantizedShape;
  /** Weights and gains of the float model, tied tensors once. */
  parameters: number;
  /** `Fx`. */
  residualFraction: number;
  /** `Fl`. */
  logitFraction: number;
  qMax: number;
  kMax: number;
  vMax: number;
  /** round(dim * eps * 2^(2 Fx)). */
  normEps: number;
  bos: number | null;
  eos: number | null;
  embedding: QuantizedMatrix; // (vocabulary, dim)
  layers: QuantizedLayer[];
  finalNorm: QuantizedGain;
  output?: QuantizedMatrix; // (vocabulary, dim) when not tied
  tables: Tables;
  /** Of a model for the float path: then matrices and gains are empty, and the integer constants mean nothing. */
  single?: SingleWeights;
  /** The tokenizer section of the image. */
  tokenizerSection: Uint8Array;
  /** 32 bytes. */
  checkpointSha256: Uint8Array;
}

/** Rows of the matrix that makes q, k and v. */
export function qkvRows({ heads, kvHeads, headSize }: QuantizedShape): number {
  return (heads + 2 * kvHeads) * headSize;
}

/** Rows of the first feed-forward matrix. */
export function ffnRows({ family, hidden }: QuantizedShape): number {
  return family === 'llama' ? 2 * hidden : hidden;
}
