/** The command line as a whole: its verbs, its help, and what becomes of errors. */
import { Command, CommanderError } from 'commander';
import { addBench, addCheck } from './bench.ts';
import { addBoard } from './board.ts';
import { addBuild } from './build.ts';
import { addConformance } from './conformance.ts';
import { addDebug } from './debug.ts';
import { addDiff } from './diff.ts';
import { addDoctor } from './doctor.ts';
import { addEval } from './eval.ts';
import { addExec } from './exec.ts';
import { EXIT } from './exit.ts';
import { addExport } from './export.ts';
import { addImage } from './image.ts';
import { addImport } from './import.ts';
import { addInspect } from './inspect.ts';
import { addKernels } from './kernels.ts';
import { addModels } from './models.ts';
import { addPick } from './pick.ts';
import { explain } from './problems.ts';
import { addProfile } from './profile.ts';
import { addQuantize } from './quantize.ts';
import { addRun } from './run.ts';
import { addStudy } from './study.ts';
import { note, painterFor } from './terminal.ts';
import { addTimingOption } from './timing.ts';
import { addTrace } from './trace.ts';
import { addTrain } from './train.ts';
import { packageVersion } from './version.ts';
import { addWrite } from './write.ts';

const EXAMPLES = `
Examples:
  starmind run                                    a story from the emulated Pico, with cycles
  starmind run --prompt "The little fox" --temperature 0.8 --seed 7
  starmind exec blink.uf2 --expect "ready" --timeout 5
  starmind bench --check                          fail when any token's cycles moved
  starmind image story-90k story-90k.uf2          a model for a board that runs the firmware

Exit codes: 0 all right, 1 wrong result, 2 wrong command line, 3 cycles moved, 42 emulated time-out.
Set STARMIND_DEBUG=1 to see stack traces, NO_COLOR=1 to see no colours.`;

export const createProgram = (): Command => {
  const program = new Command('starmind')
    .description('Runs, measures and trusts tiny language models on an emulated Raspberry Pi Pico (RP2040).')
    .version(packageVersion(), '-V, --version')
    .showHelpAfterError('Run the same command with --help to see what it takes.')
    .addHelpText('after', EXAMPLES)
    .exitOverride();
  // Settings above this line are inherited by the verbs, those below are not.
  for (const add of [
    addRun,
    addExec,
    addBench,
    addCheck,
    addKernels,
    addConformance,
    addBoard,
    addProfile,
    addTrace,
    addStudy,
    addPick,
    addBuild,
    addImage,
    addTrain,
    addWrite,
    addModels,
    addInspect,
    addEval,
    addQuantize,
    addImport,
    addExport,
    addDiff,
    addDebug,
    addDoctor,
  ]) {
    add(program);
  }
  addTimingOption(program);
  return program;
};

/** Runs one command line and gives its exit code; `argv` without node and script. */
export const runCommandLine = async (argv: readonly string[]): Promise<number> => {
  try {
    await createProgram().parseAsync(argv, { from: 'user' });
    return typeof process.exitCode === 'number' ? process.exitCode : EXIT.ok;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    return report(error);
  }
};

const report = (error: unknown): number => {
  const { message, hint, details, exitCode } = explain(error);
  const paint = painterFor(process.stderr);
  if (details !== undefined) note(details);
  note(`${paint('red', 'error:')} ${message}`);
  if (hint !== undefined) note(hint);
  if (process.env.STARMIND_DEBUG && error instanceof Error) note(error.stack ?? '');
  return exitCode;
};
