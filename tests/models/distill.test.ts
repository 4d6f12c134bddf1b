import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readCheckpoint } from '../../models/checkpoint.ts';
import type { ModelConfig } from '../../models/config.ts';
import { Random } from '../../models/corpus/index.ts';
import { FloatModel } from '../../models/reference/float.ts';
import { type BpeTokenizer, trainBpe } from '../../models/tokenizer/index.ts';
import { selectBackend } from '../../models/train/backend.ts';
import { type Batch, makeBatch, tokenize } from '../../models/train/batches.ts';
import { trainModel } from '../../models/train/index.ts';
import { crossEntropy } from '../../models/train/operations.ts';
import { initialParameters, parameterSpecs, toTensors } from '../../models/train/parameters.ts';
import { softTargets, teach } from '../../models/train/teach.ts';
import { writeTexts } from '../../models/train/write-texts.ts';

const stories = ['the cat sat on the mat', 'the cat ate the hat and sat', 'a hat sat on the cat', 'the mat'];
const tokenizer: BpeTokenizer = trainBpe({ texts: [stories.join(' ').repeat(2)], vocabulary: 48 });

const config: ModelConfig = {
  family: 'llama',
  vocabulary: tokenizer.vocabulary,
  dim: 8,
  hidden: 12,
  layers: 2,
  heads: 4,
  kvHeads: 2,
  headSize: 4,
  context: 24,
  tied: true,
  ropeTheta: 10000,
  normEps: 1e-5,
};

function randomModel(shape: ModelConfig) {
  const random = new Random(5);
  const parameters = initialParameters(parameterSpecs(shape), random).map((value) => 2 * value);
  return { config: shape, parameters, tokenizer };
}

const reference = ({ config: shape, parameters }: ReturnType<typeof randomModel>) =>
  new FloatModel({ config: shape, tensors: toTensors(shape, parameters) });

function softmax(logits: ArrayLike<number>): number[] {
  const weights = Array.from(logits, (logit) => Math.exp(logit));
  const sum = weights.reduce((a, b) => a + b);
  return weights.map((weight) => weight / sum);
}

const VOCABULARY = 7;

/** Three rows, the last of them padding, with a teacher that keeps two tokens of each. */
function taughtBatch(weight: number, shares = [40000, 20000, 65535, 0, 30000, 30000]): Batch {
  return {
    sequences: 1,
    positions: 3,
    inputs: Int32Array.of(1, 2, 3),
    targets: Int32Array.of(4, 5, 6),
    weights: Float32Array.of(1, 1, 0),
    predicted: 2,
    soft: { weight, kept: 2, ids: Uint16Array.of(4, 1, 0, 2, 3, 5), shares: Uint16Array.from(shares) },
  };
}

const someLogits = Float32Array.from({ length: 3 * VOCABULARY }, (_, i) => Math.sin(3 * i) * 1.5);

/** The loss and its gradient by the logits. */
function lossOf(logits: Float32Array, batch: Batch): { loss: number; slope: Float32Array } {
  const given = tf.tensor2d(logits, [3, VOCABULARY]);
  const { value, grad } = tf.valueAndGrad((x) => crossEntropy(x as tf.Tensor2D, batch))(given);
  return { loss: value.dataSync()[0], slope: grad.dataSync() as Float32Array };
}

beforeAll(async () => {
  await selectBackend('wasm');
});

describe('the loss of learning from a teacher', () => {
  it('is that of the text alone when the teacher counts nothing', () => {
    const batch = taughtBatch(0);
    const alone = crossEntropy(tf.tensor2d(someLogits, [3, VOCABULARY]), { ...batch, soft: undefined });
    expect(lossOf(someLogits, batch).loss).toBeCloseTo(alone.dataSync()[0], 5);
  });

  it('is zero, and so is its gradient, where the model says what the teacher says', () => {
    const shares = [0, 1].flatMap((row) => {
      const p = softmax(someLogits.subarray(row * VOCABULARY, (row + 1) * VOCABULARY));
      return (row === 0 ? [4, 1] : [0, 2]).map((id) => Math.round(65535 * p[id]));
    });
    const { loss, slope } = lossOf(someLogits, taughtBatch(1, [...shares, 0, 0]));
    expect(Math.abs(loss)).toBeLessThan(1e-6);
    expect(Math.max(...slope.map(Math.abs))).toBeLessThan(1e-4);
  });

  it('has the gradient that finite differences have, and none for padding', () => {
    for (const weight of [0, 0.3, 1]) {
      const batch = taughtBatch(weight);
      const { slope } = lossOf(someLogits, batch);
      const step = 1e-2;
      someLogits.forEach((value, i) => {
        const at = (moved: number) => lossOf(someLogits.with(i, moved), batch).loss;
        const expected = (at(value + step) - at(value - step)) / (2 * step);
        expect(Math.abs(slope[i] - expected), `${weight} ${i}`).toBeLessThan(3e-4);
      });
      expect(slope.subarray(2 * VOCABULARY).every((value) => value === 0)).toBe(true);
    }
  });
});

