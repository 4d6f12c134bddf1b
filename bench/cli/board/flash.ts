/** `starmind board flash`: firmware and model onto a board, and proof that they are there. */
import { readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Command } from 'commander';
import type { WeightFormat } from '../../../models/quantized.ts';
import type { Payload } from '../../board/flash.ts';
import type { Wanted } from '../../board/verify.ts';
import type { Placement } from '../../target/model.ts';
import { usageError } from '../exit.ts';
import { writeWhole } from '../files.ts';
import { formatOption, placementOption } from '../format.ts';
import { readSeconds } from '../numbers.ts';
import { startProgress } from '../progress.ts';
import { note, print } from '../terminal.ts';
import { addPortOptions, type ConnectionFlags } from './connection.ts';

interface FlashFlags extends ConnectionFlags {
  firmware?: string | true;
  model?: string;
  conformance?: boolean;
  format?: WeightFormat;
  placement?: Placement;
  drive?: string;
  picotool?: boolean;
  wait: number;
  verify: boolean;
  json?: boolean;
}

export const FLASH_SCHEMA = 'starmind-board-flash/1';

const EXAMPLES = `
Examples:
  starmind board flash                                  the firmware and story-90k, to the board in BOOTSEL mode
  starmind board flash --model balanced-production      another model; the firmware stays
  starmind board flash --firmware                       the firmware; the model stays
  starmind board flash --port /dev/ttyACM0 --firmware   a board that runs our firmware needs no button
  starmind board flash --conformance --no-verify        the program that "board calibrate" reads`;

export const addFlash = (board: Command): Command =>
  addPortOptions(
    board
      .command('flash')
      .summary('put firmware and model on a board in BOOTSEL mode, and see that they run')
      .description(
        'Writes a UF2 file to the BOOTSEL drive, or loads it with picotool. Then the board is greeted, and its checksums of ' +
          'firmware and model must be those of what was written.',
      ),
  )
    .option('--firmware [file]', 'the firmware: this build, or a UF2 file')
    .option('-m, --model <name>', 'a model of "starmind models", or the path of a checkpoint or image')
    .option('--conformance', 'the conformance program in the firmware’s place')
    .addOption(formatOption())
    .addOption(placementOption())
    .option('--drive <folder>', 'the BOOTSEL drive (default: the one there is)')
    .option('--picotool', 'load with picotool, without a drive')
    .option('--wait <seconds>', 'how long to wait for the drive, and then for the board', readSeconds, 20)
    .option('--no-verify', 'do not greet the board afterwards')
    .option('--json', 'print one JSON object')
    .addHelpText('after', EXAMPLES)
    .action(flash);

const flash = async (flags: FlashFlags): Promise<void> => {
  if (flags.conformance && flags.firmware !== undefined)
    throw usageError(
      '--conformance and --firmware want the same place in flash',
      'Leave one of the two out.',
    );
  const { payload, wanted } = await prepare(flags);
  const how = flags.picotool ? await byPicotool(payload) : await byDrive(payload, flags);
  note(`written: ${payload.what}, ${payload.uf2.length / 512} blocks, ${how}`);
  const verified = flags.verify && !flags.conformance ? await verify(wanted, flags) : null;
  if (flags.json) {
    print(
      `${JSON.stringify({ schema: FLASH_SCHEMA, what: payload.what, bytes: payload.uf2.length, how, verified })}\n`,
    );
  } else if (verified !== null) print(`the board runs it: ${verified.join(', ')}\n`);
  else if (flags.conformance) print('next: starmind board calibrate --port PORT --out board.json\n');
};

interface Prepared {
  payload: Payload;
  wanted: Wanted;
}

/** One UF2 with everything that was asked for; nothing asked for is the firmware and story-90k. */
const prepare = async (flags: FlashFlags): Promise<Prepared> => {
  const { packUf2 } = await import('../../../firmware/uf2.ts');
  const nothing = flags.firmware === undefined && flags.model === undefined && !flags.conformance;
  const parts: Part[] = [];
  if (flags.conformance) parts.push(await conformancePart());
  if (flags.firmware !== undefined || nothing) parts.push(await firmwarePart(flags.firmware));
  if (flags.model !== undefined || nothing) parts.push(await modelPart(flags.model ?? 'story-90k', flags));
  const what = parts.map(({ name }) => name).join(' and ');
  const file = `${parts.map(({ stem }) => stem).join('-')}.uf2`;
  const uf2 = packUf2(parts.flatMap(({ segments }) => segments));
  return { payload: { file, what, uf2 }, wanted: Object.assign({}, ...parts.map(({ wanted }) => wanted)) };
};

