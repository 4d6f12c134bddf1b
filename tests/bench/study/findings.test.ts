import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EXPERIMENT_NAMES } from '../../../bench/study/experiments.ts';
import { cacheCurves } from '../../../bench/study/findings/caching.ts';
import { type Claim, claimsOf } from '../../../bench/study/findings/claims.ts';
import { factorLosses, publishedLosses } from '../../../bench/study/findings/factors.ts';
import { candidatesOf, frontierOf, pick } from '../../../bench/study/findings/frontier.ts';
import { meanCycles } from '../../../bench/study/findings/metrics.ts';
import { comparePublished, rankCorrelation } from '../../../bench/study/findings/published.ts';
import { ratios, variantsOf } from '../../../bench/study/findings/variants.ts';
import type { MeasuredRow } from '../../../bench/study/row.ts';
import { ORIGINAL_SHAPES, readShapes } from '../../../bench/study/shapes.ts';
import { exampleResults, withRows } from './example.ts';

const results = exampleResults();
const shapes = readShapes(ORIGINAL_SHAPES);
const claim = (id: string, of = results): Claim => claimsOf(of, shapes).find((each) => each.id === id)!;

/** The row with every count of cycles times `by`. */
const slower = (row: MeasuredRow, by: number): MeasuredRow => ({
  ...row,
  decodeCycles: row.decodeCycles.map((cycles) => cycles * by),
  contextCycles: row.contextCycles * by,
  demoCycles: row.demoCycles * by,
});

describe('the loss of a factor', () => {
  it('is what a doubling or a layer takes from the speed, at every step and base point', () => {
    const halving = withRows(results, 'ladders', (row) =>
      slower(row, row.shape.vocabulary / meanCycles(row)),
    );
    const vocabulary = factorLosses(halving.rows.ladders).find(({ factor }) => factor === 'vocabulary')!;
    for (const { loss } of vocabulary.steps) expect(loss).toBeCloseTo(0.5, 10);
    expect(new Set(vocabulary.steps.map(({ base }) => base))).toEqual(new Set(['small', 'middle', 'large']));
    const perLayer = withRows(results, 'ladders', (row) =>
      slower(row, 2 ** row.shape.layers / meanCycles(row)),
    );
    const depth = factorLosses(perLayer.rows.ladders).find(({ factor }) => factor === 'depth')!;
    expect(depth.unit).toBe('layer');
    for (const { loss } of depth.steps) expect(loss).toBeCloseTo(0.5, 10);
  });

  it("is computed from the original's own speeds too: its heads cost nothing", () => {
    const heads = publishedLosses(shapes).find(({ factor }) => factor === 'heads')!;
    expect(heads.steps).toHaveLength(6);
    expect(Math.abs(heads.mean)).toBeLessThan(0.02);
  });

  it('leaves steps out of SRAM out of its mean', () => {
    const inFlash = withRows(results, 'ladders', (row) =>
      row.shape.vocabulary === 1024 ? { ...slower(row, 100), weightBytesInSram: 0 } : row,
    );
    const mean = ({ rows }: typeof results) =>
      factorLosses(rows.ladders).find(({ factor }) => factor === 'vocabulary')!;
    expect(mean(inFlash).most).toBeLessThan(0.9);
    expect(mean(inFlash).steps.some(({ inSram }) => !inSram)).toBe(true);
  });
});

describe('beside the published speeds', () => {
  it('the rank correlation is 1 for any growing function, and -1 for any falling one', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 1_000_000 }), { minLength: 3 }), (values) => {
        expect(rankCorrelation(values, values.map(Math.log))).toBeCloseTo(1, 10);
        expect(
          rankCorrelation(
            values,
            values.map((value) => 1 / value),
          ),
        ).toBeCloseTo(-1, 10);
      }),
    );
  });

  it('each speed is counted in the metric that the original used', () => {
    const { all, speedUp } = comparePublished(results)!;
    expect(all.length).toBeGreaterThan(90);
    const demo = all.find(({ metric }) => metric === 'demo')!;
    expect(demo.ours).toBeCloseTo((6 * 125e6) / demo.row.demoCycles, 6);
    const benchmark = all.find(({ metric }) => metric === 'benchmark')!;
    const six = benchmark.row.prefillCycles.reduce((a, b) => a + b) * (6 / 5);
    expect(benchmark.ours).toBeGreaterThan((125e6 / six) * 0.9);
    expect(benchmark.ours).toBeLessThan(125e6 / six);
    expect(speedUp.least).toBeLessThanOrEqual(speedUp.median);
    expect(speedUp.median).toBeLessThanOrEqual(speedUp.most);
  });
});

describe('variants', () => {
  it('are compared where they differ in one setting alone', () => {
    const variants = variantsOf(results.rows.variants);
    const pairs = ratios(variants, 'cores', 2, 1);
    expect(pairs.length).toBeGreaterThan(0);
    for (const { ratio } of pairs) expect(ratio).toBeCloseTo(1.8, 3);
    for (const { ratio } of ratios(variants, 'placement', 'sram', 'flash')) expect(ratio).toBeCloseTo(2, 3);
  });

  it('without a KV cache cost what the whole prefix costs', () => {
    const [curve] = cacheCurves(results.rows.cache);
    expect(curve!.points[0]!.speedUp).toBe(1);
    expect(curve!.points.at(-1)!.speedUp).toBeGreaterThan(30);
    expect(curve!.demoSpeedUp).toBeGreaterThan(3);
  });
});

