/**
 * The network on the WebAssembly backend: embedding, each layer, and the end with the loss are one operation of TensorFlow.js each,
 * whose parts are the kernels of kernels/kernels.c. What a gradient needs lies in a workspace that is used again at every step.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { ModelConfig } from '../config.ts';
import type { Batch } from './batches.ts';
import { entropy, slopeOfEntropy } from './entropy.ts';
import { type Kernels, kernels, Workspace } from './kernels/index.ts';
import { keySteps, withGradient } from './operations.ts';

type T2 = tf.Tensor2D;

/** Rows and depth of the packed panels of `product`. */
const PANEL = 256 * 8;

export class FusedNetwork {
  private readonly config: ModelConfig;
  private readonly rounds: boolean;
  private readonly kernels: Kernels;
  private readonly workspace: Workspace;
  /** Addresses of the angles' cosines and sines, (context, headSize / 2). */
  private readonly turns: { cosine: number; sine: number } | null;

  constructor(config: ModelConfig, rounds: boolean, using: Kernels) {
    this.config = config;
    this.rounds = rounds;
    this.kernels = using;
    this.workspace = new Workspace(using);
    this.turns = config.family === 'llama' ? this.turnTables() : null;
  }

  /** Null where the kernels do not run, or do not know the size of a head. */
  static create(config: ModelConfig, rounds: boolean): FusedNetwork | null {
    const found = [2, 4, 8].includes(config.headSize) ? kernels() : null;
    return found && new FusedNetwork(config, rounds, found);
  }

  dispose(): void {
    this.workspace.dispose();
  }

  /** A tensor's numbers in place: valid until memory is next allocated. */
  numbers(tensor: tf.Tensor): Float32Array {
    return this.kernels.floats(this.kernels.address(tensor), tensor.size);
  }

  /** Columns of the embedding e (dim, V) that the tokens name, as rows: (N, dim). */
  embed(e: T2, tokens: Int32Array): T2 {
    const { run, ...at } = this.tools();
    const [dim, vocabulary] = e.shape;
    const rows = tokens.length;
    return withGradient([e], ([table]) => {
      const ids = this.workspace.take('tokens', rows);
      this.kernels.integers(ids, rows).set(tokens);
      const value = this.kernels.tensor<T2>([rows, dim]);
      run.embed(rows, dim, vocabulary, ids, at.of(table), at.of(value));
      return {
        value,
        gradient: (dy) => {
          const slope = this.kernels.tensor<T2>([dim, vocabulary]);
          run.embed_gradient(rows, dim, vocabulary, ids, at.of(dy), at.of(slope));
          return [slope];
        },
      };
    });
  }

