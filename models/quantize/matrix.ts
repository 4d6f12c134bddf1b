/** Float matrices to int8, int4 and int4g32 with integer scales (ARITHMETIC.md, section 2). */
import { groupSize, type QuantizedMatrix, type WeightFormat, weightRange } from '../quantized.ts';
import { accumulatorShift } from '../reference/arithmetic.ts';

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
 * @param importance weight of each column's squared error: the mean square of its activation. All equal when left out.
 * @param maximumExponent limits `we`; the embedding needs we - Fx <= 31.
 */
export function quantizeMatrix(
  matrix: FloatMatrix,
  format: WeightFormat,
  importance?: ArrayLike<number>,
  maximumExponent = 64,
): QuantizedMatrix {
  const unit = importance ?? new Float64Array(matrix.columns).fill(1);
  return format === 'int4g32'
    ? quantizeGroups(matrix, unit, maximumExponent)
    : quantizeRows(matrix, format, unit, maximumExponent);
}

function quantizeRows(
  { rows, columns, data }: FloatMatrix,
  format: WeightFormat,
  importance: ArrayLike<number>,
  maximumExponent: number,
): QuantizedMatrix {
  const scales = new Float64Array(rows);
  for (let r = 0; r < rows; r++) {
    scales[r] = bestScale(data.subarray(r * columns, (r + 1) * columns), format, importance, 0);
  }
  const { multipliers: rowScales, exponent } = integerScales(scales, maximumExponent);
  const weights = new Int8Array(rows * columns);
  for (let r = 0; r < rows; r++) {
    const scale = rowScales[r] * 2 ** -exponent;
    for (let k = 0; k < columns; k++) {
      weights[r * columns + k] = roundWeight(data[r * columns + k], scale, format);
    }
  }
  return withShift({ format, rows, columns, weights, rowScales, exponent });
}

function quantizeGroups(
  { rows, columns, data }: FloatMatrix,
  importance: ArrayLike<number>,
  maximumExponent: number,
): QuantizedMatrix {
  const groups = Math.ceil(columns / groupSize);
  const scales = new Float64Array(rows * groups);
  const rowUnits = new Float64Array(rows);
  // An accumulator must stay below 2^31 whatever the activations: 127 * 8 * gs * columns.
  const largestGroupScale = Math.min(2047, Math.floor((2 ** 31 - 1) / (127 * 8 * groups * groupSize)));
  for (let r = 0; r < rows; r++) {
    for (let g = 0; g < groups; g++) {
      const from = g * groupSize;
      const row = data.subarray(r * columns + from, r * columns + Math.min(columns, from + groupSize));
      scales[r * groups + g] = bestScale(row, 'int4g32', importance, from);
      rowUnits[r] = Math.max(rowUnits[r], scales[r * groups + g] / largestGroupScale);
    }
  }
  const { multipliers: rowScales, exponent } = integerScales(rowUnits, maximumExponent);
  const groupScales = new Uint16Array(rows * groups);
  const weights = new Int8Array(rows * columns);
  for (let r = 0; r < rows; r++) {
    const unit = rowScales[r] * 2 ** -exponent;
    for (let g = 0; g < groups; g++) {
      const wanted = unit === 0 ? 0 : Math.round(scales[r * groups + g] / unit);
      groupScales[r * groups + g] = Math.min(largestGroupScale, wanted);
    }
    for (let k = 0; k < columns; k++) {
      const scale = unit * groupScales[r * groups + Math.floor(k / groupSize)];
      weights[r * columns + k] = roundWeight(data[r * columns + k], scale, 'int4g32');
    }
  }
  return withShift({ format: 'int4g32', rows, columns, weights, rowScales, groupScales, exponent });
}

function withShift(matrix: Omit<QuantizedMatrix, 'pre'>): QuantizedMatrix {
  return { ...matrix, pre: accumulatorShift(matrix) };
}

/** The scale with the least weighted squared error over one row or group. */
function bestScale(
  row: Float32Array,
  format: WeightFormat,
  importance: ArrayLike<number>,
  firstColumn: number,
): number {
  let largest = 0;
  for (const w of row) largest = Math.max(largest, Math.abs(w));
  if (largest === 0) return 0;
  const full = largest / weightRange[format].most;
  let best = full;
  let bestError = Number.POSITIVE_INFINITY;
  for (const ratio of clipRatios[format]) {
    const scale = full * ratio;
    let error = 0;
    for (let k = 0; k < row.length; k++) {
      const difference = row[k] - roundWeight(row[k], scale, format) * scale;
      error += difference * difference * importance[firstColumn + k];
    }
    if (error < bestError) {
      best = scale;
      bestError = error;
    }
  }
  return best;
}

function roundWeight(weight: number, scale: number, format: WeightFormat): number {
  if (scale === 0) return 0;
  const { least, most } = weightRange[format];
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