interface Part {
  name: string;
  stem: string;
  segments: { address: number; data: Uint8Array }[];
  wanted: Wanted;
}

const conformancePart = async (): Promise<Part> => {
  const { buildConformance } = await import('../../../firmware/conformance/build.ts');
  const { parseUf2 } = await import('../../../firmware/uf2.ts');
  const { uf2Path } = await buildConformance({ log: note });
  return {
    name: 'conformance program',
    stem: 'conformance',
    segments: parseUf2(readFileSync(uf2Path)),
    wanted: {},
  };
};

const firmwarePart = async (file: string | true | undefined): Promise<Part> => {
  const { parseUf2, Uf2Error } = await import('../../../firmware/uf2.ts');
  if (typeof file !== 'string') {
    const { prepareFirmware } = await import('../setup.ts');
    const { uf2Path, bin } = await prepareFirmware();
    return {
      name: 'firmware',
      stem: 'firmware',
      segments: parseUf2(readFileSync(uf2Path)),
      wanted: { firmware: bin },
    };
  }
  try {
    const segments = parseUf2(readFileSync(file));
    const first = segments.find(({ address }) => address === 0x10000000);
    if (first === undefined)
      throw usageError(`${file} has nothing for the start of flash: it is no firmware`);
    return { name: `firmware ${file}`, stem: 'firmware', segments, wanted: { firmware: first.data } };
  } catch (error) {
    if (error instanceof Uf2Error)
      throw usageError(`${file}: ${error.message}`, 'It must be a UF2 file for the RP2040.');
    throw error;
  }
};

const modelPart = async (name: string, { format, placement }: FlashFlags): Promise<Part> => {
  const { loadModel, MODEL_FLASH_ADDRESS } = await import('../../target/model.ts');
  const { image, name: title } = await loadModel(name, { format, placement });
  return {
    name: `model ${title}`,
    stem: 'model',
    segments: [{ address: MODEL_FLASH_ADDRESS, data: image }],
    wanted: { model: image },
  };
};

/** @returns how, for people */
const byDrive = async (payload: Payload, flags: FlashFlags): Promise<string> => {
  const { findDrive, writeToDrive } = await import('../../board/flash.ts');
  if (flags.port !== undefined) await sendToBootsel(flags);
  const progress = startProgress('waiting for the BOOTSEL drive');
  const ticker = setInterval(() => progress.report(), 500);
  try {
    const drive = await findDrive(flags.drive, flags.port === undefined ? 0 : flags.wait);
    writeToDrive(drive, payload);
    return `to ${drive.path}`;
  } finally {
    clearInterval(ticker);
    progress.end();
  }
};

/** A board that runs our firmware goes to its boot ROM when asked; one that is there already cannot be asked. */
const sendToBootsel = async (flags: FlashFlags): Promise<void> => {
  const { listDrives, readDrive } = await import('../../board/drives.ts');
  const there =
    flags.drive === undefined ? listDrives().some(({ usable }) => usable) : readDrive(flags.drive);
  if (there) return;
  const { openSession } = await import('../../board/session.ts');
  const session = await openSession(flags.port!, { baud: flags.baud, timeoutSeconds: flags.timeout });
  try {
    await session.client.bootsel();
  } finally {
    await session.close();
  }
};

const byPicotool = async ({ file, what, uf2 }: Payload): Promise<string> => {
  const { flashWithPicotool, hasPicotool } = await import('../../board/flash.ts');
  if (!(await hasPicotool()))
    throw usageError(
      'picotool is not installed',
      'Install it (apt-get install picotool where there is one), or use the drive.',
    );
  const draft = path.join(tmpdir(), `starmind-${process.pid}-${file}`);
  writeWhole(draft, uf2);
  try {
    await flashWithPicotool([{ file: draft, what }]);
  } finally {
    rmSync(draft, { force: true });
  }
  return 'with picotool, which verified it';
};

const verify = async (wanted: Wanted, flags: FlashFlags): Promise<string[]> => {
  const { verifyBoard } = await import('../../board/verify.ts');
  const progress = startProgress('waiting for the board');
  const ticker = setInterval(() => progress.report(), 500);
  try {
    return await verifyBoard(wanted, { port: flags.port, baud: flags.baud, waitSeconds: flags.wait });
  } finally {
    clearInterval(ticker);
    progress.end();
  }
};