  /** One layer of x (N, dim), from residual to residual; `weights` in file order. */
  layer(
    index: number,
    x: T2,
    weights: tf.Tensor[],
    batch: Pick<Batch, 'sequences' | 'positions'>,
    isTraining: boolean,
  ): T2 {
    const { kernels: k, rounds } = this;
    const { run, take, times, back, of } = this.tools(`${index}.`);
    const { family, dim, hidden, heads, kvHeads, headSize, normEps } = this.config;
    const { sequences: S, positions: P } = batch;
    const N = S * P;
    const [qWidth, kvWidth] = [heads * headSize, kvHeads * headSize];
    const gated = family === 'llama';
    const centred = gated ? 0 : 1;
    const tabled = rounds ? 1 : 0;
    const scale = 1 / Math.sqrt(headSize);
    const scores = S * heads * P;
    const rowsOfScores = (P + 3) & ~3;
    const [gain1, wq, wk, wv, wo, gain2, w1, ...rest] = weights;
    const [up, down] = gated ? rest : [null, ...rest];

    return withGradient([x, ...weights], ([input]) => {
      const [unit1, inverse1, a] = [take('unit1', N * dim), take('inverse1', N), take('a', N * dim)];
      run.norm(N, dim, of(input), of(gain1), normEps, centred, unit1, inverse1, a);
      if (rounds) run.round_rows(N, dim, a, a);
      const [q, key, v] = [take('q', N * qWidth), take('k', N * kvWidth), take('v', N * kvWidth)];
      times(N, dim, qWidth, a, wq, q);
      times(N, dim, kvWidth, a, wk, key);
      times(N, dim, kvWidth, a, wv, v);
      this.turn(batch, heads, q, 1);
      this.turn(batch, kvHeads, key, 1);
      if (rounds) {
        const most = take('most', Math.max(qWidth, kvWidth));
        run.round_columns(N, qWidth, q, keySteps(isTraining), most);
        run.round_columns(N, kvWidth, key, keySteps(isTraining), most);
        run.round_columns(N, kvWidth, v, keySteps(isTraining), most);
      }
      const [e, sums, mixed] = [
        take('e', scores * rowsOfScores),
        take('sums', scores),
        take('o', N * qWidth),
      ];
      const room = this.workspace.take('attention', (4 * headSize + 1) * rowsOfScores);
      run.attend(S, P, heads, kvHeads, headSize, q, key, v, scale, e, sums, mixed, room);
      const out = rounds ? take('o8', N * qWidth) : mixed;
      if (rounds) run.round_rows(N, qWidth, mixed, out);
      const middle = take('middle', N * dim);
      k.floats(middle, N * dim).set(k.floats(of(input), N * dim));
      times(N, qWidth, dim, out, wo, middle, 1);

      const [unit2, inverse2, b] = [take('unit2', N * dim), take('inverse2', N), take('b', N * dim)];
      run.norm(N, dim, middle, of(gain2), normEps, centred, unit2, inverse2, b);
      if (rounds) run.round_rows(N, dim, b, b);
      const [z, u] = [take('z', N * hidden), gated ? take('u', N * hidden) : 0];
      times(N, dim, hidden, b, w1, z);
      if (up) times(N, dim, hidden, b, up, u);
      const active = take('active', N * hidden);
      run.activate(N * hidden, z, u, tabled, active);
      if (rounds) run.round_rows(N, hidden, active, active);
      const value = k.tensor<T2>([N, dim]);
      k.floats(of(value), N * dim).set(k.floats(middle, N * dim));
      times(N, hidden, dim, active, down!, of(value), 1);

      const gradient = (dy: T2): tf.Tensor[] => {
        const slopes = weights.map((weight) => k.tensor(weight.shape));
        const dx = k.tensor<T2>([N, dim]);
        const [dGain1, dWq, dWk, dWv, dWo, dGain2, dW1, ...dRest] = slopes.map(of);
        const [dUp, dDown] = gated ? dRest : [0, ...dRest];
        const wide = this.workspace.take('dWide', N * Math.max(hidden, qWidth));
        const [db, norms] = [this.workspace.take('db', N * dim), this.workspace.take('norms', dim)];
        const dMiddle = this.workspace.take('dMiddle', N * dim);

        back(N, hidden, dim, active, down!, of(dy), wide, dDown);
        run.activate_gradient(N * hidden, z, u, tabled, wide);
        back(N, dim, hidden, b, w1, z, db, dW1);
        if (up) back(N, dim, hidden, b, up, u, db, dUp, 1);
        run.norm_gradient(N, dim, unit2, inverse2, of(gain2), centred, db, of(dy), dMiddle, dGain2, norms);

        back(N, qWidth, dim, out, wo, dMiddle, wide, dWo);
        const dq = this.workspace.take('dq', N * qWidth);
        const [dk, dv] = ['dk', 'dv'].map((name) => this.workspace.take(name, N * kvWidth));
        run.attend_gradient(
          ...[S, P, heads, kvHeads, headSize, q, key, v, scale, e, sums, mixed, wide, dq, dk, dv, room],
        );
        this.turn(batch, heads, dq, -1);
        this.turn(batch, kvHeads, dk, -1);
        back(N, dim, qWidth, a, wq, dq, db, dWq);
        back(N, dim, kvWidth, a, wk, dk, db, dWk, 1);
        back(N, dim, kvWidth, a, wv, dv, db, dWv, 1);
        run.norm_gradient(N, dim, unit1, inverse1, of(gain1), centred, db, dMiddle, of(dx), dGain1, norms);
        return [dx, ...slopes];
      };
      return { value, gradient };
    });
  }

