import { beforeAll, describe, expect, it } from 'vitest';
import type { ChipProgram } from '../../firmware/host/chip-program.ts';
import { runTwins, TWINS, twinsProgram } from './twins.ts';

/** What a test run has time for; `npx tsx tests/firmware/twins.ts` compares 10,000 and more. */
const SETS = 500;
const SEED = 1000;

let program: ChipProgram;

beforeAll(async () => {
  program = await twinsProgram();
});

describe('each hand-written kernel and its portable twin, on our emulated chip', () => {
  it.each(TWINS)('%s: give the same bits on random operands and on those at their bounds', (twin) => {
    const { sets, differs } = runTwins(program, twin, SETS, SEED);
    expect(differs).toBeUndefined();
    expect(sets).toBe(SETS);
  });

  it('draw the same operands from the same seed, and others from another', () => {
    const once = runTwins(program, 'scale', 50, 7);
    expect(runTwins(program, 'scale', 50, 7)).toEqual(once);
    expect(runTwins(program, 'scale', 50, 8).checksum).not.toBe(once.checksum);
  });
});
