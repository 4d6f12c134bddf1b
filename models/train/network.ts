/** The forward pass of both families over a batch of sequences, and its loss, in TensorFlow.js. */
import * as tf from '@tensorflow/tfjs-core';
import type { ModelConfig } from '../config.ts';
import { type AttentionConstants, attention, causalMask } from './attention.ts';
import type { Batch } from './batches.ts';
import { FusedNetwork } from './fused.ts';
import { add, crossEntropy, embed, linear, norm, roundRows, siluLayer, swigluLayer } from './operations.ts';
import { type ParameterSpec, parameterSpecs } from './parameters.ts';
import { rotaryTables } from './rotary.ts';

type T2 = tf.Tensor2D;

export class Network {
  readonly config: ModelConfig;
  readonly specs: ParameterSpec[];
  private readonly rounds: boolean;
  private readonly variables: tf.Variable[];
  private readonly fused: FusedNetwork | null;
  /** By number of positions. Made before the taped part, which frees what it makes before the gradients need it. */
  private readonly constants = new Map<number, AttentionConstants>();

  /**
   * Call after the backend is chosen. `flat` as `initialParameters` or `fromTensors` give it, or longer.
   * @param rounds whether activations are rounded where the integer arithmetic rounds them (ARITHMETIC.md)
   * @param fuses whether layers are computed by the kernels of kernels.c, where these run
   */
  constructor(config: ModelConfig, flat: Float32Array, rounds = false, fuses = true) {
    this.config = config;
    this.rounds = rounds;
    this.fused = fuses ? FusedNetwork.create(config, rounds) : null;
    this.specs = parameterSpecs(config);
    this.variables = this.specs.map(({ shape, offset, size }) =>
      tf.variable(tf.tensor(flat.slice(offset, offset + size), shape)),
    );
  }

  /** Takes over new values. */
  assign(flat: Float32Array): void {
    if (this.fused !== null) {
      const { fused } = this;
      this.specs.forEach(({ offset, size }, i) => {
        fused.numbers(this.variables[i]).set(flat.subarray(offset, offset + size));
      });
      return;
    }
    this.specs.forEach(({ shape, offset, size }, i) => {
      const value = tf.tensor(flat.slice(offset, offset + size), shape);
      this.variables[i].assign(value);
      value.dispose();
    });
  }

  /** Mean loss in nats per predicted token; the gradient of it is written to `gradient`, flat. */
  lossAndGradient(batch: Batch, gradient: Float32Array): number {
    this.prepare(batch.positions);
    return tf.tidy(() => {
      const { value, grads } = tf.variableGrads(() => this.loss(batch, true), this.variables);
      this.specs.forEach(({ offset }, i) => {
        const slope = grads[this.variables[i].name];
        gradient.set(this.fused?.numbers(slope) ?? (slope.dataSync() as Float32Array), offset);
      });
      return value.dataSync()[0];
    });
  }

  /** Mean loss in nats per predicted token. */
  meanLoss(batch: Batch): number {
    this.prepare(batch.positions);
    return tf.tidy(() => this.loss(batch).dataSync()[0]);
  }

  /** Logits (sequences * positions, V) of a batch. */
  logits(batch: Batch): Float32Array {
    this.prepare(batch.positions);
    return tf.tidy(() => this.forward(batch).dataSync() as Float32Array);
  }

  /** Probabilities (sequences * positions, V) of a batch. */
  probabilities(batch: Batch): Float32Array {
    this.prepare(batch.positions);
    // Not read inside the tidy: it would search what it returns for tensors, element by element.
    const p = tf.tidy(() => tf.softmax(this.forward(batch)));
    const values = p.dataSync() as Float32Array;
    p.dispose();
    return values;
  }

  dispose(): void {
    for (const variable of this.variables) variable.dispose();
    for (const { mask, rotary } of this.constants.values()) {
      mask.dispose();
      if (rotary !== null) for (const tables of [rotary.q, rotary.k]) tf.dispose({ ...tables });
    }
    this.constants.clear();
    this.fused?.dispose();
  }

  private loss(batch: Batch, isTraining = false): tf.Scalar {
    if (this.fused === null) return crossEntropy(this.forward(batch, isTraining), batch);
    const { residual, gain, table } = this.layers(batch, isTraining);
    return this.fused.loss(residual, gain, table, batch);
  }

  private forward(batch: Batch, isTraining = false): T2 {
    const { residual, gain, table } = this.layers(batch, isTraining);
    const { normEps, family } = this.config;
    return linear(this.to8Bits(norm(residual, gain, normEps, family === 'starmind')), table);
  }

  private to8Bits(t: T2): T2 {
    return this.rounds ? roundRows(t) : t;
  }

  /** The residual after all layers, with the gain and the matrix that make logits of it. */
  private layers(batch: Batch, isTraining: boolean): { residual: T2; gain: tf.Tensor1D; table: T2 } {
    const { family, layers, tied } = this.config;
    const { fused } = this;
    const variables = this.variables[Symbol.iterator]();
    const next = <T extends tf.Tensor>(): T => variables.next().value as unknown as T;
    const embedding = next<T2>();
    let x = fused ? fused.embed(embedding, batch.inputs) : embed(embedding, batch.inputs);
    for (let n = 0; n < layers; n++) {
      const weights = Array.from({ length: family === 'llama' ? 9 : 8 }, () => next());
      x = fused ? fused.layer(n, x, weights, batch, isTraining) : this.layer(x, weights, batch, isTraining);
    }
    return { residual: x, gain: next(), table: tied ? embedding : next() };
  }

  private layer(x: T2, weights: tf.Tensor[], { sequences, positions }: Batch, isTraining: boolean): T2 {
    const { normEps, family, heads, kvHeads, headSize } = this.config;
    const { rounds } = this;
    const centred = family === 'starmind';
    const remaining = weights[Symbol.iterator]();
    const next = <T extends tf.Tensor>(): T => remaining.next().value as T;
    const a = this.to8Bits(norm(x, next(), normEps, centred));
    const shape = { sequences, positions, heads, kvHeads, headSize, rounds, isTraining };
    const constants = this.constants.get(positions)!;
    const mixed = attention(a, [next(), next(), next()], constants, shape);
    const middle = add(x, linear(this.to8Bits(mixed), next()));
    const b = this.to8Bits(norm(middle, next(), normEps, centred));
    const active = family === 'llama' ? swigluLayer(b, next(), next(), rounds) : siluLayer(b, next(), rounds);
    return add(middle, linear(this.to8Bits(active), next()));
  }

  private prepare(positions: number): void {
    if (this.fused !== null || this.constants.has(positions)) return;
    const { family, heads, kvHeads, headSize, ropeTheta } = this.config;
    const tables = (count: number) => rotaryTables(count, headSize, positions, ropeTheta);
    const rotary = family === 'llama' ? { q: tables(heads), k: tables(kvHeads) } : null;
    this.constants.set(positions, { mask: causalMask(positions), rotary });
  }
}
