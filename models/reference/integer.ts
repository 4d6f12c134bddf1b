/**
 * The integer reference: ARITHMETIC.md, section 6, token by token. It defines the result that the C engine must give, bit for
 * bit, on the host, in the emulator and on the board.
 */
import type { QuantizedGain, QuantizedMatrix, QuantizedModel, QuantizedShape } from '../quantized.ts';
import { ffnRows, groupSize, qkvRows } from '../quantized.ts';
import {
  bitlen,
  clamp,
  matvec,
  norm,
  quantize,
  rshift,
  rshiftUnsigned,
  type ScaledVector,
} from './arithmetic.ts';
import { checkTokenAndPosition } from './bounds.ts';
import type { LanguageModel, Tap } from './taps.ts';

/** The integer reference, which defines the result (ARITHMETIC.md section 6): logits are i32, the bits the firmware must give. */
export class IntegerModel implements LanguageModel {
  readonly model: QuantizedModel;
  readonly vocabulary: number;
  readonly context: number;
  /** Real logit = logit * logitScale. */
  readonly logitScale: number;
  private readonly shape: QuantizedShape;
  private readonly x: Int32Array; // residual stream (dim), fraction Fx
  private readonly y: Int32Array; // matvec output
  private readonly t: Int32Array; // wide values before quantization
  private readonly scratch: { u: Int32Array; t: Int32Array }; // norm (dim)
  private readonly branch: Int32Array; // what a block adds to x (dim)
  private readonly normed: ScaledVector; // (dim)
  private readonly mixed: ScaledVector; // (heads * headSize)
  private readonly activated: ScaledVector; // (hidden)
  private readonly scores: Int32Array; // scores, then weights (context)
  private readonly logits: Int32Array; // (vocabulary)
  private readonly keys: Int8Array[]; // per layer (context, kvHeads * headSize)
  private readonly values: Int8Array[];

  constructor(model: QuantizedModel) {
    const { shape } = model;
    const { vocabulary, dim, hidden, layers, heads, kvHeads, headSize, context } = shape;
    this.model = model;
    this.shape = shape;
    this.vocabulary = vocabulary;
    this.context = context;
    this.logitScale = 2 ** -model.logitFraction;
    this.x = new Int32Array(dim);
    this.y = new Int32Array(Math.max(qkvRows(shape), ffnRows(shape)));
    this.t = new Int32Array(Math.max(hidden, heads * headSize));
    this.scratch = { u: new Int32Array(dim), t: new Int32Array(dim) };
    this.branch = new Int32Array(dim);
    this.normed = scaledVector(dim);
    this.mixed = scaledVector(heads * headSize);
    this.activated = scaledVector(hidden);
    this.scores = new Int32Array(context);
    this.logits = new Int32Array(vocabulary);
    const cache = () => Array.from({ length: layers }, () => new Int8Array(context * kvHeads * headSize));
    this.keys = cache();
    this.values = cache();
  }

  /** One token; see LanguageModel. `needLogits` false leaves the output matrix out (prefill) and returns stale logits. */
  forward(token: number, position: number, tap?: Tap, needLogits = true): Int32Array {
    checkTokenAndPosition(this, token, position);
    const { model, x, normed, logits } = this;
    embed(x, model.embedding, token, model.residualFraction);
    tap?.(-1, 'embed', 'x', x, this.residualScale);
    for (let n = 0; n < model.layers.length; n++) {
      this.attentionBlock(n, position, tap);
      this.feedForwardBlock(n, tap);
    }
    if (!needLogits) return logits;
    this.norm(model.finalNorm);
    tapVector(tap, -1, normed);
    matvec(logits, model.output ?? model.embedding, normed, model.logitFraction);
    tap?.(-1, 'logits', 'logits', logits, this.logitScale);
    return logits;
  }

  private get residualScale(): number {
    return 2 ** -this.model.residualFraction;
  }

