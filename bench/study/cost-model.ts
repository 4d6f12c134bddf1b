/**
 * Cycles from operation counts: for each phase a few counts and their coefficients, fitted to measured rows by least squares of
 * the relative error. Its error is told on shapes that the fit has not seen.
 */
import { PHASES } from '../link/index.ts';
import { StudyError } from './errors.ts';
import { solveLeastSquares } from './least-squares.ts';
import type { MeasuredRow, StudyRow } from './row.ts';

type Counts = Record<string, number>;

/** What each phase does for one token, at a position (0 for the first). Constant work of a layer or norm counts as one. */
const COUNTS: Record<string, (shape: MeasuredRow['shape'], position: number) => Counts> = {
  embed: ({ dim }) => ({ token: 1, value: dim }),
  norm: ({ dim, layers }) => ({ norm: 2 * layers + 1, value: (2 * layers + 1) * dim }),
  qkv: ({ dim, layers }) => ({ layer: layers, row: 3 * layers * dim, multiplyAdd: 3 * layers * dim * dim }),
  rope: ({ dim, layers, heads }) => ({ layer: layers, head: layers * heads, value: 3 * layers * dim }),
  attention: ({ dim, layers, heads }, position) => ({
    layer: layers,
    head: layers * heads,
    score: layers * heads * (position + 1),
    value: layers * dim,
    multiplyAdd: 2 * layers * dim * (position + 1),
  }),
  output: ({ dim, layers }) => ({ layer: layers, row: layers * dim, multiplyAdd: layers * dim * dim }),
  ffn: ({ dim, hidden, layers }) => ({
    layer: layers,
    hidden: layers * hidden,
    row: layers * dim,
    multiplyAdd: 2 * layers * dim * hidden,
  }),
  logits: ({ dim, vocabulary }) => ({ token: 1, row: vocabulary, multiplyAdd: vocabulary * dim }),
  sample: ({ vocabulary }) => ({ token: 1, logit: vocabulary }),
};

export interface CostModel {
  /** Cycles for each unit of each count, by phase. */
  coefficients: Record<string, Counts>;
}

export interface FitError {
  points: number;
  /** Of |predicted / measured - 1|. */
  median: number;
  p95: number;
  worst: number;
}

export interface CostFit {
  model: CostModel;
  fitted: FitError;
  heldOut: FitError;
}

/** Every n-th shape is held out, in all its forms and positions. */
const HELD_OUT_EVERY = 4;

/**
 * Fits rows whose weights lie in SRAM: what is read through the flash's cache costs by its hits, which no count tells.
 * @throws StudyError when there are too few of them
 */
export const fitCostModel = (rows: readonly StudyRow[]): CostFit => {
  const usable = rows.filter(
    (row): row is MeasuredRow => row.status === 'ok' && row.weightBytesInSram === row.weightBytes,
  );
  const seeds = [...new Set(usable.map(({ seed }) => seed))].sort((a, b) => a - b);
  const heldOutSeeds = new Set(seeds.filter((_, i) => i % HELD_OUT_EVERY === 0));
  const training = usable.filter(({ seed }) => !heldOutSeeds.has(seed));
  if (training.length < 12) {
    throw new StudyError(
      `${training.length} rows with their weights in SRAM are too few to fit a cost model to`,
    );
  }
  const model: CostModel = {
    coefficients: Object.fromEntries(PHASES.map((phase) => [phase, fitPhase(phase, training)])),
  };
  const heldOut = usable.filter(({ seed }) => heldOutSeeds.has(seed));
  return { model, fitted: errorOf(model, training), heldOut: errorOf(model, heldOut) };
};

/** Cycles of one decoded token. */
export const predictCycles = (
  { coefficients }: CostModel,
  shape: MeasuredRow['shape'],
  position: number,
): number =>
  PHASES.reduce((all, phase) => {
    const counts = Object.entries(COUNTS[phase]!(shape, position));
    return all + counts.reduce((sum, [name, count]) => sum + count * (coefficients[phase]?.[name] ?? 0), 0);
  }, 0);

const fitPhase = (phase: string, rows: readonly MeasuredRow[]): Counts => {
  const points = rows.flatMap(({ shape, positions, phases }) =>
    positions.map((position, i) => ({
      counts: COUNTS[phase]!(shape, position),
      cycles: Math.max(1, phases[phase]![i]!),
    })),
  );
  const names = Object.keys(points[0]!.counts);
  const matrix = points.map(({ counts, cycles }) => names.map((name) => counts[name]! / cycles));
  const solution = solveLeastSquares(
    matrix,
    points.map(() => 1),
  );
  return Object.fromEntries(names.map((name, i) => [name, solution[i]!]));
};

const errorOf = (model: CostModel, rows: readonly MeasuredRow[]): FitError => {
  const errors = rows
    .flatMap(({ shape, positions, decodeCycles }) =>
      positions.map((position, i) => Math.abs(predictCycles(model, shape, position) / decodeCycles[i]! - 1)),
    )
    .sort((a, b) => a - b);
  const at = (fraction: number) =>
    errors[Math.min(errors.length - 1, Math.floor(fraction * errors.length))] ?? 0;
  return { points: errors.length, median: at(0.5), p95: at(0.95), worst: errors.at(-1) ?? 0 };
};
