/** `starmind conformance`: what the chip does, cycle by cycle, beside what the timing table and the documents say. */
import { type Command, Option } from 'commander';
import type { CoreKind } from '../../emulator/index.ts';
import type { EmulatorOutcome } from '../conformance/measure.ts';
import { addPortOptions, type ConnectionFlags } from './board/connection.ts';
import { CommandError, EXIT } from './exit.ts';
import { note, painterFor, print } from './terminal.ts';

interface ConformanceFlags extends ConnectionFlags {
  target: 'emulator' | 'board';
  core: CoreKind;
  json?: boolean;
}

const EXAMPLES = `
Examples:
  starmind conformance                    every row: predicted, measured, documented
  starmind conformance --json             the same for programs
  starmind conformance --target board --port /dev/ttyUSB0     a board with the conformance program`;

const STOCK_CORE =
  'The rp2040js core takes interrupts that are masked when it wakes from WFI, which the program relies on not to happen.';

export const addConformance = (program: Command): Command =>
  addPortOptions(program.command('conformance'))
    .summary('measure every class of instruction, memory, exception and peripheral against the documents')
    .description(
      'Builds a program of micro-benchmarks that time themselves with SysTick, runs it and compares each row with the ' +
        'timing table and with what is documented or was measured on silicon. Exits with 1 when a row with an exact ' +
        'documented value measures another.',
    )
    .addOption(
      new Option('-t, --target <target>', 'where to run').choices(['emulator', 'board']).default('emulator'),
    )
    .addOption(
      new Option('--core <core>', 'which core the emulator uses')
        .choices(['starmind', 'rp2040js'])
        .default('starmind'),
    )
    .option('--json', 'print one JSON object')
    .addHelpText('after', EXAMPLES)
    .action(conformance);

const conformance = async (flags: ConformanceFlags): Promise<void> => {
  const { target, core, json } = flags;
  const outcome = target === 'board' ? await readBoard(flags) : await runOnEmulator(core);
  const { compare, conformanceJson } = await import('../conformance/compare.ts');
  const { conformanceSummary, conformanceTable, failures } = await import('../conformance/table.ts');
  const result = compare(
    target === 'board'
      ? 'the board'
      : core === 'starmind'
        ? 'the emulator'
        : 'the emulator with the rp2040js core',
    outcome.table,
  );
  const wrong = failures(result);
  if (json) print(`${JSON.stringify(conformanceJson(result))}\n`);
  else
    for (const line of [...conformanceTable(result), '', ...conformanceSummary(result)]) print(`${line}\n`);
  if (!outcome.table.complete) note(incomplete(outcome));
  if (wrong.length === 0) return;
  const names = wrong.map(({ name }) => name);
  note(
    `${painterFor(process.stderr)('red', 'error:')} not as documented, or not measured: ${names.join(', ')}`,
  );
  process.exitCode = EXIT.wrongResult;
};

/** The table that the conformance program prints, which "board flash --conformance" puts there. */
const readBoard = async (flags: ConformanceFlags): Promise<EmulatorOutcome> => {
  const { measure } = await import('./board/calibrate.ts');
  return { table: await measure(flags), text: '', end: 'text' };
};

const runOnEmulator = async (core: CoreKind): Promise<EmulatorOutcome> => {
  const { buildConformance } = await import('../../firmware/conformance/build.ts');
  const { measureOnEmulator } = await import('../conformance/measure.ts');
  const { ConformanceOutputError } = await import('../conformance/serial.ts');
  const { bootromBytes } = await import('./setup.ts');
  const { elfPath } = await buildConformance({ log: note });
  const bootrom = await bootromBytes();
  try {
    return measureOnEmulator({ programPath: elfPath, bootrom, core });
  } catch (error) {
    if (!(error instanceof ConformanceOutputError)) throw error;
    throw new CommandError(error.message, { hint: core === 'rp2040js' ? STOCK_CORE : undefined });
  }
};

const incomplete = ({ end, fault }: EmulatorOutcome): string =>
  fault
    ? `The program ended early: ${fault.message}`
    : `The program ended early (${end}): a row never came to its end on this core.`;
