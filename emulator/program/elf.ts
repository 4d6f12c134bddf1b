/**
 * ELF32 for ARM, little-endian, executable (ELF specification 1.2; ELF for the Arm Architecture): what is loaded (PT_LOAD, by
 * physical address) and what it is called (.symtab).
 */
import { hex } from '../hex.ts';
import type { Program, ProgramSymbol, Segment } from '../types.ts';
import { ProgramError } from './errors.ts';
import { checkRange, joinSegments } from './image.ts';

const HEADER_BYTES = 52;
const PROGRAM_HEADER_BYTES = 32;
const SECTION_HEADER_BYTES = 40;
const SYMBOL_BYTES = 16;

const CLASS_32 = 1;
const LITTLE_ENDIAN = 1;
const TYPE_EXECUTABLE = 2;
const MACHINE_ARM = 40;
const PT_LOAD = 1;
const SHT_SYMTAB = 2;
const STT_OBJECT = 1;
const STT_FUNC = 2;
const MAX_NAME_BYTES = 4096;

export function isElf(bytes: Uint8Array): boolean {
  return bytes[0] === 0x7f && bytes[1] === 0x45 && bytes[2] === 0x4c && bytes[3] === 0x46;
}

/** @throws ProgramError */
export function readElf(bytes: Uint8Array): Program {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < HEADER_BYTES)
    throw new ProgramError(
      'truncated',
      `An ELF header has ${HEADER_BYTES} bytes; the file ends after ${bytes.length}`,
      bytes.length,
    );
  checkHeader(view);
  return {
    format: 'elf',
    segments: joinSegments(readSegments(view, bytes)),
    symbols: readSymbols(view, bytes),
  };
}

function checkHeader(view: DataView): void {
  const refuse = (what: string, at: number) => {
    throw new ProgramError(
      'wrong-target',
      `This ELF is ${what}; an RP2040 program is a 32-bit little-endian ARM executable`,
      at,
    );
  };
  if (view.getUint8(4) !== CLASS_32) refuse('not 32-bit', 4);
  if (view.getUint8(5) !== LITTLE_ENDIAN) refuse('not little-endian', 5);
  if (view.getUint16(18, true) !== MACHINE_ARM)
    refuse(`for machine ${view.getUint16(18, true)}, not ARM (${MACHINE_ARM})`, 18);
  const type = view.getUint16(16, true);
  if (type !== TYPE_EXECUTABLE)
    refuse(type === 1 ? 'an object file that is not linked' : `of type ${type}, not an executable`, 16);
}

/** A table of equal records; checked to lie within the file. */
function table(
  view: DataView,
  name: string,
  offset: number,
  count: number,
  size: number,
  minimum: number,
): number[] {
  if (count === 0) return [];
  if (size < minimum)
    throw new ProgramError(
      'corrupt',
      `Entries of the ${name} are ${size} bytes; at least ${minimum} are needed`,
      offset,
    );
  if (offset + count * size > view.byteLength) {
    throw new ProgramError(
      'truncated',
      `The ${name} (${count} entries at ${offset}) reaches past the end of the file`,
      offset,
    );
  }
  return Array.from({ length: count }, (_, i) => offset + i * size);
}

function readSegments(view: DataView, bytes: Uint8Array): Segment[] {
  const headers = table(
    view,
    'program header table',
    view.getUint32(28, true),
    view.getUint16(44, true),
    view.getUint16(42, true),
    PROGRAM_HEADER_BYTES,
  );
  const segments: Segment[] = [];
  for (const at of headers) {
    if (view.getUint32(at, true) !== PT_LOAD) continue;
    const offset = view.getUint32(at + 4, true);
    const address = view.getUint32(at + 12, true);
    const length = view.getUint32(at + 16, true);
    if (length === 0) continue;
    if (length > view.getUint32(at + 20, true))
      throw new ProgramError(
        'corrupt',
        `The segment at ${hex(address)} has more bytes in the file than in memory`,
        at,
      );
    if (offset + length > bytes.length) {
      throw new ProgramError(
        'truncated',
        `The segment at ${hex(address)} (${length} bytes at ${offset}) reaches past the end of the file`,
        at,
      );
    }
    checkRange(address, length, at);
    segments.push({ address, data: bytes.slice(offset, offset + length) });
  }
  return segments;
}

function readSymbols(view: DataView, bytes: Uint8Array): ProgramSymbol[] {
  const sections = table(
    view,
    'section header table',
    view.getUint32(32, true),
    view.getUint16(48, true),
    view.getUint16(46, true),
    SECTION_HEADER_BYTES,
  );
  const symbols: ProgramSymbol[] = [];
  for (const at of sections) {
    if (view.getUint32(at + 4, true) !== SHT_SYMTAB) continue;
    const size = view.getUint32(at + 20, true);
    const entries = table(
      view,
      'symbol table',
      view.getUint32(at + 16, true),
      Math.floor(size / SYMBOL_BYTES),
      SYMBOL_BYTES,
      SYMBOL_BYTES,
    );
    const names = stringTable(view, bytes, sections[view.getUint32(at + 24, true)], at);
    for (const entry of entries) {
      const symbol = readSymbol(view, entry, names);
      if (symbol) symbols.push(symbol);
    }
  }
  return symbols;
}

function stringTable(view: DataView, bytes: Uint8Array, header: number | undefined, at: number): Uint8Array {
  if (header === undefined)
    throw new ProgramError('corrupt', 'The symbol table names a string table that does not exist', at);
  const offset = view.getUint32(header + 16, true);
  const size = view.getUint32(header + 20, true);
  if (offset + size > bytes.length)
    throw new ProgramError('truncated', 'The string table reaches past the end of the file', header);
  return bytes.subarray(offset, offset + size);
}

function readSymbol(view: DataView, at: number, names: Uint8Array): ProgramSymbol | undefined {
  const section = view.getUint16(at + 14, true);
  const name = text(names, view.getUint32(at, true));
  // Undefined symbols have no address; $t, $d and $a only mark code and data.
  if (section === 0 || name === '' || /^\$[atd](\.|$)/.test(name)) return undefined;
  const type = view.getUint8(at + 12) & 0xf;
  const value = view.getUint32(at + 4, true);
  const size = view.getUint32(at + 8, true);
  if (type === STT_FUNC) return { name, address: (value & ~1) >>> 0, size, kind: 'function' };
  if (type === STT_OBJECT) return { name, address: value, size, kind: 'object' };
  return { name, address: value, size, kind: 'other' };
}

function text(table: Uint8Array, start: number): string {
  if (start >= table.length) return '';
  const end = table.subarray(0, start + MAX_NAME_BYTES).indexOf(0, start);
  if (end < 0) return '';
  return new TextDecoder().decode(table.subarray(start, end));
}
