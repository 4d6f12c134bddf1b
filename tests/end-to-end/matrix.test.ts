/**
 * Tokens and every logit are the host reference's in every configuration: formats, cores, placements, clocks. Each test run takes a
 * sample in which every pair of two choices occurs; `npm run test:matrix` takes all.
 */
import { describe, expect, it } from 'vitest';
import { emulatorTarget } from '../../bench/target/emulator.ts';
import { hostTarget } from '../../bench/target/host.ts';
import { type LoadedModel, modelFromImage, PLANNED, type Placement } from '../../bench/target/model.ts';
import { GREEDY, type ScenarioResult } from '../../bench/target/scenario.ts';
import type { Pico } from '../../emulator/index.ts';
import { buildImage, type ImageFormat } from '../../models/index.ts';
import { firmware, outcome } from './support/bench.ts';
import { syntheticCheckpoint } from './support/synthetic.ts';

const FORMATS = ['int8', 'int4', 'int4g32'] as const;
const CORES = [1, 2] as const;
const PLACEMENTS = ['sram', 'pinned', 'streamed', 'xip'] as const;
const CLOCKS = [125, 133, 200] as const;
const TOKENS = 5;

type Case = [ImageFormat, 1 | 2, Placement, number];

const all: Case[] = FORMATS.flatMap((format) =>
  CORES.flatMap((cores) =>
    PLACEMENTS.flatMap((placement) => CLOCKS.map((clock): Case => [format, cores, placement, clock])),
  ),
);
/** One clock for each of format and placement, so that all twelve of those occur, with both cores and all clocks between them. */
const sampled = all.filter(([format, cores, placement, clock]) => {
  const [f, p] = [FORMATS.indexOf(format as 'int8'), PLACEMENTS.indexOf(placement)];
  return CLOCKS.indexOf(clock as 125) === (f + p) % 3 && cores === 1 + ((f + (p >> 1)) % 2);
});
const cases = process.env.STARMIND_FULL_MATRIX ? all : sampled;

const checkpoint = syntheticCheckpoint('story-8k', { context: 32 });
/** SRAM for everything but half of the matrices, so that there is something to choose. */
const littleSram = (format: ImageFormat): number => {
  const { arenaBytes, tensors } = buildImage(checkpoint, { format, placement: 'sram' }).plan;
  const matrices = tensors.filter(({ name }) => !/norm/i.test(name));
  return arenaBytes - matrices.reduce((sum, { bytes }) => sum + bytes, 0) / 2;
};

const modelOf = (format: ImageFormat, placement: Placement): LoadedModel => {
  const arenaLimit = placement === 'pinned' || placement === 'streamed' ? littleSram(format) : undefined;
  return modelFromImage(buildImage(checkpoint, { format, placement: PLANNED[placement], arenaLimit }).bytes);
};

/** Runs on the emulator, and counts the tiles that arrived. */
const onEmulator = async (
  model: LoadedModel,
  cores: 1 | 2,
  clock: number,
): Promise<{ result: ScenarioResult; tiles: number }> => {
  let tiles = 0;
  const observer = {
    connected: (pico: Pico) =>
      pico.watchWrite(pico.symbol('sm_stream')?.address ?? 0, (ready) => {
        if (ready > 0) tiles++;
      }),
    began: () => {},
    ended: () => {},
  };
  const asked = { model, prompt: 'Once upon', tokens: TOKENS, sampler: GREEDY, logits: true };
  const result = await emulatorTarget(await firmware()).run(
    { ...asked, cores, clockHz: clock * 1e6 },
    { observer },
  );
  return { result, tiles };
};

const onHost = (model: LoadedModel): Promise<ScenarioResult> =>
  hostTarget.run({ model, prompt: 'Once upon', tokens: TOKENS, sampler: GREEDY, logits: true });

describe('tokens and logits are those of the host reference', () => {
  it.each(cases)('%s on %i core(s), %s, at %i MHz', async (format, cores, placement, clock) => {
    const model = modelOf(format, placement);
    expect(model.placement).toBe(placement);
    const { result, tiles } = await onEmulator(model, cores, clock);
    expect(outcome(result)).toEqual(outcome(await onHost(model)));
    expect(result.measured?.clockHz).toBe(clock * 1e6);
    expect(tiles > 0).toBe(placement === 'streamed');
  });
});

describe('the float path', () => {
  it.each(['sram', 'xip'] as const)('gives the bits of its reference, %s', async (placement) => {
    const model = modelOf('float', placement);
    expect(model.format).toBe('float');
    const { result } = await onEmulator(model, 1, 125);
    expect(outcome(result)).toEqual(outcome(await onHost(model)));
  });

  it('is many times slower than the quantized model of the same shape', async () => {
    const median = async (format: ImageFormat) => {
      const { result } = await onEmulator(modelOf(format, 'sram'), 1, 125);
      return result.measured!.cyclesPerToken.toSorted((a, b) => a - b)[TOKENS >> 1];
    };
    const [float, int8, int4] = [await median('float'), await median('int8'), await median('int4')];
    expect(float).toBeGreaterThan(20 * int8);
    expect(int8).toBeGreaterThan(int4);
  });
});
