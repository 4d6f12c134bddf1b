/**
 * Cycles from operation counts: for each phase a few counts and their coefficients, fitted to measured rows by least squares of
 * the relative error. Its error is told on shapes that the fit has not seen.
 */
import { PHASES } from '../link/index.ts';
import { StudyError } from './errors.ts';
import { SETTINGS } from './experiments.ts';
import { allInSram } from './findings/metrics.ts';
import { solveLeastSquares } from './least-squares.ts';
import { measuredRows } from './results.ts';
import type { MeasuredRow, StudyRow, StudySettings } from './row.ts';

type Counts = Record<string, number>;

/** What decides how the firmware shares a product: rows in a block of the kernel, and cores. */
interface Kernels {
  lanes: number;
  cores: number;
}

const kernelsOf = ({ format, cores }: CostSettings): Kernels => ({
  lanes: format === 'int8' ? 4 : 8,
  cores,
});

/** Smaller products stay on one core (firmware/kernels/matvec.c). */
const WORTH_SHARING = 256;

/** The core that has most to do in `times` products of a matrix (rows, columns): whole blocks of rows, columns in fours. */
const product = ({ lanes, cores }: Kernels, times: number, rows: number, columns: number): Counts => {
  const blocks = Math.ceil(rows / lanes);
  const own = rows * columns < WORTH_SHARING ? blocks : Math.ceil(blocks / cores);
  const padded = 4 * Math.ceil(columns / 4);
  return { block: times * own, multiplyAdd: times * own * lanes * padded };
};

const sum = (a: Counts, b: Counts): Counts =>
  Object.fromEntries(Object.entries(a).map(([name, count]) => [name, count + b[name]!]));

/** Kernels of their own (firmware/engine/norm.c): for 4 and 8 elements, and for so many that two cores share them. */
const FEW = [4, 8];
const WORTH_HALVING = 32;
const normKernel = (dim: number, cores: number): string =>
  FEW.includes(dim) ? 'few' : cores === 1 || dim < WORTH_HALVING ? 'one' : 'shared';

/** Odd head sizes have portable kernels, which flash's cache does not hold from token to token. */
const parity = (headSize: number): string => (headSize % 2 === 0 ? 'even' : 'odd');

type PhaseCounts = (shape: MeasuredRow['shape'], kernels: Kernels, position: number) => Counts;

/** What each phase does for one token, at a position (0 for the first). Constant work of a layer or norm counts as one. */
const COUNTS: Record<string, PhaseCounts> = {
  embed: ({ dim }) => ({ token: 1, value: dim }),
  norm: ({ dim, layers }, { cores }) => {
    const kernel = normKernel(dim, cores);
    const norms = 2 * layers + 1;
    return { [`${kernel} norm`]: norms, [`${kernel} value`]: norms * dim };
  },
  qkv: ({ dim, layers }, kernels) => ({ layer: layers, ...product(kernels, layers, 3 * dim, dim) }),
  rope: ({ layers, heads, headSize }) => {
    const kernel = parity(headSize);
    return {
      [`${kernel} token`]: 1,
      layer: layers,
      [`${kernel} head`]: layers * heads,
      [`${kernel} value`]: 3 * layers * heads * headSize,
    };
  },
  // Heads are shared by the cores.
  attention: ({ layers, heads, headSize }, { cores }, position) => {
    const own = layers * Math.ceil(heads / cores);
    const kernel = parity(headSize);
    return {
      layer: layers,
      [`${kernel} token`]: 1,
      [`${kernel} head`]: own,
      [`${kernel} value`]: own * headSize,
      [`${kernel} score`]: own * (position + 1),
      [`${kernel} multiplyAdd`]: 2 * own * headSize * (position + 1),
    };
  },
  output: ({ dim, layers }, kernels) => ({
    layer: layers,
    value: layers * dim,
    ...product(kernels, layers, dim, dim),
  }),
  ffn: ({ dim, hidden, layers }, kernels) => ({
    layer: layers,
    hidden: layers * hidden,
    ...sum(product(kernels, layers, hidden, dim), product(kernels, layers, dim, hidden)),
  }),
  logits: ({ dim, vocabulary }, kernels) => ({ token: 1, ...product(kernels, 1, vocabulary, dim) }),
  sample: ({ vocabulary }) => ({ token: 1, logit: vocabulary }),
};

