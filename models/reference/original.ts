/**
 * The original Starmind's forward pass as its device computes it, quirks included: mode `device`. Beside it `fast` (its
 * approximations without its cache mistakes) and `exact` (true functions; what `FloatModel` computes for one head).
 * Double precision; a model of what the published program does, for comparing, never for generating with ours.
 *
 * What `device` does differently from the mathematics:
 * - e^x is a polynomial of degree 4, constant beyond +-10; 1/(1 + e^-x) and the square root (two Newton steps) follow from it;
 * - a prompt of several tokens is computed at once; positions that a query may not see have the score -1e9, which the polynomial
 *   turns into 4.54e-5 each in the denominator of the softmax, though their values are not added;
 * - a single token on a filled cache is appended to it first and then added again: it enters softmax and sum twice;
 * - several tokens on a filled cache neither read nor empty it, but append to it.
 */
import type { ModelConfig } from '../config.ts';
import { ModelError } from '../errors.ts';
import type { Tensor } from '../tensors/safetensors.ts';
import type { LanguageModel } from './taps.ts';

export const originalModes = ['exact', 'fast', 'device'] as const;
export type OriginalMode = (typeof originalModes)[number];

const farBelow = 4.53999e-5;

/** The device's e^x: right near 0, at least 0.27, 291 at -10, and 4.54e-5 below. */
export function fastExp(x: number): number {
  if (x > 10) return 22026.4658;
  if (x < -10) return farBelow;
  return 1 + x + x ** 2 / 2 + x ** 3 / 6 + x ** 4 / 24;
}

/** The device's logistic function: 0.75 at 2, 0.42 at 3, 0.07 at 5, 1 above 10. */
export function fastSigmoid(x: number): number {
  if (x > 10) return 0.9999546;
  if (x < -10) return 4.53979e-5;
  return 1 / (1 + fastExp(-x));
}

/** The device's square root: within 1 % from 0.1 to 12, 125 times too large at 1e-6. */
export function fastSqrt(x: number): number {
  if (x <= 0) return 0;
  let guess = x >= 1 ? x / 2 : 2 * x;
  for (let step = 0; step < 2; step++) guess = (guess + x / guess) / 2;
  return guess;
}

interface Functions {
  exp(x: number): number;
  sigmoid(x: number): number;
  sqrt(x: number): number;
}

const exactFunctions: Functions = { exp: Math.exp, sigmoid: (x) => 1 / (1 + Math.exp(-x)), sqrt: Math.sqrt };
const fastFunctions: Functions = { exp: fastExp, sigmoid: fastSigmoid, sqrt: fastSqrt };

interface Cache {
  keys: Float64Array[];
  values: Float64Array[];
}

export class OriginalModel implements LanguageModel {
  readonly mode: OriginalMode;
  readonly vocabulary: number;
  readonly context: number;
  readonly logitScale = 1;
  private readonly config: ModelConfig;
  private readonly tensors: ReadonlyMap<string, Tensor>;
  private readonly functions: Functions;
  private cache: Cache[];

  /** @throws ModelError for a model of another family, or with true heads, which the original never had. */
  constructor(
    { config, tensors }: { config: ModelConfig; tensors: ReadonlyMap<string, Tensor> },
    mode: OriginalMode,
  ) {
    if (config.family !== 'starmind' || config.heads !== 1 || config.headSize !== config.dim) {
      throw new ModelError('the original forward pass is for starmind models with one head of full width');
    }
    this.config = config;
    this.tensors = tensors;
    this.mode = mode;
    this.functions = mode === 'exact' ? exactFunctions : fastFunctions;
    this.vocabulary = config.vocabulary;
    this.context = config.context;
    this.cache = this.emptyCache();
  }

  clearCache(): void {
    this.cache = this.emptyCache();
  }

  /** One token; position 0 begins anew. */
  forward(token: number, position: number): Float32Array {
    if (position === 0) this.clearCache();
    return Float32Array.from(this.feed([token]));
  }

  /**
   * The tokens together, as the original's `forward`: a token id out of range is taken for 3.
   * @returns logits after the last token (vocabulary)
   */
  feed(tokens: readonly number[]): Float64Array {
    const { dim, layers, vocabulary } = this.config;
    const embedding = this.tensor('embed_tokens');
    const xs = tokens.map((token) => {
      const row = token >= 0 && token < vocabulary ? token : 3;
      return Float64Array.from(embedding.subarray(row * dim, (row + 1) * dim));
    });
    for (let n = 0; n < layers; n++) {
      this.attentionBlock(n, xs);
      for (const x of xs) this.feedForwardBlock(n, x);
    }
    return this.multiply('embed_tokens', this.norm(xs.at(-1)!, 'norm'));
  }

