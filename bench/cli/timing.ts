/** `--timing FILE`: the emulator counts with parameters that a board gave. One option for every verb that emulates. */
import path from 'node:path';
import { type Command, Option } from 'commander';
import { usageError } from './exit.ts';

/** Verbs, and verbs of `board`, whose cycles come from the emulator. */
const EMULATING = ['run', 'exec', 'bench', 'check', 'kernels', 'conformance', 'profile', 'trace', 'debug'];
const EMULATING_BOARD_VERBS = ['compare', 'emulate', 'record'];

interface TimingFlags {
  timing?: string;
  update?: boolean;
}

/** Adds the option, and applies the file before the verb loads any part of the emulator. */
export const addTimingOption = (program: Command): void => {
  const board = program.commands.find((command) => command.name() === 'board');
  const verbs = [
    ...program.commands.filter((command) => EMULATING.includes(command.name())),
    ...(board?.commands ?? []).filter((command) => EMULATING_BOARD_VERBS.includes(command.name())),
  ];
  for (const verb of verbs) {
    verb.addOption(
      new Option('--timing <file>', 'count with the parameters of a file of "starmind board calibrate"'),
    );
    verb.hook('preAction', (_, action) => applyTiming(action.opts<TimingFlags>()));
  }
};

const applyTiming = async ({ timing, update }: TimingFlags): Promise<void> => {
  if (timing === undefined) return;
  if (update) {
    throw usageError(
      '--update with --timing: baselines hold the cycles of the timing table, and no board of one person’s.',
      'Leave one of the two out.',
    );
  }
  const { useTimingFile } = await import('../../emulator/timing/calibration.ts');
  useTimingFile(path.resolve(timing));
};
