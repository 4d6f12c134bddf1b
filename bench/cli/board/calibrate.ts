/** `starmind board calibrate`: the conformance table of a board, as parameters that the emulator can load. */
import path from 'node:path';
import type { Command } from 'commander';
import type { Calibrated, Calibration } from '../../board/calibrate.ts';
import type { Conformance } from '../../conformance/compare.ts';
import type { DeviceTable } from '../../conformance/serial.ts';
import { CommandError } from '../exit.ts';
import { writeWhole } from '../files.ts';
import { startProgress } from '../progress.ts';
import { note, print } from '../terminal.ts';
import { addPortOptions, type ConnectionFlags, portOf } from './connection.ts';

interface CalibrateFlags extends ConnectionFlags {
  out: string;
  board: string;
  emulated?: boolean;
  verify: boolean;
  json?: boolean;
}

const EXAMPLES = `
Examples:
  starmind board flash --conformance                 the program that measures, on the board
  starmind board calibrate --port /dev/ttyUSB0 --out my-board.json
  starmind run --timing my-board.json                the emulator, with the board's parameters
  starmind board flash --firmware                    and the firmware again`;

export const addCalibrate = (board: Command): Command =>
  addPortOptions(
    board
      .command('calibrate')
      .summary('measure on a board what no document says, for the emulator to use')
      .description(
        'Reads the conformance table that the conformance program prints over UART0, solves each open parameter of the ' +
          'timing table from the row that shows it, and writes them to a file for --timing. Then the emulator runs the ' +
          'same program with them, and every row that still differs is named.',
      ),
  )
    .requiredOption('--out <file>', 'where the parameters go (JSON)')
    .option('--board <name>', 'what board it is, for the file', 'pico')
    .option('--emulated', 'the board is an emulated one; the file then says so')
    .option('--no-verify', 'do not run the emulator with the result')
    .option('--json', 'print one JSON object')
    .addHelpText('after', EXAMPLES)
    .action(calibrateBoard);

const calibrateBoard = async (flags: CalibrateFlags): Promise<void> => {
  const table = await measure(flags);
  const { calibrate, timingFile } = await import('../../board/calibrate.ts');
  const { compare } = await import('../../conformance/compare.ts');
  const measured = compare('the board', table);
  const calibration = calibrate(measured);
  const origin = flags.emulated ? ('emulated' as const) : ('silicon' as const);
  const file = timingFile(calibration, measured, { board: flags.board, origin, clockHz: table.clockHz });
  writeWhole(flags.out, `${JSON.stringify(file, null, 2)}\n`);
  const differing = flags.verify ? await verify(flags.out, measured) : null;
  if (flags.json) {
    print(`${JSON.stringify({ schema: CALIBRATE_SCHEMA, file: flags.out, ...calibration, differing })}\n`);
    return;
  }
  await tell(flags.out, calibration, differing);
};

export const CALIBRATE_SCHEMA = 'starmind-board-calibrate/1';

/** The board's whole table; progress by its rows. */
export const measure = async (flags: ConnectionFlags): Promise<DeviceTable> => {
  const { readTable } = await import('../../board/conformance.ts');
  const { conformanceRows } = await import('../../conformance/rows.ts');
  const port = await portOf(flags);
  const progress = startProgress('measuring');
  try {
    const table = await readTable(port, {
      baud: flags.baud,
      timeoutSeconds: flags.timeout,
      onRows: (rows) => progress.report(rows / conformanceRows.length, `${rows} rows`),
    });
    if (table.complete) return table;
    throw new CommandError(`the table from ${port} is not complete`, {
      hint: 'Reset the board and try again.',
    });
  } finally {
    progress.end();
  }
};

interface Difference {
  row: string;
  board: number | null;
  emulator: number | null;
}

/** The emulator with the new parameters, against the board, row by row. */
const verify = async (file: string, measured: Conformance): Promise<Difference[]> => {
  const { useTimingFile } = await import('../../../emulator/timing/calibration.ts');
  useTimingFile(path.resolve(file));
  const { buildConformance } = await import('../../../firmware/conformance/build.ts');
  const { measureOnEmulator } = await import('../../conformance/measure.ts');
  const { bootromBytes } = await import('../setup.ts');
  const { elfPath } = await buildConformance({ log: note });
  const { table } = measureOnEmulator({ programPath: elfPath, bootrom: await bootromBytes() });
  const emulated = new Map(table.rows.map(({ name, total, repetitions }) => [name, total / repetitions]));
  return measured.rows
    .map(({ name, measured: board }) => ({ row: name, board, emulator: emulated.get(name) ?? null }))
    .filter(({ board, emulator }) => board !== emulator);
};

const tell = async (
  file: string,
  { parameters, unmeasured }: Calibration,
  differing: Difference[] | null,
): Promise<void> => {
  const { alignColumns } = await import('../../report/format.ts');
  const row = ({ name, before, value, row: from, remark }: Calibrated) => [
    name,
    String(before),
    value === null ? '-' : String(value),
    from,
    remark ?? '',
  ];
  const table = alignColumns(
    [['parameter', 'table', 'board', 'from row', ''], ...parameters.map(row)],
    'lrrl',
  );
  for (const line of table) print(`${line}\n`);
  print(`\n${file}: ${parameters.filter(({ value }) => value !== null).length} parameters\n`);
  print(`not shown by any row, left as they are: ${unmeasured.join(', ')}\n`);
  if (differing === null) return;
  print(
    differing.length === 0
      ? 'the emulator with this file measures every row as the board does\n'
      : `the emulator with this file still differs in ${differing.length} rows:\n`,
  );
  for (const { row: name, board, emulator } of differing)
    print(`  ${name}: ${board ?? 'missing'} on the board, ${emulator ?? 'missing'} on the emulator\n`);
};
