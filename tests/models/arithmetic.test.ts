import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { normConstant } from '../../models/quantize/gain.ts';
import { dequantize, quantizeMatrix } from '../../models/quantize/matrix.ts';
import {
  accumulateRow,
  accumulatorShift,
  bitlen,
  isqrt,
  matvec,
  mulhi,
  norm,
  quantize,
  rshift,
  rshiftUnsigned,
  type ScaledVector,
} from '../../models/reference/arithmetic.ts';

const i32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const u32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const shift = fc.integer({ min: 0, max: 31 });
const wrap = (x: bigint) => BigInt.asIntN(32, x);

function real({ values, multiplier, exponent }: ScaledVector): number[] {
  return Array.from(values, (value) => value * multiplier * 2 ** -exponent);
}

function scaled(n: number): ScaledVector {
  return { values: new Int8Array(n), multiplier: 0, exponent: 0 };
}

describe('integer primitives', () => {
  it('rshift rounds half up and wraps', () => {
    fc.assert(
      fc.property(i32, shift, (x, s) => {
        const expected = s === 0 ? BigInt(x) : wrap(BigInt(x) + (1n << BigInt(s - 1))) >> BigInt(s);
        expect(rshift(x, s)).toBe(Number(expected));
      }),
    );
    expect([rshift(3, 1), rshift(-3, 1), rshift(-1, 1), rshift(5, 0)]).toEqual([2, -1, 0, 5]);
  });

  it('rshiftUnsigned does so on u32', () => {
    fc.assert(
      fc.property(u32, shift, (x, s) => {
        const expected =
          s === 0 ? BigInt(x) : BigInt.asUintN(32, BigInt(x) + (1n << BigInt(s - 1))) >> BigInt(s);
        expect(rshiftUnsigned(x, s) >>> 0).toBe(Number(expected));
      }),
    );
  });

  it('bitlen, isqrt and mulhi are exact on u32', () => {
    fc.assert(
      fc.property(u32, u32, (a, b) => {
        expect(bitlen(a)).toBe(a === 0 ? 0 : a.toString(2).length);
        const root = BigInt(isqrt(a));
        expect(root * root <= BigInt(a) && (root + 1n) * (root + 1n) > BigInt(a)).toBe(true);
        expect(mulhi(a, b)).toBe(Number((BigInt(a) * BigInt(b)) >> 32n));
      }),
    );
    for (let root = 1; root < 65536; root += 37) {
      expect([isqrt(root * root - 1), isqrt(root * root)]).toEqual([root - 1, root]);
    }
    expect(isqrt(0xffffffff)).toBe(65535);
    expect(mulhi(0xffffffff, 0xffffffff)).toBe(0xfffffffe);
  });

  it('quantize keeps every element within half a step of the largest / 127', () => {
    const vector = fc.array(fc.oneof(i32, fc.integer({ min: -300, max: 300 })), {
      minLength: 1,
      maxLength: 20,
    });
    fc.assert(
      fc.property(vector, fc.integer({ min: -20, max: 20 }), (t, unitExponent) => {
        const out = scaled(t.length);
        quantize(out, Int32Array.from(t), t.length, unitExponent);
        const largest = Math.max(...t.map(Math.abs)) * 2 ** -unitExponent;
        real(out).forEach((value, i) => {
          expect(Math.abs(value - t[i] * 2 ** -unitExponent)).toBeLessThanOrEqual(
            (largest / 127) * 0.5 + largest * 2e-4,
          );
        });
        if (largest > 0) expect(out.multiplier >= 2 ** 15 && out.multiplier < 2 ** 16).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('quantize gives zero for zero and copes with the most negative number', () => {
    const out = scaled(3);
    quantize(out, Int32Array.of(0, 0, 0), 3, 5);
    expect(out).toEqual(scaled(3));
    quantize(out, Int32Array.of(-(2 ** 31), 2 ** 30, 0), 3, 0);
    expect([...out.values]).toEqual([-127, 64, 0]);
  });

  it.each(['rms', 'layer'] as const)('norm (%s) is the float norm to about one step of 8 bits', (kind) => {
    const fraction = 12;
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -30, max: 30, noNaN: true }), { minLength: 2, maxLength: 64 }),
        fc.array(fc.double({ min: -2, max: 2, noNaN: true }), { minLength: 64, maxLength: 64 }),
        (xs, gs) => {
          const n = xs.length;
          const eps = 1e-5;
          const x = Int32Array.from(xs, (v) => Math.round(v * 2 ** fraction));
          const gains = Int16Array.from(gs.slice(0, n), (g) => Math.round(g * 2 ** 13));
          const out = scaled(n);
          const constants = { kind, normEps: Math.round(n * eps * 2 ** (2 * fraction)) };
          const scratch = { u: new Int32Array(n), t: new Int32Array(n) };
          norm(out, x, { gains, exponent: 13, ...normConstant(n, 13) }, constants, scratch);

          const mean = kind === 'layer' ? x.reduce((a, b) => a + b, 0) / n : 0;
          const centred = Array.from(x, (v) => (v - mean) * 2 ** -fraction);
          const root = Math.sqrt(centred.reduce((a, b) => a + b * b, 0) / n + eps);
          const expected = centred.map((v, i) => (v / root) * gains[i] * 2 ** -13);
          const largest = Math.max(...expected.map(Math.abs));
          // Inputs near zero have few bits; the mean is rounded to one unit.
          if (root < 2 ** -fraction * 200) return;
          real(out).forEach((value, i) => {
            expect(Math.abs(value - expected[i])).toBeLessThanOrEqual(largest * 0.0045 + 0.012);
          });
        },
      ),
      { numRuns: 500 },
    );
  });

  it('accumulates exactly and shifts by the least that fits 15 bits', () => {
    const matrix = {
      format: 'int8' as const,
      rows: 2,
      columns: 3,
      weights: Int8Array.of(127, -127, 127, 1, 2, 3),
    };
    expect(accumulatorShift(matrix)).toBe(1);
    const w = { ...matrix, rowScales: new Uint16Array(2), exponent: 0, pre: 1 };
    expect([0, 1].map((r) => accumulateRow(w, r, Int8Array.of(127, -127, 127)))).toEqual([
      3 * 127 * 127,
      254,
    ]);
    const groups = {
      format: 'int4g32' as const,
      rows: 1,
      columns: 34,
      weights: new Int8Array(34).fill(-8),
      groupScales: Uint16Array.of(2047, 3),
    };
    const grouped = { ...groups, rowScales: new Uint16Array(1), exponent: 0, pre: 0 };
    expect(accumulateRow(grouped, 0, new Int8Array(34).fill(127))).toBe(-8 * 127 * (32 * 2047 + 2 * 3));
    const bound = 127 * 8 * (32 * 2047 + 6);
    const pre = accumulatorShift(groups);
    expect(rshift(bound, pre)).toBeLessThanOrEqual(32767);
    expect(rshift(bound, pre - 1)).toBeGreaterThan(32767);
  });

  it.each(['int8', 'int4', 'int4g32'] as const)(
    'matvec (%s) equals the real product of what it was given',
    (format) => {
      fc.assert(
        fc.property(
          fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 5 * 40, maxLength: 5 * 40 }),
          fc.array(fc.integer({ min: -127, max: 127 }), { minLength: 40, maxLength: 40 }),
          (weights, values) => {
            const matrix = quantizeMatrix({ rows: 5, columns: 40, data: Float32Array.from(weights) }, format);
            const a = { values: Int8Array.from(values), multiplier: 40000, exponent: 21 };
            const y = new Int32Array(5);
            matvec(y, matrix, a, 12);
            const w = dequantize(matrix);
            const x = real(a);
            for (let r = 0; r < 5; r++) {
              const exact = x.reduce((sum, value, k) => sum + value * w[r * 40 + k], 0);
              // acc has 15 bits and so has the scale, of which a small row uses fewer.
              const size = 40 * 127 * 40000 * 2 ** -21;
              expect(Math.abs(y[r] * 2 ** -12 - exact)).toBeLessThanOrEqual(size * 2e-4 + 2 ** -12);
            }
          },
        ),
        { numRuns: 200 },
      );
    },
  );
});

