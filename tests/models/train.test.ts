import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { readCheckpoint } from '../../models/checkpoint.ts';
import type { ModelConfig } from '../../models/config.ts';
import { Random } from '../../models/corpus/index.ts';
import { FloatModel } from '../../models/reference/float.ts';
import { trainBpe } from '../../models/tokenizer/index.ts';
import { selectBackend } from '../../models/train/backend.ts';
import { batchedMatMul } from '../../models/train/batched-matmul.ts';
import { type Batch, BatchOrder, makeBatch, tokenize } from '../../models/train/batches.ts';
import { trainModel } from '../../models/train/index.ts';
import { Network } from '../../models/train/network.ts';
import { fromTensors, initialParameters, parameterSpecs, toTensors } from '../../models/train/parameters.ts';

const llama: ModelConfig = {
  family: 'llama',
  vocabulary: 11,
  dim: 6,
  hidden: 10,
  layers: 2,
  heads: 4,
  kvHeads: 2,
  headSize: 4,
  context: 16,
  tied: true,
  ropeTheta: 10000,
  normEps: 1e-5,
};
const untied: ModelConfig = { ...llama, tied: false, kvHeads: 4 };
const starmind: ModelConfig = { ...llama, family: 'starmind', heads: 2, kvHeads: 2, normEps: 1e-6 };
const families = { llama, untied, starmind };

/** Two sequences of eight positions, the second padded. */
function someBatch({ vocabulary }: ModelConfig): Batch {
  const random = new Random(3);
  const ids = () => Int32Array.from({ length: 16 }, () => random.below(vocabulary));
  return {
    sequences: 2,
    positions: 8,
    inputs: ids(),
    targets: ids(),
    weights: Float32Array.from({ length: 16 }, (_, i) => (i < 13 ? 1 : 0)),
    predicted: 13,
  };
}

function someParameters(config: ModelConfig): Float32Array {
  const random = new Random(5);
  // Gains away from 1, and weights large enough that every path matters.
  return initialParameters(parameterSpecs(config), random).map(
    (value) => 1.5 * value + 0.1 * random.normal(),
  );
}

/** Largest difference between elements. */
function furthest(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  return Array.from(a).reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0);
}

describe('the network in TensorFlow.js', () => {
  beforeAll(async () => {
    expect((await selectBackend('wasm')).description).toMatch(/WebAssembly with SIMD/);
  });

  for (const [name, config] of Object.entries(families)) {
    it(`gives the logits of the float reference to 1e-4 (${name})`, () => {
      const parameters = someParameters(config);
      const batch = someBatch(config);
      const network = new Network(config, parameters);
      const logits = network.logits(batch);
      for (let sequence = 0; sequence < batch.sequences; sequence++) {
        const model = new FloatModel({ config, tensors: toTensors(config, parameters) });
        for (let position = 0; position < batch.positions; position++) {
          const row = sequence * batch.positions + position;
          const expected = model.forward(batch.inputs[row], position);
          const given = logits.subarray(row * config.vocabulary, (row + 1) * config.vocabulary);
          expect(furthest(given, expected)).toBeLessThan(1e-4);
        }
      }
      network.dispose();
    });

    it(`has the gradient that finite differences have (${name})`, () => {
      const parameters = someParameters(config);
      const batch = someBatch(config);
      const network = new Network(config, parameters);
      const gradient = new Float32Array(parameters.length);
      network.lossAndGradient(batch, gradient);
      const lossAt = (index: number, value: number) => {
        const moved = parameters.slice();
        moved[index] = value;
        network.assign(moved);
        return network.meanLoss(batch);
      };
      const step = 2e-3;
      for (const { name: tensor, offset, size } of network.specs) {
        for (let k = 0; k < 6; k++) {
          const index = offset + ((k * 7919) % size);
          const slope =
            (lossAt(index, parameters[index] + step) - lossAt(index, parameters[index] - step)) / (2 * step);
          expect(
            Math.abs(slope - gradient[index]),
            `${tensor} ${index}: ${slope} ${gradient[index]}`,
          ).toBeLessThan(5e-4 + 0.005 * Math.abs(slope));
        }
      }
      network.dispose();
    });
  }

  it('gives the same on the CPU backend as on WASM', async () => {
    const parameters = someParameters(llama);
    const gradients: Float32Array[] = [];
    for (const backend of ['cpu', 'wasm'] as const) {
      await selectBackend(backend);
      const network = new Network(llama, parameters);
      const gradient = new Float32Array(parameters.length);
      network.lossAndGradient(someBatch(llama), gradient);
      gradients.push(gradient);
      network.dispose();
    }
    expect(furthest(gradients[0], gradients[1])).toBeLessThan(1e-5);
  });

  it.skipIf(process.env['STARMIND_TFJS_NODE'] === undefined)(
    'gives the same on the C library of TensorFlow as on WASM',
    async () => {
      const batch = someBatch(llama);
      const parameters = someParameters(llama);
      const gradients = [new Float32Array(parameters.length), new Float32Array(parameters.length)];
      const losses: number[] = [];
      for (const [i, backend] of (['tensorflow', 'wasm'] as const).entries()) {
        expect((await selectBackend(backend)).backend).toBe(backend);
        losses.push(new Network(llama, parameters).lossAndGradient(batch, gradients[i]));
      }
      expect(Math.abs(losses[0] - losses[1])).toBeLessThan(1e-5);
      expect(furthest(gradients[0], gradients[1])).toBeLessThan(1e-5);
    },
  );

  it('leaves no tensor behind, step after step', () => {
    const network = new Network(llama, someParameters(llama));
    const gradient = new Float32Array(someParameters(llama).length);
    const step = () => {
      network.lossAndGradient(someBatch(llama), gradient);
      network.assign(someParameters(llama));
      return tf.memory().numTensors;
    };
    const after = step();
    for (let i = 0; i < 5; i++) expect(step()).toBe(after);
    network.dispose();
  });

  it('multiplies batches as tf.matMul does', () => {
    tf.tidy(() => {
      const a = tf.randomNormal([5, 7, 3], 0, 1, 'float32', 1) as tf.Tensor3D;
      const b = tf.randomNormal([5, 3, 9], 0, 1, 'float32', 2) as tf.Tensor3D;
      const expected = tf.matMul(a, b).dataSync();
      expect(furthest(batchedMatMul(a, b).dataSync(), expected)).toBeLessThan(1e-5);
    });
  });
});

