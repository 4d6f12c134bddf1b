/**
 * The definition of the device's float path: every operation rounded to IEEE single precision, in the order of
 * firmware/engine/single.c, which gives the same bits. Results too small to be normal count as zero, as in the chip's routines.
 * Logits come rounded to i32 with the model's logit fraction, so that the integer sampler serves.
 */
import { ModelError } from '../errors.ts';
import {
  ffnRows,
  type QuantizedModel,
  type QuantizedShape,
  qkvRows,
  type SingleWeights,
} from '../quantized.ts';
import { checkTokenAndPosition } from './bounds.ts';
import type { LanguageModel } from './taps.ts';

const leastNormal = 2 ** -126;
const log2E = Math.fround(Math.LOG2E);
const leastExponent = -30;
const mostLogit = 2 ** 30;
/** 2^x for |x| <= 1/2, highest power first. */
const polynomial = [0.00133336, 0.00961813, 0.0555041, 0.240227, Math.LN2, 1].map(Math.fround);

const word = new Uint32Array(1);
const real = new Float32Array(word.buffer);

/** Rounds to single precision. */
function single(x: number): number {
  const rounded = Math.fround(x);
  return rounded > -leastNormal && rounded < leastNormal ? 0 : rounded;
}

function bitsOf(x: number): number {
  real[0] = x;
  return word[0];
}

function fromBits(bits: number): number {
  word[0] = bits;
  return real[0];
}

function dot(w: Float32Array, from: number, x: Float32Array, xFrom: number, count: number): number {
  let sum = 0;
  for (let k = 0; k < count; k++) sum = single(sum + single(w[from + k] * x[xFrom + k]));
  return sum;
}

/** x > 0. */
function inverseRoot(x: number): number {
  const half = single(0.5 * x);
  let y = fromBits(0x5f3759df - (bitsOf(x) >>> 1));
  for (let i = 0; i < 4; i++) y = single(y * single(1.5 - single(single(half * y) * y)));
  return y;
}

/** x <= 0. */
function exponential(x: number): number {
  if (x < leastExponent) return 0;
  const t = single(x * log2E);
  const whole = Math.trunc(single(t - 0.5));
  const rest = single(t - whole);
  let p = polynomial[0];
  for (const coefficient of polynomial.slice(1)) p = single(single(p * rest) + coefficient);
  return fromBits(bitsOf(p) + (whole << 23));
}

function silu(z: number): number {
  const small = exponential(z > 0 ? -z : z);
  return single((z > 0 ? z : single(z * small)) / single(1 + small));
}

/** The float path's reference: single precision in the order of firmware/engine/single.c, which gives the same bits. */
export class SingleModel implements LanguageModel {
  readonly vocabulary: number;
  readonly context: number;
  readonly logitScale: number;
  private readonly shape: QuantizedShape;
  private readonly weights: SingleWeights;
  private readonly rope: Int16Array | undefined;
  private readonly logitFraction: number;
  private readonly x: Float32Array;
  private readonly a: Float32Array;
  private readonly t: Float32Array;
  private readonly y: Float32Array;
  private readonly scores: Float32Array;
  private readonly keys: Float32Array; // (layers, kvHeads, context, headSize)
  private readonly values: Float32Array;
  private readonly logits: Int32Array;

  constructor({ shape, single: weights, tables, logitFraction }: QuantizedModel) {
    if (weights === undefined)
      throw new ModelError('this model has integer weights, the float path runs none');
    const { vocabulary, dim, hidden, layers, heads, kvHeads, headSize, context } = shape;
    this.vocabulary = vocabulary;
    this.context = context;
    this.logitScale = 2 ** -logitFraction;
    this.logitFraction = logitFraction;
    this.shape = shape;
    this.weights = weights;
    this.rope = tables.rope;
    this.x = new Float32Array(dim);
    this.a = new Float32Array(dim);
    this.t = new Float32Array(Math.max(hidden, heads * headSize));
    this.y = new Float32Array(Math.max(qkvRows(shape), ffnRows(shape), dim));
    this.scores = new Float32Array(context);
    this.keys = new Float32Array(layers * kvHeads * context * headSize);
    this.values = new Float32Array(this.keys.length);
    this.logits = new Int32Array(vocabulary);
  }

  forward(token: number, position: number): Int32Array {
    checkTokenAndPosition(this, token, position);
    const { dim, heads, headSize, hidden } = this.shape;
    const { x, a, t, weights } = this;
    x.set(weights.embedding.subarray(token * dim, (token + 1) * dim));
    weights.layers.forEach(({ attentionNorm, wqkv, wo, ffnNorm, w13, w2 }, n) => {
      this.normalise(attentionNorm);
      this.multiply(wqkv, qkvRows(this.shape), dim, a);
      this.store(n, position);
      this.attend(n, position + 1);
      this.multiply(wo, dim, heads * headSize, t);
      this.addResidual();
      this.normalise(ffnNorm);
      this.multiply(w13, ffnRows(this.shape), dim, a);
      this.activate();
      this.multiply(w2, dim, hidden, t);
      this.addResidual();
    });
    this.normalise(weights.finalNorm);
    return this.roundedLogits();
  }

