/**
 * Measures one case: its image on a Pico of its own, freshly booted, so that no row can depend on what ran before. Booting
 * is cheap (about 0.1 s); sharing an emulator would save little and need a proof.
 */
import type { Firmware } from '../../firmware/build.ts';
import { configProblems } from '../../models/config.ts';
import { ImageError } from '../../models/image/errors.ts';
import { defaultFlashLimit, imageAddress } from '../../models/image/layout.ts';
import type { MemoryPlan } from '../../models/image/plan.ts';
import { buildImage } from '../../models/index.ts';
import type { ImageFormat } from '../../models/quantized.ts';
import { type GenerateEvent, LinkClient, LinkError, PHASES } from '../link/index.ts';
import { EmulatedDevice } from '../target/device.ts';
import { describeDifference, PhaseObserver } from '../target/observer.ts';
import { GREEDY, ScenarioError } from '../target/scenario.ts';
import { randomCheckpoint } from './random-checkpoint.ts';
import type { MeasuredRow, StudyRow, StudySettings } from './row.ts';
import { multiplyAdds, type StudyCase } from './shapes.ts';

/** Decoding is reported at these positions and at the last one. */
const POSITIONS = [0, 8, 32];
/** The original's demo: six ids in, six tokens out. */
const DEMO_LENGTH = 6;
const WARM_UP_TOKENS = 2;
/** Every prompt consists of it. */
const TOKEN = 0;

export type DeviceFirmware = Pick<Firmware, 'elf' | 'bootrom'>;

/** A case that cannot be measured gives a row that says why. @throws only on defects of ours */
export const measureCase = async (
  firmware: DeviceFirmware,
  one: StudyCase,
  common: StudySettings,
): Promise<StudyRow> => {
  const { name, set, heads, shape, seed, published } = one;
  const settings = { ...common, ...one.settings };
  const base = {
    name,
    set,
    heads,
    shape,
    parameters: multiplyAdds(shape),
    seed,
    ...(one.settings && { settings: one.settings }),
    published: published ?? null,
  };
  const problems = configProblems({ ...shape, ropeTheta: 10_000, normEps: 1e-5 });
  if (problems.length > 0) return { ...base, status: 'invalid', reason: problems.join('; ') };
  const excess = flashExcess(one, settings);
  if (excess !== undefined) return { ...base, status: 'does-not-fit', reason: excess };
  try {
    const { bytes, plan } = imageOf(one, settings);
    return {
      ...base,
      status: 'ok',
      reason: null,
      ...(await measureImage(firmware, bytes, plan, one, settings)),
    };
  } catch (error) {
    if (error instanceof ImageError) return { ...base, status: 'does-not-fit', reason: error.message };
    if (error instanceof ScenarioError || error instanceof LinkError) {
      return { ...base, status: 'failed', reason: error.message };
    }
    throw error;
  }
};

/** Saves making hundreds of millions of weights for which there is no room. */
const flashExcess = ({ shape }: StudyCase, { format }: StudySettings): string | undefined => {
  const least = multiplyAdds(shape) * BYTES[format];
  if (least <= defaultFlashLimit) return undefined;
  return `too-big-for-flash: the weights alone take ${least} bytes, and flash has ${defaultFlashLimit} for an image`;
};

/** Of a weight, at least. */
const BYTES: Record<ImageFormat, number> = { int8: 1, int4: 0.5, int4g32: 0.5, float: 4 };

const imageOf = ({ name, shape, seed }: StudyCase, { format, placement, arenaLimit }: StudySettings) =>
  buildImage(randomCheckpoint(name.slice(0, 31), shape, seed), { format, placement, arenaLimit });

type Measurements = Omit<MeasuredRow, keyof StudyCase | 'parameters' | 'status' | 'reason'>;

