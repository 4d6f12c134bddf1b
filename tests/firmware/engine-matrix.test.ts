import { beforeAll, describe, expect, test } from 'vitest';
import { emulatorTarget } from '../../bench/target/emulator.ts';
import { hostTarget } from '../../bench/target/host.ts';
import { type LoadedModel, modelFromImage } from '../../bench/target/model.ts';
import type { Scenario, Target } from '../../bench/target/scenario.ts';
import { buildFirmware } from '../../firmware/build.ts';
import { writeImage } from '../../models/image/write.ts';
import type { QuantizedShape, WeightFormat } from '../../models/quantized.ts';
import { randomModel } from './random-model.ts';

const FORMATS = ['int8', 'int4', 'int4g32'] as const;
const PLACEMENTS = ['sram', 'flash'] as const;
const CORES = [1, 2] as const;
const CLOCKS = [125, 133, 200] as const;

/** Three query heads on each key-value head, so that two cores share one; rows that leave an odd block. */
const SHAPES: Record<'llama' | 'starmind', QuantizedShape> = {
  llama: {
    ...{ family: 'llama', vocabulary: 61, dim: 40, hidden: 52, layers: 2, heads: 6, kvHeads: 2, headSize: 8 },
    ...{ context: 40, tied: true },
  },
  starmind: {
    ...{
      family: 'starmind',
      vocabulary: 70,
      dim: 8,
      hidden: 100,
      layers: 1,
      heads: 4,
      kvHeads: 4,
      headSize: 2,
    },
    ...{ context: 40, tied: false },
  },
};

let emulator: Target;

beforeAll(async () => {
  emulator = emulatorTarget(await buildFirmware());
});

/** The first random model that knows the prompt's characters. */
function randomOf(
  family: keyof typeof SHAPES,
  format: WeightFormat,
  placement: 'sram' | 'flash',
): LoadedModel {
  for (let seed = 31; ; seed++) {
    const model = randomModel(seed, { shape: SHAPES[family], format });
    const loaded = modelFromImage(writeImage(model, { placement }).bytes);
    if (knows(loaded, 'abc')) return loaded;
  }
}

function knows({ tokenizer }: LoadedModel, text: string): boolean {
  try {
    return tokenizer.encode(text).length > 0;
  } catch {
    return false;
  }
}

const scenarioOf = (model: LoadedModel): Scenario => ({
  model,
  prompt: 'abc',
  tokens: 12,
  sampler: { temperature: 65536, topK: 0, topP: 65536, seed: 5 },
  logits: true,
});

/** Every format, placement and number of cores; each clock with each of them, though not with all at once. */
const combinations = FORMATS.flatMap((format, f) =>
  PLACEMENTS.flatMap((placement, p) =>
    CORES.map((cores, c) => ({ format, placement, cores, clock: CLOCKS[(f + p + c) % 3] })),
  ),
);

describe.each(['llama', 'starmind'] as const)('a %s model gives the host’s tokens and logits', (family) => {
  test.each(combinations)(
    'as $format in $placement, on $cores cores, at $clock MHz',
    async ({ format, placement, cores, clock }) => {
      const scenario = scenarioOf(randomOf(family, format, placement));
      const expected = await hostTarget.run(scenario);
      const got = await emulator.run({ ...scenario, cores, clockHz: clock * 1_000_000 });
      expect(got.tokens).toEqual(expected.tokens);
      expect(got.logits).toEqual(expected.logits);
      expect(got.measured?.clockHz).toBe(clock * 1_000_000);
    },
  );
});

test('two cores take fewer cycles than one, in every phase that computes', async () => {
  const scenario = { ...scenarioOf(randomOf('llama', 'int8', 'sram')), logits: false };
  const one = (await emulator.run({ ...scenario, cores: 1 })).measured!;
  const two = (await emulator.run({ ...scenario, cores: 2 })).measured!;
  const [NORM, QKV, ATTENTION, FFN, LOGITS] = [1, 2, 4, 6, 7];
  for (const phase of [NORM, QKV, ATTENTION, FFN, LOGITS]) {
    expect(two.phasesPerToken[0][phase]).toBeLessThan(one.phasesPerToken[0][phase]);
  }
});
