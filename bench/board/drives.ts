/** Drives that a board in BOOTSEL mode shows: volumes with an INFO_UF2.TXT. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** Folders to look at instead of the mounted volumes, separated as in PATH; for tests and unusual mounts. */
export const DRIVES_VARIABLE = 'STARMIND_BOOTSEL_DRIVES';

export const INFO_FILE = 'INFO_UF2.TXT';
/** What the RP2040's boot ROM says in it. */
const RP2040_BOARD_ID = 'RPI-RP2';

export interface BootselDrive {
  path: string;
  /** As its INFO_UF2.TXT says; empty when that says none. */
  model: string;
  boardId: string;
  /** It is an RP2040's boot ROM, which takes our files. */
  usable: boolean;
}

/** Drives of any board; those of other chips are not usable. */
export const listDrives = (env: NodeJS.ProcessEnv = process.env): BootselDrive[] =>
  candidates(env)
    .map(readDrive)
    .filter((drive) => drive !== undefined);

/** The drive in a folder; `undefined` when the folder is none. */
export const readDrive = (folder: string): BootselDrive | undefined => {
  let text: string;
  try {
    text = readFileSync(path.join(folder, INFO_FILE), 'latin1');
  } catch {
    return undefined;
  }
  const field = (name: string) => new RegExp(`^${name}:[ \\t]*(.*?)[ \\t\\r]*$`, 'im').exec(text)?.[1] ?? '';
  const boardId = field('Board-ID');
  return { path: folder, model: field('Model'), boardId, usable: boardId === RP2040_BOARD_ID };
};

const candidates = (env: NodeJS.ProcessEnv): string[] => {
  const named = env[DRIVES_VARIABLE];
  if (named !== undefined) return named.split(path.delimiter).filter((folder) => folder !== '');
  if (process.platform === 'win32') return [...'DEFGHIJKLMNOPQRSTUVWXYZ'].map((letter) => `${letter}:\\`);
  if (process.platform === 'darwin') return inside('/Volumes');
  return mountPoints();
};

/** Every mounted FAT volume; the kernel writes spaces in their paths as \040. */
const mountPoints = (): string[] => {
  if (!existsSync('/proc/mounts')) return [];
  return readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([, , type]) => type === 'vfat' || type === 'msdos')
    .map(([, point]) =>
      (point ?? '').replace(/\\(\d{3})/g, (_, octal) => String.fromCharCode(Number.parseInt(octal, 8))),
    );
};

const inside = (folder: string): string[] =>
  existsSync(folder) ? readdirSync(folder).map((name) => path.join(folder, name)) : [];
