/**
 * Causal self-attention with grouped queries, from the normed input to the heads' outputs, and its gradient. Every product
 * is (batch, m, k) x (batch, k, n); a batch is one key-value head of one sequence with all its query heads' rows.
 */
import * as tf from '@tensorflow/tfjs-core';
import { batchedMatMul, product } from './batched-matmul.ts';
import { keySteps, toSteps, withGradient } from './operations.ts';
import { type Rotary, rotate, rotateBack } from './rotary.ts';

type T = tf.Tensor;
type T2 = tf.Tensor2D;
type T3 = tf.Tensor3D;

export interface AttentionShape {
  sequences: number;
  positions: number;
  heads: number;
  kvHeads: number;
  headSize: number;
  /** Whether queries, keys and values are rounded to 8 bits, in steps that just hold each channel's largest of the batch. */
  rounds: boolean;
  isTraining: boolean;
}

/** Tensors that depend only on the number of positions. */
export interface AttentionConstants {
  /** (positions, positions): 0 where a position may look, -1e9 in its future. */
  mask: T2;
  /** Null for models without positions. */
  rotary: { q: Rotary; k: Rotary } | null;
}

export function causalMask(positions: number): T2 {
  const mask = new Float32Array(positions * positions);
  for (let i = 0; i < positions; i++) mask.fill(-1e9, i * positions + i + 1, (i + 1) * positions);
  return tf.tensor2d(mask, [positions, positions]);
}

/** Between the layout by token, (N, heads * headSize), and by head, (sequences * kvHeads, rows, headSize). */
function layouts({ sequences: S, positions: P, kvHeads, headSize: D }: AttentionShape) {
  const batch = S * kvHeads;
  return {
    byHead: (t: T, heads: number): T3 =>
      tf.reshape(tf.transpose(tf.reshape(t, [S, P, heads, D]), [0, 2, 1, 3]), [
        batch,
        (heads / kvHeads) * P,
        D,
      ]),
    byToken: (t: T, heads: number): T2 =>
      tf.reshape(tf.transpose(tf.reshape(t, [S, heads, P, D]), [0, 2, 1, 3]), [S * P, heads * D]),
  };
}

const roundChannels = (t: T2, step: number): T2 => toSteps(t, tf.mul(tf.max(tf.abs(t), 0, true), step)) as T2;

/**
 * @param x (N, dim), N = sequences * positions
 * @param wq (dim, heads * headSize)
 * @param wk (dim, kvHeads * headSize)
 * @param wv (dim, kvHeads * headSize)
 * @returns (N, heads * headSize)
 */
export function attention(
  x: T2,
  [wq, wk, wv]: [T2, T2, T2],
  { mask, rotary }: AttentionConstants,
  shape: AttentionShape,
): T2 {
  const { sequences, positions: P, heads: H, kvHeads, headSize, rounds, isTraining } = shape;
  const { byHead, byToken } = layouts(shape);
  const scale = 1 / Math.sqrt(headSize);

  return withGradient([x, wq, wk, wv], ([input, wqIn, wkIn, wvIn], save) => {
    const [q, k, v] = [wqIn, wkIn, wvIn].map((w) => tf.matMul(input, w) as T2);
    const to8Bits = (t: T2): T2 => (rounds ? roundChannels(t, keySteps(isTraining)) : t);
    const turnedQ = to8Bits(rotary === null ? q : rotate(q, rotary.q));
    const turnedK = to8Bits(rotary === null ? k : rotate(k, rotary.k));
    const v8 = to8Bits(v);
    const queries = tf.mul(byHead(turnedQ, H), scale) as T3;
    const scores = batchedMatMul(queries, byHead(turnedK, kvHeads), false, true);
    const masked = tf.add(tf.reshape(scores, [sequences * H, P, P]), mask);
    const p = tf.reshape(tf.softmax(masked), scores.shape) as T3;
    const out = batchedMatMul(p, byHead(v8, kvHeads));
    save([input, wqIn, wkIn, wvIn, queries, turnedK, v8, p, out]);
    return {
      value: byToken(out, H),
      gradient: (dy, saved) => {
        const [savedX, savedWq, savedWk, savedWv, savedQ, savedK, savedV, savedP, savedOut] = saved;
        const dOut = byHead(dy, H);
        const dV = byToken(batchedMatMul(savedP as T3, dOut, true), kvHeads);
        const dP = batchedMatMul(dOut, byHead(savedV, kvHeads), false, true);
        // Row sums of dP * P, from the much smaller output.
        const along = tf.sum(tf.mul(dOut, savedOut), 2, true);
        const dScores = tf.mul(savedP, tf.sub(dP, along)) as T3;
        const dTurnedQ = tf.mul(byToken(batchedMatMul(dScores, byHead(savedK, kvHeads)), H), scale) as T2;
        const dTurnedK = byToken(batchedMatMul(dScores, savedQ as T3, true), kvHeads);
        const dQ = rotary === null ? dTurnedQ : rotateBack(dTurnedQ, rotary.q);
        const dK = rotary === null ? dTurnedK : rotateBack(dTurnedK, rotary.k);
        const slopes = [dQ, dK, dV];
        const dx = [savedWq, savedWk, savedWv].map((w, i) => product(slopes[i], w as T2, false, true));
        return [tf.addN(dx), ...slopes.map((slope) => product(savedX as T2, slope, true))];
      },
    };
  });
}
