/** Float matrices to int8, int4 and int4g32 with integer scales (ARITHMETIC.md, section 2). */
import { groupSize, type QuantizedMatrix, type WeightFormat, weightRange } from '../quantized.ts';
import { accumulatorShift } from '../reference/arithmetic.ts';
import { mostCompensatedColumns, roundCompensated, type SecondMoments } from './compensate.ts';

/** W (rows, columns), row-major. */
export interface FloatMatrix {
  rows: number;
  columns: number;
  data: Float32Array;
}

/**
 * Scales to try, as shares of the one that reaches the row's largest weight. Clipping the largest weights a little often
 * costs less than rounding all the others coarsely; at 4 bits much more so than at 8.
 */
const clipRatios: Record<WeightFormat, number[]> = {
  int8: [1, 0.97, 0.94, 0.9, 0.85],
  int4: [1, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6, 0.55, 0.5],
  int4g32: [1, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6],
};

/**
 * Scales, as shares again, at which a row that already is whole numbers up to 8 of one scale stays exactly what it is: with a
 * largest of n, that scale is 1/n of it, or for int8 a fifteenth of that.
 */
export const exactRatios: Record<WeightFormat, number[]> = {
  int8: [1, 2, 3, 4, 5, 6, 7, 8].map((n) => 127 / (15 * n)),
  int4: [1, 2, 3, 4, 5, 6, 7, 8].map((n) => 7 / n),
  int4g32: [1, 2, 3, 4, 5, 6, 7, 8].map((n) => 7 / n),
};

const ratiosOf = (format: WeightFormat, { isExact = false }: MatrixOptions): readonly number[] =>
  isExact ? [...exactRatios[format], ...clipRatios[format]] : clipRatios[format];

export interface MatrixOptions {
  /** Rows are whole numbers of -8..7 of a scale of their own, as training for int4 leaves them. @default false */
  isExact?: boolean;
  /** Weight of each column's squared error in the choice of scales: the mean square of its input. All equal when left out. */
  importance?: ArrayLike<number>;
  /** Limits `we`; the embedding needs we - Fx <= 31. @default 64 */
  maximumExponent?: number;
  /** Rounds with error compensation on these inputs, times the factors. */
  compensation?: { moments: SecondMoments; factors?: ArrayLike<number> };
}

export function quantizeMatrix(
  matrix: FloatMatrix,
  format: WeightFormat,
  options: MatrixOptions = {},
): QuantizedMatrix {
  const scaled = format === 'int4g32' ? groupScales(matrix, options) : rowScales(matrix, format, options);
  const { scaleOf, ...scales } = scaled;
  const weights = roundWeights(matrix, format, scaleOf, options);
  const { rows, columns } = matrix;
  const quantized = { format, rows, columns, weights, ...scales };
  return { ...quantized, pre: accumulatorShift(quantized) };
}

type ScaleOf = (row: number, column: number) => number;

function roundWeights(
  matrix: FloatMatrix,
  format: WeightFormat,
  scaleOf: ScaleOf,
  { compensation }: MatrixOptions,
): Int8Array {
  const { columns, data } = matrix;
  const toInteger = (weight: number, i: number) =>
    roundWeight(weight, scaleOf(Math.floor(i / columns), i % columns), weightRange[format]);
  // At 8 bits there is nothing to gain.
  const isPlain = compensation === undefined || format === 'int8' || columns > mostCompensatedColumns;
  if (isPlain) return Int8Array.from(data, toInteger);
  const { moments, factors } = compensation;
  const rounded = roundCompensated(matrix, moments, factors, (weight, r, k) => {
    const scale = scaleOf(r, k);
    return roundWeight(weight, scale, weightRange[format]) * scale;
  });
  return Int8Array.from(rounded, toInteger);
}

function rowScales({ rows, columns, data }: FloatMatrix, format: WeightFormat, options: MatrixOptions) {
  const scales = new Float64Array(rows);
  for (let r = 0; r < rows; r++) {
    const row = data.subarray(r * columns, (r + 1) * columns);
    scales[r] = bestScale(row, weightRange[format], ratiosOf(format, options), options.importance);
  }
  const { multipliers, exponent } = integerScales(scales, options.maximumExponent);
  const unit = 2 ** -exponent;
  return { rowScales: multipliers, exponent, scaleOf: (r: number) => multipliers[r] * unit };
}

