/**
 * What the float model's intermediate values look like on real text: ranges choose the fixed-point fractions, mean squares
 * weigh the columns' rounding errors.
 */
import type { Checkpoint } from '../checkpoint.ts';
import type { ModelConfig } from '../config.ts';
import { FloatModel } from '../reference/float.ts';
import { Rng } from '../reference/rng.ts';
import type { Phase, Tap } from '../reference/taps.ts';
import { mostCompensatedColumns, SecondMoments } from './compensate.ts';
import { PairPeaks } from './pair-rotation.ts';

/** Running statistics of one vector, per element. */
export class ChannelStats {
  readonly largest: Float64Array;
  private readonly sums: Float64Array;
  private readonly squares: Float64Array;
  private count = 0;

  constructor(channels: number) {
    this.largest = new Float64Array(channels);
    this.sums = new Float64Array(channels);
    this.squares = new Float64Array(channels);
  }

  add(values: ArrayLike<number>): void {
    for (let i = 0; i < this.largest.length; i++) {
      const value = values[i];
      if (Math.abs(value) > this.largest[i]) this.largest[i] = Math.abs(value);
      this.sums[i] += value;
      this.squares[i] += value * value;
    }
    this.count++;
  }

  /** Mean square of each element. */
  get meanSquares(): Float64Array {
    return this.squares.map((sum) => sum / Math.max(1, this.count));
  }

  /** Variance of each element. */
  get variances(): Float64Array {
    const count = Math.max(1, this.count);
    return this.squares.map((sum, i) => Math.max(0, sum / count - (this.sums[i] / count) ** 2));
  }

  /** Largest magnitude of all elements. */
  get peak(): number {
    return this.largest.reduce((a, b) => Math.max(a, b), 0);
  }
}

export interface LayerStats {
  attentionInput: ChannelStats; // normed (dim)
  q: ChannelStats; // after rotation
  k: ChannelStats; // after rotation
  v: ChannelStats;
  /** Pairs of q and of k, by the key-value head's pair they belong to (kvHeads * headSize / 2). */
  qPairs: PairPeaks;
  kPairs: PairPeaks;
  mixed: ChannelStats; // attention result, input of wo
  ffnInput: ChannelStats; // normed (dim)
  z: ChannelStats; // gate then up, or up
  activated: ChannelStats; // input of w2 (hidden)
  /** Of the four matrices' inputs, when asked for. */
  moments?: Record<'attentionInput' | 'mixed' | 'ffnInput' | 'activated', SecondMoments>;
}

export interface CalibrationStats {
  layers: LayerStats[];
  residual: ChannelStats; // x at every stage (dim)
  finalInput: ChannelStats; // normed input of the output matrix (dim)
  finalMoments?: SecondMoments;
  /** Largest difference between the best and the worst logit of one position. */
  logitSpread: number;
}

/**
 * Runs the float model over the sequences, or, for a checkpoint that brings none, over text of its own: sampled at temperature 1
 * from BOS (without one, from tokens spread over the vocabulary). Deterministic.
 * @param needMoments also collects the inputs' second moments, for rounding with error compensation
 */
export function calibrate(
  checkpoint: Checkpoint,
  sequences?: readonly number[][],
  needMoments = false,
): CalibrationStats {
  const { config } = checkpoint;
  const stats = emptyStats(config, needMoments);
  const model = new FloatModel(checkpoint);
  const tap = collector(stats, config);
  const step = (token: number, position: number): Float32Array => {
    const logits = model.forward(token, position, tap);
    stats.logitSpread = Math.max(stats.logitSpread, spread(logits));
    return logits;
  };
  for (const sequence of sequences ?? []) sequence.slice(0, config.context).forEach(step);
  // Second moments need more text than ranges do, and the model's own serves.
  if (sequences === undefined || needMoments) ownText(checkpoint, step);
  return stats;
}

function spread(logits: Float32Array): number {
  let [least, most] = [logits[0], logits[0]];
  for (const logit of logits) {
    if (logit > most) most = logit;
    if (logit < least) least = logit;
  }
  return most - least;
}

const ownSequences = 12;
const ownLength = 192;