export const countsOf = (
  phase: string,
  shape: MeasuredRow['shape'],
  settings: CostSettings,
  position: number,
): Counts => COUNTS[phase]!(shape, kernelsOf(settings), position);

/** Settings that a model is of: kernels differ by format, and share work by cores. */
export type CostSettings = Pick<StudySettings, 'format' | 'cores'>;

export interface CostModel {
  settings: CostSettings;
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

/** A measured token beside what the model says of it. */
export interface Prediction {
  name: string;
  position: number;
  measured: number;
  predicted: number;
}

export interface CostFit {
  model: CostModel;
  fitted: FitError;
  heldOut: FitError;
  /** Of the shapes held out. */
  predictions: Prediction[];
}

/** Every n-th shape is held out, in all its forms and positions. */
const HELD_OUT_EVERY = 4;

/**
 * Fits rows whose weights lie in SRAM: what is read through the flash's cache costs by its hits, which no count tells.
 * @param settings of rows that have none of their own; rows of other formats or cores are left out
 * @throws StudyError when there are too few of them
 */
export const fitCostModel = (
  rows: readonly StudyRow[],
  { format, cores }: CostSettings = SETTINGS,
): CostFit => {
  const settings = { format, cores };
  const usable = measuredRows(rows).filter(
    (row) =>
      allInSram(row) &&
      (row.settings?.format ?? format) === format &&
      (row.settings?.cores ?? cores) === cores,
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
    settings,
    coefficients: Object.fromEntries(PHASES.map((phase) => [phase, fitPhase(phase, training, settings)])),
  };
  const predictions = predict(
    model,
    usable.filter(({ seed }) => heldOutSeeds.has(seed)),
  );
  return { model, fitted: errorOf(predict(model, training)), heldOut: errorOf(predictions), predictions };
};

/** Cycles of one decoded token. */
export const predictCycles = (
  { coefficients, settings }: CostModel,
  shape: MeasuredRow['shape'],
  position: number,
): number =>
  PHASES.reduce((all, phase) => {
    const counts = Object.entries(countsOf(phase, shape, settings, position));
    return all + counts.reduce((sum, [name, count]) => sum + count * (coefficients[phase]?.[name] ?? 0), 0);
  }, 0);

const fitPhase = (phase: string, rows: readonly MeasuredRow[], settings: CostSettings): Counts => {
  const points = rows.flatMap(({ shape, positions, phases }) =>
    positions.map((position, i) => ({
      counts: countsOf(phase, shape, settings, position),
      cycles: Math.max(1, phases[phase]![i]!),
    })),
  );
  const names = [...new Set(points.flatMap(({ counts }) => Object.keys(counts)))];
  const matrix = points.map(({ counts, cycles }) => names.map((name) => (counts[name] ?? 0) / cycles));
  const solution = solveLeastSquares(
    matrix,
    points.map(() => 1),
  );
  return Object.fromEntries(names.map((name, i) => [name, solution[i]!]));
};

const predict = (model: CostModel, rows: readonly MeasuredRow[]): Prediction[] =>
  rows.flatMap(({ name, shape, positions, decodeCycles }) =>
    positions.map((position, i) => ({
      name,
      position,
      measured: decodeCycles[i]!,
      predicted: predictCycles(model, shape, position),
    })),
  );

const errorOf = (predictions: readonly Prediction[]): FitError => {
  const errors = predictions
    .map(({ predicted, measured }) => Math.abs(predicted / measured - 1))
    .sort((a, b) => a - b);
  const at = (fraction: number) =>
    errors[Math.min(errors.length - 1, Math.floor(fraction * errors.length))] ?? 0;
  return { points: errors.length, median: at(0.5), p95: at(0.95), worst: errors.at(-1) ?? 0 };
};
