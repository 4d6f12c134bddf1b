/** Rotary positions as products: x cos + turn(x) sin, where turn is a constant matrix that swaps the pairs (2i, 2i + 1). */
import * as tf from '@tensorflow/tfjs-core';

type T2 = tf.Tensor2D;

export interface Rotary {
  cos: T2; // (positions, n)
  sin: T2; // (positions, n)
  /** (n, n): x times it gives (-x1, x0, -x3, x2, ...). */
  turn: T2;
  /** Its transpose. */
  turnBack: T2;
}

/** Tables for `heads` heads side by side, n = heads * headSize; the caller disposes of them. */
export function rotaryTables(heads: number, headSize: number, positions: number, theta: number): Rotary {
  const n = heads * headSize;
  const angle = (i: number) =>
    Math.floor(i / n) * theta ** (-(2 * Math.floor(((i % n) % headSize) / 2)) / headSize);
  const table = (of: (angle: number) => number) =>
    tf.tensor2d(
      Float32Array.from({ length: positions * n }, (_, i) => of(angle(i))),
      [positions, n],
    );
  const turn = new Float32Array(n * n);
  const turnBack = new Float32Array(n * n);
  for (let i = 0; i < n; i += 2) {
    turn[(i + 1) * n + i] = turnBack[i * n + i + 1] = -1;
    turn[i * n + i + 1] = turnBack[(i + 1) * n + i] = 1;
  }
  return {
    cos: table(Math.cos),
    sin: table(Math.sin),
    turn: tf.tensor2d(turn, [n, n]),
    turnBack: tf.tensor2d(turnBack, [n, n]),
  };
}

/** x (sequences * positions, n) times a table (positions, n). */
function timesTable(x: tf.Tensor, table: T2): T2 {
  const [positions, n] = table.shape;
  const bySequence = tf.reshape(x, [x.shape[0] / positions, positions, n]);
  return tf.reshape(tf.mul(bySequence, table), [x.shape[0], n]);
}

export function rotate(x: T2, { cos, sin, turn }: Rotary): T2 {
  return tf.add(timesTable(x, cos), timesTable(tf.matMul(x, turn), sin));
}

/** The gradient of `rotate`: turns the other way. */
export function rotateBack(dy: T2, { cos, sin, turnBack }: Rotary): T2 {
  return tf.add(timesTable(dy, cos), tf.matMul(timesTable(dy, sin), turnBack));
}
