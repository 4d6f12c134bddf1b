/** `starmind board compare`: emulator and board side by side. */
import type { Command } from 'commander';
import type { Firmware } from '../../../firmware/build.ts';
import type { Comparison } from '../../board/compare.ts';
import type { BoardSession } from '../../board/session.ts';
import type { Target } from '../../target/scenario.ts';
import { EXIT } from '../exit.ts';
import { readNumber } from '../numbers.ts';
import { startProgress } from '../progress.ts';
import { addStoryOptions, type StoryFlags } from '../run.ts';
import { painterFor, print } from '../terminal.ts';
import { addConnectionOptions, type ConnectionFlags, connect } from './connection.ts';
import { scenarioFor } from './run.ts';

interface CompareFlags extends StoryFlags, ConnectionFlags {
  model?: string;
  tolerance: number;
  anyFirmware?: boolean;
  json?: boolean;
}

const EXAMPLES = `
Examples:
  starmind board compare
  starmind board compare --tolerance 0.5 --json
  starmind board compare --timing my-board.json                          the emulator, calibrated by that board
  starmind board compare --port replay:fixtures/boards/emulated-story-90k.cbor    against a recording`;

export const addCompare = (board: Command): Command => {
  const command = board
    .command('compare')
    .summary('the same scenario on emulator and board: tokens, and cycles phase by phase')
    .description(
      'Exits with 1 when a token differs, with 3 when the cycles of a phase differ by more than the tolerance, and ' +
        'names the phase.',
    )
    .option('-m, --model <name>', 'the model that must be on the board (default: whichever is)');
  addConnectionOptions(addStoryOptions(command))
    .option('--tolerance <percent>', 'deviation of a phase that is let pass', readNumber, 0)
    .option('--any-firmware', 'compare with a board that runs another build of the firmware')
    .option('--json', 'print one JSON object')
    .addHelpText('after', EXAMPLES)
    .action(compare);
  return command;
};

const compare = async (flags: CompareFlags): Promise<void> => {
  const { prepareFirmware } = await import('../setup.ts');
  const { boardTarget } = await import('../../board/target.ts');
  const { emulatorTarget } = await import('../../target/emulator.ts');
  const { compareResults } = await import('../../board/compare.ts');
  const firmware = await prepareFirmware();
  const session = await connect(flags);
  try {
    if (!flags.anyFirmware) await checkFirmware(session, firmware);
    const scenario = await scenarioFor(session, flags);
    const progress = startProgress('comparing');
    const half = async (target: Target, from: number) =>
      target.run(scenario, {
        onToken: ({ index }) => progress.report(from + (index + 1) / scenario.tokens / 2, target.name),
      });
    try {
      const onBoard = await half(boardTarget(session, { firmware }), 0);
      const emulated = await half(emulatorTarget(firmware), 0.5);
      progress.end();
      await conclude(compareResults(emulated, onBoard, flags.tolerance), scenario.model.name, flags);
    } finally {
      progress.end();
    }
  } finally {
    await session.close();
  }
};

/** Cycles of two builds say nothing about the emulator. */
const checkFirmware = async ({ hello, name }: BoardSession, firmware: Firmware): Promise<void> => {
  const { runs } = await import('../../board/identity.ts');
  if (runs(hello, firmware) !== false) return;
  const { BoardError } = await import('../../board/board-error.ts');
  throw new BoardError(
    'other-firmware',
    `the board at ${name} runs another build of the firmware (${hello.firmware}, CRC-32 ${hello.firmwareCrc?.toString(16)}) than the emulator would`,
    'Put this build on it: starmind board flash --firmware; or compare all the same: --any-firmware.',
  );
};

const conclude = async (comparison: Comparison, model: string, { json }: CompareFlags): Promise<void> => {
  const { compareJson, compareTable, compareVerdict } = await import('../../board/compare.ts');
  const wrong = comparison.firstWrongToken !== null;
  const bad = wrong || comparison.deviating.length > 0;
  if (json) print(`${JSON.stringify(compareJson(comparison, model))}\n`);
  else {
    const paint = painterFor(process.stdout);
    const verdict = compareVerdict(comparison);
    for (const line of [...compareTable(comparison), '']) print(`${line}\n`);
    for (const [n, line] of verdict.entries())
      print(`${n === verdict.length - 1 ? paint(bad ? 'red' : 'green', line) : line}\n`);
  }
  if (bad) process.exitCode = wrong ? EXIT.wrongResult : EXIT.cycleRegression;
};