  private emptyCache(): Cache[] {
    return Array.from({ length: this.config.layers }, () => ({ keys: [], values: [] }));
  }

  private tensor(name: string): Float32Array {
    return this.tensors.get(`${name}.weight`)!.data;
  }

  private attentionBlock(n: number, xs: Float64Array[]): void {
    const prefix = `layers.${n}`;
    const normed = xs.map((x) => this.norm(x, `${prefix}.input_norm`));
    const make = (kind: string) => normed.map((a) => this.multiply(`${prefix}.attention.${kind}`, a));
    const [queries, keys, values] = [make('q'), make('k'), make('v')];
    const cache = this.cache[n];
    const before = cache.keys.length;
    cache.keys.push(...keys);
    cache.values.push(...values);
    const isDevice = this.mode === 'device';
    const readsCache = isDevice ? xs.length === 1 && before > 0 : true;
    queries.forEach((query, i) => {
      const mixed = readsCache
        ? this.attend(
            query,
            this.seen(cache.keys, before + i, keys[i]),
            this.seen(cache.values, before + i, values[i]),
            0,
          )
        : this.attend(query, keys.slice(0, i + 1), values.slice(0, i + 1), isDevice ? xs.length - 1 - i : 0);
      add(xs[i], this.multiply(`${prefix}.attention.o`, mixed));
    });
  }

  /** What the cache has up to this position; on the device the token's own comes a second time. */
  private seen(cached: readonly Float64Array[], position: number, own: Float64Array): Float64Array[] {
    const upTo = cached.slice(0, position + 1);
    return this.mode === 'device' ? [...upTo, own] : upTo;
  }

  /** @param hidden later positions of the same call, scored -1e9 */
  private attend(
    query: Float64Array,
    keys: Float64Array[],
    values: Float64Array[],
    hidden: number,
  ): Float64Array {
    const { exp, sqrt } = this.functions;
    const root = sqrt(query.length);
    const scores = keys.map((key) => dot(query, key) / root);
    const largest = Math.max(...scores);
    const weights = scores.map((score) => exp(score - largest));
    const total = weights.reduce((sum, weight) => sum + weight, 0) + hidden * exp(-1e9 - largest);
    const mixed = new Float64Array(query.length);
    values.forEach((value, j) => {
      for (let d = 0; d < mixed.length; d++) mixed[d] += (weights[j] / total) * value[d];
    });
    return mixed;
  }

  private feedForwardBlock(n: number, x: Float64Array): void {
    const { sigmoid } = this.functions;
    const z = this.multiply(`layers.${n}.ffn.up`, this.norm(x, `layers.${n}.post_norm`));
    add(
      x,
      this.multiply(
        `layers.${n}.ffn.down`,
        z.map((value) => value * sigmoid(value)),
      ),
    );
  }

  private norm(x: Float64Array, gain: string): Float64Array {
    const gains = this.tensor(gain);
    const mean = x.reduce((sum, value) => sum + value, 0) / x.length;
    const variance = x.reduce((sum, value) => sum + (value - mean) ** 2, 0) / x.length;
    const root = this.functions.sqrt(variance + this.config.normEps);
    return x.map((value, i) => ((value - mean) / root) * gains[i]);
  }

  /** W (rows, columns) @ a (columns) -> (rows) */
  private multiply(name: string, a: Float64Array): Float64Array {
    const weights = this.tensor(name);
    const rows = weights.length / a.length;
    return Float64Array.from({ length: rows }, (_, r) =>
      dot(a, weights.subarray(r * a.length, (r + 1) * a.length)),
    );
  }
}

/**
 * The original's choice of the next token.
 * @param random 0..1; the device takes (nanoseconds mod 10000) / 10000
 * @returns the first of the largest logits for a temperature of 0 or less; the last id when no sum exceeds `random`, so always for NaN
 */
export function sampleOriginal(logits: ArrayLike<number>, temperature: number, random: number): number {
  const values = Array.from(logits);
  if (temperature <= 0) return values.indexOf(Math.max(...values));
  const largest = Math.max(...values) / temperature;
  const weights = values.map((value) => fastExp(value / temperature - largest));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let cumulative = 0;
  const chosen = weights.findIndex((weight) => {
    cumulative += weight / total;
    return cumulative > random;
  });
  return chosen < 0 ? values.length - 1 : chosen;
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

function add(x: Float64Array, branch: Float64Array): void {
  for (let i = 0; i < x.length; i++) x[i] += branch[i];
}
