import { describe, expect, it } from 'vitest';
import { fitCostModel, predictCycles } from '../../../bench/study/cost-model.ts';
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
  /** A chip on which a multiply-add costs 5 cycles everywhere, and every phase 100 a token. */
  const rows = toCases(ladderShapes()).map((one) => {
    const positions = [0, 47];
    const work = { qkv: 3, output: 1 } as Record<string, number>;
    const phase = (name: string, position: number): number => {
      const { dim, hidden, layers, vocabulary } = one.shape;
      if (name === 'logits') return 100 + 5 * vocabulary * dim;
      if (name === 'ffn') return 100 * layers + 10 * layers * dim * hidden;
      if (name === 'attention') return 100 * layers + 10 * layers * dim * (position + 1);
      return name in work ? 100 * layers + 5 * layers * work[name]! * dim * dim : 0;
    };
    const names = ['embed', 'norm', 'qkv', 'rope', 'attention', 'output', 'ffn', 'logits', 'sample'];
    const phases = Object.fromEntries(names.map((name) => [name, positions.map((p) => phase(name, p))]));
    const decodeCycles = positions.map((_, i) => names.reduce((all, name) => all + phases[name]![i]!, 0));
    return { ...one, status: 'ok', positions, phases, decodeCycles, weightBytes: 1, weightBytesInSram: 1 };
  }) as unknown as MeasuredRow[];

  it('finds what a multiply-add costs, and predicts shapes it has not seen', () => {
    const { model, heldOut } = fitCostModel(rows);
    for (const phase of ['qkv', 'attention', 'output', 'ffn', 'logits']) {
      expect(model.coefficients[phase]!['multiplyAdd']).toBeCloseTo(5, 6);
    }
    expect(heldOut.points).toBeGreaterThan(40);
    expect(heldOut.worst).toBeLessThan(0.002);
    const largest = rows.reduce((a, b) => (multiplyAdds(a.shape) > multiplyAdds(b.shape) ? a : b));
    expect(predictCycles(model, largest.shape, 47) / largest.decodeCycles[1]!).toBeCloseTo(1, 3);
  });

  it('does not fit rows that read weights from flash, nor a handful', () => {
    const fromFlash = rows.map((row) => ({ ...row, weightBytesInSram: 0 }));
    expect(() => fitCostModel(fromFlash)).toThrow('0 rows with their weights in SRAM are too few');
  });
});
