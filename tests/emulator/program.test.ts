import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { loadProgram, ProgramError, readProgram } from '../../emulator/index.ts';
import { hexLine, makeElf, makeHex, makeUf2 } from './support/files.ts';

const bytesOf = (length: number) => Uint8Array.from({ length }, (_, i) => (i * 37 + (i >> 8)) & 255);
const text = (value: string) => new TextEncoder().encode(value);

function refusal(bytes: Uint8Array): ProgramError {
  try {
    readProgram(bytes);
  } catch (error) {
    if (error instanceof ProgramError) return error;
    throw error;
  }
  throw new Error('the file was accepted');
}

describe('a program is told by its content', () => {
  const data = bytesOf(1000);
  const padded = new Uint8Array(1024);
  padded.set(data);

  test('ELF, UF2, HEX and BIN of one program load the same bytes', () => {
    const elf = readProgram(makeElf({ segments: [{ address: 0x10000000, data }] }));
    const uf2 = readProgram(makeUf2(data));
    const hex = readProgram(text(makeHex(data)));
    const bin = readProgram(data);
    expect([elf.format, uf2.format, hex.format, bin.format]).toEqual(['elf', 'uf2', 'hex', 'bin']);
    expect(elf.segments).toEqual([{ address: 0x10000000, data }]);
    expect(uf2.segments).toEqual([{ address: 0x10000000, data: padded }]);
    expect(hex.segments).toEqual([{ address: 0x10000000, data }]);
    expect(bin.segments).toEqual([{ address: 0x10000000, data }]);
  });

  test('a wrong extension changes nothing', () => {
    const path = join(mkdtempSync(join(tmpdir(), 'starmind-')), 'program.bin');
    writeFileSync(path, makeUf2(data));
    const program = loadProgram(path);
    expect(program.format).toBe('uf2');
    expect(program.path).toBe(path);
  });

  test('raw bytes go where they are asked to go', () => {
    expect(readProgram(data, { address: 0x20000000 }).segments[0].address).toBe(0x20000000);
  });

  test('ELF symbols keep name, size and kind, without the Thumb bit and without mapping symbols', () => {
    const elf = makeElf({
      segments: [{ address: 0x10000000, data }],
      symbols: [
        { name: 'main', address: 0x10000101, size: 20 },
        { name: '$t', address: 0x10000100, type: 0 },
        { name: 'buffer', address: 0x20000000, size: 64, type: 1 },
        { name: '__StackTop', address: 0x20042000, type: 0 },
      ],
    });
    expect(readProgram(elf).symbols).toEqual([
      { name: 'main', address: 0x10000100, size: 20, kind: 'function' },
      { name: 'buffer', address: 0x20000000, size: 64, kind: 'object' },
      { name: '__StackTop', address: 0x20042000, size: 0, kind: 'other' },
    ]);
  });

  test('two UF2 files one after the other load both', () => {
    const both = new Uint8Array([...makeUf2(data), ...makeUf2(bytesOf(300), 0x10100000)]);
    expect(readProgram(both).segments.map((segment) => segment.address)).toEqual([0x10000000, 0x10100000]);
  });
});