describe('weight quantization', () => {
  it.each([
    ['int8', 0.005],
    ['int4g32', 0.09],
    ['int4', 0.1],
  ] as const)('%s loses little of normally distributed weights', (format, limit) => {
    let state = 1;
    const uniform = () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state / 2 ** 32;
    };
    const data = Float32Array.from(
      { length: 32 * 64 },
      () => Math.sqrt(-2 * Math.log(uniform() + 1e-12)) * Math.cos(2 * Math.PI * uniform()),
    );
    const back = dequantize(quantizeMatrix({ rows: 32, columns: 64, data }, format));
    const error = back.reduce((sum, w, i) => sum + (w - data[i]) ** 2, 0);
    const power = data.reduce((sum, w) => sum + w * w, 0);
    expect(Math.sqrt(error / power)).toBeLessThan(limit * 1.5);
  });

  it('keeps a zero row zero and a lone weight exact to 16 bits', () => {
    const data = Float32Array.of(0, 0, 0, 0, 0.37, 0, 0, 0);
    for (const format of ['int8', 'int4', 'int4g32'] as const) {
      const back = dequantize(quantizeMatrix({ rows: 2, columns: 4, data }, format));
      expect([...back.slice(0, 4)]).toEqual([0, 0, 0, 0]);
      expect(Math.abs(back[4] - 0.37)).toBeLessThan(format === 'int4g32' ? 2e-4 : 2e-5);
    }
  });
});
