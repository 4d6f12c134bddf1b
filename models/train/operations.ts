/**
 * The network's operations with gradients written by hand: fused, without transposed products, which the WebAssembly backend
 * computes in a slow loop, and with look-ups done here, where its kernels are slow (gather) or wrong (one-hot as float).
 * Rows are tokens: N = sequences * positions.
 */
import * as tf from '@tensorflow/tfjs-core';
import { product } from './batched-matmul.ts';
import { entropy, type Goal, slopeOfEntropy } from './entropy.ts';

type T = tf.Tensor;
type T2 = tf.Tensor2D;

/** Typed door to tf.customGrad: `forward` gets the inputs and `save`; it returns the value and the inputs' gradients. */
export function withGradient<I extends T[], O extends T>(
  inputs: I,
  forward: (inputs: I, save: (tensors: T[]) => void) => { value: O; gradient: (dy: O, saved: T[]) => T[] },
): O {
  const operation = tf.customGrad((...given: unknown[]) => {
    const save = given.pop() as (tensors: T[]) => void;
    const { value, gradient } = forward(given as I, save);
    return { value, gradFunc: (dy: T, saved: T[]) => gradient(dy as O, saved) };
  });
  return operation(...inputs) as O;
}

/** Sum over rows, (N, n) to (n), as a product: the backend's own reduction over rows transposes first. */
const sumRows = (x: T2): tf.Tensor1D => tf.reshape(tf.matMul(tf.ones([1, x.shape[0]]), x), [x.shape[1]]);

/** a + b of one shape. */
export function add(a: T2, b: T2): T2 {
  return withGradient([a, b], ([left, right]) => ({
    value: tf.add(left, right) as T2,
    gradient: (dy) => [tf.clone(dy), tf.clone(dy)],
  }));
}

/** x (N, k) times w (k, n). */
export function linear(x: T2, w: T2): T2 {
  return withGradient([x, w], ([a, b], save) => {
    save([a, b]);
    return {
      value: tf.matMul(a, b) as T2,
      gradient: (dy, [savedA, savedB]) => [
        product(dy, savedB as T2, false, true),
        product(savedA as T2, dy, true),
      ],
    };
  });
}

/** Columns of the embedding e (dim, V) that the tokens name, as rows: (N, dim). */
export function embed(e: T2, tokens: Int32Array): T2 {
  const [dim, vocabulary] = e.shape;
  return withGradient([e], ([table]) => {
    const columns = table.dataSync();
    const rows = new Float32Array(tokens.length * dim);
    for (let n = 0; n < tokens.length; n++) {
      for (let i = 0; i < dim; i++) rows[n * dim + i] = columns[i * vocabulary + tokens[n]];
    }
    return {
      value: tf.tensor2d(rows, [tokens.length, dim]),
      gradient: (dy) => {
        const given = dy.dataSync();
        const sums = new Float32Array(dim * vocabulary);
        for (let n = 0; n < tokens.length; n++) {
          for (let i = 0; i < dim; i++) sums[i * vocabulary + tokens[n]] += given[n * dim + i];
        }
        return [tf.tensor2d(sums, [dim, vocabulary])];
      },
    };
  });
}

/** RMSNorm, or with `centred` LayerNorm without bias, of x (N, n) with gain g (n). */
export function norm(x: T2, g: tf.Tensor1D, eps: number, centred: boolean): T2 {
  const n = x.shape[1];
  const mean = (t: T): T => tf.mul(tf.sum(t, 1, true), 1 / n);
  return withGradient<[T2, tf.Tensor1D], T2>([x, g], ([input, gain], save) => {
    const inner = centred ? tf.sub(input, mean(input)) : input;
    const inverse = tf.rsqrt(tf.add(mean(tf.mul(inner, inner)), eps));
    const unit = tf.mul(inner, inverse);
    save([unit, inverse, gain]);
    return {
      value: tf.mul(unit, gain) as T2,
      gradient: (dy, [savedUnit, savedInverse, savedGain]) => {
        const dUnit = tf.mul(dy, savedGain);
        const along = tf.mul(savedUnit, mean(tf.mul(dUnit, savedUnit)));
        const across = tf.sub(centred ? tf.sub(dUnit, mean(dUnit)) : dUnit, along);
        return [tf.mul(across, savedInverse), sumRows(tf.mul(dy, savedUnit) as T2)];
      },
    };
  });
}

