import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildHost } from '../../firmware/host/build.ts';
import { HostEngine } from '../../firmware/host/client.ts';
import { writeImage } from '../../models/image/write.ts';
import { type Checkpoint, FloatModel, loadCheckpoint } from '../../models/index.ts';
import { SingleModel } from '../../models/reference/single.ts';
import { singleModel } from '../../models/single.ts';
import { syntheticCheckpoint } from '../end-to-end/support/synthetic.ts';

let host: HostEngine;

beforeAll(async () => {
  host = new HostEngine(await buildHost());
});

afterAll(() => host.close());

const checkpoints: Checkpoint[] = [
  syntheticCheckpoint('story-8k', { context: 40 }),
  syntheticCheckpoint('story-8k', {
    context: 40,
    dim: 20,
    hidden: 31,
    heads: 6,
    kvHeads: 2,
    headSize: 10,
    seed: 2,
  }),
  syntheticCheckpoint('balanced-production', { context: 40, heads: 2, kvHeads: 1, headSize: 3, seed: 3 }),
  loadCheckpoint('balanced-production'),
];

/** A few dozen tokens of the vocabulary. */
const tokensOf = ({ config }: Checkpoint): number[] =>
  Array.from({ length: 32 }, (_, i) => (i * i * 7 + i) % config.vocabulary);

describe('the float path', () => {
  it.each(checkpoints.map((checkpoint, i) => [i, checkpoint] as const))(
    'gives its reference’s logits bit for bit, model %i',
    async (_, checkpoint) => {
      const model = singleModel(checkpoint);
      const { bytes } = writeImage(model, { arenaLimit: 2 ** 26, flashLimit: 2 ** 28 });
      expect(await host.load(bytes)).toBe(0);
      const tokens = tokensOf(checkpoint);
      const logits = await host.forward(tokens);
      const reference = new SingleModel(model);
      const { vocabulary } = model.shape;
      for (const [position, token] of tokens.entries()) {
        const got = logits.slice(position * vocabulary, (position + 1) * vocabulary);
        expect(got, `position ${position}`).toEqual(reference.forward(token, position));
      }
    },
  );

  it('is the float model, but for rounding', () => {
    const checkpoint = loadCheckpoint('balanced-production');
    const [single, float] = [new SingleModel(singleModel(checkpoint)), new FloatModel(checkpoint)];
    for (const [position, token] of tokensOf(checkpoint).entries()) {
      const [got, expected] = [single.forward(token, position), float.forward(token, position)];
      got.forEach((logit, v) => {
        expect(Math.abs(logit * single.logitScale - expected[v])).toBeLessThan(0.01);
      });
    }
  });
});