function ownText(
  { config, tokenizer }: Checkpoint,
  step: (token: number, position: number) => Float32Array,
): void {
  const rng = new Rng(1);
  for (let i = 0; i < ownSequences; i++) {
    let token = tokenizer.bos ?? Math.floor((i * config.vocabulary) / ownSequences);
    for (let position = 0; position < Math.min(config.context, ownLength); position++) {
      token = sampleFloat(step(token, position), rng);
    }
  }
}

function emptyStats(config: ModelConfig, needMoments: boolean): CalibrationStats {
  const { layers, dim, hidden, heads, kvHeads, headSize, family } = config;
  const momentsOf = (columns: number) => new SecondMoments(columns > mostCompensatedColumns ? 0 : columns);
  return {
    layers: Array.from({ length: layers }, () => ({
      attentionInput: new ChannelStats(dim),
      q: new ChannelStats(heads * headSize),
      k: new ChannelStats(kvHeads * headSize),
      v: new ChannelStats(kvHeads * headSize),
      qPairs: new PairPeaks(Math.floor((kvHeads * headSize) / 2)),
      kPairs: new PairPeaks(Math.floor((kvHeads * headSize) / 2)),
      mixed: new ChannelStats(heads * headSize),
      ffnInput: new ChannelStats(dim),
      z: new ChannelStats(family === 'llama' ? 2 * hidden : hidden),
      activated: new ChannelStats(hidden),
      moments: needMoments
        ? {
            attentionInput: momentsOf(dim),
            mixed: momentsOf(heads * headSize),
            ffnInput: momentsOf(dim),
            activated: momentsOf(hidden),
          }
        : undefined,
    })),
    residual: new ChannelStats(dim),
    finalInput: new ChannelStats(dim),
    finalMoments: needMoments ? momentsOf(dim) : undefined,
    logitSpread: 0,
  };
}

function collector(stats: CalibrationStats, config: ModelConfig): Tap {
  let attentionNormDone = -1;
  return (n, phase, tensor, values) => {
    if (tensor === 'x') stats.residual.add(values);
    else if (n < 0 && phase === 'norm') {
      stats.finalInput.add(values);
      stats.finalMoments?.add(values);
    } else if (n >= 0 && phase === 'norm') {
      const second = attentionNormDone === n;
      attentionNormDone = second ? -1 : n;
      addInput(stats.layers[n], second ? 'ffnInput' : 'attentionInput', values);
    } else if (n >= 0) addInner(stats.layers[n], phase, tensor, values, config);
  };
}

function addInput(
  layer: LayerStats,
  input: 'attentionInput' | 'mixed' | 'ffnInput' | 'activated',
  values: ArrayLike<number>,
): void {
  layer[input].add(values);
  layer.moments?.[input].add(values);
}

function addInner(
  layer: LayerStats,
  phase: Phase,
  tensor: string,
  values: ArrayLike<number>,
  config: ModelConfig,
): void {
  if (phase === 'attention') addInput(layer, 'mixed', values);
  else if (phase === 'ffn' && tensor === 't') addInput(layer, 'activated', values);
  else if (phase === 'ffn') layer.z.add(values);
  else if (phase === 'rope') {
    layer[tensor as 'q' | 'k' | 'v'].add(values);
    if (config.family === 'llama' && tensor !== 'v') addPairs(layer, tensor as 'q' | 'k', values, config);
  }
}

function addPairs(
  { qPairs, kPairs }: LayerStats,
  tensor: 'q' | 'k',
  values: ArrayLike<number>,
  { heads, kvHeads, headSize }: ModelConfig,
): void {
  const group = tensor === 'q' ? heads / kvHeads : 1;
  const pairs = tensor === 'q' ? qPairs : kPairs;
  for (let i = 0; i < values.length; i += 2) {
    const kv = Math.floor(Math.floor(i / headSize) / group);
    pairs.add((kv * headSize + (i % headSize)) / 2, values[i], values[i + 1]);
  }
}

function sampleFloat(logits: Float32Array, rng: Rng): number {
  let most = logits[0];
  for (const logit of logits) if (logit > most) most = logit;
  let total = 0;
  const weights = Float64Array.from(logits, (logit) => {
    const weight = Math.exp(logit - most);
    total += weight;
    return weight;
  });
  let remaining = (rng.next() / 2 ** 32) * total;
  for (let id = 0; id < weights.length; id++) {
    remaining -= weights[id];
    if (remaining < 0) return id;
  }
  return weights.length - 1;
}