  private norm(gain: QuantizedGain): void {
    const kind = this.shape.family === 'llama' ? 'rms' : 'layer';
    norm(this.normed, this.x, gain, { kind, normEps: this.model.normEps }, this.scratch);
  }

  private attentionBlock(n: number, position: number, tap?: Tap): void {
    const { heads, headSize } = this.shape;
    const { y, t, mixed } = this;
    const { attentionNorm, wqkv, wo, constants } = this.model.layers[n];
    const { fqkv, vShift } = constants;
    this.norm(attentionNorm);
    tapVector(tap, n, this.normed);
    matvec(y, wqkv, this.normed, fqkv);
    for (let r = 0; r < wqkv.rows; r++) y[r] = clamp(y[r], 32767);
    tap?.(n, 'qkv', 'y', y.subarray(0, wqkv.rows), 2 ** -fqkv);
    this.toCache(n, position, tap);
    for (let head = 0; head < heads; head++) this.attend(n, head, position);
    const width = heads * headSize;
    const fraction = 8 + fqkv - vShift;
    tap?.(n, 'attention', 't', t.subarray(0, width), 2 ** -fraction);
    quantize(mixed, t, width, fraction);
    this.addBranch(wo, mixed);
    tap?.(n, 'output', 'x', this.x, this.residualScale);
  }

  /** Turns y into 8-bit queries (left in y) and 8-bit keys and values (in the cache). */
  private toCache(n: number, position: number, tap?: Tap): void {
    const { heads, kvHeads, headSize, family } = this.shape;
    const { y } = this;
    const { qMax, kMax, vMax } = this.model;
    const { fqkv, qShift, kShift, vShift } = this.model.layers[n].constants;
    const kAt = heads * headSize;
    const kvWidth = kvHeads * headSize;
    const vAt = kAt + kvWidth;
    if (family === 'llama') {
      this.rotate(0, kAt, position, qShift, qMax);
      this.rotate(kAt, vAt, position, kShift, kMax);
    } else {
      for (let i = 0; i < kAt; i++) y[i] = clamp(rshift(y[i], qShift), qMax);
      for (let i = kAt; i < vAt; i++) y[i] = clamp(rshift(y[i], kShift), kMax);
    }
    for (let i = vAt; i < vAt + kvWidth; i++) y[i] = clamp(rshift(y[i], vShift), vMax);
    this.keys[n].set(y.subarray(kAt, vAt), position * kvWidth);
    this.values[n].set(y.subarray(vAt, vAt + kvWidth), position * kvWidth);
    tap?.(n, 'rope', 'q', y.subarray(0, kAt), 2 ** (qShift - fqkv));
    tap?.(n, 'rope', 'k', y.subarray(kAt, vAt), 2 ** (kShift - fqkv));
    tap?.(n, 'rope', 'v', y.subarray(vAt, vAt + kvWidth), 2 ** (vShift - fqkv));
  }

  private rotate(from: number, to: number, position: number, shift: number, limit: number): void {
    const { headSize } = this.shape;
    const { y } = this;
    const rope = this.model.tables.rope!;
    for (let i = from; i < to; i += 2) {
      const at = position * headSize + ((i - from) % headSize);
      const c = rope[at];
      const s = rope[at + 1];
      const r0 = (Math.imul(y[i], c) - Math.imul(y[i + 1], s)) | 0;
      const r1 = (Math.imul(y[i], s) + Math.imul(y[i + 1], c)) | 0;
      y[i] = clamp(rshift(r0, 14 + shift), limit);
      y[i + 1] = clamp(rshift(r1, 14 + shift), limit);
    }
  }

