/**
 * The float reference: the model as it was trained, token by token with a key-value cache. The oracle for quality, never for
 * bits. `llama` follows llama2.c (RMSNorm, interleaved rotary pairs, SwiGLU); `starmind` is LayerNorm without bias, no
 * positions, and a SiLU feed-forward.
 */
import { checkTensors } from '../checkpoint.ts';
import { checkConfig, type ModelConfig } from '../config.ts';
import type { Tensor } from '../tensors/safetensors.ts';
import { checkTokenAndPosition } from './bounds.ts';
import type { LanguageModel, Tap } from './taps.ts';

interface FloatLayer {
  inputNorm: Float32Array; // (dim)
  q: Float32Array; // (heads * headSize, dim)
  k: Float32Array; // (kvHeads * headSize, dim)
  v: Float32Array; // (kvHeads * headSize, dim)
  o: Float32Array; // (dim, heads * headSize)
  postNorm: Float32Array; // (dim)
  gate?: Float32Array; // (hidden, dim), llama only
  up: Float32Array; // (hidden, dim)
  down: Float32Array; // (dim, hidden)
  keys: Float32Array; // (context, kvHeads * headSize)
  values: Float32Array; // (context, kvHeads * headSize)
}

/** The float reference: the forward pass of a checkpoint in 32-bit floats. An oracle for quality only, never for bits. */
export class FloatModel implements LanguageModel {
  readonly config: ModelConfig;
  readonly vocabulary: number;
  readonly context: number;
  readonly logitScale = 1;
  private readonly embedding: Float32Array; // (vocabulary, dim)
  private readonly output: Float32Array; // (vocabulary, dim)
  private readonly finalNorm: Float32Array; // (dim)
  private readonly layers: FloatLayer[];
  private readonly x: Float32Array; // residual stream (dim)
  private readonly a: Float32Array; // normed input (dim)
  private readonly y: Float32Array; // q, k and v together
  private readonly mixed: Float32Array; // attention result (heads * headSize)
  private readonly z: Float32Array; // gate then up (2 hidden), or up (hidden)
  private readonly t: Float32Array; // feed-forward activation (hidden)
  private readonly branch: Float32Array; // what a block adds to x (dim)
  private readonly scores: Float32Array; // (context)
  private readonly logits: Float32Array; // (vocabulary)
  private readonly rope: Float64Array; // (context, headSize / 2, 2): cosine and sine; empty for starmind

  /** @throws ModelError when the tensors are not those of the configuration. */
  constructor({ config, tensors }: { config: ModelConfig; tensors: ReadonlyMap<string, Tensor> }) {
    this.config = checkConfig(config);
    checkTensors(config, tensors);
    const { vocabulary, dim, hidden, heads, kvHeads, headSize, context, family, tied } = config;
    const data = (name: string) => tensors.get(name)!.data;
    this.vocabulary = vocabulary;
    this.context = context;
    this.embedding = data('embed_tokens.weight');
    this.output = tied ? this.embedding : data('output.weight');
    this.finalNorm = data('norm.weight');
    this.layers = Array.from({ length: config.layers }, (_, n) => ({
      inputNorm: data(`layers.${n}.input_norm.weight`),
      q: data(`layers.${n}.attention.q.weight`),
      k: data(`layers.${n}.attention.k.weight`),
      v: data(`layers.${n}.attention.v.weight`),
      o: data(`layers.${n}.attention.o.weight`),
      postNorm: data(`layers.${n}.post_norm.weight`),
      gate: family === 'llama' ? data(`layers.${n}.ffn.gate.weight`) : undefined,
      up: data(`layers.${n}.ffn.up.weight`),
      down: data(`layers.${n}.ffn.down.weight`),
      keys: new Float32Array(context * kvHeads * headSize),
      values: new Float32Array(context * kvHeads * headSize),
    }));
    this.x = new Float32Array(dim);
    this.a = new Float32Array(dim);
    this.y = new Float32Array((heads + 2 * kvHeads) * headSize);
    this.mixed = new Float32Array(heads * headSize);
    this.z = new Float32Array(family === 'llama' ? 2 * hidden : hidden);
    this.t = new Float32Array(hidden);
    this.branch = new Float32Array(dim);
    this.scores = new Float32Array(context);
    this.logits = new Float32Array(vocabulary);
    this.rope = family === 'llama' ? ropeTable(config) : new Float64Array(0);
  }

  forward(token: number, position: number, tap?: Tap): Float32Array {
    checkTokenAndPosition(this, token, position);
    const { dim } = this.config;
    const { x, a, logits } = this;
    x.set(this.embedding.subarray(token * dim, (token + 1) * dim));
    tap?.(-1, 'embed', 'x', x, 1);
    for (let n = 0; n < this.layers.length; n++) {
      this.attentionBlock(n, position, tap);
      this.feedForwardBlock(n, tap);
    }
    this.norm(this.finalNorm);
    tap?.(-1, 'norm', 'a', a, 1);
    matvec(logits, this.output, a);
    tap?.(-1, 'logits', 'logits', logits, 1);
    return logits;
  }

