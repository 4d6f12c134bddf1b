import { beforeAll, describe, expect, it } from 'vitest';
import { emulatorTarget } from '../../bench/target/emulator.ts';
import { hostTarget } from '../../bench/target/host.ts';
import { type LoadedModel, modelFromImage } from '../../bench/target/model.ts';
import type { Scenario, Target } from '../../bench/target/scenario.ts';
import { buildFirmware } from '../../firmware/build.ts';
import { buildImage } from '../../models/index.ts';
import { stories260K } from '../models/interop.ts';

const checkpoint = stories260K();
const GREEDY = { temperature: 0, topK: 0, topP: 65536, seed: 0 };

/** A prompt of the model's own words whose last token is at `position`. */
async function promptUpTo(model: LoadedModel, position: number): Promise<string> {
  const sampler = { ...GREEDY, temperature: 65536, seed: 3 };
  const story = await hostTarget.run({ model, prompt: 'Once upon a time', tokens: 300, sampler });
  const text = model.decode([...story.promptTokens, ...story.tokens]);
  let length = 1;
  while (model.tokenizer.encode(text.slice(0, length)).length <= position) length++;
  return text.slice(0, length);
}

describe.skipIf(checkpoint === undefined)('stories260K in int4, its weights in SRAM', () => {
  let emulator: Target;
  /** All of it in SRAM, weights, scales, tables and cache: the planner refuses otherwise. */
  let model: LoadedModel;

  beforeAll(async () => {
    emulator = emulatorTarget(await buildFirmware());
    model = modelFromImage(
      buildImage(checkpoint!, { format: 'int4', context: 256, placement: 'sram' }).bytes,
    );
  });

  async function cyclesAt(position: number, cores: 1 | 2): Promise<number> {
    const prompt = await promptUpTo(model, position);
    const scenario: Scenario = { model, prompt, tokens: 1, sampler: GREEDY, logits: true, cores };
    const [got, expected] = [await emulator.run(scenario), await hostTarget.run(scenario)];
    expect(got.promptTokens).toHaveLength(position + 1);
    expect(got.tokens).toEqual(expected.tokens);
    expect(got.logits).toEqual(expected.logits);
    return got.measured!.cyclesPerToken[0];
  }

  it('takes at most 900,000 cycles on one core at position 64, and 1.8 times less on two', async () => {
    const [one, two] = [await cyclesAt(64, 1), await cyclesAt(64, 2)];
    expect(one).toBeLessThanOrEqual(900_000);
    expect(two).toBeLessThanOrEqual(490_000);
    expect(one / two).toBeGreaterThan(1.8);
  });

  it('takes at most 1,420,000 cycles on one core at the last of 256 positions, and 770,000 on two', async () => {
    const [one, two] = [await cyclesAt(255, 1), await cyclesAt(255, 2)];
    expect(one).toBeLessThanOrEqual(1_420_000);
    expect(two).toBeLessThanOrEqual(770_000);
    expect(one / two).toBeGreaterThan(1.8);
  });
});
