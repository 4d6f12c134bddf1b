/**
 * Stories as batches of token sequences. A story's sequence starts with BOS, as the device starts, and ends with EOS; stories
 * of similar length share a batch, so little is padding. A story longer than the context is cut; its later pieces start
 * without BOS, so that after BOS there is always a beginning.
 */
import { Random } from '../corpus/random.ts';
import type { Tokenizer } from '../tokenizer/index.ts';
import { sequenceOf, type TokenStore, TokenWriter } from './token-store.ts';

export interface Batch {
  sequences: number;
  positions: number;
  /** (sequences * positions) tokens given. */
  inputs: Int32Array;
  /** (sequences * positions) tokens to predict. */
  targets: Int32Array;
  /** 1 for tokens that count, 0 for padding. */
  weights: Float32Array;
  /** Number of tokens that count. */
  predicted: number;
  /** What a teacher says, row by row as `inputs`. */
  soft?: SoftTargets<ArrayBufferLike>;
}

/** A teacher's likeliest tokens for the prediction after each token. */
export interface SoftTargets<Memory extends ArrayBufferLike = SharedArrayBuffer> {
  /** What the teacher counts in the loss, 0 to 1; the text counts the rest. */
  weight: number;
  /** Tokens per prediction. */
  kept: number;
  /** (tokens * kept) */
  ids: Uint16Array<Memory>;
  /** (tokens * kept) probabilities times 65535. */
  shares: Uint16Array<Memory>;
}

/** Token sequences for all workers. */
export interface Sequences extends TokenStore {
  /** Bytes of the text they come from. */
  bytes: number;
  /** By token, when there is a teacher. */
  soft?: SoftTargets;
}

const LENGTH_STEP = 8;

/** A story's tokens with BOS and its end, cut into sequences of at most context + 1 tokens. */
function cut(story: number[], { bos, storyEnd }: Tokenizer, context: number): number[][] {
  const start = bos === null || story[0] === bos ? [] : [bos];
  const whole = [...start, ...story, ...(storyEnd === null ? [] : [storyEnd])];
  const cuts: number[][] = [];
  for (let at = 0; at < whole.length; at += context + 1) cuts.push(whole.slice(at, at + context + 1));
  return cuts.filter((sequence) => sequence.length >= 2);
}

/** @param memoryTokens more than these go to a temporary file (`discard` removes it) */
export function tokenize(
  stories: Iterable<string>,
  tokenizer: Tokenizer,
  context: number,
  memoryTokens?: number,
): Sequences {
  const writer = new TokenWriter(memoryTokens);
  let bytes = 0;
  for (const story of stories) {
    bytes += Buffer.byteLength(story);
    for (const sequence of cut(tokenizer.encode(story), tokenizer, context)) writer.append(sequence);
  }
  return { ...writer.finish(), bytes };
}

/** A batch of these sequences, padded to the longest. */
export function makeBatch(sequences: Sequences, members: readonly number[]): Batch {
  const { starts, soft } = sequences;
  const longest = Math.max(...members.map((i) => starts[i + 1] - starts[i] - 1));
  const positions = Math.ceil(longest / LENGTH_STEP) * LENGTH_STEP;
  const size = members.length * positions;
  const batch: Batch = {
    sequences: members.length,
    positions,
    inputs: new Int32Array(size),
    targets: new Int32Array(size),
    weights: new Float32Array(size),
    predicted: 0,
  };
  if (soft !== undefined) {
    const room = size * soft.kept;
    batch.soft = { ...soft, ids: new Uint16Array(room), shares: new Uint16Array(room) };
  }
  members.forEach((member, row) => {
    const sequence = sequenceOf(sequences, member);
    const at = row * positions;
    batch.inputs.set(sequence.subarray(0, -1), at);
    batch.targets.set(sequence.subarray(1), at);
    batch.weights.fill(1, at, at + sequence.length - 1);
    batch.predicted += sequence.length - 1;
    if (soft === undefined) return;
    const [from, to] = [starts[member] * soft.kept, (starts[member + 1] - 1) * soft.kept];
    batch.soft!.ids.set(soft.ids.subarray(from, to), at * soft.kept);
    batch.soft!.shares.set(soft.shares.subarray(from, to), at * soft.kept);
  });
  return batch;
}

/** Which sequences make up which batch, epoch after epoch; the same seed gives the same order. */
export class BatchOrder {
  private readonly sequences: Sequences;
  private readonly batchTokens: number;
  private readonly seed: number;
  private number = -1;
  private batches: number[][] = [];
  private first = 0;

  /** @param batchTokens most tokens of a batch, padding included; a single longer sequence is a batch of its own */
  constructor(sequences: Sequences, batchTokens: number, seed: number) {
    this.sequences = sequences;
    this.batchTokens = batchTokens;
    this.seed = seed;
  }

  /** Members of batch `index`, 0, 1, 2, ...; cheapest when asked in rising order. */
  members(index: number): number[] {
    if (index < this.first) this.restart();
    while (index >= this.first + this.batches.length) {
      this.first += this.batches.length;
      this.number++;
      this.batches = this.plan(new Random(this.seed + 7919 * this.number));
    }
    return this.batches[index - this.first];
  }

  /** All batches of the first epoch. */
  epoch(): number[][] {
    return this.plan(new Random(this.seed));
  }

  private restart(): void {
    this.number = -1;
    this.first = 0;
    this.batches = [];
  }

  private plan(random: Random): number[][] {
    const { starts } = this.sequences;
    const length = (i: number) => starts[i + 1] - starts[i];
    const order = random.shuffle(Array.from({ length: starts.length - 1 }, (_, i) => i));
    // Stable by length: equal lengths stay shuffled, so batches differ from epoch to epoch.
    order.sort((a, b) => length(a) - length(b));
    const batches: number[][] = [];
    let batch: number[] = [];
    for (const i of order) {
      const padded = Math.ceil((length(i) - 1) / LENGTH_STEP) * LENGTH_STEP;
      if (batch.length > 0 && padded * (batch.length + 1) > this.batchTokens) {
        batches.push(batch);
        batch = [];
      }
      batch.push(i);
    }
    if (batch.length > 0) batches.push(batch);
    return random.shuffle(batches);
  }
}
