/** Assembles the pieces of a program into ordered segments, and says no to what cannot be in an RP2040. */
import { hex } from '../hex.ts';
import type { Segment } from '../types.ts';
import { ProgramError } from './errors.ts';

export const FLASH_BASE = 0x10000000;
const FLASH_END = FLASH_BASE + 16 * 1024 * 1024;
export const SRAM_BASE = 0x20000000;
const SRAM_END = SRAM_BASE + 0x42000;

/** Longest file that is looked at: an ELF with debug information for 16 MB of flash stays well below. */
export const MAX_FILE_BYTES = 256 * 1024 * 1024;

/** @throws ProgramError `out-of-range` when the bytes are not all in flash or all in SRAM; `at` goes into the error */
export function checkRange(address: number, length: number, at?: number): void {
  const end = address + length;
  if (address >= FLASH_BASE && end <= FLASH_END) return;
  if (address >= SRAM_BASE && end <= SRAM_END) return;
  throw new ProgramError(
    'out-of-range',
    `${length} bytes at ${hex(address)} lie outside the RP2040's flash (${hex(FLASH_BASE)}, 16 MB) and SRAM (${hex(SRAM_BASE)}, 264 KB)`,
    at,
  );
}

/**
 * Joins adjacent pieces. Pieces may overlap where they say the same.
 * @throws ProgramError `overlap` when two pieces give one address different bytes, `empty` when there is nothing
 */
export function joinSegments(pieces: readonly Segment[]): Segment[] {
  const sorted = pieces.filter((piece) => piece.data.length > 0).sort((a, b) => a.address - b.address);
  if (sorted.length === 0) throw new ProgramError('empty', 'The file holds no bytes to load');
  const groups: Segment[][] = [];
  let end = -1;
  for (const piece of sorted) {
    if (piece.address > end || groups.length === 0) groups.push([piece]);
    else groups[groups.length - 1].push(piece);
    end = Math.max(end, piece.address + piece.data.length);
  }
  return groups.map(joinGroup);
}

/** Pieces without a gap between them, in order of address. */
function joinGroup(pieces: Segment[]): Segment {
  if (pieces.length === 1) return pieces[0];
  const { address } = pieces[0];
  const end = pieces.reduce((last, piece) => Math.max(last, piece.address + piece.data.length), 0);
  const data = new Uint8Array(end - address);
  let filled = 0;
  for (const piece of pieces) {
    const offset = piece.address - address;
    const overlap = Math.max(0, Math.min(filled - offset, piece.data.length));
    for (let i = 0; i < overlap; i++) {
      if (data[offset + i] !== piece.data[i]) {
        throw new ProgramError(
          'overlap',
          `The file gives address ${hex(piece.address + i)} two different values`,
        );
      }
    }
    data.set(piece.data.subarray(overlap), offset + overlap);
    filled = Math.max(filled, offset + piece.data.length);
  }
  return { address, data };
}
