/** Program files made by hand, so that a test can break them in one place. */
import { encodeBlock, UF2Flags } from 'uf2';

export interface ElfParts {
  segments?: { address: number; data: Uint8Array }[];
  symbols?: { name: string; address: number; size?: number; type?: number }[];
  machine?: number;
  type?: number;
}

/** A small ELF32 executable: header, program headers, segment bytes, symbol table, string table, section headers. */
export function makeElf({ segments = [], symbols = [], machine = 40, type = 2 }: ElfParts): Uint8Array {
  const dataBytes = segments.reduce((sum, segment) => sum + segment.data.length, 0);
  const names = new TextEncoder().encode(`\0${symbols.map((symbol) => `${symbol.name}\0`).join('')}`);
  const dataAt = 52 + 32 * segments.length;
  const symbolsAt = dataAt + dataBytes;
  const namesAt = symbolsAt + 16 * (symbols.length + 1);
  const sectionsAt = namesAt + names.length;
  const bytes = new Uint8Array(sectionsAt + 3 * 40);
  const view = new DataView(bytes.buffer);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1]);
  view.setUint16(16, type, true);
  view.setUint16(18, machine, true);
  view.setUint32(28, 52, true);
  view.setUint32(32, sectionsAt, true);
  view.setUint16(42, 32, true);
  view.setUint16(44, segments.length, true);
  view.setUint16(46, 40, true);
  view.setUint16(48, 3, true);
  let at = dataAt;
  segments.forEach(({ address, data }, i) => {
    const header = 52 + 32 * i;
    view.setUint32(header, 1, true);
    view.setUint32(header + 4, at, true);
    view.setUint32(header + 8, address, true);
    view.setUint32(header + 12, address, true);
    view.setUint32(header + 16, data.length, true);
    view.setUint32(header + 20, data.length, true);
    bytes.set(data, at);
    at += data.length;
  });
  let nameAt = 1;
  symbols.forEach((symbol, i) => {
    const entry = symbolsAt + 16 * (i + 1);
    view.setUint32(entry, nameAt, true);
    view.setUint32(entry + 4, symbol.address, true);
    view.setUint32(entry + 8, symbol.size ?? 0, true);
    view.setUint8(entry + 12, symbol.type ?? 2);
    view.setUint16(entry + 14, 1, true);
    nameAt += symbol.name.length + 1;
  });
  bytes.set(names, namesAt);
  const symtab = sectionsAt + 40;
  view.setUint32(symtab + 4, 2, true);
  view.setUint32(symtab + 16, symbolsAt, true);
  view.setUint32(symtab + 20, 16 * (symbols.length + 1), true);
  view.setUint32(symtab + 24, 2, true);
  const strtab = sectionsAt + 80;
  view.setUint32(strtab + 4, 3, true);
  view.setUint32(strtab + 16, namesAt, true);
  view.setUint32(strtab + 20, names.length, true);
  return bytes;
}

/** A UF2 of 256-byte blocks. */
export function makeUf2(data: Uint8Array, address = 0x10000000, family = 0xe48bff56): Uint8Array {
  const totalBlocks = Math.ceil(data.length / 256);
  const file = new Uint8Array(512 * totalBlocks);
  for (let blockNumber = 0; blockNumber < totalBlocks; blockNumber++) {
    const payload = new Uint8Array(256);
    payload.set(data.subarray(256 * blockNumber, 256 * (blockNumber + 1)));
    const block = {
      flags: UF2Flags.familyIDPresent,
      flashAddress: address + 256 * blockNumber,
      payload,
      blockNumber,
      totalBlocks,
      boardFamily: family,
    };
    encodeBlock(block, file, 512 * blockNumber);
  }
  return file;
}

/** Intel HEX with 16 bytes a line. */
export function makeHex(data: Uint8Array, address = 0x10000000): string {
  const lines: string[] = [];
  let upper = -1;
  for (let at = 0; at < data.length; at += 16) {
    const full = address + at;
    if (full >>> 16 !== upper) {
      upper = full >>> 16;
      lines.push(hexLine(4, 0, Uint8Array.of(upper >>> 8, upper & 255)));
    }
    lines.push(hexLine(0, full & 0xffff, data.subarray(at, at + 16)));
  }
  lines.push(hexLine(1, 0, new Uint8Array(0)));
  return `${lines.join('\r\n')}\r\n`;
}

export function hexLine(type: number, address: number, data: Uint8Array): string {
  const body = [data.length, address >>> 8, address & 255, type, ...data];
  const sum = -body.reduce((total, byte) => total + byte, 0) & 255;
  return `:${[...body, sum].map((byte) => byte.toString(16).padStart(2, '0').toUpperCase()).join('')}`;
}