describe('a teacher', () => {
  const teacher = randomModel(config);
  const taught = (workers: number) => {
    const sequences = tokenize(stories, tokenizer, config.context);
    sequences.soft = softTargets(sequences, config.vocabulary, 0.5);
    const heldOut = tokenize(stories, tokenizer, config.context);
    const losses = Array.from({ length: workers }, (_, worker) =>
      teach(teacher, sequences, heldOut, { worker, workers, batchTokens: 40 }),
    );
    return { sequences, loss: losses[0] };
  };

  it('gives its likeliest tokens for every prediction, as the float reference has them', () => {
    const { sequences, loss } = taught(1);
    const { tokens, starts, soft } = sequences;
    let [nats, predicted] = [0, 0];
    for (let i = 0; i + 1 < starts.length; i++) {
      const model = reference(teacher);
      for (let t = starts[i]; t < starts[i + 1] - 1; t++) {
        const p = softmax(model.forward(tokens[t], t - starts[i]));
        const ids = [...soft!.ids.subarray(t * soft!.kept, (t + 1) * soft!.kept)];
        const likeliest = [...p.keys()].sort((a, b) => p[b] - p[a]).slice(0, soft!.kept);
        expect(new Set(ids)).toEqual(new Set(likeliest));
        ids.forEach((id, k) => {
          expect(Math.abs(soft!.shares[t * soft!.kept + k] / 65535 - p[id])).toBeLessThan(2e-5);
        });
        nats -= Math.log(p[tokens[t + 1]]);
        predicted++;
      }
    }
    expect(loss).toBeCloseTo(nats / predicted, 4);
  });

  it('says the same to two workers together as to one', () => {
    expect(taught(2)).toEqual(taught(1));
  });

  it('hands its probabilities to the batches, row by row', () => {
    const { sequences } = taught(1);
    const batch = makeBatch(sequences, [1, 2]);
    const { kept, ids } = sequences.soft!;
    const start = sequences.starts[2];
    expect(batch.soft!.ids.slice(batch.positions * kept, (batch.positions + 3) * kept)).toEqual(
      ids.slice(start * kept, (start + 3) * kept),
    );
  });

  it.each([
    ['llama', config],
    ['starmind', { ...config, family: 'starmind', heads: 2, kvHeads: 2 } as ModelConfig],
  ])('writes what the float reference would, and the same from the same seed (%s)', (_, shape) => {
    const writer = randomModel(shape);
    const model = reference(writer);
    const ids = [tokenizer.bos!];
    for (let position = 0; ids.length < shape.context; position++) {
      const logits = [...model.forward(ids[position], position)];
      const id = logits.indexOf(Math.max(...logits));
      if (id === tokenizer.eos) break;
      ids.push(id);
    }
    const greedy = [...writeTexts(writer, { count: 3, seed: 1, temperature: 1e-6, together: 2 })];
    expect(greedy).toEqual(Array(3).fill(tokenizer.decodeText(ids)));
    const write = (seed: number, together: number) =>
      [...writeTexts(writer, { count: 6, seed, together })].sort();
    expect(write(1, 4)).toEqual(write(1, 6));
    expect(write(2, 4)).not.toEqual(write(1, 4));
  });
});

describe('training with a teacher', () => {
  const folder = mkdtempSync(join(tmpdir(), 'distill-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const options = {
    preset: 'maximum-speed',
    stories: 30,
    batchTokens: 512,
    rate: 0.02,
    backend: 'wasm' as const,
    log: () => {},
  };

  it('takes over its tokenizer, reports its bits per byte, and brings the model nearer to it', async () => {
    const teacher = join(folder, 'teacher');
    const before = await trainModel({ ...options, steps: 24, out: teacher });
    const extra = join(folder, 'extra.txt');
    writeFileSync(extra, 'A text of the teacher.\n\nAnother one.');
    const out = join(folder, 'student');
    const lines: string[] = [];
    const student = { ...options, steps: 24, seed: 2, teacher, teacherWeight: 1, extra, out };
    const after = await trainModel({ ...student, workers: 2, log: (line) => lines.push(line) });
    expect(after.teacherBitsPerByte).toBeGreaterThan(0);
    expect(after.heldOutLoss).toBeLessThan(1.1 * before.heldOutLoss);
    expect(lines.some((line) => /\(teacher \d\.\d+\)/.test(line))).toBe(true);
    const [a, b] = [readCheckpoint(teacher), readCheckpoint(out)];
    expect(b.tokenizer).toEqual(a.tokenizer);
    expect((b.training as { command: string }).command).toContain(`--teacher ${teacher} --teacher-weight 1`);
  });

  it('says what is wrong with a teacher', async () => {
    const start = (teacher: string, preset = 'story-8k') =>
      trainModel({ ...options, preset, steps: 1, teacher, out: join(folder, 'none') });
    await expect(start(join(folder, 'teacher'))).rejects.toThrow(/has 64 tokens, the model is to have 192/);
    await expect(start('/nowhere')).rejects.toThrow(/nowhere/);
    await expect(
      trainModel({ ...options, steps: 1, teacherWeight: 2, out: join(folder, 'none') }),
    ).rejects.toThrow(/0 to 1, not 2/);
  });
});