  private attentionBlock(n: number, position: number, tap?: Tap): void {
    const { heads, kvHeads, headSize, family } = this.config;
    const { x, a, y, mixed, branch } = this;
    const layer = this.layers[n];
    const kvWidth = kvHeads * headSize;
    this.norm(layer.inputNorm);
    tap?.(n, 'norm', 'a', a, 1);
    const q = y.subarray(0, heads * headSize);
    const k = y.subarray(heads * headSize, heads * headSize + kvWidth);
    const v = y.subarray(heads * headSize + kvWidth);
    matvec(q, layer.q, a);
    matvec(k, layer.k, a);
    matvec(v, layer.v, a);
    tap?.(n, 'qkv', 'y', y, 1);
    if (family === 'llama') {
      this.rotate(q, position);
      this.rotate(k, position);
    }
    tap?.(n, 'rope', 'q', q, 1);
    tap?.(n, 'rope', 'k', k, 1);
    tap?.(n, 'rope', 'v', v, 1);
    layer.keys.set(k, position * kvWidth);
    layer.values.set(v, position * kvWidth);
    for (let head = 0; head < heads; head++) this.attend(layer, head, position);
    tap?.(n, 'attention', 't', mixed, 1);
    matvec(branch, layer.o, mixed);
    for (let i = 0; i < x.length; i++) x[i] += branch[i];
    tap?.(n, 'output', 'x', x, 1);
  }

  private attend(layer: FloatLayer, head: number, position: number): void {
    const { heads, kvHeads, headSize } = this.config;
    const { y, scores, mixed } = this;
    const kvWidth = kvHeads * headSize;
    const kvAt = Math.floor(head / (heads / kvHeads)) * headSize;
    const qAt = head * headSize;
    let largest = Number.NEGATIVE_INFINITY;
    for (let j = 0; j <= position; j++) {
      let dot = 0;
      for (let d = 0; d < headSize; d++) dot += y[qAt + d] * layer.keys[j * kvWidth + kvAt + d];
      scores[j] = dot / Math.sqrt(headSize);
      largest = Math.max(largest, scores[j]);
    }
    let sum = 0;
    for (let j = 0; j <= position; j++) {
      scores[j] = Math.exp(scores[j] - largest);
      sum += scores[j];
    }
    for (let d = 0; d < headSize; d++) {
      let value = 0;
      for (let j = 0; j <= position; j++) value += scores[j] * layer.values[j * kvWidth + kvAt + d];
      mixed[qAt + d] = value / sum;
    }
  }

  private feedForwardBlock(n: number, tap?: Tap): void {
    const { hidden } = this.config;
    const { x, a, z, t, branch } = this;
    const { gate, up, down, postNorm } = this.layers[n];
    this.norm(postNorm);
    tap?.(n, 'norm', 'a', a, 1);
    if (gate !== undefined) {
      matvec(z.subarray(0, hidden), gate, a);
      matvec(z.subarray(hidden), up, a);
      for (let i = 0; i < hidden; i++) t[i] = silu(z[i]) * z[hidden + i];
    } else {
      matvec(z, up, a);
      for (let i = 0; i < hidden; i++) t[i] = silu(z[i]);
    }
    tap?.(n, 'ffn', 'z', z, 1);
    tap?.(n, 'ffn', 't', t, 1);
    matvec(branch, down, t);
    for (let i = 0; i < x.length; i++) x[i] += branch[i];
    tap?.(n, 'ffn', 'x', x, 1);
  }

  /** Pairs (2i, 2i+1) of every head turn by position * ropeTheta^(-2i / headSize). */
  private rotate(vector: Float32Array, position: number): void {
    const { headSize } = this.config;
    const { rope } = this;
    for (let i = 0; i < vector.length; i += 2) {
      const at = position * headSize + (i % headSize);
      const [c, s] = [rope[at], rope[at + 1]];
      const [v0, v1] = [vector[i], vector[i + 1]];
      vector[i] = v0 * c - v1 * s;
      vector[i + 1] = v0 * s + v1 * c;
    }
  }

  /** a = norm(x) * gain. */
  private norm(gain: Float32Array): void {
    const { x, a } = this;
    const { family, normEps } = this.config;
    const n = x.length;
    let mean = 0;
    if (family === 'starmind') {
      for (let i = 0; i < n; i++) mean += x[i];
      mean /= n;
    }
    let squares = 0;
    for (let i = 0; i < n; i++) squares += (x[i] - mean) ** 2;
    const root = Math.sqrt(squares / n + normEps);
    for (let i = 0; i < n; i++) a[i] = root === 0 ? 0 : ((x[i] - mean) / root) * gain[i];
  }
}

/** W (rows, columns) @ a (columns) -> y (rows). */
function matvec(y: Float32Array, w: Float32Array, a: Float32Array): void {
  const columns = a.length;
  for (let r = 0, at = 0; r < y.length; r++) {
    let sum = 0;
    for (let k = 0; k < columns; k++, at++) sum += w[at] * a[k];
    y[r] = sum;
  }
}

function ropeTable({ context, headSize, ropeTheta }: ModelConfig): Float64Array {
  const table = new Float64Array(context * headSize);
  for (let at = 0; at < table.length; at += 2) {
    const angle = Math.floor(at / headSize) * ropeTheta ** -((at % headSize) / headSize);
    table[at] = Math.cos(angle);
    table[at + 1] = Math.sin(angle);
  }
  return table;
}

function silu(z: number): number {
  return z / (1 + Math.exp(-z));
}
