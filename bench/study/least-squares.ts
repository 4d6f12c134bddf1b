/**
 * The x that makes |A x - b| smallest, by Householder reflections; a column that the others already explain gets 0.
 * @param matrix rows of A, at least as many as columns
 */
export const solveLeastSquares = (matrix: readonly (readonly number[])[], b: readonly number[]): number[] => {
  const rows = matrix.map((row, i) => [...row, b[i]!]);
  const columns = matrix[0]?.length ?? 0;
  const sizes = Array.from({ length: columns }, (_, k) => Math.hypot(...rows.map((row) => row[k]!)));
  for (let k = 0; k < columns; k++) reflect(rows, k);
  const x = new Array<number>(columns).fill(0);
  for (let k = columns - 1; k >= 0; k--) {
    const row = rows[k]!;
    const rest = row.slice(k + 1, columns).reduce((sum, value, j) => sum + value * x[k + 1 + j]!, 0);
    x[k] = Math.abs(row[k]!) > 1e-10 * sizes[k]! ? (row[columns]! - rest) / row[k]! : 0;
  }
  return x;
};

/** Makes everything below the diagonal of column k zero; `rows` changes. */
const reflect = (rows: number[][], k: number): void => {
  const length = Math.hypot(...rows.slice(k).map((row) => row[k]!));
  if (length === 0) return;
  const alpha = rows[k]![k]! > 0 ? -length : length;
  const v = rows.slice(k).map((row) => row[k]!);
  v[0]! -= alpha;
  const norm = v.reduce((sum, value) => sum + value * value, 0);
  if (norm === 0) return;
  for (let j = k; j < rows[k]!.length; j++) {
    const dot = v.reduce((sum, value, i) => sum + value * rows[k + i]![j]!, 0);
    const factor = (2 * dot) / norm;
    for (let i = 0; i < v.length; i++) rows[k + i]![j]! -= factor * v[i]!;
  }
};
