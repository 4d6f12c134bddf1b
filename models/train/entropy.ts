/** The loss of predicted probabilities and its slope, on plain arrays. */
import type { Batch } from './batches.ts';

/** What of a batch the loss needs. */
export type Goal = Pick<Batch, 'targets' | 'weights' | 'predicted' | 'soft'>;

/** Probabilities are stored as 16-bit shares of this. */
export const WHOLE = 65535;
/** A probability that underflows would give an infinite loss: it is taken as e^-69. */
const LEAST_PROBABILITY = 1e-30;
/** Least probability of "any other token": below it the difference 1 - sum has no digits left in float32. */
const LEAST_REST = 1e-6;

/** What the kept tokens leave to all others in row n: the teacher's probability, and ours. */
function restOf(p: Float32Array, at: number, n: number, { kept, ids, shares }: NonNullable<Batch['soft']>) {
  let [rest, ownRest] = [1, 1];
  for (let k = n * kept; k < (n + 1) * kept; k++) {
    rest -= shares[k] / WHOLE;
    ownRest -= p[at + ids[k]];
  }
  return [Math.max(0, rest), Math.max(LEAST_REST, ownRest)];
}

/** The Kullback-Leibler divergence from the teacher's distribution in row n, in nats. */
function divergence(p: Float32Array, at: number, n: number, soft: NonNullable<Batch['soft']>): number {
  const { kept, ids, shares } = soft;
  const [rest, ownRest] = restOf(p, at, n, soft);
  let sum = rest > 0 ? rest * Math.log(rest / ownRest) : 0;
  for (let k = n * kept; k < (n + 1) * kept; k++) {
    const theirs = shares[k] / WHOLE;
    if (theirs > 0) sum += theirs * Math.log(theirs / (p[at + ids[k]] + LEAST_PROBABILITY));
  }
  return sum;
}

/**
 * Mean over the tokens that count of the loss of the text's token; with a teacher (1 - weight) times that plus `weight` times the
 * divergence from its distribution. In nats.
 * @param p (N, vocabulary) probabilities
 */
export function entropy(
  p: Float32Array,
  vocabulary: number,
  { targets, weights, predicted, soft }: Goal,
): number {
  let loss = 0;
  for (let n = 0; n < weights.length; n++) {
    if (weights[n] === 0) continue;
    const at = n * vocabulary;
    const told = -Math.log(p[at + targets[n]] + LEAST_PROBABILITY);
    loss +=
      weights[n] *
      (soft === undefined ? told : (1 - soft.weight) * told + soft.weight * divergence(p, at, n, soft));
  }
  return loss / predicted;
}

/** Overwrites the probabilities with the slope of `entropy` with respect to their logits, times `dy`. */
export function slopeOfEntropy(p: Float32Array, vocabulary: number, goal: Goal, dy: number): void {
  const { targets, weights, predicted, soft } = goal;
  const keptSlopes = new Float64Array(soft?.kept ?? 0);
  for (let n = 0; n < weights.length; n++) {
    const at = n * vocabulary;
    const scale = (weights[n] * dy) / predicted;
    if (scale === 0) {
      p.fill(0, at, at + vocabulary);
      continue;
    }
    if (soft === undefined) {
      for (let i = at; i < at + vocabulary; i++) p[i] *= scale;
      p[at + targets[n]] -= scale;
      continue;
    }
    const { kept, ids, shares, weight } = soft;
    const [rest, ownRest] = restOf(p, at, n, soft);
    // Of all others only their sum counts.
    const others = scale * (1 - (weight * rest) / ownRest);
    for (let k = 0; k < kept; k++) {
      keptSlopes[k] = scale * (p[at + ids[n * kept + k]] - (weight * shares[n * kept + k]) / WHOLE);
    }
    for (let i = at; i < at + vocabulary; i++) p[i] *= others;
    for (let k = 0; k < kept; k++) p[at + ids[n * kept + k]] = keptSlopes[k];
    p[at + targets[n]] -= scale * (1 - weight);
  }
}
