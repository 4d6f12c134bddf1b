/**
 * Texts that a model writes, many at a time: matrix products over all of them together in TensorFlow.js, attention text by text with
 * a key-value cache in plain arrays. The same seed gives the same texts on the same backend.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { ModelConfig } from '../config.ts';
import { Random } from '../corpus/random.ts';
import type { BpeTokenizer } from '../tokenizer/index.ts';
import { toTensors } from './parameters.ts';
import type { Teacher } from './teach.ts';

export interface WritingOptions {
  count: number;
  seed: number;
  /** @default 1: the distribution that the model learned */
  temperature?: number;
  /** Texts written side by side. @default 128 */
  together?: number;
}

interface Layer {
  inputNorm: Float32Array;
  postNorm: Float32Array;
  /** (dim, q then k then v) */
  qkv: tf.Tensor2D;
  o: tf.Tensor2D;
  /** llama: (dim, gate then up); starmind: (dim, up) */
  up: tf.Tensor2D;
  down: tf.Tensor2D;
  /** (texts, kvHeads, context, headSize) */
  keys: Float32Array;
  values: Float32Array;
}

/** One text in the making. */
interface Slot {
  ids: number[];
  random: Random;
  index: number;
}

/** Yields the texts in the order in which they end; those that fill the context without an end are cut there. */
export function* writeTexts(
  teacher: Teacher & { tokenizer: BpeTokenizer },
  { count, seed, temperature = 1, together = 128 }: WritingOptions,
): Generator<string> {
  const { tokenizer, config } = teacher;
  const ends = new Set([tokenizer.eos, tokenizer.storyEnd].filter((id) => id !== null));
  const first = tokenizer.bos ?? tokenizer.encode(' ')[0] ?? 0;
  let begun = 0;
  const begin = (): Slot => ({ ids: [first], random: new Random(seed * 1_000_003 + begun), index: begun++ });
  const writer = new Writer(teacher, Math.min(together, count));
  const slots: (Slot | null)[] = Array.from({ length: Math.min(together, count) }, begin);
  try {
    while (slots.some((slot) => slot !== null)) {
      const logits = writer.forward(slots.map((slot) => slot?.ids ?? null));
      for (let i = 0; i < slots.length; i++) {
        const slot = slots[i];
        if (slot === null) continue;
        const row = logits.subarray(i * config.vocabulary, (i + 1) * config.vocabulary);
        const id = draw(row, temperature, slot.random);
        if (!ends.has(id)) slot.ids.push(id);
        if (!ends.has(id) && slot.ids.length < config.context) continue;
        yield tokenizer.decodeText(slot.ids);
        slots[i] = begun < count ? begin() : null;
      }
    }
  } finally {
    writer.dispose();
  }
}

/** Draws from softmax(logits / temperature). */
function draw(logits: Float32Array, temperature: number, random: Random): number {
  let largest = Number.NEGATIVE_INFINITY;
  for (const logit of logits) largest = Math.max(largest, logit);
  let sum = 0;
  const weights = new Float64Array(logits.length);
  for (let id = 0; id < logits.length; id++) {
    weights[id] = Math.exp((logits[id] - largest) / temperature);
    sum += weights[id];
  }
  let target = random.float() * sum;
  for (let id = 0; id < logits.length; id++) {
    target -= weights[id];
    if (target < 0) return id;
  }
  return logits.length - 1;
}

class Writer {
  private readonly config: ModelConfig;
  private readonly texts: number;
  private readonly embedding: Float32Array; // (vocabulary, dim)
  private readonly output: tf.Tensor2D; // (dim, vocabulary)
  private readonly finalNorm: Float32Array;
  private readonly layers: Layer[];
  private readonly rope: Float32Array; // (context, headSize / 2, 2)
  private readonly scores: Float32Array;

