/** Puts UF2 files on a board: onto its BOOTSEL drive, or by picotool where that is installed. */
import { closeSync, existsSync, fsyncSync, openSync, writeSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { BoardError } from './board-error.ts';
import { type BootselDrive, listDrives, readDrive } from './drives.ts';

export interface Payload {
  /** File name on the drive. */
  file: string;
  /** For people. */
  what: string;
  uf2: Uint8Array;
}

const POLL_MS = 200;
const BOOTSEL_HINT =
  'Hold BOOTSEL while you plug the board in (or press RUN): it then shows a drive called RPI-RP2. A board that runs our firmware goes there by itself with --port PORT.';

/**
 * The one BOOTSEL drive there is, or the one that is asked for; waits for it.
 * @throws BoardError when there is none, more than one, or it is another chip's
 */
export const findDrive = async (wanted: string | undefined, waitSeconds: number): Promise<BootselDrive> => {
  const deadline = Date.now() + 1000 * waitSeconds;
  while (true) {
    const drives =
      wanted === undefined ? listDrives() : [readDrive(wanted)].filter((drive) => drive !== undefined);
    const usable = drives.filter((drive) => drive.usable);
    if (usable.length === 1) return usable[0]!;
    if (usable.length > 1) {
      throw new BoardError(
        'drive',
        `there are ${usable.length} boards in BOOTSEL mode: ${usable.map((drive) => drive.path).join(', ')}`,
        'Say which with --drive.',
      );
    }
    if (drives.length > 0) throw foreign(drives[0]!);
    if (Date.now() >= deadline) throw noDrive(wanted);
    await sleep(POLL_MS);
  }
};

const foreign = ({ path: at, boardId, model }: BootselDrive): BoardError =>
  new BoardError(
    'drive',
    `${at} is the drive of another board: ${model || 'no model'}, Board-ID ${boardId || 'none'}; this firmware needs RPI-RP2`,
    'An RP2350 (Pico 2) cannot run it.',
  );

const noDrive = (wanted: string | undefined): BoardError => {
  if (wanted === undefined)
    return new BoardError('drive', 'no board is in BOOTSEL mode: no drive with INFO_UF2.TXT', BOOTSEL_HINT);
  const what = existsSync(wanted)
    ? `${wanted} has no INFO_UF2.TXT, so it is no BOOTSEL drive`
    : `there is no drive at ${wanted}`;
  return new BoardError('drive', what, BOOTSEL_HINT);
};

const REASONS: Record<string, string> = {
  ENOSPC: 'the drive is full',
  EROFS: 'the drive is read-only',
  EACCES: 'you may not write there',
  EPERM: 'you may not write there',
  ENOENT: 'the drive went away',
  ENODEV: 'the drive went away',
  EISDIR: 'a folder has that name',
};

/**
 * The boot ROM takes blocks as they are written and restarts after the last: there is no file to rename or read back.
 * @throws BoardError that says why it cannot be written
 */
export const writeToDrive = ({ path: folder }: BootselDrive, { file, what, uf2 }: Payload): void => {
  const target = path.join(folder, file);
  try {
    const handle = openSync(target, 'w');
    try {
      for (let at = 0; at < uf2.length; ) at += writeSync(handle, uf2, at);
      syncQuietly(handle);
    } finally {
      closeSync(handle);
    }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new BoardError(
      'drive',
      `the ${what} cannot be written to ${target}: ${REASONS[code ?? ''] ?? message}`,
      'The board is as it was, or without a whole firmware; BOOTSEL mode always works. Plug it in anew and try again.',
    );
  }
};

/** A drive that restarts as soon as it has everything is often gone before this returns. */
const syncQuietly = (handle: number): void => {
  try {
    fsyncSync(handle);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOSPC' || code === 'EROFS') throw error;
  }
};

/** The path of picotool; `undefined` when it is not installed. */
export const hasPicotool = async (): Promise<boolean> => {
  const { failed } = await execa('picotool', ['version'], { reject: false });
  return !failed;
};

/**
 * Loads and verifies with picotool, which talks to the boot ROM by USB without a drive.
 * @throws BoardError with picotool's complaint
 */
export const flashWithPicotool = async (files: readonly { file: string; what: string }[]): Promise<void> => {
  for (const { file, what } of files) {
    const { failed, all } = await execa('picotool', ['load', '--verify', file], { reject: false, all: true });
    if (failed) throw picotoolError(`the ${what} was not loaded`, all);
  }
  const { failed, all } = await execa('picotool', ['reboot'], { reject: false, all: true });
  if (failed) throw picotoolError('the board was not restarted', all);
};

const picotoolError = (what: string, output: string | undefined): BoardError =>
  new BoardError(
    'drive',
    `${what}: picotool says: ${(output ?? '').trim().split('\n').at(-1) ?? 'nothing'}`,
    BOOTSEL_HINT,
  );