const measureImage = async (
  { elf, bootrom }: DeviceFirmware,
  image: Uint8Array,
  plan: MemoryPlan,
  { shape: { context }, recompute }: StudyCase,
  { cores }: StudySettings,
): Promise<Measurements> => {
  const device = new EmulatedDevice({ bootrom, elf, image, imageAddress });
  const observer = new PhaseObserver(device.pico);
  await device.boot();
  const client = new LinkClient(device);
  const { modelError } = await client.hello();
  if (modelError !== null) throw new ScenarioError('device', `the firmware refuses the image: ${modelError}`);
  const passes = (prompt: number, count: number) =>
    countPasses(
      client.generate({ tokens: new Array<number>(prompt).fill(TOKEN), count, ...GREEDY, cores }),
      observer,
    );
  // The first story after boot also pays for code that is not in the flash's cache yet.
  await passes(1, Math.min(WARM_UP_TOKENS, context));
  const whole = await passes(1, context);
  const promptLength = Math.min(DEMO_LENGTH, Math.max(1, context - 1));
  const demo = await passes(promptLength, Math.min(DEMO_LENGTH, context - promptLength + 1));
  const recomputed = recompute && {
    lengths: [...recompute],
    cycles: await mapInTurn(recompute, async (length) => {
      const { prefilled, decoded } = await passes(length, 1);
      return totalCycles([...prefilled, ...decoded]);
    }),
    cached: recompute.map((length) => whole.decoded[length - 1]!.cycles),
  };
  const positions = [...new Set([...POSITIONS.filter((p) => p < context), context - 1])];
  const tensorBytes = (tensors: MemoryPlan['tensors']) => tensors.reduce((all, { bytes }) => all + bytes, 0);
  return {
    clockHz: device.pico.clockHz,
    positions,
    decodeCycles: positions.map((p) => whole.decoded[p]!.cycles),
    phases: Object.fromEntries(
      PHASES.map((phase, i) => [phase, positions.map((p) => whole.decoded[p]!.phases[i]!)]),
    ),
    contextCycles: totalCycles(whole.decoded),
    prefillCycles: demo.prefilled.map(({ cycles }) => cycles),
    demoCycles: totalCycles([...demo.prefilled, ...demo.decoded]),
    ...(await usedMemory(client)),
    imageBytes: image.length,
    arenaBytes: plan.arenaBytes,
    weightBytes: tensorBytes(plan.tensors),
    weightBytesInSram: tensorBytes(plan.tensors.filter(({ placement }) => placement === 'sram')),
    ...(recomputed && { recomputed }),
  };
};

const mapInTurn = async <T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> => {
  const results: R[] = [];
  for (const item of items) results.push(await work(item));
  return results;
};

interface Pass {
  cycles: number;
  phases: number[];
}

const totalCycles = (passes: readonly Pass[]): number => passes.reduce((all, { cycles }) => all + cycles, 0);

/** The forward passes of one generation. @throws ScenarioError when firmware and emulator count differently */
const countPasses = async (
  events: AsyncIterable<GenerateEvent>,
  observer: PhaseObserver,
): Promise<{ prefilled: Pass[]; decoded: Pass[] }> => {
  const prefilled: Pass[] = [];
  const decoded: Pass[] = [];
  for await (const event of events) {
    if (event.event !== 'prefill' && event.event !== 'token') continue;
    const { cycles, phases } = event;
    const difference = describeDifference({ phases, cycles }, observer.take());
    if (difference !== undefined) throw new ScenarioError('disagreement', difference);
    (event.event === 'token' ? decoded : prefilled).push({ cycles, phases });
  }
  return { prefilled, decoded };
};

const usedMemory = async (client: LinkClient): Promise<{ sramBytes: number; flashBytes: number }> => {
  const { regions } = await client.memory();
  const used = (kind: string) =>
    regions
      .filter(({ name }) => name.startsWith(`${kind}:`) && !/\bfree$/.test(name))
      .reduce((all, { bytes }) => all + bytes, 0);
  return { sramBytes: used('sram'), flashBytes: used('flash') };
};
