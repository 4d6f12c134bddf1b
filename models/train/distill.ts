/** The loss of learning from a teacher's probabilities as well as from the text. */
import * as tf from '@tensorflow/tfjs-core';
import type { Batch } from './batches.ts';
import { withGradient } from './operations.ts';

/** Probabilities are stored as 16-bit shares of this. */
export const WHOLE = 65535;
// A probability that underflows would give an infinite loss.
const LEAST_PROBABILITY = 1e-30;
/** Least probability of "any other token": below it the difference 1 - sum has no digits left in float32. */
const LEAST_REST = 1e-6;

/**
 * Mean over the tokens that count of (1 - weight) times the loss of the text's token plus `weight` times the Kullback-Leibler
 * divergence from the teacher's distribution, in nats.
 * @param logits (N, V)
 */
export function distilledEntropy(logits: tf.Tensor2D, batch: Batch): tf.Scalar {
  const [rows, vocabulary] = logits.shape;
  const { targets, weights, predicted } = batch;
  const { kept, ids, shares, weight: share } = batch.soft!;
  return withGradient([logits], ([input]) => {
    const p = tf.softmax(input).dataSync() as Float32Array;
    const slope = new Float32Array(p.length);
    let loss = 0;
    for (let n = 0; n < rows; n++) {
      if (weights[n] === 0) continue;
      const at = n * vocabulary;
      let [taught, rest, ownRest] = [0, 1, 1];
      for (let k = n * kept; k < (n + 1) * kept; k++) {
        const theirs = shares[k] / WHOLE;
        const ours = p[at + ids[k]];
        if (theirs > 0) taught += theirs * Math.log(theirs / (ours + LEAST_PROBABILITY));
        rest -= theirs;
        ownRest -= ours;
      }
      rest = Math.max(0, rest);
      ownRest = Math.max(LEAST_REST, ownRest);
      if (rest > 0) taught += rest * Math.log(rest / ownRest);
      loss += (1 - share) * -Math.log(p[at + targets[n]] + LEAST_PROBABILITY) + share * taught;
      const others = 1 - (share * rest) / ownRest;
      for (let i = at; i < at + vocabulary; i++) slope[i] = p[i] * others;
      for (let k = n * kept; k < (n + 1) * kept; k++)
        slope[at + ids[k]] = p[at + ids[k]] - (share * shares[k]) / WHOLE;
      slope[at + targets[n]] -= 1 - share;
    }
    return {
      value: tf.scalar(loss / predicted),
      gradient: (dy) => [tf.mul(tf.tensor2d(slope, [rows, vocabulary]), tf.div(dy, predicted))],
    };
  });
}