describe('the frontier', () => {
  it('holds what nothing cheaper equals, and only that', () => {
    const point = fc.record({
      cost: fc.integer({ min: 1, max: 50 }),
      bitsPerByte: fc.integer({ min: 1, max: 50 }),
    });
    fc.assert(
      fc.property(fc.array(point, { minLength: 1 }), (points) => {
        const frontier = frontierOf(points, ({ cost }) => cost);
        for (const each of points) {
          const beaten = points.some(
            (other) =>
              (other.cost < each.cost && other.bitsPerByte <= each.bitsPerByte) ||
              (other.cost <= each.cost && other.bitsPerByte < each.bitsPerByte),
          );
          if (frontier.includes(each)) expect(beaten).toBe(false);
          else {
            const twin = frontier.some(
              (other) => other.cost <= each.cost && other.bitsPerByte <= each.bitsPerByte,
            );
            expect(twin).toBe(true);
          }
        }
      }),
    );
  });

  it('gives the best shape within a budget', () => {
    const candidates = candidatesOf(results);
    const budget = { tokensPerSecond: 1000, sramBytes: 64 * 1024, clockHz: 125e6 };
    const found = pick(candidates, budget);
    for (const each of found) {
      expect(125e6 / each.slowestCycles).toBeGreaterThanOrEqual(1000);
      expect(each.sramBytes).toBeLessThanOrEqual(64 * 1024);
      expect(each.bitsPerByte).toBeGreaterThanOrEqual(found[0]!.bitsPerByte);
    }
    const left = candidates.filter((each) => !found.includes(each));
    for (const each of left) {
      expect(125e6 / each.slowestCycles < 1000 || each.sramBytes > 64 * 1024).toBe(true);
    }
    expect(pick(candidates, { ...budget, cores: 1 }).every(({ cores }) => cores === 1)).toBe(true);
    expect(pick(candidates, { ...budget, clockHz: 200e6 }).length).toBeGreaterThanOrEqual(found.length);
  });
});

describe('the claims', () => {
  it('are all there, each with its source, and judged by the rows', () => {
    const ids = claimsOf(results, shapes).map(({ id }) => id);
    expect(ids).toEqual([
      'fastest',
      'balanced',
      'dimension',
      'depth',
      'heads',
      'ffn',
      'vocabulary',
      'vocabulary-limit',
      'quantization',
      'bottleneck',
      'cache',
      'template-fast',
      'template-balanced',
    ]);
    for (const { source } of claimsOf(results, shapes)) expect(source).toMatch(/article; log \d/);
  });

  it('change their verdict with the results', () => {
    expect(claim('heads').verdict).toBe('never held');
    const holding = withRows(results, 'ladders', (row) =>
      slower(row, row.shape.heads ** 0.38 / meanCycles(row)),
    );
    expect(claim('heads', holding)).toMatchObject({
      verdict: 'holds',
      measured: expect.stringContaining('23 % on average'),
    });

    expect(claim('fastest').verdict).toBe('holds');
    const slow = withRows(results, 'published', (row) =>
      slower(row, row.name === 'story-ultra-1d-1k' ? 50 : 1),
    );
    expect(claim('fastest', slow).verdict).toBe('does not hold in C');

    expect(claim('bottleneck').verdict).toBe('never held');
    const fastFlash = withRows(results, 'variants', (row) =>
      slower(row, row.settings?.placement === 'flash' ? 0.51 : 1),
    );
    expect(claim('bottleneck', fastFlash).verdict).toBe('holds');

    expect(claim('balanced').verdict).toBe('does not hold in C');
    expect(claim('vocabulary-limit').verdict).toBe('never held');
    expect(claim('vocabulary-limit').measured).toContain('tokens run');
  });

  it('judge float against integers, and only where there are rows of float', () => {
    expect(claim('quantization').verdict).toBe('never held');
    expect(claim('quantization').measured).toMatch(/int8 is 20 to 20 times as fast as float/);
    const fastFloat = withRows(results, 'variants', (row) =>
      slower(row, row.settings?.format === 'float' ? 0.04 : 1),
    );
    expect(claim('quantization', fastFloat).verdict).toBe('holds');
    const without = { ...results, rows: { ...results.rows, variants: [] } };
    expect(claim('quantization', without).verdict).toBe('not measured');
  });

  it('say so where their rows are missing', () => {
    const none = Object.fromEntries(EXPERIMENT_NAMES.map((name) => [name, []]));
    const nothing = { ...results, rows: none as unknown as typeof results.rows };
    expect(new Set(claimsOf(nothing, shapes).map(({ verdict }) => verdict))).toEqual(
      new Set(['not measured']),
    );
  });
});
