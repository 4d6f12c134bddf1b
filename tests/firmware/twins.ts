/**
 * Every hand-written kernel against its portable twin, on the emulated chip: firmware/host/twins/twins.c draws operands from a seed,
 * runs both and compares. The whole of it, with more sets or another seed:
 *
 *     npx tsx tests/firmware/twins.ts [SETS] [SEED]
 */
import { fileURLToPath } from 'node:url';
import { buildM0 } from '../../firmware/host/build-m0.ts';
import { ChipProgram } from '../../firmware/host/chip-program.ts';

/** In the order of `twins` in twins/twins.c. */
export const TWINS = [
  'int8',
  'int4',
  'int4g32',
  'scores',
  'weights',
  'mix',
  'attend8',
  'silu',
  'swiglu',
  'rotate',
  'narrow',
  'store',
  'scale',
  'gain',
  'largest',
  'argmax',
  'add',
  'norm',
  'sums8',
  'sums4',
  'few',
  'finish',
  'attend2',
  'scale-plain',
] as const;

export type Twin = (typeof TWINS)[number];

export interface TwinsResult {
  /** Sets that agreed. */
  sets: number;
  /** Seed and number of the first set whose results differ. */
  differs?: { seed: number; set: number };
  /** Of all results, u32. */
  checksum: number;
}

/** Sets of one call: few enough for its cycles to stay below the limit of a call. */
const CHUNK = 250;

/** @throws when there is no arm-none-eabi-gcc */
export const twinsProgram = async (): Promise<ChipProgram> =>
  new ChipProgram(await buildM0({ kernels: true, twins: true }));

/** Runs `sets` sets of operands; seeds count up from `seed`, one for every 250 sets. */
export function runTwins(program: ChipProgram, twin: Twin, sets: number, seed = 1): TwinsResult {
  program.clear();
  const sum = program.words([0]);
  let checksum = 0;
  for (let done = 0; done < sets; done += CHUNK, seed++) {
    const count = Math.min(CHUNK, sets - done);
    const { result } = program.call('sm_twins', TWINS.indexOf(twin), seed, count, sum);
    if (result !== 0) return { sets: done + result - 1, differs: { seed, set: result }, checksum };
    checksum = (Math.imul(checksum, 31) + program.read(sum, 1)[0]) >>> 0;
  }
  return { sets, checksum };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [sets = 10_000, seed = 1] = process.argv.slice(2).map(Number);
  const program = await twinsProgram();
  for (const twin of TWINS) {
    const { differs, checksum, sets: agreed } = runTwins(program, twin, sets, seed);
    const verdict = differs === undefined ? 'agree' : `differ: seed ${differs.seed}, set ${differs.set}`;
    console.log(
      `${twin.padEnd(8)} ${String(agreed).padStart(9)} sets  ${verdict}  ${checksum.toString(16).padStart(8, '0')}`,
    );
    if (differs !== undefined) process.exitCode = 1;
  }
}
