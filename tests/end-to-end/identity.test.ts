import { describe, expect, it } from 'vitest';
import { type LoadedModel, loadModel, modelFromCheckpoint } from '../../bench/target/model.ts';
import { checkpointNames, samplerRequest } from '../../models/index.ts';
import { type Asked, onEmulator, onHost, outcome } from './support/bench.ts';
import { syntheticCheckpoint } from './support/synthetic.ts';

/** The trained model where it is committed, otherwise one of its shape. */
const model = (name: string): LoadedModel =>
  checkpointNames().includes(name) ? loadModel(name) : modelFromCheckpoint(syntheticCheckpoint(name));

const GREEDY_PROMPTS = ['Once upon a time', 'The little fox', 'One day, '];

const SAMPLED: [string, Parameters<typeof samplerRequest>[0]][] = [
  ['One morning', { temperature: 0.8, seed: 7 }],
  ['The old king', { temperature: 1.2, topK: 20, seed: 4294967295 }],
  ['There was', { temperature: 0.9, topP: 0.9, topK: 100, seed: 12345 }],
];

const expectSame = async (name: LoadedModel, asked: Asked): Promise<void> => {
  const wanted = { ...asked, logits: true };
  const [host, emulator] = [await onHost(name, wanted), await onEmulator(name, wanted)];
  expect(host.logits.length).toBe(host.tokens.length);
  expect(outcome(emulator)).toEqual(outcome(host));
};

describe.each(['story-90k', 'balanced-production'])('tokens, text and every logit of %s', (name) => {
  const loaded = model(name);

  it.each(GREEDY_PROMPTS)('are the same on the emulator and the host, greedy from "%s"', async (prompt) => {
    await expectSame(loaded, { prompt, tokens: 64 });
  });

  it.each(SAMPLED)(
    'are the same on the emulator and the host, sampled from "%s"',
    async (prompt, settings) => {
      await expectSame(loaded, { prompt, tokens: 64, sampler: samplerRequest(settings) });
    },
  );
});

describe('the emulator agrees with the host', () => {
  it.each([512, 1024])('for a vocabulary of %i', async (vocabulary) => {
    const loaded = modelFromCheckpoint(syntheticCheckpoint('balanced-production', { vocabulary }));
    await expectSame(loaded, { prompt: 'Once upon a time', tokens: 24 });
  });

  it.each(['int4', 'int4g32'] as const)('for %s weights', async (format) => {
    const loaded = modelFromCheckpoint(syntheticCheckpoint('story-30k'), { format });
    expect(loaded.format).toBe(format);
    await expectSame(loaded, { prompt: 'Once upon a time', tokens: 24 });
  });

  it('up to the last position of the context, and says that it ended there', async () => {
    const loaded = modelFromCheckpoint(syntheticCheckpoint('story-8k', { context: 32 }));
    const asked = { prompt: 'Once', tokens: 100, logits: true };
    const [host, emulator] = [await onHost(loaded, asked), await onEmulator(loaded, asked)];
    expect(outcome(emulator)).toEqual(outcome(host));
    expect(host.reason === 'eos' || host.promptTokens.length + host.tokens.length === 33).toBe(true);
  });
});

describe('the stock rp2040js core, an independent oracle', () => {
  it.each(['story-8k', 'balanced-production'])(
    'runs the same firmware to the same tokens, %s',
    async (name) => {
      const loaded = modelFromCheckpoint(syntheticCheckpoint(name));
      const asked = { prompt: 'Once upon a time', tokens: 16, logits: true, cores: 1 as const };
      const [ours, stock] = [
        await onEmulator(loaded, asked),
        await onEmulator(loaded, asked, { core: 'rp2040js' }),
      ];
      expect(outcome(stock)).toEqual(outcome(ours));
      expect(stock.measured!.phasesPerToken).toEqual(ours.measured!.phasesPerToken);
    },
  );
});
