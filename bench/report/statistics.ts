/** Order statistics of cycle counts. */

export interface Spread {
  median: number;
  p95: number;
  worst: number;
}

/** The value at rank ceil(q n) of the sorted values (nearest rank): always one that occurred, so no rounding. */
export const quantile = (values: readonly number[], q: number): number => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? 0;
};

export const spread = (values: readonly number[]): Spread => ({
  median: quantile(values, 0.5),
  p95: quantile(values, 0.95),
  worst: quantile(values, 1),
});

export const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** Column sums of equally long rows. */
export const sumColumns = (rows: readonly (readonly number[])[], columns: number): number[] =>
  Array.from({ length: columns }, (_, column) => sum(rows.map((row) => row[column] ?? 0)));
