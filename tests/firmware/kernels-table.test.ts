import { beforeAll, describe, expect, it } from 'vitest';
import {
  kernelKey,
  kernelMoves,
  readKernelBaseline,
  toKernelBaseline,
} from '../../bench/kernels/baseline.ts';
import { type KernelMeasurement, measureKernels } from '../../bench/kernels/measure.ts';
import { kernelsJson } from '../../bench/report/kernelReport.ts';

let kernels: KernelMeasurement[];

beforeAll(async () => {
  kernels = await measureKernels();
});

const perMac = (key: string): number => {
  const found = kernels.find((kernel) => kernelKey(kernel) === key);
  if (found === undefined) throw new Error(`no kernel ${key} was measured`);
  return found.cyclesPerMac;
};

describe('the kernels, whole calls on the emulated chip', () => {
  it.each([
    ['int8 64x64', 3.3],
    ['int8 64x172', 3.2],
    ['int8 512x64', 3.3],
    // The issue asks for 2.8 with group scales: EXPERIMENTS.md counts what is missing.
    ['int8 256x8', 5.5],
    ['int8 8x256', 3.1],
    ['int4 64x64', 2.5],
    ['int4 64x172', 2.4],
    ['int4 512x64', 2.5],
    ['int4g32 64x64', 2.97],
    ['int4g32 64x172', 2.9],
    ['int4g32 512x64', 2.88],
  ])('%s takes at most %s cycles per multiply-add', (key, most) => {
    expect(perMac(key)).toBeLessThanOrEqual(most);
  });

  it('are never below the floor of their inner step', () => {
    for (const kernel of kernels.filter(({ name }) => !name.includes('portable'))) {
      expect(kernel.cyclesPerMac, kernelKey(kernel)).toBeGreaterThan(kernel.floor);
    }
  });

  it('are at least twice as fast as what the compiler makes of the portable ones', () => {
    for (const format of ['int8', 'int4', 'int4g32']) {
      expect(perMac(`${format} portable 64x64`)).toBeGreaterThan(2 * perMac(`${format} 64x64`));
    }
  });

  it('cost what the committed baseline says', () => {
    expect(kernelMoves(readKernelBaseline(), toKernelBaseline(kernels))).toEqual([]);
  });

  it('are printed as JSON with every field a reader relies on', () => {
    const { schema, kernels: printed } = kernelsJson(kernels);
    expect(schema).toBe('starmind-kernels/1');
    for (const kernel of printed) {
      expect(kernel).toMatchObject({
        name: expect.any(String),
        weightBits: expect.any(Number),
        rows: expect.any(Number),
        columns: expect.any(Number),
        cyclesPerMac: expect.any(Number),
        floor: expect.any(Number),
        bytesPerWeight: expect.any(Number),
        codeBytes: expect.any(Number),
      });
    }
  });

  it('that moved, came or went are all told', () => {
    const head = toKernelBaseline(kernels.slice(0, 2));
    const [first, second] = kernels.map(kernelKey);
    const base = structuredClone(head);
    base.kernels[first].cycles += 1;
    delete base.kernels[second];
    expect(kernelMoves(base, head)).toEqual([
      { kernel: first, base: base.kernels[first].cycles, head: head.kernels[first].cycles },
      { kernel: second, base: undefined, head: head.kernels[second].cycles },
    ]);
  });
});
