/** The BOOTSEL drive of an emulated board: a folder that shows INFO_UF2.TXT, and takes one UF2 file. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type Program, readProgram } from '../../emulator/index.ts';
import { PortError } from '../link/index.ts';
import { INFO_FILE } from './drives.ts';

/** The words are those that the UF2 specification asks for. */
const INFO = 'UF2 Bootloader v3.0\r\nModel: Raspberry Pi RP2\r\nBoard-ID: RPI-RP2\r\n';
const LOOK_EVERY_MS = 50;

export interface EmulatedDrive {
  /** Shows the drive; a whole UF2 file that comes takes it away again. */
  show(): void;
  close(): void;
}

/**
 * @param folder empty or not there yet; what comes into it is deleted when it has been taken
 * @param onProgram gets what was dropped
 * @throws PortError when there is something in the folder
 */
export const emulatedDrive = (folder: string, onProgram: (program: Program) => void): EmulatedDrive => {
  mkdirSync(folder, { recursive: true });
  if (readdirSync(folder).some((name) => name !== INFO_FILE)) {
    throw new PortError('busy', `${folder} is not empty`, 'Name an empty folder for the drive.');
  }
  let timer: NodeJS.Timeout | undefined;
  const hide = () => {
    clearInterval(timer);
    timer = undefined;
    for (const file of files(folder)) rmSync(path.join(folder, file), { force: true });
  };
  const look = () => {
    for (const file of files(folder).filter((name) => name !== INFO_FILE)) {
      const program = whole(path.join(folder, file));
      if (program === undefined) continue;
      hide();
      onProgram(program);
      return;
    }
  };
  return {
    show: () => {
      if (timer !== undefined) return;
      writeFileSync(path.join(folder, INFO_FILE), INFO);
      timer = setInterval(look, LOOK_EVERY_MS);
    },
    close: hide,
  };
};

const files = (folder: string): string[] => readdirSync(folder).filter((name) => /\.(uf2|txt)$/i.test(name));

/** The program in a file; `undefined` while it is still being written, or is none. */
const whole = (file: string): Program | undefined => {
  try {
    const program = readProgram(readFileSync(file));
    return program.format === 'uf2' ? program : undefined;
  } catch {
    return undefined;
  }
};