  /** One query head over positions 0..position; its mixture of values goes to t. */
  private attend(n: number, head: number, position: number): void {
    const { heads, kvHeads, headSize } = this.shape;
    const { y, t, scores } = this;
    const kvWidth = kvHeads * headSize;
    const kvAt = Math.floor(head / (heads / kvHeads)) * headSize;
    const qAt = head * headSize;
    const keys = this.keys[n];
    const values = this.values[n];
    let largest = -0x80000000;
    for (let j = 0; j <= position; j++) {
      const at = j * kvWidth + kvAt;
      let score = 0;
      for (let d = 0; d < headSize; d++) score += y[qAt + d] * keys[at + d];
      scores[j] = score;
      if (score > largest) largest = score;
    }
    const sum = this.scoresToWeights(n, position, largest);
    const LS = bitlen(sum);
    const S16 = LS >= 16 ? sum >>> (LS - 16) : sum << (16 - LS);
    const R = Math.floor(0x3fffffff / S16);
    for (let d = 0; d < headSize; d++) {
      let o = 0;
      for (let j = 0; j <= position; j++) o += scores[j] * values[j * kvWidth + kvAt + d];
      t[qAt + d] = rshift(Math.imul(rshift(o, Math.max(LS - 8, 0)), R), 14);
    }
  }

  private scoresToWeights(n: number, position: number, largest: number): number {
    const { scores } = this;
    const { scoreMul, scoreShift } = this.model.layers[n].constants;
    const exp = this.model.tables.exp;
    let sum = 0;
    for (let j = 0; j <= position; j++) {
      const step = rshiftUnsigned(Math.imul(largest - scores[j], scoreMul), scoreShift);
      scores[j] = exp[Math.min(step, exp.length - 1)];
      sum += scores[j];
    }
    return sum;
  }

  private feedForwardBlock(n: number, tap?: Tap): void {
    const { hidden, family } = this.shape;
    const { y, t, activated } = this;
    const { ffnNorm, w13, w2, constants } = this.model.layers[n];
    const { fz } = constants;
    this.norm(ffnNorm);
    tapVector(tap, n, this.normed);
    matvec(y, w13, this.normed, fz);
    for (let r = 0; r < w13.rows; r++) y[r] = clamp(y[r], 32767);
    tap?.(n, 'ffn', 'z', y.subarray(0, w13.rows), 2 ** -fz);
    for (let i = 0; i < hidden; i++) {
      const silu = rshift(Math.imul(y[i], this.sigma(y[i], fz)), 15);
      t[i] = family === 'llama' ? Math.imul(silu, y[hidden + i]) : silu;
    }
    const fraction = family === 'llama' ? 2 * fz : fz;
    tap?.(n, 'ffn', 't', t.subarray(0, hidden), 2 ** -fraction);
    quantize(activated, t, hidden, fraction);
    this.addBranch(w2, activated);
    tap?.(n, 'ffn', 'x', this.x, this.residualScale);
  }

  private sigma(z: number, fz: number): number {
    const index = (fz >= 6 ? rshift(z, fz - 6) : z << (6 - fz)) + 512;
    return this.model.tables.sigma[Math.min(Math.max(index, 0), 1023)];
  }

  private addBranch(w: QuantizedMatrix, a: ScaledVector): void {
    const { x, branch } = this;
    matvec(branch, w, a, this.model.residualFraction);
    for (let i = 0; i < x.length; i++) x[i] += branch[i];
  }
}

function embed(x: Int32Array, w: QuantizedMatrix, token: number, fraction: number): void {
  const { columns, weights, rowScales, groupScales, exponent } = w;
  const groups = Math.ceil(columns / groupSize);
  for (let i = 0; i < columns; i++) {
    const group = groupScales?.[token * groups + Math.floor(i / groupSize)] ?? 1;
    const scaled = Math.imul(Math.imul(weights[token * columns + i], group), rowScales[token]);
    x[i] = rshift(scaled, exponent - fraction);
  }
}

function scaledVector(n: number): ScaledVector {
  return { values: new Int8Array(n), multiplier: 0, exponent: 0 };
}

function tapVector(
  tap: Tap | undefined,
  layer: number,
  { values, multiplier, exponent }: ScaledVector,
): void {
  tap?.(layer, 'norm', 'a', Int32Array.from(values), multiplier * 2 ** -exponent);
}
