/**
 * Moves factors between neighbouring matrices so that 8-bit values fill their range. Exact in float: a factor on an output row
 * is taken back by the next operation (the softmax scale for q and k, the columns of wo for v, the columns of w2 for up).
 */
import type { Checkpoint } from '../checkpoint.ts';
import type { ModelConfig } from '../config.ts';
import type { LayerStats } from './calibrate.ts';
import type { FloatMatrix } from './matrix.ts';
import { turnRows } from './pair-rotation.ts';
import { scoreFactors } from './score-factors.ts';

/** A layer's matrices in the image's arrangement, equalized. */
export interface EqualizedLayer {
  wqkv: FloatMatrix;
  wo: FloatMatrix;
  w13: FloatMatrix;
  w2: FloatMatrix;
  /** q8 . k8 is this times the real q . k. */
  scoreFactor: number;
  /** Factors on the inputs of w2 (from the rows of up; ones for starmind) and of wo (from the rows of v). */
  upFactors: Float64Array; // (hidden)
  mixedFactors: Float64Array; // (heads * headSize)
}

export interface Limits {
  qMax: number;
  kMax: number;
  vMax: number;
}

/**
 * Rows of q, k and v come out as multiples of one 8-bit step.
 * @param isBalanced weights are to stay whole numbers of their row's scale: nothing but whole rows and whole matrices is scaled
 */
export function equalizeLayer(
  { config, tensors }: Checkpoint,
  n: number,
  stats: LayerStats,
  limits: Limits,
  isBalanced = false,
): EqualizedLayer {
  const { dim, hidden, heads, headSize, family } = config;
  const data = (name: string) => tensors.get(`layers.${n}.${name}.weight`)!.data;
  const { qFactors, kFactors, scoreFactor, angles } = scoreFactors(config, stats, limits, !isBalanced);
  const vFactors = isBalanced
    ? stats.v.largest.map(() => limits.vMax / Math.max(stats.v.peak, 1e-9))
    : valueFactors(stats, limits.vMax);
  const mixedFactors = perQueryHead(config, vFactors);
  const upFactors =
    family === 'llama' && !isBalanced ? activationFactors(stats) : new Float64Array(hidden).fill(1);
  const up = scaleRows(data('ffn.up'), dim, upFactors);
  return {
    wqkv: stack(dim, [
      scaleRows(turnQueries(config, data('attention.q'), angles), dim, qFactors),
      scaleRows(turnKeys(config, data('attention.k'), angles), dim, kFactors),
      scaleRows(data('attention.v'), dim, vFactors),
    ]),
    wo: { rows: dim, columns: heads * headSize, data: divideColumns(data('attention.o'), mixedFactors) },
    w13: family === 'llama' ? stack(dim, [data('ffn.gate'), up]) : stack(dim, [up]),
    w2: {
      rows: dim,
      columns: hidden,
      data: divideColumns(data('ffn.down'), upFactors),
    },
    scoreFactor,
    upFactors,
    mixedFactors,
  };
}

export const valueFactors = ({ v }: LayerStats, vMax: number): Float64Array =>
  v.largest.map((largest) => vMax / Math.max(largest, v.peak / 16, 1e-9));

/** Factors of the values (kvHeads * headSize) as those of the query heads' outputs (heads * headSize). */
export function perQueryHead(
  { heads, kvHeads, headSize }: ModelConfig,
  vFactors: Float64Array,
): Float64Array {
  return Float64Array.from({ length: heads * headSize }, (_, i) => {
    const kv = Math.floor(Math.floor(i / headSize) / (heads / kvHeads));
    return vFactors[kv * headSize + (i % headSize)];
  });
}

export function turnQueries(config: ModelConfig, rows: Float32Array, angles: number[]): Float32Array {
  return turnHeads(config, rows, angles, config.heads / config.kvHeads);
}

export function turnKeys(config: ModelConfig, rows: Float32Array, angles: number[]): Float32Array {
  return turnHeads(config, rows, angles, 1);
}

function turnHeads(
  { family, dim, headSize }: ModelConfig,
  rows: Float32Array,
  angles: number[],
  group: number,
): Float32Array {
  if (family !== 'llama') return rows;
  return turnRows(rows, dim, (pair) => angles[kvPair(pair, headSize / 2, group)]);
}

/** The key-value head's pair that a pair of heads sharing it in groups of `group` belongs to. */
function kvPair(pair: number, pairsPerHead: number, group: number): number {
  return Math.floor(Math.floor(pair / pairsPerHead) / group) * pairsPerHead + (pair % pairsPerHead);
}

/** Halfway (in logarithms) to equal peaks of the activation, so that neither it nor the columns of w2 become uneven. */
export function activationFactors({ activated }: LayerStats): Float64Array {
  const floor = activated.peak / 64 || 1;
  const factors = activated.largest.map((largest) => 1 / Math.sqrt(Math.max(largest, floor)));
  const largest = factors.reduce((a, b) => Math.max(a, b));
  return factors.map((f) => f / largest);
}

export function scaleRows(data: Float32Array, columns: number, factors: ArrayLike<number>): Float32Array {
  return data.map((w, i) => w * factors[Math.floor(i / columns)]);
}

export function divideColumns(data: Float32Array, factors: ArrayLike<number>): Float32Array {
  return data.map((w, i) => w / factors[i % factors.length]);
}

function stack(columns: number, parts: Float32Array[]): FloatMatrix {
  const data = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    data.set(part, at);
    at += part.length;
  }
  return { rows: data.length / columns, columns, data };
}
