/** Reads a program of any format, told by its content; the file's name says nothing. */
import { readFileSync, statSync } from 'node:fs';
import type { Program } from '../types.ts';
import { isElf, readElf } from './elf.ts';
import { ProgramError } from './errors.ts';
import { checkRange, FLASH_BASE, MAX_FILE_BYTES } from './image.ts';
import { isIntelHex, readIntelHex } from './intel-hex.ts';
import { isUf2, readUf2 } from './uf2.ts';

/** How to read a program file. */
export interface ReadOptions {
  /** Where raw bytes go. @default 0x10000000 */
  address?: number;
}

/**
 * Reads a program, ELF, UF2, Intel HEX or BIN, told apart by content.
 * @throws ProgramError with what was wrong and where
 */
export function readProgram(bytes: Uint8Array, { address = FLASH_BASE }: ReadOptions = {}): Program {
  if (bytes.length === 0) throw new ProgramError('empty', 'The file is empty', 0);
  if (bytes.length > MAX_FILE_BYTES)
    throw new ProgramError('too-big', `The file has ${bytes.length} bytes: too many for an RP2040 program`);
  if (isElf(bytes)) return readElf(bytes);
  if (isUf2(bytes)) return readUf2(bytes);
  if (isIntelHex(bytes)) return readIntelHex(bytes);
  checkRange(address, bytes.length, 0);
  return { format: 'bin', segments: [{ address, data: bytes.slice() }], symbols: [] };
}

/**
 * The same from a file.
 * @throws ProgramError, also when the file cannot be read
 */
export function loadProgram(path: string, options: ReadOptions = {}): Program {
  return { ...readProgram(readBytes(path), options), path };
}

function readBytes(path: string): Uint8Array {
  try {
    const { size } = statSync(path);
    if (size > MAX_FILE_BYTES)
      throw new ProgramError('too-big', `${path} has ${size} bytes: too many for an RP2040 program`);
    return new Uint8Array(readFileSync(path));
  } catch (error) {
    if (error instanceof ProgramError) throw error;
    const code = (error as NodeJS.ErrnoException).code;
    const reason =
      code === 'ENOENT'
        ? 'there is no such file'
        : code === 'EISDIR'
          ? 'it is a folder'
          : `it cannot be read (${code})`;
    throw new ProgramError('unreadable', `${path}: ${reason}`);
  }
}