describe('parameters', () => {
  it('go to checkpoint tensors and back unchanged', () => {
    for (const config of Object.values(families)) {
      const parameters = someParameters(config);
      expect(fromTensors(config, toTensors(config, parameters))).toEqual(parameters);
    }
  });
});

describe('batches', () => {
  const stories = ['a b', 'a b c d e f g h i j k l m n o p q r s t', 'b a c', 'c c c c c c c'];
  const tokenizer = trainBpe({ texts: [stories.join(' '), stories.join(' ')], vocabulary: 40 });
  const sequences = tokenize(stories, tokenizer, 16);

  it('start every story, and nothing else, with BOS, end it with EOS, and hold no more than the context', () => {
    const { tokens, starts } = sequences;
    const all = Array.from({ length: starts.length - 1 }, (_, i) => [
      ...tokens.slice(starts[i], starts[i + 1]),
    ]);
    expect(all.every((ids) => ids.length <= 17)).toBe(true);
    expect(all.filter((ids) => ids[0] === tokenizer.bos)).toHaveLength(stories.length);
    expect(all.filter((ids) => ids.at(-1) === tokenizer.eos)).toHaveLength(stories.length);
    expect(all.length).toBeGreaterThan(stories.length);
    expect(tokenizer.decodeText(all.flat())).toBe(stories.join(''));
  });

  it('predict each next token, and count no padding', () => {
    const batch = makeBatch(sequences, [0, 1]);
    const { tokens, starts } = sequences;
    const first = [...tokens.slice(starts[0], starts[1])];
    expect([...batch.inputs.slice(0, first.length - 1)]).toEqual(first.slice(0, -1));
    expect([...batch.targets.slice(0, first.length - 1)]).toEqual(first.slice(1));
    expect(batch.weights.reduce((a, b) => a + b)).toBe(batch.predicted);
  });

  it('use every sequence once an epoch, in an order that the seed decides', () => {
    const order = new BatchOrder(sequences, 20, 1);
    const epoch = order.epoch();
    const count = sequences.starts.length - 1;
    expect(epoch.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, i) => i));
    const asked = epoch.map((_, i) => order.members(i));
    expect(asked).toEqual(epoch);
    const next = order.members(epoch.length);
    expect(new BatchOrder(sequences, 20, 1).members(epoch.length)).toEqual(next);
  });
});

