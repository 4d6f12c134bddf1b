import { describe, expect, it } from 'vitest';
import { explain } from '../../bench/cli/problems.ts';
import { EmulatedDevice } from '../../bench/target/device.ts';
import { emulatorTarget } from '../../bench/target/emulator.ts';
import { MODEL_FLASH_ADDRESS, modelFromCheckpoint } from '../../bench/target/model.ts';
import { GREEDY, type ScenarioError } from '../../bench/target/scenario.ts';
import { firmware } from './support/bench.ts';
import { syntheticCheckpoint } from './support/synthetic.ts';

const FLASH = 0x10000000;
/** The vector table lies behind boot2's 256 bytes; its second word is where the program starts. */
const RESET_VECTOR = 0x104;

/** The firmware with the instructions at its start replaced. */
const firmwareStarting = async (...instructions: number[]) => {
  const built = await firmware();
  const bin = Uint8Array.from(built.bin);
  const view = new DataView(bin.buffer);
  const start = (view.getUint32(RESET_VECTOR, true) & ~1) - FLASH;
  instructions.forEach((instruction, i) => {
    view.setUint16(start + 2 * i, instruction, true);
  });
  return { ...built, elf: bin };
};

const failure = async (boot: Promise<unknown>): Promise<ScenarioError> => {
  try {
    await boot;
  } catch (error) {
    return error as ScenarioError;
  }
  throw new Error('nothing failed');
};

describe('a firmware', () => {
  it('that never greets is a time-out in emulated time, exit code 42', async () => {
    const spinning = await firmwareStarting(0xe7fe); // b .
    const error = await failure(
      new EmulatedDevice({ ...spinning, imageAddress: MODEL_FLASH_ADDRESS }).boot(),
    );
    expect(error.failure).toBe('timeout');
    expect(explain(error)).toMatchObject({
      exitCode: 42,
      message: expect.stringMatching(/5 s of emulated time/),
    });
  });

  it('that faults ends the run with the report of the fault, exit code 1', async () => {
    const faulting = await firmwareStarting(0xde00); // udf #0
    const error = await failure(
      new EmulatedDevice({ ...faulting, imageAddress: MODEL_FLASH_ADDRESS }).boot(),
    );
    expect(error.failure).toBe('fault');
    expect(error.report).toMatch(/undefined-instruction on core 0[\s\S]*Registers:/);
    expect(explain(error).exitCode).toBe(1);
  });

  it('without symbols cannot be observed, and that is said', async () => {
    const built = await firmware();
    const target = () => emulatorTarget({ ...built, elf: built.bin });
    const model = modelFromCheckpoint(syntheticCheckpoint('maximum-speed'));
    const run = async () => target().run({ model, prompt: 'a', tokens: 1, sampler: GREEDY });
    await expect(run()).rejects.toThrow(/no symbol sm_phase_marker/);
  });
});
