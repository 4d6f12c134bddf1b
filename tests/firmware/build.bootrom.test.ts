import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { buildFirmware } from '../../firmware/build.ts';
import { bitsToFloat, doubleWords, floatBits, RomMachine, wordsToDouble } from './rom-machine.ts';

const BUFFER = 0x20001000;
const OTHER = 0x20002000;

let rom: RomMachine;

beforeAll(async () => {
  rom = new RomMachine((await buildFirmware()).bootrom);
});

describe('the boot ROM header', () => {
  test('holds the magic, version 3, an initial stack in SRAM and a Thumb reset vector', () => {
    expect(Buffer.from(rom.rom.subarray(0x10, 0x12)).toString()).toBe('Mu');
    expect(rom.rom[0x12]).toBe(1);
    expect(rom.rom[0x13]).toBe(3);
    expect(rom.word(0)).toBe(0x20041f00);
    expect(rom.word(4) & 1).toBe(1);
    expect(rom.rom.length).toBeLessThanOrEqual(16384);
  });

  test('finds every documented function by its code, as a Thumb address inside the ROM', () => {
    const codes = 'P3 R3 L3 T3 MS S4 MC C4 IF EX RE RP FC CX UB WV DT DE EC'.split(' ');
    const addresses = codes.map((code) => rom.lookUpFunction(code));
    expect(addresses.every((address) => (address & 1) === 1 && address < rom.rom.length)).toBe(true);
    expect(new Set(addresses).size).toBe(codes.length);
  });

  test('answers 0 for a code that does not exist', () => {
    expect(rom.lookUpFunction('ZZ')).toBe(0);
    expect(rom.lookUpData('ZZ')).toBe(0);
  });

  test('has a copyright text of ours and two float tables that say how many words may be copied', () => {
    expect(rom.text(rom.lookUpData('CR'))).toContain('Starmind Pico');
    for (const code of ['SF', 'SD']) expect(rom.rom[rom.lookUpData(code) - 2]).toBe(0x20);
    expect(rom.lookUpData('FS')).toBeLessThan(rom.lookUpData('FE'));
  });
});

describe('the bit routines', () => {
  const call = (code: string, value: number) => rom.call(rom.lookUpFunction(code), value)[0];
  const anyWord = fc.oneof(
    fc.integer({ min: 0, max: 0xffffffff }),
    fc.integer({ min: 0, max: 31 }).map((n) => (1 << n) >>> 0),
    fc.constantFrom(0, 0xffffffff),
  );
  const bits = (value: number) => value.toString(2).padStart(32, '0');

  test('count, reverse and find the ends of any word', () => {
    fc.assert(
      fc.property(anyWord, (value) => {
        const text = bits(value);
        expect(call('P3', value)).toBe(text.replaceAll('0', '').length);
        expect(bits(call('R3', value))).toBe([...text].reverse().join(''));
        expect(call('L3', value)).toBe(Math.clz32(value));
        expect(call('T3', value)).toBe(value === 0 ? 32 : 31 - Math.clz32(value & -value));
      }),
      { numRuns: 300 },
    );
  });

  test('leave r12 alone, in which the SDK keeps a return address across L3', () => {
    rom.rp2040.core.registers[12] = 0x1234;
    for (const code of ['P3', 'R3', 'L3', 'T3']) call(code, 77);
    expect(rom.rp2040.core.registers[12]).toBe(0x1234);
  });
});