  constructor({ config, parameters }: Teacher, texts: number) {
    this.config = config;
    this.texts = texts;
    const { layers, kvHeads, headSize, context, tied, family, ropeTheta } = config;
    const tensors = toTensors(config, parameters);
    const data = (name: string) => tensors.get(name)!.data;
    /** Rows of several matrices below each other, as one (dim, rows). */
    const side = (...names: string[]): tf.Tensor2D => {
      const all = Float32Array.from(names.flatMap((name) => [...data(name)]));
      const columns = tensors.get(names[0])!.shape[1];
      return tf.tidy(() => tf.transpose(tf.tensor2d(all, [all.length / columns, columns])) as tf.Tensor2D);
    };
    this.embedding = data('embed_tokens.weight');
    this.output = side(tied ? 'embed_tokens.weight' : 'output.weight');
    this.finalNorm = data('norm.weight');
    const cache = () => new Float32Array(texts * context * kvHeads * headSize);
    this.layers = Array.from({ length: layers }, (_, n) => {
      const at = `layers.${n}`;
      const ups = family === 'llama' ? [`${at}.ffn.gate.weight`] : [];
      return {
        inputNorm: data(`${at}.input_norm.weight`),
        postNorm: data(`${at}.post_norm.weight`),
        qkv: side(...['q', 'k', 'v'].map((name) => `${at}.attention.${name}.weight`)),
        o: side(`${at}.attention.o.weight`),
        up: side(...ups, `${at}.ffn.up.weight`),
        down: side(`${at}.ffn.down.weight`),
        keys: cache(),
        values: cache(),
      };
    });
    this.rope = new Float32Array(family === 'llama' ? context * headSize : 0);
    for (let at = 0; at < this.rope.length; at += 2) {
      const angle = Math.floor(at / headSize) * ropeTheta ** -((at % headSize) / headSize);
      this.rope.set([Math.cos(angle), Math.sin(angle)], at);
    }
    this.scores = new Float32Array(context);
  }

  dispose(): void {
    this.output.dispose();
    for (const { qkv, o, up, down } of this.layers) for (const tensor of [qkv, o, up, down]) tensor.dispose();
  }

  /** Logits (texts, V) after the last token of each text; rows of absent texts mean nothing. */
  forward(texts: readonly (readonly number[] | null)[]): Float32Array {
    const { dim, family, hidden, heads, kvHeads, headSize } = this.config;
    const x = new Float32Array(this.texts * dim);
    texts.forEach((ids, i) => {
      if (ids !== null) x.set(this.embedding.subarray(ids.at(-1)! * dim, (ids.at(-1)! + 1) * dim), i * dim);
    });
    const width = (heads + 2 * kvHeads) * headSize;
    for (const layer of this.layers) {
      const y = times(this.norm(x, layer.inputNorm), layer.qkv);
      const mixed = new Float32Array(this.texts * heads * headSize);
      texts.forEach((ids, i) => {
        if (ids === null) return;
        const row = y.subarray(i * width, (i + 1) * width);
        this.attend(layer, i, ids.length - 1, row, mixed.subarray(i * heads * headSize));
      });
      addTo(x, times(mixed, layer.o));
      const z = times(this.norm(x, layer.postNorm), layer.up);
      addTo(x, times(family === 'llama' ? gated(z, hidden) : z.map(silu), layer.down));
    }
    return times(this.norm(x, this.finalNorm), this.output);
  }

  /** @param y query, key and value of the token at `position`; the query is scaled here */
  private attend(layer: Layer, text: number, position: number, y: Float32Array, mixed: Float32Array): void {
    const { heads, kvHeads, headSize, context } = this.config;
    const { rope, scores } = this;
    const turned = rope.length === 0 ? 0 : (heads + kvHeads) * headSize;
    for (let i = 0; i < turned; i += 2) {
      const at = position * headSize + (i % headSize);
      const [a, b] = [y[i], y[i + 1]];
      y[i] = a * rope[at] - b * rope[at + 1];
      y[i + 1] = a * rope[at + 1] + b * rope[at];
    }
    const place = (head: number) => (text * kvHeads + head) * context * headSize;
    for (let head = 0, at = heads * headSize; head < kvHeads; head++, at += headSize) {
      const to = place(head) + position * headSize;
      layer.keys.set(y.subarray(at, at + headSize), to);
      layer.values.set(y.subarray(at + kvHeads * headSize, at + (kvHeads + 1) * headSize), to);
    }
    const scale = 1 / Math.sqrt(headSize);
    for (let head = 0; head < heads; head++) {
      const at = place(Math.floor((head * kvHeads) / heads));
      const q = y.subarray(head * headSize, (head + 1) * headSize);
      const out = mixed.subarray(head * headSize, (head + 1) * headSize);
      attendHead({ q, out, scores, keys: layer.keys, values: layer.values, at, position, scale });
    }
  }