  /** The loss of the batch, from the last residual x (N, dim), the last gain, and the matrix (dim, V) of the logits. */
  loss(x: T2, gain: tf.Tensor1D, table: T2, batch: Batch): tf.Scalar {
    const { run, take, times, back, of } = this.tools('end.');
    const { dim, vocabulary, family, normEps } = this.config;
    const N = batch.sequences * batch.positions;
    const centred = family === 'llama' ? 0 : 1;
    return withGradient<[T2, tf.Tensor1D, T2], tf.Scalar>([x, gain, table], ([input]) => {
      const [unit, inverse, last] = [take('unit', N * dim), take('inverse', N), take('last', N * dim)];
      run.norm(N, dim, of(input), of(gain), normEps, centred, unit, inverse, last);
      if (this.rounds) run.round_rows(N, dim, last, last);
      const p = take('p', N * vocabulary);
      times(N, dim, vocabulary, last, table, p);
      run.softmax(N, vocabulary, p);
      return {
        value: tf.scalar(entropy(this.kernels.floats(p, N * vocabulary), vocabulary, batch)),
        gradient: (dy) => {
          const dx = this.kernels.tensor<T2>([N, dim]);
          const dGain = this.kernels.tensor<tf.Tensor1D>([dim]);
          const dTable = this.kernels.tensor<T2>([dim, vocabulary]);
          const [dLast, zeros, room] = [take('dLast', N * dim), take('zeros', N * dim), take('room', dim)];
          this.slopeOfLoss(p, batch, dy.dataSync()[0]);
          back(N, dim, vocabulary, last, table, p, dLast, of(dTable));
          this.kernels.floats(zeros, N * dim).fill(0);
          run.norm_gradient(N, dim, unit, inverse, of(gain), centred, dLast, zeros, of(dx), of(dGain), room);
          return [dx, dGain, dTable];
        },
      };
    });
  }

  /** Overwrites the probabilities at p (N, V) with the slope of the loss. */
  private slopeOfLoss(p: number, batch: Batch, dy: number): void {
    const { vocabulary } = this.config;
    const { targets, weights, predicted, soft } = batch;
    const N = targets.length;
    if (soft !== undefined) {
      slopeOfEntropy(this.kernels.floats(p, N * vocabulary), vocabulary, batch, dy);
      return;
    }
    const [ids, factors] = [this.workspace.take('targets', N), this.workspace.take('factors', N)];
    this.kernels.integers(ids, N).set(targets);
    const all = this.kernels.floats(factors, N);
    for (let n = 0; n < N; n++) all[n] = (weights[n] * dy) / predicted;
    this.kernels.run.entropy_gradient(N, vocabulary, p, ids, factors);
  }

  private tools(prefix = '') {
    const { run } = this.kernels;
    const of = (tensor: tf.Tensor): number => this.kernels.address(tensor);
    const take = (name: string, count: number): number => this.workspace.take(prefix + name, count);
    const panel = this.workspace.take('panel', PANEL);
    /** y (N, n) = or += x (N, k) times w (k, n). */
    const times = (N: number, k: number, n: number, x: number, w: tf.Tensor, y: number, adds = 0): void =>
      run.product(N, n, k, x, k, 1, of(w), n, 1, y, n, adds, panel);
    /** The gradients of that: dx = or += dy times w transposed, dw = x transposed times dy. */
    const back = (
      N: number,
      k: number,
      n: number,
      x: number,
      w: tf.Tensor,
      dy: number,
      dx: number,
      dw: number,
      adds = 0,
    ): void => {
      run.product(N, k, n, dy, n, 1, of(w), 1, n, dx, k, adds, panel);
      run.product(k, n, N, x, 1, k, dy, n, 1, dw, n, 0, panel);
    };
    return { run, of, take, times, back };
  }

  private turn(
    { sequences, positions }: Pick<Batch, 'sequences' | 'positions'>,
    heads: number,
    x: number,
    direction: number,
  ): void {
    if (this.turns === null) return;
    const { cosine, sine } = this.turns;
    this.kernels.run.rotate(sequences, positions, heads, this.config.headSize, x, cosine, sine, direction);
  }

  private turnTables() {
    const { context, headSize, ropeTheta } = this.config;
    const half = headSize / 2;
    const table = (name: string, of: (angle: number) => number): number => {
      const address = this.workspace.take(name, context * half);
      const values = this.kernels.floats(address, context * half);
      for (let i = 0; i < values.length; i++) {
        values[i] = of(Math.floor(i / half) * ropeTheta ** ((-2 * (i % half)) / headSize));
      }
      return address;
    };
    return { cosine: table('cosine', Math.cos), sine: table('sine', Math.sin) };
  }
}