function groupScales({ rows, columns, data }: FloatMatrix, options: MatrixOptions) {
  const groups = Math.ceil(columns / groupSize);
  const scales = new Float64Array(rows * groups);
  const rowUnits = new Float64Array(rows);
  const ratios = ratiosOf('int4g32', options);
  // An accumulator must stay below 2^31 whatever the activations: 127 * 8 * gs * columns.
  const largest = Math.min(2047, Math.floor((2 ** 31 - 1) / (127 * 8 * groups * groupSize)));
  for (let i = 0; i < scales.length; i++) {
    const [r, from] = [Math.floor(i / groups), (i % groups) * groupSize];
    const group = data.subarray(r * columns + from, r * columns + Math.min(columns, from + groupSize));
    scales[i] = bestScale(group, weightRange.int4g32, ratios, options.importance, from);
    rowUnits[r] = Math.max(rowUnits[r], scales[i] / largest);
  }
  const { multipliers, exponent } = integerScales(rowUnits, options.maximumExponent);
  const unit = 2 ** -exponent;
  const groupMultipliers = Uint16Array.from(scales, (scale, i) => {
    const rowUnit = multipliers[Math.floor(i / groups)] * unit;
    return rowUnit === 0 ? 0 : Math.min(largest, Math.round(scale / rowUnit));
  });
  const scaleOf: ScaleOf = (r, k) =>
    multipliers[r] * unit * groupMultipliers[r * groups + Math.floor(k / groupSize)];
  return { rowScales: multipliers, groupScales: groupMultipliers, exponent, scaleOf };
}

/**
 * The scale with the least weighted squared error over one row or group.
 * @param ratios what to try, as shares of the scale that just reaches the largest weight
 * @param firstColumn where the row's `importance` begins
 */
export function bestScale(
  row: Float32Array,
  range: { least: number; most: number },
  ratios: readonly number[],
  importance?: ArrayLike<number>,
  firstColumn = 0,
): number {
  let largest = 0;
  for (const w of row) largest = Math.max(largest, Math.abs(w));
  if (largest === 0) return 0;
  const full = largest / range.most;
  let best = full;
  let bestError = Number.POSITIVE_INFINITY;
  for (const ratio of ratios) {
    const scale = full * ratio;
    let error = 0;
    for (let k = 0; k < row.length; k++) {
      const difference = row[k] - roundWeight(row[k], scale, range) * scale;
      error += difference * difference * (importance?.[firstColumn + k] ?? 1);
    }
    if (error < bestError) {
      best = scale;
      bestError = error;
    }
  }
  return best;
}

function roundWeight(
  weight: number,
  scale: number,
  { least, most }: { least: number; most: number },
): number {
  if (scale === 0) return 0;
  return Math.min(most, Math.max(least, Math.round(weight / scale)));
}

/** u16 multipliers and one exponent with scale = multiplier * 2^-exponent; the largest uses all 16 bits if it may. */
export function integerScales(
  scales: Float64Array,
  maximumExponent = 64,
): { multipliers: Uint16Array; exponent: number } {
  const largest = scales.reduce((a, b) => Math.max(a, b), 0);
  let exponent = largest === 0 ? 0 : Math.floor(Math.log2(65535.49 / largest));
  exponent = Math.min(maximumExponent, exponent);
  return { multipliers: Uint16Array.from(scales, (scale) => Math.round(scale * 2 ** exponent)), exponent };
}

/** The float matrix that a quantized one stands for. */
export function dequantize(matrix: QuantizedMatrix): Float32Array {
  const { rows, columns, weights, rowScales, groupScales, exponent } = matrix;
  const groups = Math.ceil(columns / groupSize);
  return Float32Array.from(weights, (weight, i) => {
    const r = Math.floor(i / columns);
    const group = groupScales?.[r * groups + Math.floor((i % columns) / groupSize)] ?? 1;
    return rows === 0 ? 0 : weight * group * rowScales[r] * 2 ** -exponent;
  });
}
