/**
 * Moves factors between neighbouring matrices so that 8-bit values fill their range. Exact in float: a factor on an output row
 * is taken back by the next operation (the softmax scale for q and k, the columns of wo for v, the columns of w2 for up).
 */
import type { Checkpoint } from '../checkpoint.ts';
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

/** Rows of q, k and v come out as multiples of one 8-bit step. */
export function equalizeLayer(
  { config, tensors }: Checkpoint,
  n: number,
  stats: LayerStats,
  { qMax, kMax, vMax }: { qMax: number; kMax: number; vMax: number },
): EqualizedLayer {
  const { dim, hidden, heads, kvHeads, headSize, family } = config;
  const data = (name: string) => tensors.get(`layers.${n}.${name}.weight`)!.data;
  const { qFactors, kFactors, scoreFactor, angles } = scoreFactors(config, stats, { qMax, kMax });
  const vFactors = stats.v.largest.map((largest) => vMax / Math.max(largest, stats.v.peak / 16, 1e-9));
  const mixedFactors = Float64Array.from({ length: heads * headSize }, (_, i) => {
    const kv = Math.floor(Math.floor(i / headSize) / (heads / kvHeads));
    return vFactors[kv * headSize + (i % headSize)];
  });
  const upFactors = family === 'llama' ? activationFactors(stats) : new Float64Array(hidden).fill(1);
  const turn = (rows: Float32Array, group: number) =>
    family === 'llama' ? turnRows(rows, dim, (pair) => angles[kvPair(pair, headSize / 2, group)]) : rows;
  const up = scaleRows(data('ffn.up'), dim, upFactors);
  return {
    wqkv: stack(dim, [
      scaleRows(turn(data('attention.q'), heads / kvHeads), dim, qFactors),
      scaleRows(turn(data('attention.k'), 1), dim, kFactors),
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

/** The key-value head's pair that a pair of heads sharing it in groups of `group` belongs to. */
function kvPair(pair: number, pairsPerHead: number, group: number): number {
  return Math.floor(Math.floor(pair / pairsPerHead) / group) * pairsPerHead + (pair % pairsPerHead);
}

/** Halfway (in logarithms) to equal peaks of the activation, so that neither it nor the columns of w2 become uneven. */
function activationFactors({ activated }: LayerStats): Float64Array {
  const floor = activated.peak / 64 || 1;
  const factors = activated.largest.map((largest) => 1 / Math.sqrt(Math.max(largest, floor)));
  const largest = factors.reduce((a, b) => Math.max(a, b));
  return factors.map((f) => f / largest);
}

function scaleRows(data: Float32Array, columns: number, factors: ArrayLike<number>): Float32Array {
  return data.map((w, i) => w * factors[Math.floor(i / columns)]);
}

function divideColumns(data: Float32Array, factors: ArrayLike<number>): Float32Array {
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
