/** `starmind board emulate`: the emulated Pico behind a port that any serial program opens. */
import { type Command, InvalidArgumentError } from 'commander';
import type { Program } from '../../../emulator/index.ts';
import type { WeightFormat } from '../../../models/quantized.ts';
import type { EmulatedBoard } from '../../board/emulated.ts';
import type { EmulatedDrive } from '../../board/emulated-drive.ts';
import type { Endpoint } from '../../board/endpoints.ts';
import type { Placement } from '../../target/model.ts';
import { EXIT, usageError } from '../exit.ts';
import { formatOption, placementOption } from '../format.ts';
import { readNumber } from '../numbers.ts';
import { note, print } from '../terminal.ts';

interface EmulateFlags {
  pty?: string;
  tcp?: number;
  usb?: boolean;
  board: string;
  flash?: number;
  model: string | false;
  format?: WeightFormat;
  placement?: Placement;
  program?: string;
  conformance?: boolean;
  drive?: string;
}

const EXAMPLES = `
Examples:
  starmind board emulate --pty /tmp/pico          then: screen /tmp/pico
  starmind board emulate --tcp 4000 --model balanced-production
  starmind board emulate --pty /tmp/pico --drive /tmp/RPI-RP2 --no-model
  starmind board emulate --pty /tmp/pico --program my-firmware.uf2`;

const readPort = (text: string): number => {
  const value = readNumber(text);
  if (Number.isInteger(value) && value >= 0 && value <= 65_535) return value;
  throw new InvalidArgumentError(`It must be a port, 0 to 65535; it is ${text}.`);
};

const readMegabytes = (text: string): number => {
  const value = readNumber(text);
  if ([1, 2, 4, 8, 16].includes(value)) return value;
  throw new InvalidArgumentError(`It must be 1, 2, 4, 8 or 16 MB; it is ${text}.`);
};

export const addEmulate = (board: Command): Command =>
  board
    .command('emulate')
    .summary('the emulated Pico behind a pseudo-terminal or a TCP port, for any terminal program')
    .description(
      'Runs until Ctrl-C, in real time where the computer is fast enough. The name of the port is printed on stdout once ' +
        'it can be opened.',
    )
    .option('--pty <link>', 'a pseudo-terminal with this name (by socat)')
    .option('--tcp <port>', 'a TCP port on loopback; 0 takes any that is free', readPort)
    .option('--usb', 'the far end is the USB serial port instead of UART0')
    .option('--board <name>', 'a board of "starmind board list"', 'pico')
    .option('--flash <mb>', 'another flash size, in MB', readMegabytes)
    .option('-m, --model <name>', 'the model in flash', 'story-90k')
    .option('--no-model', 'no model in flash')
    .addOption(formatOption())
    .addOption(placementOption())
    .option('--program <file>', 'this program (ELF, UF2, HEX, BIN) instead of the firmware')
    .option('--conformance', 'the conformance program instead of the firmware')
    .option('--drive <folder>', 'an empty folder to be its BOOTSEL drive')
    .addHelpText('after', EXAMPLES)
    .action(emulate);

const emulate = async (flags: EmulateFlags): Promise<void> => {
  if ((flags.pty === undefined) === (flags.tcp === undefined))
    throw usageError('where to? Say either --pty LINK or --tcp PORT', 'For example: --pty /tmp/pico');
  const board = await makeBoard(flags);
  const { openPty, openTcp } = await import('../../board/endpoints.ts');
  const receive = (bytes: Uint8Array) => board.write(bytes);
  const drive = await makeDrive(board, flags);
  const endpoint =
    flags.pty === undefined ? await openTcp(flags.tcp!, receive) : await openPty(flags.pty, receive);
  await serve(board, endpoint, drive);
};

/** Until a signal, or a fault of the program. */
const serve = async (
  board: EmulatedBoard,
  endpoint: Endpoint,
  drive: EmulatedDrive | undefined,
): Promise<void> => {
  const stop = () => board.stop();
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  print(`${endpoint.name}\n`);
  note('Ctrl-C ends it.');
  const fault = await board.run(endpoint.send);
  await endpoint.close();
  drive?.close();
  process.removeListener('SIGINT', stop);
  process.removeListener('SIGTERM', stop);
  if (fault === undefined) return;
  note(fault);
  process.exitCode = EXIT.wrongResult;
};

const makeDrive = async (
  board: EmulatedBoard,
  { drive: folder }: EmulateFlags,
): Promise<EmulatedDrive | undefined> => {
  if (folder === undefined) return undefined;
  const { emulatedDrive } = await import('../../board/emulated-drive.ts');
  const drive = emulatedDrive(folder, (program) => {
    note(`${folder}: took ${program.segments.reduce((all, { data }) => all + data.length, 0)} bytes`);
    board.load(program);
  });
  board.onBootsel = () => {
    note(`BOOTSEL mode: ${folder}`);
    drive.show();
  };
  return drive;
};

const makeBoard = async (flags: EmulateFlags): Promise<EmulatedBoard> => {
  const { EmulatedBoard } = await import('../../board/emulated.ts');
  const { boardNamed, BOARDS } = await import('../../board/boards.ts');
  const { bootromBytes } = await import('../setup.ts');
  const known = boardNamed(flags.board);
  if (known === undefined) {
    throw usageError(
      `there is no board "${flags.board}"`,
      `There are: ${BOARDS.map(({ name }) => name).join(', ')}`,
    );
  }
  const flashBytes = flags.flash === undefined ? known.flashBytes : flags.flash * 1024 * 1024;
  return new EmulatedBoard({
    bootrom: await bootromBytes(),
    programs: await programs(flags),
    flashBytes,
    port: flags.usb ? 'usb' : 'uart',
  });
};

const programs = async (flags: EmulateFlags): Promise<Program[]> => {
  const { loadProgram } = await import('../../../emulator/index.ts');
  if (flags.program !== undefined) return [loadProgram(flags.program)];
  if (flags.conformance) {
    const { buildConformance } = await import('../../../firmware/conformance/build.ts');
    return [loadProgram((await buildConformance({ log: note })).elfPath)];
  }
  const { prepareFirmware } = await import('../setup.ts');
  const firmware = loadProgram((await prepareFirmware()).elfPath);
  if (flags.model === false) return [firmware];
  const { loadModel, MODEL_FLASH_ADDRESS } = await import('../../target/model.ts');
  const { image } = await loadModel(flags.model, flags);
  return [
    firmware,
    { format: 'bin', segments: [{ address: MODEL_FLASH_ADDRESS, data: image }], symbols: [] },
  ];
};
