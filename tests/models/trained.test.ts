import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { coherence, corpusStories } from '../../models/corpus/index.ts';
import {
  checkpointNames,
  checkpointsFolder,
  FloatModel,
  loadCheckpoint,
  preset,
} from '../../models/index.ts';
import { tokenizerFromSection } from '../../models/tokenizer/index.ts';
import { selectBackend } from '../../models/train/backend.ts';
import { BatchOrder, makeBatch, tokenize } from '../../models/train/batches.ts';
import { Network } from '../../models/train/network.ts';
import { fromTensors } from '../../models/train/parameters.ts';
import { sampleFrom } from '../../models/train/sample.ts';
import { interopDir } from './interop.ts';

beforeAll(async () => {
  await selectBackend('wasm');
});

describe('the committed checkpoints', () => {
  it('take less than 4 MB together', () => {
    const bytes = readdirSync(checkpointsFolder).map((file) => statSync(join(checkpointsFolder, file)).size);
    expect(bytes.reduce((a, b) => a + b)).toBeLessThan(4_000_000);
  });

  for (const name of checkpointNames()) {
    const checkpoint = loadCheckpoint(name);
    const training = checkpoint.training as Record<string, string | number>;
    const corpus = String(training['corpus']);

    it(`${name} has the shape of its preset, and the command that retrains it`, () => {
      expect(checkpoint.config).toEqual(preset(name).config);
      expect(training['command']).toContain(
        `npx tsx models/train/main.ts --preset ${name} --corpus ${corpus} --steps`,
      );
      expect(training['command']).toContain('--quantize int4');
    });

    it.skipIf(corpus !== 'grammar' && interopDir === undefined)(`${name} has the loss that it says`, () => {
      const { config } = checkpoint;
      const tokenizer = tokenizerFromSection(checkpoint.tokenizer.section, checkpoint.tokenizer);
      const path = corpus.replace('$STARMIND_INTEROP_DIR', interopDir ?? '');
      const stories = corpusStories(path, 'held-out', 64, Number(training['seed']));
      const heldOut = tokenize(stories, tokenizer, config.context);
      const network = new Network(config, fromTensors(config, checkpoint.tensors), true);
      let [loss, tokens] = [0, 0];
      for (const members of new BatchOrder(heldOut, 1024, 0).epoch()) {
        const batch = makeBatch(heldOut, members);
        loss += network.meanLoss(batch) * batch.predicted;
        tokens += batch.predicted;
      }
      network.dispose();
      expect(Math.abs(loss / tokens / Number(training['heldOutLoss']) - 1)).toBeLessThan(0.005);
    });
  }

  for (const name of ['story-90k', 'story-260k']) {
    it(`${name} tells stories of sentences that the grammar can produce, and ends them`, () => {
      const checkpoint = loadCheckpoint(name);
      const tokenizer = tokenizerFromSection(checkpoint.tokenizer.section, checkpoint.tokenizer);
      const model = new FloatModel(checkpoint);
      const stories = Array.from({ length: 30 }, (_, seed) => sampleFrom(model, tokenizer, seed, 0.8));
      expect(stories.every((story) => /[.!?]"?$/.test(story))).toBe(true);
      expect(coherence(stories).share).toBeGreaterThan(0.95);
    });
  }
});