describe('the memory routines', () => {
  const sizes = fc.integer({ min: 0, max: 70 });
  const shifts = fc.integer({ min: 0, max: 3 });

  test('memset fills exactly the bytes it was given, at any alignment, and returns the destination', () => {
    fc.assert(
      fc.property(sizes, shifts, fc.integer({ min: 0, max: 255 }), (size, shift, value) => {
        const memory = rom.sram(BUFFER, 128).fill(0xee);
        const expected = memory.slice().fill(value, 8 + shift, 8 + shift + size);
        expect(rom.call(rom.lookUpFunction('MS'), BUFFER + 8 + shift, value, size)[0]).toBe(
          BUFFER + 8 + shift,
        );
        expect(memory).toEqual(expected);
      }),
      { numRuns: 200 },
    );
  });

  test('memcpy copies exactly the bytes it was given, between any alignments, and returns the destination', () => {
    fc.assert(
      fc.property(sizes, shifts, shifts, (size, to, from) => {
        const source = rom.sram(OTHER, 128);
        for (let i = 0; i < source.length; i++) source[i] = (i * 7 + 3) & 255;
        const memory = rom.sram(BUFFER, 128).fill(0xee);
        const expected = memory.slice();
        expected.set(source.subarray(from, from + size), 8 + to);
        expect(rom.call(rom.lookUpFunction('MC'), BUFFER + 8 + to, OTHER + from, size)[0]).toBe(
          BUFFER + 8 + to,
        );
        expect(memory).toEqual(expected);
      }),
      { numRuns: 200 },
    );
  });

  test('the word versions fill and copy whole words', () => {
    const memory = rom.sram(BUFFER, 64).fill(0xee);
    expect(rom.call(rom.lookUpFunction('S4'), BUFFER + 4, 0x5a, 36)[0]).toBe(BUFFER + 4);
    expect(memory).toEqual(new Uint8Array(64).fill(0xee).fill(0x5a, 4, 40));
    rom.sram(OTHER, 24).set(Array.from({ length: 24 }, (_, i) => i));
    expect(rom.call(rom.lookUpFunction('C4'), BUFFER, OTHER, 24)[0]).toBe(BUFFER);
    expect([...memory.subarray(0, 25)]).toEqual([...Array.from({ length: 24 }, (_, i) => i), 0x5a]);
  });
});

