import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readCheckpoint } from '../../models/checkpoint.ts';
import type { ModelConfig } from '../../models/config.ts';
import { corpusStories, Random } from '../../models/corpus/index.ts';
import { evaluate } from '../../models/evaluate.ts';
import { FloatModel, IntegerModel, tokenizerFromSection } from '../../models/index.ts';
import { balanceCheckpoint } from '../../models/quantize/balance.ts';
import { dequantize, quantizeMatrix } from '../../models/quantize/matrix.ts';
import { quantizeCheckpoint } from '../../models/quantize/quantize.ts';
import { selectBackend } from '../../models/train/backend.ts';
import { BatchOrder, makeBatch, tokenize } from '../../models/train/batches.ts';
import { type Grid, grids, WeightGrid } from '../../models/train/grid.ts';
import { trainModel } from '../../models/train/index.ts';
import { Network } from '../../models/train/network.ts';
import { fromTensors, initialParameters, parameterSpecs, toTensors } from '../../models/train/parameters.ts';

const config: ModelConfig = {
  family: 'llama',
  vocabulary: 70,
  dim: 16,
  hidden: 40,
  layers: 2,
  heads: 4,
  kvHeads: 2,
  headSize: 4,
  context: 64,
  tied: true,
  ropeTheta: 10000,
  normEps: 1e-5,
};

const folder = mkdtempSync(join(tmpdir(), 'quantized-'));
afterAll(() => rmSync(folder, { recursive: true }));
beforeAll(async () => {
  await selectBackend('wasm');
});

