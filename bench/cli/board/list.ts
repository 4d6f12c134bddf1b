/** `starmind board list`: ports, drives, and the boards we know. */
import type { Command } from 'commander';
import type { BootselDrive } from '../../board/drives.ts';
import type { SerialPortInfo } from '../../board/ports.ts';
import { note, print } from '../terminal.ts';

export const LIST_SCHEMA = 'starmind-board-list/1';

const EXAMPLES = `
Examples:
  starmind board list
  starmind board list --json`;

export const addList = (board: Command): Command =>
  board
    .command('list')
    .summary('serial ports, boards in BOOTSEL mode, and the boards that are known')
    .option('--json', 'print one JSON object')
    .addHelpText('after', EXAMPLES)
    .action(list);

const list = async ({ json }: { json?: boolean }): Promise<void> => {
  const { listDrives } = await import('../../board/drives.ts');
  const { BOARDS } = await import('../../board/boards.ts');
  const drives = listDrives();
  const { ports, problem } = await portsOrProblem();
  if (json) {
    print(`${JSON.stringify({ schema: LIST_SCHEMA, ports, drives, boards: BOARDS, problem })}\n`);
    return;
  }
  const { alignColumns, thousands } = await import('../../report/format.ts');
  const known = BOARDS.map(({ name, title, flashBytes, flashDivider, note: remark }) => [
    `  ${name}`,
    title,
    `${thousands(flashBytes / 1024)} KB flash`,
    `divider ${flashDivider}`,
    remark ?? '',
  ]);
  const lines = [
    'serial ports',
    ...(ports === null ? ['  not known'] : orNone(ports.map(portLine))),
    'boards in BOOTSEL mode',
    ...orNone(drives.map(driveLine)),
    'known boards',
    ...alignColumns(known, 'l'),
  ];
  for (const line of lines) print(`${line}\n`);
  if (problem !== null) note(problem);
};

/** Without the library for serial ports, drives can still be listed. */
const portsOrProblem = async (): Promise<{ ports: SerialPortInfo[] | null; problem: string | null }> => {
  const { listPorts } = await import('../../board/ports.ts');
  const { PortError } = await import('../../link/index.ts');
  try {
    return { ports: await listPorts(), problem: null };
  } catch (error) {
    if (!(error instanceof PortError)) throw error;
    return { ports: null, problem: `${error.message}\n${error.hint ?? ''}` };
  }
};

const orNone = (lines: string[]): string[] => (lines.length === 0 ? ['  none'] : lines);

const portLine = ({ path, vendorId, productId, what }: SerialPortInfo): string =>
  `  ${path}  ${vendorId === null ? '' : `${vendorId}:${productId}  `}${what}`;

const driveLine = ({ path, model, boardId, usable }: BootselDrive): string =>
  `  ${path}  ${model} (${boardId})${usable ? '' : '  not an RP2040'}`;