describe('the float routines', () => {
  const entry = (table: 'SF' | 'SD', offset: number) => rom.word(rom.lookUpData(table) + offset);
  /** A denormal result is a zero of its sign. */
  const flushed = (value: number, least: number) =>
    Math.abs(value) >= least || Number.isNaN(value) ? value : value < 0 || Object.is(value, -0) ? -0 : 0;
  const LEAST_FLOAT = 2 ** -126;
  const LEAST_DOUBLE = 2 ** -1022;
  const floats = fc
    .float({ noNaN: true, noDefaultInfinity: true })
    .filter((x) => x === 0 || Math.abs(x) >= LEAST_FLOAT);
  const doubles = fc
    .double({ noNaN: true, noDefaultInfinity: true })
    .filter((x) => x === 0 || Math.abs(x) >= LEAST_DOUBLE);
  const operators: [string, number, (a: number, b: number) => number][] = [
    ['add', 0x00, (a, b) => a + b],
    ['subtract', 0x04, (a, b) => a - b],
    ['multiply', 0x08, (a, b) => a * b],
    ['divide', 0x0c, (a, b) => a / b],
  ];

  test.each(operators)('floats %s with rounding to nearest even', (_name, offset, operation) => {
    fc.assert(
      fc.property(floats, floats, (a, b) => {
        fc.pre(!Number.isNaN(operation(a, b)));
        const [bits] = rom.call(entry('SF', offset), floatBits(a), floatBits(b));
        const expected = Math.fround(operation(a, b));
        fc.pre(
          Math.abs(expected) === 0 ||
            Math.abs(expected) > LEAST_FLOAT ||
            Math.abs(operation(a, b)) < LEAST_FLOAT / 2,
        );
        expect(bitsToFloat(bits)).toBe(flushed(expected, LEAST_FLOAT));
      }),
      { numRuns: 150 },
    );
  });

  test.each(operators)('doubles %s with rounding to nearest even', (_name, offset, operation) => {
    fc.assert(
      fc.property(doubles, doubles, (a, b) => {
        fc.pre(!Number.isNaN(operation(a, b)));
        const result = rom.call(entry('SD', offset), ...doubleWords(a), ...doubleWords(b));
        expect(wordsToDouble(result)).toBe(flushed(operation(a, b), LEAST_DOUBLE));
      }),
      { numRuns: 150 },
    );
  });

  test('roots are exact to the last bit, and minus infinity for negative numbers', () => {
    fc.assert(
      fc.property(floats, doubles, (f, d) => {
        const root = bitsToFloat(rom.call(entry('SF', 0x18), floatBits(f))[0]);
        expect(root).toBe(f < 0 ? -Infinity : Math.fround(Math.sqrt(f)));
        const wide = wordsToDouble(rom.call(entry('SD', 0x18), ...doubleWords(d)));
        expect(wide).toBe(d < 0 ? -Infinity : Math.sqrt(d));
      }),
      { numRuns: 150 },
    );
  });

  test('conversions to integers go down and clamp', () => {
    const int = (x: number) => rom.call(entry('SF', 0x1c), floatBits(x))[0] | 0;
    const uint = (x: number) => rom.call(entry('SF', 0x24), floatBits(x))[0];
    expect([1.5, -1.5, -0.25, 0, 3e9, -3e9, Infinity, -Infinity].map(int)).toEqual([
      1, -2, -1, 0, 0x7fffffff, -0x80000000, 0x7fffffff, -0x80000000,
    ]);
    expect([1.5, -1.5, 4e9, 5e9].map(uint)).toEqual([1, 0, Math.fround(4e9), 0xffffffff]);
    fc.assert(
      fc.property(fc.double({ min: -3e9, max: 3e9, noNaN: true }), (x) => {
        const expected = Math.max(-0x80000000, Math.min(0x7fffffff, Math.floor(flushed(x, LEAST_DOUBLE))));
        expect(rom.call(entry('SD', 0x1c), ...doubleWords(x))[0] | 0).toBe(expected | 0);
      }),
      { numRuns: 150 },
    );
  });

  test('conversions from integers round to nearest even, with or without fraction bits', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 0, max: 31 }), (n, fraction) => {
        expect(bitsToFloat(rom.call(entry('SF', 0x2c), n)[0])).toBe(Math.fround(n));
        expect(bitsToFloat(rom.call(entry('SF', 0x30), n, fraction)[0])).toBe(Math.fround(n / 2 ** fraction));
        expect(bitsToFloat(rom.call(entry('SF', 0x34), n)[0])).toBe(Math.fround(n >>> 0));
        expect(wordsToDouble(rom.call(entry('SD', 0x2c), n))).toBe(n);
      }),
      { numRuns: 150 },
    );
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (n) => {
        const words = [Number(BigInt.asUintN(32, n)), Number(BigInt.asUintN(32, n >> 32n))] as const;
        expect(wordsToDouble(rom.call(entry('SD', 0x5c), ...words))).toBe(Number(n));
        expect(wordsToDouble(rom.call(entry('SD', 0x64), ...words))).toBe(Number(BigInt.asUintN(64, n)));
      }),
      { numRuns: 150 },
    );
  });

  test('floats and doubles convert into each other', () => {
    fc.assert(
      fc.property(floats, fc.double({ min: -3e38, max: 3e38, noNaN: true }), (f, d) => {
        expect(wordsToDouble(rom.call(entry('SF', 0x7c), floatBits(f)))).toBe(f);
        fc.pre(d === 0 || Math.abs(d) > 2 ** -125);
        expect(bitsToFloat(rom.call(entry('SD', 0x7c), ...doubleWords(d))[0])).toBe(Math.fround(d));
      }),
      { numRuns: 150 },
    );
  });

  test('denormals are zero, and a NaN operand is an infinity', () => {
    const add = entry('SF', 0);
    expect(rom.call(add, 0x00000001, 0x80000001)[0]).toBe(0);
    expect(rom.call(add, 0x7fc00000, floatBits(1))[0]).toBe(floatBits(Infinity));
  });
});