  private norm(x: Float32Array, gain: Float32Array): Float32Array {
    const { dim, family, normEps } = this.config;
    const out = new Float32Array(x.length);
    for (let row = 0; row < x.length; row += dim) {
      let [mean, squares] = [0, 0];
      if (family === 'starmind') for (let i = 0; i < dim; i++) mean += x[row + i] / dim;
      for (let i = 0; i < dim; i++) squares += (x[row + i] - mean) ** 2;
      const inverse = 1 / Math.sqrt(squares / dim + normEps);
      for (let i = 0; i < dim; i++) out[row + i] = (x[row + i] - mean) * inverse * gain[i];
    }
    return out;
  }
}

interface HeadWork {
  q: Float32Array; // (headSize)
  out: Float32Array; // (headSize)
  scores: Float32Array; // at least (position + 1)
  keys: Float32Array;
  values: Float32Array;
  /** Where the key and the value of position 0 lie; the next positions follow. */
  at: number;
  position: number;
  scale: number;
}

/** out = sum over positions of softmax(q . key * scale) * value. */
function attendHead({ q, out, scores, keys, values, at, position, scale }: HeadWork): void {
  let largest = Number.NEGATIVE_INFINITY;
  for (let j = 0, k = at; j <= position; j++, k += q.length) {
    scores[j] = dot(q, keys, k) * scale;
    if (scores[j] > largest) largest = scores[j];
  }
  let sum = 0;
  for (let j = 0; j <= position; j++) {
    scores[j] = Math.exp(scores[j] - largest);
    sum += scores[j];
  }
  for (let j = 0; j <= position; j++) scores[j] /= sum;
  for (let d = 0; d < q.length; d += 2) {
    let [even, odd] = [0, 0];
    for (let j = 0, v = at + d; j <= position; j++, v += q.length) {
      even += scores[j] * values[v];
      odd += scores[j] * values[v + 1];
    }
    out[d] = even;
    if (d + 1 < q.length) out[d + 1] = odd;
  }
}

/** q . keys[at ..]. Eight products at a time: most heads are that wide, and a loop of eight costs twice as much. */
function dot(q: Float32Array, keys: Float32Array, at: number): number {
  let sum = 0;
  let d = 0;
  for (; d + 8 <= q.length; d += 8) {
    const k = at + d;
    sum +=
      q[d] * keys[k] +
      q[d + 1] * keys[k + 1] +
      q[d + 2] * keys[k + 2] +
      q[d + 3] * keys[k + 3] +
      (q[d + 4] * keys[k + 4] + q[d + 5] * keys[k + 5] + q[d + 6] * keys[k + 6] + q[d + 7] * keys[k + 7]);
  }
  for (; d < q.length; d++) sum += q[d] * keys[at + d];
  return sum;
}

/** a (rows, k) times w (k, n). */
function times(a: Float32Array, w: tf.Tensor2D): Float32Array {
  const given = tf.tensor2d(a, [a.length / w.shape[0], w.shape[0]]);
  const product = tf.matMul(given, w);
  // Not returned from a tidy: that would search the array for tensors, element by element.
  const values = product.dataSync() as Float32Array;
  tf.dispose([given, product]);
  return values;
}

function addTo(x: Float32Array, y: Float32Array): void {
  for (let i = 0; i < x.length; i++) x[i] += y[i];
}

const silu = (z: number): number => z / (1 + Math.exp(-z));

/** SiLU(gate) * up of rows (gate, up). */
function gated(z: Float32Array, hidden: number): Float32Array {
  const out = new Float32Array(z.length / 2);
  for (let i = 0; i < out.length; i++) {
    const at = 2 * hidden * Math.floor(i / hidden) + (i % hidden);
    out[i] = silu(z[at]) * z[at + hidden];
  }
  return out;
}