/** Each row of x (N, n) rounded to 127ths of its largest magnitude; the gradient passes through. */
export function roundRows(x: T2): T2 {
  return withGradient([x], ([input]) => ({
    value: toSteps(input, tf.mul(tf.max(tf.abs(input), 1, true), 1 / 127)) as T2,
    gradient: (dy) => [tf.clone(dy)],
  }));
}

/** x in whole steps of a size that broadcasts to it. */
export function toSteps(x: T, step: T): T {
  const size = tf.maximum(step, LEAST_STEP);
  return tf.mul(tf.round(tf.div(x, size)), size);
}

/**
 * The step of 8-bit queries, keys and values, as a part of the largest: the device's, with headroom above the largest that calibration
 * saw; while training a coarser one, so that the model learns to need less than it will have (EXPERIMENTS.md).
 */
export const keySteps = (isTraining: boolean): number => (isTraining ? 2.5 : 1.05) / 127;

const LEAST_STEP = 1e-12;

/** Sigmoid; with `tabled`, of z rounded to the 64ths of the device's table. */
const sigmoid = (z: T, tabled: boolean): T =>
  tf.sigmoid(tabled ? tf.mul(tf.round(tf.mul(z, 64)), 1 / 64) : z);

/** Slope of z s, where s = sigmoid(z): s + z s (1 - s). */
const siluSlope = (z: T, s: T): T => tf.add(s, tf.mul(tf.mul(z, s), tf.sub(1, s)));

/** SiLU of x w: x (N, k), w (k, n). */
export function siluLayer(x: T2, w: T2, tabled = false): T2 {
  return withGradient([x, w], ([input, weights], save) => {
    const z = tf.matMul(input, weights);
    const s = sigmoid(z, tabled);
    save([input, weights, z, s]);
    return {
      value: tf.mul(z, s) as T2,
      gradient: (dy, [savedX, savedW, savedZ, savedS]) => {
        const dz = tf.mul(dy, siluSlope(savedZ, savedS)) as T2;
        return [product(dz, savedW as T2, false, true), product(savedX as T2, dz, true)];
      },
    };
  });
}

/** SiLU(x gate) * (x up): x (N, k), gate and up (k, n). */
export function swigluLayer(x: T2, gate: T2, up: T2, tabled = false): T2 {
  return withGradient([x, gate, up], ([input, gateIn, upIn], save) => {
    const z = tf.matMul(input, gateIn);
    const u = tf.matMul(input, upIn);
    const s = sigmoid(z, tabled);
    save([input, gateIn, upIn, z, u, s]);
    return {
      value: tf.mul(tf.mul(z, s), u) as T2,
      gradient: (dy, [savedX, savedGate, savedUp, savedZ, savedU, savedS]) => {
        const dz = tf.mul(tf.mul(dy, savedU), siluSlope(savedZ, savedS)) as T2;
        const du = tf.mul(dy, tf.mul(savedZ, savedS)) as T2;
        const dx = tf.add(product(dz, savedGate as T2, false, true), product(du, savedUp as T2, false, true));
        return [dx, product(savedX as T2, dz, true), product(savedX as T2, du, true)];
      },
    };
  });
}

/**
 * The loss of `entropy`, from logits (N, V): of the text alone, or of a teacher too.
 */
export function crossEntropy(logits: T2, goal: Goal): tf.Scalar {
  const { shape } = logits;
  return withGradient([logits], ([input]) => {
    const p = tf.softmax(input).dataSync() as Float32Array;
    return {
      value: tf.scalar(entropy(p, shape[1], goal)),
      gradient: (dy) => {
        const slope = p.slice();
        slopeOfEntropy(slope, shape[1], goal, dy.dataSync()[0]);
        return [tf.tensor2d(slope, shape)];
      },
    };
  });
}
