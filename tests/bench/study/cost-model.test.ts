import { describe, expect, it } from 'vitest';
import { PHASES } from '../../../bench/link/index.ts';
import { type CostSettings, countsOf, fitCostModel, predictCycles } from '../../../bench/study/cost-model.ts';
import { SETTINGS } from '../../../bench/study/experiments.ts';
import { BASE_POINTS, LADDERS, ladderShapes } from '../../../bench/study/ladders.ts';
import { solveLeastSquares } from '../../../bench/study/least-squares.ts';
import type { MeasuredRow } from '../../../bench/study/row.ts';
import { multiplyAdds, toCases } from '../../../bench/study/shapes.ts';

describe('least squares', () => {
  it('finds the coefficients that made the values', () => {
    const matrix = [1, 2, 3, 4, 5].map((x) => [1, x, x * x]);
    const values = matrix.map(([one, x, square]) => 3 * one! - 2 * x! + 0.5 * square!);
    const [a, b, c] = solveLeastSquares(matrix, values);
    expect(a).toBeCloseTo(3, 9);
    expect(b).toBeCloseTo(-2, 9);
    expect(c).toBeCloseTo(0.5, 9);
  });

  it('gives 0 to a column that another already explains', () => {
    const solution = solveLeastSquares(
      [
        [1, 2],
        [2, 4],
        [3, 6],
      ],
      [2, 4, 6],
    );
    expect(solution[0]).toBeCloseTo(2, 9);
    expect(solution[1]).toBe(0);
  });
});

describe('ladders', () => {
  it('move one factor and nothing else', () => {
    const factors = ['vocabulary', 'dim', 'hidden', 'layers', 'heads'] as const;
    for (const [name, ladder] of Object.entries(LADDERS)) {
      const moved = factors.filter((factor) =>
        Object.values(BASE_POINTS).some(
          (base) => new Set(ladder(base).map((point) => point[factor])).size > 1,
        ),
      );
      expect(moved).toEqual(name === 'dimension-same-ratio' ? ['dim', 'hidden'] : [expect.any(String)]);
    }
  });

  it('have names of their own, and heads that divide dim', () => {
    const shapes = ladderShapes();
    expect(new Set(shapes.map(({ name }) => name)).size).toBe(shapes.length);
    expect(shapes.filter(({ dim, heads }) => dim % heads !== 0)).toEqual([]);
  });
});

describe('the cost model', () => {
  /** A chip on which every unit of every count of a phase costs so many cycles. */
  const rowsOf = (cost: (phase: string, count: string) => number) =>
    toCases(ladderShapes()).map((one) => {
      const positions = [0, 47];
      const cyclesOf = (phase: string, position: number) => {
        const counts = Object.entries(countsOf(phase, one.shape, SETTINGS, position));
        return counts.reduce((sum, [name, count]) => sum + count * cost(phase, name), 0);
      };
      const phases = Object.fromEntries(
        PHASES.map((phase) => [phase, positions.map((p) => cyclesOf(phase, p))]),
      );
      const decodeCycles = positions.map((_, i) =>
        PHASES.reduce((all, phase) => all + phases[phase]![i]!, 0),
      );
      return { ...one, status: 'ok', positions, phases, decodeCycles, weightBytes: 1, weightBytesInSram: 1 };
    }) as unknown as MeasuredRow[];
  const rows = rowsOf((_, count) => (count.endsWith('multiplyAdd') ? 5 : 100));

  it('finds what a multiply-add costs, and predicts shapes it has not seen', () => {
    const { model, heldOut, predictions } = fitCostModel(rows);
    for (const phase of ['qkv', 'output', 'ffn', 'logits']) {
      expect(model.coefficients[phase]!['multiplyAdd']).toBeCloseTo(5, 6);
    }
    expect(model.coefficients['attention']!['even multiplyAdd']).toBeCloseTo(5, 6);
    expect(heldOut.points).toBe(predictions.length);
    expect(heldOut.points).toBeGreaterThan(40);
    expect(heldOut.worst).toBeLessThan(1e-6);
    const largest = rows.reduce((a, b) => (multiplyAdds(a.shape) > multiplyAdds(b.shape) ? a : b));
    expect(predictCycles(model, largest.shape, 47) / largest.decodeCycles[1]!).toBeCloseTo(1, 6);
  });

  it('tells its error on shapes that no counts explain', () => {
    const noisy = rows.map((row, i) => ({
      ...row,
      decodeCycles: row.decodeCycles.map((c) => c * (i % 2 ? 1.1 : 1)),
    }));
    const { heldOut, fitted } = fitCostModel(noisy);
    for (const error of [heldOut, fitted]) {
      expect(error.worst).toBeCloseTo(0.1 / 1.1, 6);
      expect(error.median).toBeLessThanOrEqual(error.p95);
      expect(error.p95).toBeLessThanOrEqual(error.worst);
    }
  });

  it('counts the rows that each core has: one core has twice the blocks, int4 blocks of eight', () => {
    const shape = { ...rows[0]!.shape, vocabulary: 64, dim: 16 };
    const blocks = (settings: CostSettings) => countsOf('logits', shape, settings, 0)['block'];
    expect(blocks({ format: 'int8', cores: 2 })).toBe(8);
    expect(blocks({ format: 'int8', cores: 1 })).toBe(16);
    expect(blocks({ format: 'int4', cores: 1 })).toBe(8);
  });

  it('does not fit rows that read weights from flash, nor those of other settings, nor a handful', () => {
    const fromFlash = rows.map((row) => ({ ...row, weightBytesInSram: 0 }));
    expect(() => fitCostModel(fromFlash)).toThrow('0 rows with their weights in SRAM are too few');
    const oneCore = rows.map((row) => ({ ...row, settings: { cores: 1 as const } }));
    expect(() => fitCostModel(oneCore)).toThrow('0 rows');
    expect(() => fitCostModel(rows.slice(0, 9))).toThrow('are too few');
  });
});
