/**
 * Rounding with error compensation: columns are rounded one after the other, and what rounding one of them does to the output is
 * made good, as far as inputs are correlated, by the columns not yet rounded. Method: Frantar et al., "GPTQ: Accurate
 * Post-Training Quantization for Generative Pre-trained Transformers" (2022), with fixed scales and columns by falling power.
 */
import type { FloatMatrix } from './matrix.ts';

/** Second moments of a matrix's input: sum over the calibration text of a a^T. */
export class SecondMoments {
  readonly columns: number;
  readonly sums: Float64Array; // (columns, columns), both triangles after `factor`

  constructor(columns: number) {
    this.columns = columns;
    this.sums = new Float64Array(columns * columns);
  }

  add(a: ArrayLike<number>): void {
    const { columns, sums } = this;
    for (let i = 0; i < columns; i++) {
      if (a[i] === 0) continue;
      for (let j = 0, at = i * columns; j <= i; j++) sums[at + j] += a[i] * a[j];
    }
  }

  /** The moment of inputs i and j. */
  of(i: number, j: number): number {
    return this.sums[Math.max(i, j) * this.columns + Math.min(i, j)];
  }
}

/** More columns than this would take too long: their cost grows with the cube. */
export const mostCompensatedColumns = 768;

/** Share of the mean power added to every input, so that rarely seen directions are not trusted. */
const damping = 0.01;

/**
 * @param factors the matrix's inputs are these times the inputs that `moments` saw
 * @param round gives the rounded real value of a weight
 * @returns rounded real weights (rows, columns)
 */
export function roundCompensated(
  { rows, columns, data }: FloatMatrix,
  moments: SecondMoments,
  factors: ArrayLike<number> | undefined,
  round: (weight: number, row: number, column: number) => number,
): Float64Array {
  const factor = (k: number) => factors?.[k] ?? 1;
  const order = Array.from({ length: columns }, (_, k) => k).sort(
    (a, b) => moments.of(b, b) * factor(b) ** 2 - moments.of(a, a) * factor(a) ** 2,
  );
  const inverse = inverseFactor(columns, (i, j) => {
    return moments.of(order[i], order[j]) * factor(order[i]) * factor(order[j]);
  });
  const result = new Float64Array(rows * columns);
  const rest = new Float64Array(columns);
  for (let r = 0; r < rows; r++) {
    for (let k = 0; k < columns; k++) rest[k] = data[r * columns + order[k]];
    for (let k = 0; k < columns; k++) {
      const rounded = round(rest[k], r, order[k]);
      result[r * columns + order[k]] = rounded;
      const error = (rest[k] - rounded) / inverse[k * columns + k];
      if (error === 0) continue;
      for (let j = k + 1; j < columns; j++) rest[j] -= error * inverse[k * columns + j];
    }
  }
  return result;
}

/** Upper triangular U with U^T U = (H + damping)^-1, row-major. */
function inverseFactor(n: number, H: (i: number, j: number) => number): Float64Array {
  let power = 0;
  for (let i = 0; i < n; i++) power += H(i, i) / n;
  const added = damping * power || 1;
  // Numbered from the end, the factor of the inverse is the inverse of the factor.
  const L = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) L[i * n + j] = H(n - 1 - i, n - 1 - j) + (i === j ? added : 0);
  }
  cholesky(L, n);
  const inverse = invertLower(L, n);
  const U = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = i; j < n; j++) U[i * n + j] = inverse[(n - 1 - i) * n + (n - 1 - j)];
  }
  return U;
}

/** A = L L^T in place, lower triangle. */
function cholesky(A: Float64Array, n: number): void {
  for (let j = 0; j < n; j++) {
    for (let i = j; i < n; i++) {
      let sum = A[i * n + j];
      for (let k = 0; k < j; k++) sum -= A[i * n + k] * A[j * n + k];
      A[i * n + j] = i === j ? Math.sqrt(Math.max(sum, 1e-30)) : sum / A[j * n + j];
    }
  }
}

function invertLower(L: Float64Array, n: number): Float64Array {
  const inverse = new Float64Array(n * n);
  for (let j = 0; j < n; j++) {
    inverse[j * n + j] = 1 / L[j * n + j];
    for (let i = j + 1; i < n; i++) {
      let sum = 0;
      for (let k = j; k < i; k++) sum -= L[i * n + k] * inverse[k * n + j];
      inverse[i * n + j] = sum / L[i * n + i];
    }
  }
  return inverse;
}
