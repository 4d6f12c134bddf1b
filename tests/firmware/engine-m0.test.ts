import { describe, expect, it } from 'vitest';
import { buildM0 } from '../../firmware/host/build-m0.ts';
import { writeImage } from '../../models/image/write.ts';
import { preset } from '../../models/presets.ts';
import type { QuantizedModel } from '../../models/quantized.ts';
import { IntegerModel } from '../../models/reference/integer.ts';
import { Sampler } from '../../models/reference/sampler.ts';
import { M0 } from './m0.ts';
import { M0Engine } from './m0-engine.ts';
import { Random, randomModel, randomTokens } from './random-model.ts';

function expectReference(m0: M0, model: QuantizedModel, tokens: number[], what: string): void {
  const engine = new M0Engine(m0, writeImage(model, { placement: 'auto' }).bytes);
  const reference = new IntegerModel(model);
  for (const [position, token] of tokens.entries()) {
    engine.step(token, position);
    expect(engine.logits, `${what}, position ${position}`).toEqual(
      Int32Array.from(reference.forward(token, position)),
    );
  }
}

describe('the engine compiled for the Cortex-M0+', () => {
  for (const kernels of [false, true]) {
    const name = kernels ? 'with the hand-written kernels' : 'with the portable kernels';
    it(`gives the reference’s logits on 30 random models ${name}`, async () => {
      const m0 = new M0(await buildM0({ kernels }));
      for (let seed = 7000; seed < 7030; seed++) {
        const model = randomModel(seed);
        const tokens = randomTokens(new Random(seed), model.shape).slice(0, 12);
        expectReference(m0, model, tokens, `seed ${seed}`);
      }
    });
  }

  it('draws the reference’s tokens', async () => {
    const m0 = new M0(await buildM0({ kernels: true }));
    const model = randomModel(7201);
    const engine = new M0Engine(m0, writeImage(model).bytes);
    const request = { temperature: 60000, topK: 30, topP: 60000, seed: 4 };
    engine.sample(request);
    const reference = new IntegerModel(model);
    const sampler = new Sampler(request, { logitFraction: model.logitFraction });
    for (let position = 0, token = 0; position < model.shape.context; position++) {
      const expected = sampler.sample(Int32Array.from(reference.forward(token, position)));
      const { next } = engine.step(token, position);
      expect(next, `position ${position}`).toBe(expected);
      token = next;
    }
  });

  it('gives the reference’s logits with heads of eight when positions are run again, in any order', async () => {
    const m0 = new M0(await buildM0({ kernels: true }));
    const shape = {
      ...preset('balanced-production').config,
      dim: 16,
      hidden: 8,
      layers: 2,
      heads: 2,
      kvHeads: 1,
    };
    for (let seed = 7308; seed < 7318; seed++) {
      const random = new Random(seed);
      const model = randomModel(seed, { shape: { ...shape, headSize: 8, context: 24 } });
      const engine = new M0Engine(m0, writeImage(model).bytes);
      const reference = new IntegerModel(model);
      for (let step = 0, run = 0; step < 40; step++) {
        const position = random.chance(4) ? random.pick([0, random.between(0, run)]) : run;
        run = Math.max(run, Math.min(position + 1, 23));
        const token = random.between(0, shape.vocabulary - 1);
        engine.step(token, position);
        expect(engine.logits, `seed ${seed}, step ${step}, position ${position}`).toEqual(
          Int32Array.from(reference.forward(token, position)),
        );
      }
    }
  });

  it('decodes the balanced shape in at most 125,000 cycles per token on one core', async () => {
    const m0 = new M0(await buildM0({ kernels: true }));
    const { config } = preset('balanced-production');
    const engine = new M0Engine(m0, writeImage(randomModel(5, { shape: config, format: 'int8' })).bytes);
    const cycles: number[] = [];
    for (let position = 0, token = 1; position < 64; position++) {
      const step = engine.step(token, position);
      cycles.push(step.cycles);
      token = step.next;
    }
    expect(Math.max(...cycles)).toBeLessThan(125_000);
  });
});
