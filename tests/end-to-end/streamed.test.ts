import { describe, expect, it } from 'vitest';
import { emulatorTarget } from '../../bench/target/emulator.ts';
import { hostTarget } from '../../bench/target/host.ts';
import { type LoadedModel, loadModel, modelFromImage } from '../../bench/target/model.ts';
import { GREEDY } from '../../bench/target/scenario.ts';
import type { Pico } from '../../emulator/index.ts';
import { randomModel, streamedImage } from '../../models/random.ts';
import { firmware, outcome } from './support/bench.ts';

const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';

/** One token after the prompt on the emulator with two cores, and the same on the host. */
const oneToken = async (model: LoadedModel, prompt: string) => {
  let tiles = 0;
  const connected = (pico: Pico) =>
    pico.watchWrite(pico.symbol('sm_stream')?.address ?? 0, (ready) => {
      if (ready > 0) tiles++;
    });
  const asked = { model, prompt, tokens: 1, sampler: GREEDY, logits: true };
  const observer = { connected, began: () => {}, ended: () => {} };
  const onEmulator = await emulatorTarget(await firmware()).run({ ...asked, cores: 2 }, { observer });
  expect(outcome(onEmulator)).toEqual(outcome(await hostTarget.run(asked)));
  return { cycles: onEmulator.measured!.cyclesPerToken[0]!, tiles };
};

describe('models that do not fit SRAM, streamed from flash', () => {
  it('260,000 int8 weights: position 64 within 1,100,000 cycles, part pinned, part streamed', async () => {
    const model = loadModel('drawn-260k', { format: 'int8', placement: 'streamed' });
    expect(model.placement).toBe('streamed');
    const { cycles, tiles } = await oneToken(model, `${LETTERS}abc`);
    expect(cycles).toBeLessThan(1_100_000);
    expect(tiles).toBeGreaterThan(65 * 20);
  });

  it('seven million int4 weights in 16 MB of flash: a token within 17,000,000 cycles', async () => {
    const flashBytes = 16 * 1024 * 1024;
    const model = loadModel('drawn-15m', { format: 'int4', placement: 'streamed', flashBytes });
    const { cycles } = await oneToken(model, 'ab');
    expect(cycles).toBeLessThan(17_000_000);
  });

  it('are read through the cache where a token needs code that lies in flash: the same tokens', async () => {
    // Heads of an odd size are left to the portable kernels.
    const shape = {
      family: 'starmind',
      headSize: 3,
      heads: 4,
      kvHeads: 2,
      dim: 24,
      hidden: 40,
      vocabulary: 62,
    } as const;
    const drawn = randomModel({ seed: 3, shape: { ...shape, layers: 2, context: 8 } });
    const model = modelFromImage(streamedImage(drawn)!);
    expect(model.placement).toBe('streamed');
    const letters = [...LETTERS].filter((_, id) => id !== drawn.bos && id !== drawn.eos);
    const { tiles } = await oneToken(model, letters.slice(0, 3).join(''));
    expect(tiles).toBe(0);
  });
});
