import { describe, expect, it } from 'vitest';
import { modelFromCheckpoint } from '../../bench/target/model.ts';
import { onEmulator, onHost, outcome } from './support/bench.ts';
import { syntheticCheckpoint } from './support/synthetic.ts';

/** Layers whose bound form the engine itself has room for; more lie behind the plan (firmware/engine/image.h). */
const KEPT = 8;

describe('a model of many layers', () => {
  it.each([
    ['starmind', 'balanced-production', KEPT, 'int8'],
    ['starmind', 'balanced-production', KEPT + 1, 'int8'],
    ['starmind', 'balanced-production', 12, 'int4'],
    ['starmind', 'maximum-speed', 64, 'int4'],
    ['llama', 'story-8k', 11, 'int4g32'],
  ] as const)(
    '%s like %s with %i of them in %s gives the reference’s tokens and logits on one core and on two',
    async (_, name, layers, format) => {
      const model = modelFromCheckpoint(syntheticCheckpoint(name, { layers }), { format });
      const asked = { model, prompt: 'On', tokens: 3, logits: true };
      const wanted = outcome(await onHost(model, asked));
      expect(wanted.logits.length).toBe(wanted.tokens.length);
      for (const cores of [1, 2] as const) {
        const withCores = { ...asked, cores };
        const got = await onEmulator(model, withCores);
        expect(outcome(got), `${cores} cores`).toEqual(wanted);
        expect(got.measured!.cores).toBe(cores);
      }
    },
  );
});