  private multiply(w: Float32Array, rows: number, columns: number, x: Float32Array): void {
    for (let r = 0; r < rows; r++) this.y[r] = dot(w, r * columns, x, 0, columns);
  }

  private normalise(gain: Float32Array): void {
    const { x, a } = this;
    const { dim, family } = this.shape;
    let mean = 0;
    if (family === 'starmind') {
      for (let i = 0; i < dim; i++) mean = single(mean + x[i]);
      mean = single(mean / dim);
    }
    let squares = 0;
    for (let i = 0; i < dim; i++) {
      a[i] = single(x[i] - mean);
      squares = single(squares + single(a[i] * a[i]));
    }
    const scale = inverseRoot(single(single(squares / dim) + this.weights.normEps));
    for (let i = 0; i < dim; i++) a[i] = single(single(a[i] * scale) * gain[i]);
  }

  private rotate(head: number, position: number): void {
    const { y, rope } = this;
    const { headSize } = this.shape;
    for (let i = 0; i < headSize; i += 2) {
      const c = rope![position * headSize + i] * 2 ** -14;
      const s = rope![position * headSize + i + 1] * 2 ** -14;
      const [p, q] = [y[head + i], y[head + i + 1]];
      y[head + i] = single(single(p * c) - single(q * s));
      y[head + i + 1] = single(single(p * s) + single(q * c));
    }
  }

  /** Where a position's key or value of a head lies. */
  private at(layer: number, kv: number, position: number): number {
    const { kvHeads, context, headSize } = this.shape;
    return ((layer * kvHeads + kv) * context + position) * headSize;
  }

  private store(layer: number, position: number): void {
    const { heads, kvHeads, headSize, family } = this.shape;
    if (family === 'llama') for (let h = 0; h < heads + kvHeads; h++) this.rotate(h * headSize, position);
    for (let kv = 0; kv < kvHeads; kv++) {
      const [key, value] = [(heads + kv) * headSize, (heads + kvHeads + kv) * headSize];
      this.keys.set(this.y.subarray(key, key + headSize), this.at(layer, kv, position));
      this.values.set(this.y.subarray(value, value + headSize), this.at(layer, kv, position));
    }
  }

  private attend(layer: number, positions: number): void {
    const { heads, kvHeads, headSize } = this.shape;
    const { y, t, scores, keys, values } = this;
    const scale = inverseRoot(headSize);
    for (let h = 0; h < heads; h++) {
      const base = this.at(layer, Math.floor(h / (heads / kvHeads)), 0);
      for (let j = 0; j < positions; j++)
        scores[j] = single(dot(y, h * headSize, keys, base + j * headSize, headSize) * scale);
      const share = single(1 / this.soften(positions));
      for (let d = 0; d < headSize; d++) {
        let sum = 0;
        for (let j = 0; j < positions; j++)
          sum = single(sum + single(scores[j] * values[base + j * headSize + d]));
        t[h * headSize + d] = single(sum * share);
      }
    }
  }

  private soften(positions: number): number {
    const { scores } = this;
    let most = scores[0];
    for (let j = 1; j < positions; j++) if (scores[j] > most) most = scores[j];
    let sum = 0;
    for (let j = 0; j < positions; j++) {
      scores[j] = exponential(single(scores[j] - most));
      sum = single(sum + scores[j]);
    }
    return sum;
  }

  private activate(): void {
    const { hidden, family } = this.shape;
    for (let i = 0; i < hidden; i++) {
      const active = silu(this.y[i]);
      this.t[i] = family === 'llama' ? single(active * this.y[hidden + i]) : active;
    }
  }

  private addResidual(): void {
    for (let i = 0; i < this.x.length; i++) this.x[i] = single(this.x[i] + this.y[i]);
  }

  private roundedLogits(): Int32Array {
    const { dim } = this.shape;
    const output = this.weights.output ?? this.weights.embedding;
    for (let v = 0; v < this.vocabulary; v++) {
      let scaled = single(dot(output, v * dim, this.a, 0, dim) * 2 ** this.logitFraction);
      if (!(scaled < mostLogit)) scaled = mostLogit;
      if (scaled < -mostLogit) scaled = -mostLogit;
      this.logits[v] = Math.trunc(single(scaled < 0 ? scaled - 0.5 : scaled + 0.5));
    }
    return this.logits;
  }
}