describe('a broken program is refused with what is wrong and where', () => {
  const data = bytesOf(1000);
  const elf = makeElf({
    segments: [{ address: 0x10000000, data }],
    symbols: [{ name: 'main', address: 0x10000000 }],
  });

  test.each([
    ['empty', new Uint8Array(0), 'empty', 0],
    ['ELF cut in its header', elf.slice(0, 40), 'truncated', 40],
    ['ELF cut in its segment', elf.slice(0, 200), 'truncated', 52],
    ['ELF of another machine', makeElf({ machine: 62 }), 'wrong-target', 18],
    ['ELF that is not linked', makeElf({ type: 1 }), 'wrong-target', 16],
    ['ELF without anything to load', makeElf({}), 'empty', undefined],
    [
      'ELF for an address without memory',
      makeElf({ segments: [{ address: 0x08000000, data }] }),
      'out-of-range',
      52,
    ],
    ['UF2 cut inside a block', makeUf2(data).slice(0, 700), 'truncated', 700],
    ['UF2 without its last block', makeUf2(data).slice(0, 1536), 'gap', 1024],
    ['UF2 without its second block', without(makeUf2(data), 512, 1024), 'gap', 512],
    ['UF2 for the RP2350', makeUf2(data, 0x10000000, 0xe48bff59), 'wrong-family', 28],
    ['UF2 with a broken second block', changed(makeUf2(data), 512 + 510), 'corrupt', 512],
    ['UF2 for an address without memory', makeUf2(data, 0x30000000), 'out-of-range', 12],
    ['HEX without its end', text(makeHex(data).replace(/:00000001FF\r\n/, '')), 'truncated', 65],
    ['HEX with a wrong digit', text(makeHex(data).replace(':1000200', ':1000210')), 'bad-checksum', 4],
    ['HEX with a short line', text(':020000041000EA\n:10000000AABB00\n'), 'corrupt', 2],
    [
      'HEX that gives an address twice',
      text(`${makeHex(data).slice(0, -13)}${hexLine(0, 0, Uint8Array.of(1))}\n:00000001FF\n`),
      'overlap',
      undefined,
    ],
    ['17 MB of raw bytes', new Uint8Array(17 * 1024 * 1024), 'out-of-range', 0],
  ])('%s', (_name, bytes, code, at) => {
    const error = refusal(bytes);
    expect(error.code).toBe(code);
    expect(error.at).toBe(at);
    expect(error.message.length).toBeGreaterThan(15);
  });

  test('a file that is not there', () => {
    expect(() => loadProgram('/nowhere/program.elf')).toThrow(
      new ProgramError('unreadable', '/nowhere/program.elf: there is no such file'),
    );
  });
});

describe('no input makes the reader fail in an unnamed way', () => {
  const data = bytesOf(700);
  const good = [
    makeElf({
      segments: [{ address: 0x10000000, data }],
      symbols: [{ name: 'main', address: 0x10000001, size: 4 }],
    }),
    makeUf2(data),
    text(makeHex(data)),
  ];
  const attempt = (bytes: Uint8Array) => {
    try {
      const { segments } = readProgram(bytes);
      for (const segment of segments) expect(segment.data.length).toBeGreaterThan(0);
    } catch (error) {
      expect(error).toBeInstanceOf(ProgramError);
    }
  };

  test('flipped bytes', () => {
    const flips = fc.array(fc.record({ at: fc.nat(), value: fc.integer({ min: 0, max: 255 }) }), {
      minLength: 1,
      maxLength: 8,
    });
    fc.assert(
      fc.property(fc.constantFrom(...good), flips, (file, changes) => {
        const bytes = file.slice();
        for (const { at, value } of changes) bytes[at % bytes.length] = value;
        attempt(bytes);
      }),
      { numRuns: 3000 },
    );
  });

  test('header words of an ELF set to anything', () => {
    const words = fc.array(fc.record({ word: fc.integer({ min: 1, max: 20 }), value: fc.nat(0xffffffff) }), {
      minLength: 1,
      maxLength: 4,
    });
    fc.assert(
      fc.property(words, (changes) => {
        const bytes = good[0].slice();
        const view = new DataView(bytes.buffer);
        for (const { word, value } of changes) view.setUint32(4 * word, value, true);
        attempt(bytes);
      }),
      { numRuns: 2000 },
    );
  });

  test('cut anywhere, and random bytes behind each magic', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...good),
        fc.nat(),
        fc.uint8Array({ maxLength: 1500 }),
        (file, cut, tail) => {
          attempt(file.slice(0, cut % file.length));
          attempt(new Uint8Array([...file.subarray(0, 16), ...tail]));
        },
      ),
      { numRuns: 1000 },
    );
  });
});

function without(bytes: Uint8Array, start: number, end: number): Uint8Array {
  return new Uint8Array([...bytes.subarray(0, start), ...bytes.subarray(end)]);
}

function changed(bytes: Uint8Array, at: number): Uint8Array {
  const copy = bytes.slice();
  copy[at] ^= 0xff;
  return copy;
}