describe('the grid of weights', () => {
  for (const grid of grids) {
    it(`holds whole numbers of a row's or group's scale, and rounding again changes nothing (${grid})`, () => {
      const weights = new WeightGrid(config, grid);
      const state = weights.withScales(initialParameters(parameterSpecs(config), new Random(4)));
      const rounded = weights.round(state);
      const again = state.slice();
      again.set(rounded);
      expect(Math.max(...weights.round(again).map((w, i) => Math.abs(w - rounded[i])))).toBeLessThan(1e-6);
    });
  }

  it('moves scales against the gradient of what rounding does, and beyond the range nothing else', () => {
    const weights = new WeightGrid(config, 'int4');
    const state = weights.withScales(initialParameters(parameterSpecs(config), new Random(4)));
    // Input 0, output 0 of the embedding: 30 scales large.
    state[0] = 30 * Math.exp(state[weights.weights]);
    const gradient = new Float32Array(state.length);
    gradient[0] = 1;
    weights.backward(state, gradient);
    expect(gradient[0]).toBe(0);
    expect(gradient[weights.weights]).toBeCloseTo(7 * Math.exp(state[weights.weights]), 6);
  });

  it('is what the exporter stores, to the last weight, in each of its formats', () => {
    const whole = fc.array(fc.integer({ min: -8, max: 7 }), { minLength: 96, maxLength: 96 });
    fc.assert(
      fc.property(whole, fc.double({ min: 1e-4, max: 10, noNaN: true }), (numbers, scale) => {
        const data = Float32Array.from(numbers, (n, i) => n * scale * (i < 48 ? 1 : 0.03));
        for (const format of ['int8', 'int4', 'int4g32'] as const) {
          const stored = dequantize(
            quantizeMatrix({ rows: 2, columns: 48, data }, format, { isExact: true }),
          );
          stored.forEach((weight, i) => {
            expect(Math.abs(weight - data[i])).toBeLessThanOrEqual(Math.abs(data[i]) * 2e-3);
          });
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe('training for the integer arithmetic', () => {
  const options = {
    preset: 'tiny',
    config,
    stories: 60,
    steps: 120,
    rate: 0.02,
    batchTokens: 512,
    backend: 'wasm' as const,
    log: () => {},
  };
  const stories = [...corpusStories('grammar', 'held-out', 12, 3)];
  const measure = (path: string) => {
    const checkpoint = readCheckpoint(join(folder, path));
    const tokenizer = tokenizerFromSection(checkpoint.tokenizer.section, checkpoint.tokenizer);
    const sequences = stories.map((story) => tokenizer.encode(story).slice(0, config.context));
    const bytes = (token: number) => tokenizer.decode([token]).length;
    const float = evaluate(new FloatModel(checkpoint), sequences, bytes);
    const integer = (format: 'int8' | 'int4' | 'int4g32') =>
      evaluate(new IntegerModel(quantizeCheckpoint(checkpoint, { format })), sequences, bytes);
    return { checkpoint, float: float.bitsPerByte, integer };
  };

  beforeAll(async () => {
    await trainModel({ ...options, out: join(folder, 'float') });
    await trainModel({
      ...options,
      rate: 0.01,
      from: join(folder, 'float'),
      quantize: 'int4',
      out: join(folder, 'int4'),
    });
  }, 60_000);

  it('starts from the same model with the exporter’s factors moved into its weights', () => {
    const checkpoint = readCheckpoint(join(folder, 'float'));
    const [before, after] = [new FloatModel(checkpoint), new FloatModel(balanceCheckpoint(checkpoint))];
    [3, 14, 15, 9, 26].forEach((token, position) => {
      const [a, b] = [before.forward(token, position), after.forward(token, position)];
      expect(Math.max(...a.map((logit, i) => Math.abs(logit - b[i])))).toBeLessThan(1e-4);
    });
  });

  it('leaves a checkpoint that loses next to nothing in int8, int4 and int4g32, where the one before lost more', () => {
    const [before, after] = [measure('float'), measure('int4')];
    expect(after.checkpoint.grid).toBe('int4');
    for (const format of ['int8', 'int4', 'int4g32'] as const) {
      expect(after.integer(format).bitsPerByte / after.float).toBeLessThan(1.005);
    }
    expect(before.integer('int4').bitsPerByte / before.float).toBeGreaterThan(1.005);
    expect(after.integer('int4').bitsPerByte).toBeLessThan(before.integer('int4').bitsPerByte);
  });

  it('sees in its forward pass what the integer reference computes', () => {
    const { checkpoint } = measure('int4');
    const tokenizer = tokenizerFromSection(checkpoint.tokenizer.section, checkpoint.tokenizer);
    const sequences = tokenize(stories, tokenizer, config.context);
    const network = new Network(config, fromTensors(config, checkpoint.tensors), true);
    let [loss, tokens] = [0, 0];
    for (const members of new BatchOrder(sequences, 512, 0).epoch()) {
      const batch = makeBatch(sequences, members);
      loss += network.meanLoss(batch) * batch.predicted;
      tokens += batch.predicted;
    }
    network.dispose();
    const { starts } = sequences;
    const cut = Array.from({ length: starts.length - 1 }, (_, i) => [
      ...sequences.tokens.subarray(starts[i], starts[i + 1]),
    ]);
    const model = new IntegerModel(quantizeCheckpoint(checkpoint, { format: 'int4' }));
    const expected = evaluate(model, cut, () => 1);
    expect(tokens).toBe(expected.tokens);
    expect(Math.abs(loss / tokens / expected.lossPerToken - 1)).toBeLessThan(0.005);
  });

  it('goes on to the same bits after an interruption, scales included', async () => {
    const quantize: Grid = 'int4g32';
    const whole = { ...options, steps: 30, quantize, out: join(folder, 'whole') };
    await trainModel(whole);
    const controller = new AbortController();
    const out = join(folder, 'stopped');
    const log = (line: string) => line.startsWith('step') && controller.abort();
    const stopped = await trainModel({ ...whole, out, reportEvery: 0.05, log, signal: controller.signal });
    expect(stopped.steps).toBeLessThan(30);
    await trainModel({ ...whole, out, resume: true });
    expect(readCheckpoint(out).sha256).toEqual(readCheckpoint(whole.out).sha256);
    expect(readCheckpoint(out).grid).toBe('int4g32');
  });

  it('writes weights on the grid, and says with what they were trained', () => {
    const { checkpoint } = measure('int4');
    expect((checkpoint.training as { command: string }).command).toContain('--quantize int4');
    const flat = fromTensors(config, checkpoint.tensors);
    expect(toTensors(config, flat).get('norm.weight')?.data).toHaveLength(config.dim);
    const embedding = checkpoint.tensors.get('embed_tokens.weight')!.data.subarray(0, config.dim);
    expect(new Set(embedding).size).toBeLessThanOrEqual(16);
  });
});
