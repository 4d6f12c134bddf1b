/**
 * Factors a on q's rows and b on k's rows that make 8-bit queries and keys, with a * b = C everywhere, as the softmax has one
 * scale per layer. Rounding q to steps of 1/a and k to steps of 1/b disturbs a score by, per element and up to constants,
 *
 *     variance(k) / a^2 + meanSquare(q) / b^2
 *
 * (a part of k that is the same at all positions shifts all scores alike, which the softmax does not see). C is chosen, and
 * each C divided between a and b, so that the sum is least while the largest values still fit.
 */
import type { ModelConfig } from '../config.ts';
import type { LayerStats } from './calibrate.ts';
import { bestTurn } from './pair-rotation.ts';

export interface ScoreFactors {
  qFactors: Float64Array; // (heads * headSize)
  kFactors: Float64Array; // (kvHeads * headSize)
  /** C: q8 . k8 is this times the real q . k. */
  scoreFactor: number;
  /** Turn of each rotary pair of the key-value heads (llama; empty otherwise), to be applied before the factors. */
  angles: number[];
}

/** Range kept free above the largest calibrated query and key. */
const headroom = 1.05;

/** What a and b of one unit (a rotary pair, or one element) have to serve. */
interface Unit {
  qLimit: number; // largest a
  kLimit: number; // largest b
  qSquares: number; // summed over the query heads that share the key
  kVariance: number; // times the number of those heads
  angle: number;
}

export function scoreFactors(
  config: ModelConfig,
  stats: LayerStats,
  { qMax, kMax }: { qMax: number; kMax: number },
  mayTurn = true,
): ScoreFactors {
  const { heads, kvHeads, headSize, family } = config;
  const span = family === 'llama' ? 2 : 1;
  const group = heads / kvHeads;
  const units = Array.from({ length: (kvHeads * headSize) / span }, (_, i) =>
    unitOf(i, { span, group, headSize }, stats, qMax, kMax, mayTurn),
  );
  const most = Math.min(...units.map(({ qLimit, kLimit }) => qLimit * kLimit));
  let best = { C: most, error: Number.POSITIVE_INFINITY };
  for (let step = 0; step <= 24; step++) {
    const C = most * 2 ** (-step / 8);
    const error = units.reduce((sum, unit) => sum + errorOf(unit, keyFactor(unit, C), C), 0);
    if (error < best.error) best = { C, error };
  }
  const { C } = best;
  const kFactors = Float64Array.from({ length: kvHeads * headSize }, (_, i) =>
    keyFactor(units[Math.floor(i / span)], C),
  );
  const qFactors = Float64Array.from({ length: heads * headSize }, (_, i) => {
    const kv = Math.floor(Math.floor(i / headSize) / group);
    return C / kFactors[kv * headSize + (i % headSize)];
  });
  const angles = family === 'llama' ? units.map(({ angle }) => angle) : [];
  return { qFactors, kFactors, scoreFactor: C, angles };
}

function unitOf(
  index: number,
  { span, group, headSize }: { span: number; group: number; headSize: number },
  { q, k, qPairs, kPairs }: LayerStats,
  qMax: number,
  kMax: number,
  mayTurn: boolean,
): Unit {
  let [qPeak, kPeak, qSquares, kVariance] = [0, 0, 0, 0];
  for (let i = index * span; i < (index + 1) * span; i++) {
    kPeak = Math.max(kPeak, k.largest[i]);
    kVariance += group * k.variances[i];
    const kv = Math.floor(i / headSize);
    for (let head = kv * group; head < (kv + 1) * group; head++) {
      const at = head * headSize + (i % headSize);
      qPeak = Math.max(qPeak, q.largest[at]);
      qSquares += q.meanSquares[at];
    }
  }
  let angle = 0;
  if (span === 2 && mayTurn) {
    const cost = (qp: number, kp: number) => kVariance * (qp / qMax) ** 2 + qSquares * (kp / kMax) ** 2;
    ({ angle, qPeak, kPeak } = bestTurn(qPairs.of(index), kPairs.of(index), cost));
  }
  // Clipping costs more than coarser steps, and text that was not seen reaches a little further.
  qPeak *= headroom;
  kPeak *= headroom;
  // Values that never move must not be blown up to fill the range: noise would fill it.
  const qLimit = qMax / Math.max(qPeak, q.peak / 64, 1e-9);
  const kLimit = kMax / Math.max(kPeak, k.peak / 64, 1e-9);
  return { qLimit, kLimit, qSquares, kVariance, angle };
}

/** The best b for this C within both ranges. */
function keyFactor({ qLimit, kLimit, qSquares, kVariance }: Unit, C: number): number {
  const ideal = Math.sqrt(C * Math.sqrt(qSquares / Math.max(kVariance, 1e-12)));
  return Math.min(kLimit, Math.max(C / qLimit, ideal || kLimit));
}

function errorOf({ qSquares, kVariance }: Unit, b: number, C: number): number {
  return kVariance * (b / C) ** 2 + qSquares / b ** 2;
}