describe('training', () => {
  const folder = mkdtempSync(join(tmpdir(), 'train-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const options = {
    preset: 'maximum-speed',
    stories: 60,
    steps: 40,
    rate: 0.02,
    batchTokens: 1024,
    backend: 'wasm' as const,
    log: () => {},
  };

  it('lowers the loss, and gives the same weights each time, with two workers as well', async () => {
    for (const workers of [1, 2]) {
      const first = await trainModel({ ...options, workers, out: join(folder, 'a') });
      const again = await trainModel({ ...options, workers, out: join(folder, 'b') });
      const [a, b] = [readCheckpoint(join(folder, 'a')), readCheckpoint(join(folder, 'b'))];
      expect(first.heldOutLoss).toBeLessThan(4);
      expect(again.heldOutLoss).toBe(first.heldOutLoss);
      expect(b.sha256).toEqual(a.sha256);
      expect(a.calibration).toHaveLength(8);
      expect((a.training as { command: string }).command).toContain('--steps 40');
    }
  });

  it('leaves a usable checkpoint when it is stopped, and goes on from there to the same bits', async () => {
    const steps = 150;
    const whole = { ...options, steps, out: join(folder, 'whole') };
    await trainModel(whole);
    const controller = new AbortController();
    const out = join(folder, 'stopped');
    const stopEarly = {
      reportEvery: 0.05,
      log: (line: string) => line.startsWith('step') && controller.abort(),
    };
    const stopped = await trainModel({ ...whole, ...stopEarly, out, signal: controller.signal });
    expect(stopped.stopped).toBe('interrupted');
    expect(stopped.steps).toBeLessThan(steps);
    expect(readCheckpoint(out).config.vocabulary).toBe(64);
    await expect(trainModel({ ...whole, out, resume: true, seed: 2 })).rejects.toThrow(
      /is of another training/,
    );
    const resumed = await trainModel({ ...whole, out, resume: true });
    expect(resumed).toMatchObject({ stopped: 'finished', steps });
    expect(readCheckpoint(out).sha256).toEqual(readCheckpoint(whole.out).sha256);
    await expect(trainModel({ ...whole, out, resume: true })).rejects.toThrow(/nothing to resume/);
  });

  it('starts from a checkpoint, with its tokenizer, and says what came before', async () => {
    const first = join(folder, 'first');
    const before = await trainModel({ ...options, out: first });
    const out = join(folder, 'second');
    const after = await trainModel({ ...options, seed: 2, from: first, out });
    const [a, b] = [readCheckpoint(first), readCheckpoint(out)];
    expect(after.heldOutLoss).toBeLessThan(before.heldOutLoss);
    expect(b.tokenizer).toEqual(a.tokenizer);
    expect(b.training).toMatchObject({ earlier: { seed: 1, heldOutLoss: before.heldOutLoss } });
    await expect(trainModel({ ...options, preset: 'story-8k', from: first, out })).rejects.toThrow(
      /not the shape/,
    );
  });

  it('ends with a clear message when the loss is no longer a number', async () => {
    const bad = trainModel({ ...options, rate: 1e30, out: join(folder, 'bad') });
    await expect(bad).rejects.toThrow(/no longer a number at step \d+; try a lower learning rate/);
  });

  it('ends with a clear message on a full disk, and leaves the checkpoint before as it was', async () => {
    const out = join(folder, 'full');
    await trainModel({ ...options, preset: 'story-8k', steps: 2, out });
    const before = readCheckpoint(out).sha256;
    // No file may grow beyond 30 KB, a bit less than this checkpoint has.
    const command = `ulimit -f 30; exec "${process.execPath}" --import tsx models/train/main.ts --preset story-8k --steps 3 --stories 60 --backend wasm --out "${out}"`;
    const { status, stderr } = spawnSync('bash', ['-c', command], { encoding: 'utf8' });
    expect(stderr).toMatch(/cannot write the checkpoint .*full: .*; an earlier one there is untouched\n$/);
    expect(status).toBe(1);
    expect(readCheckpoint(out).sha256).toEqual(before);
    expect(readdirSync(folder).filter((file) => file.endsWith('.tmp'))).toEqual([]);
  });

  it('says what is wrong with options and corpora', async () => {
    const out = join(folder, 'x');
    await expect(trainModel({ ...options, out, minutes: 1 })).rejects.toThrow(/either minutes or steps/);
    await expect(trainModel({ ...options, out, preset: 'story-90' })).rejects.toThrow(/story-90k/);
    await expect(trainModel({ ...options, out, corpus: '/nowhere' })).rejects.toThrow(
      /nowhere does not exist/,
    );
    vi.stubEnv('STARMIND_TFJS_NODE', folder);
    await expect(trainModel({ ...options, out, backend: 'tensorflow' })).rejects.toThrow(
      /tensorflow backend cannot/,
    );
    vi.unstubAllEnvs();
  });
});
