/**
 * Moves factors between neighbouring matrices so that 8-bit values fill their range. Exact in float: a factor on an output row
 * is taken back by the next operation (the softmax scale for q and k, the columns of wo for v, the columns of w2 for up).
 */
import type { Checkpoint } from '../checkpoint.ts';
import type { LayerStats } from './calibrate.ts';
import type { FloatMatrix } from './matrix.ts';

/** A layer's matrices in the image's arrangement, equalized. */
export interface EqualizedLayer {
  wqkv: FloatMatrix;
  wo: FloatMatrix;
  w13: FloatMatrix;
  w2: FloatMatrix;
  /** q8 . k8 is this times the real q . k. */
  scoreFactor: number;
  /** Factors on the rows of up (llama; ones for starmind) and on the rows of v. */
  upFactors: Float64Array;
  vFactors: Float64Array;
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
  const { qFactors, kFactors, scoreFactor } = scoreFactors(config, stats, qMax, kMax);
  const vFactors = stats.v.largest.map((largest) => vMax / Math.max(largest, stats.v.peak / 16, 1e-9));
  const headColumns = Float64Array.from({ length: heads * headSize }, (_, i) => {
    const kv = Math.floor(Math.floor(i / headSize) / (heads / kvHeads));
    return 1 / vFactors[kv * headSize + (i % headSize)];
  });
  const upFactors = family === 'llama' ? activationFactors(stats) : new Float64Array(hidden).fill(1);
  const up = scaleRows(data('ffn.up'), dim, upFactors);
  return {
    wqkv: stack(dim, [
      scaleRows(data('attention.q'), dim, qFactors),
      scaleRows(data('attention.k'), dim, kFactors),
      scaleRows(data('attention.v'), dim, vFactors),
    ]),
    wo: { rows: dim, columns: heads * headSize, data: scaleColumns(data('attention.o'), headColumns) },
    w13: family === 'llama' ? stack(dim, [data('ffn.gate'), up]) : stack(dim, [up]),
    w2: {
      rows: dim,
      columns: hidden,
      data: scaleColumns(
        data('ffn.down'),
        upFactors.map((f) => 1 / f),
      ),
    },
    scoreFactor,
    upFactors,
    vFactors,
  };
}

/**
 * Factors a on q's rows and b on k's with a * b the same everywhere, as the softmax has one scale per layer. Within each
 * rotary pair (or element, without rotation) they are balanced so that q and k use the same share of their ranges.
 */
function scoreFactors(config: Checkpoint['config'], stats: LayerStats, qMax: number, kMax: number) {
  const { heads, kvHeads, headSize, family } = config;
  const span = family === 'llama' ? 2 : 1;
  const perKv = heads / kvHeads;
  const qPeak = new Float64Array(kvHeads * headSize);
  const kPeak = new Float64Array(kvHeads * headSize);
  for (let i = 0; i < heads * headSize; i++) {
    const at = Math.floor(Math.floor(i / headSize) / perKv) * headSize + (i % headSize);
    for (const j of spanOf(at, span)) qPeak[j] = Math.max(qPeak[j], stats.q.largest[i]);
  }
  for (let i = 0; i < kvHeads * headSize; i++) {
    for (const j of spanOf(i, span)) kPeak[j] = Math.max(kPeak[j], stats.k.largest[i]);
  }
  // Elements that hardly move must not get a huge factor: noise would fill their range.
  const floor = (peaks: Float64Array) => Math.max(...peaks) / 64 || 1e-9;
  const [qFloor, kFloor] = [floor(qPeak), floor(kPeak)];
  const ratio = qPeak.map((q, i) => Math.max(q, qFloor) / qMax / (Math.max(kPeak[i], kFloor) / kMax));
  const product = Math.min(
    ...qPeak.map((q, i) => (qMax / Math.max(q, qFloor)) * (kMax / Math.max(kPeak[i], kFloor))),
  );
  const kFactors = ratio.map((r) => Math.sqrt(product * r));
  const qFactors = Float64Array.from({ length: heads * headSize }, (_, i) => {
    const at = Math.floor(Math.floor(i / headSize) / perKv) * headSize + (i % headSize);
    return product / kFactors[at];
  });
  return { qFactors, kFactors, scoreFactor: product };
}

function spanOf(index: number, span: number): number[] {
  const first = index - (index % span);
  return Array.from({ length: span }, (_, i) => first + i);
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

function scaleColumns(data: Float32Array, factors: ArrayLike<number>): Float32Array {
  return data.map((w, i) => w * factors[i % factors.length]);
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