describe('the transcendental routines', () => {
  const entry = (table: 'SF' | 'SD', offset: number) => rom.word(rom.lookUpData(table) + offset);
  const float = (offset: number, ...args: number[]) =>
    bitsToFloat(rom.call(entry('SF', offset), ...args.map(floatBits))[0]);
  const double = (offset: number, ...args: number[]) =>
    wordsToDouble(rom.call(entry('SD', offset), ...args.flatMap(doubleWords)));
  /** Units in the last place between two numbers of this many significant bits. */
  const apart = (a: number, b: number, bits: number) => {
    if (a === b || (Number.isNaN(a) && Number.isNaN(b))) return 0;
    return Math.abs(a - b) / 2 ** (Math.floor(Math.log2(Math.abs(b))) - bits + 1);
  };
  const angles = fc.double({ min: -128, max: 128, noNaN: true });
  const exponents = fc.double({ min: -80, max: 80, noNaN: true });
  const positive = fc.double({ min: 1e-30, max: 1e30, noNaN: true });
  const one: [string, number, fc.Arbitrary<number>, (x: number) => number][] = [
    ['cosine', 0x3c, angles, Math.cos],
    ['sine', 0x40, angles, Math.sin],
    ['tangent', 0x44, angles, Math.tan],
    ['exponential', 0x4c, exponents, Math.exp],
    ['logarithm', 0x50, positive, Math.log],
  ];

  test.each(one)('%s is right to the last place, in both sizes', (_name, offset, arguments_, expected) => {
    fc.assert(
      fc.property(arguments_, (any) => {
        const x = Math.fround(any);
        fc.pre(Math.abs(x) > 1e-30);
        expect(apart(float(offset, x), Math.fround(expected(x)), 24)).toBeLessThanOrEqual(1);
        expect(apart(double(offset, x), expected(x), 53)).toBeLessThanOrEqual(1);
      }),
      { numRuns: 100 },
    );
  });

  test('the angle of a point is right to the last place, in all four quadrants and on the axes', () => {
    const coordinate = fc.oneof(fc.double({ min: -1e6, max: 1e6, noNaN: true }), fc.constantFrom(0, 1, -1));
    fc.assert(
      fc.property(coordinate, coordinate, (a, b) => {
        const [y, x] = [Math.fround(a), Math.fround(b)];
        fc.pre([y, x].every((v) => v === 0 || Math.abs(v) > 1e-20) && !Object.is(x, -0));
        expect(apart(float(0x58, y, x), Math.fround(Math.atan2(y, x)), 24)).toBeLessThanOrEqual(1);
        expect(apart(double(0x58, y, x), Math.atan2(y, x), 53)).toBeLessThanOrEqual(1);
      }),
      { numRuns: 150 },
    );
    expect(double(0x58, Infinity, -Infinity)).toBe(Math.atan2(Infinity, -Infinity));
    expect(double(0x58, -Infinity, 5)).toBe(-Math.PI / 2);
    expect(double(0x58, -3, -Infinity)).toBe(-Math.PI);
  });

  test('sine and cosine come together where the SDK expects both', () => {
    for (const offset of [0x40, 0x48]) {
      const [sine, cosine] = rom.call(entry('SF', offset), floatBits(2.5));
      expect([bitsToFloat(sine), bitsToFloat(cosine)]).toEqual([
        Math.fround(Math.sin(2.5)),
        Math.fround(Math.cos(2.5)),
      ]);
    }
    const sine = wordsToDouble(rom.call(entry('SD', 0x48), ...doubleWords(2.5)));
    const { registers } = rom.rp2040.core;
    expect(apart(sine, Math.sin(2.5), 53)).toBeLessThanOrEqual(1);
    const cosine = wordsToDouble([registers[2] >>> 0, registers[3] >>> 0]);
    expect(apart(cosine, Math.cos(2.5), 53)).toBeLessThanOrEqual(1);
  });

  test('ends of the range are infinities, zeros and NaN', () => {
    expect([1000, -1000, 1e300, Infinity, -Infinity].map((x) => double(0x4c, x))).toEqual([
      Infinity,
      0,
      Infinity,
      Infinity,
      0,
    ]);
    expect([0, Infinity].map((x) => double(0x50, x))).toEqual([-Infinity, Infinity]);
    expect(double(0x50, -1)).toBeNaN();
    expect([0, -0].map((x) => double(0x40, x))).toEqual([0, -0]);
  });
});

describe('what the ROM does not offer', () => {
  test('USB boot ends at a breakpoint whose registers name it and who asked', () => {
    const fault = rom.callToFault(rom.lookUpFunction('UB'));
    expect(fault).toMatchObject({ magic: 0x46524d53, name: 'usb-boot', code: 1, caller: 0x2003fff1 });
  });

  test.each([
    ['DT', 'debug-trampoline'],
    ['EC', 'deprecated-function'],
  ])('%s is named %s', (code, name) => {
    expect(rom.callToFault(rom.lookUpFunction(code)).name).toBe(name);
  });
});
