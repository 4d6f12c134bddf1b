/** Runs a matrix-vector product, dispatch and requantization included, on the emulated chip. */
import type { ChipProgram } from '../../firmware/host/chip-program.ts';
import type { WeightFormat } from '../../models/quantized.ts';
import type { Rng } from '../../models/reference/rng.ts';

const FORMAT_CODES: Record<WeightFormat, number> = { int8: 1, int4: 2, int4g32: 3 };

const padTo = (count: number, unit: number): number => Math.ceil(count / unit) * unit;

/** What a block of rows shares of a word, and what columns are padded to (models/IMAGE.md). */
const layout = (format: WeightFormat, rows: number, columns: number) => ({
  lanes: format === 'int8' ? 4 : 8,
  paddedRows: padTo(rows, format === 'int8' ? 4 : 8),
  words: format === 'int4g32' ? 36 * Math.ceil(columns / 32) : padTo(columns, 4),
});

/** Weights and scales as they lie in memory, per weight. */
export const bytesPerWeight = (format: WeightFormat, rows: number, columns: number): number => {
  const { lanes, paddedRows, words } = layout(format, rows, columns);
  return ((4 * paddedRows * words) / lanes + 2 * paddedRows) / (rows * columns);
};

/** A biased weight; small ones are likelier, as in a trained row: the mean magnitude of an int4 row is about 2.5. */
const drawWeight = (rng: Rng, bits: number): number => {
  const half = 1 << (bits - 1);
  const draw = () => (rng.next() >>> 8) / 0x1000000;
  const value = Math.round((draw() + draw() + draw() - 1.5) * 0.62 * (half - 1));
  return half + value;
};

const drawWords = (rng: Rng, format: WeightFormat, count: number): number[] => {
  const bits = format === 'int8' ? 8 : 4;
  const word = () => {
    let w = 0;
    for (let i = 0; i < 32; i += bits) w |= drawWeight(rng, bits) << i;
    return w >>> 0;
  };
  return Array.from({ length: count }, (_, i) => (format === 'int4g32' && i % 36 < 4 ? 0x04000400 : word()));
};

/** y = W a for random weights of this shape; returns the cycles from the call to the return. */
export const runMatvec = (
  program: ChipProgram,
  rng: Rng,
  format: WeightFormat,
  rows: number,
  columns: number,
): number => {
  const { lanes, paddedRows, words } = layout(format, rows, columns);
  program.clear();
  const weights = program.words(drawWords(rng, format, (paddedRows / lanes) * words));
  const scales = program.halves(new Array(paddedRows).fill(40000));
  const a = Array.from({ length: padTo(columns, 4) }, (_, i) => (i < columns ? (rng.next() % 255) - 127 : 0));
  const sum = a.reduce((s, x) => s + x, 0);
  const vector = program.words([program.words(a), 40000, 20, sum, 0, 0]);
  const y = program.words(new Array(paddedRows).fill(0));
  // struct sm_matrix: words, wm, rows, columns, run, we (i16), pre (u8), format (u8)
  const pre = format === 'int4g32' ? 10 : format === 'int8' ? 5 : 0;
  const matrix = (run: number) => [
    weights,
    scales,
    rows,
    columns,
    run,
    20 | (pre << 16) | (FORMAT_CODES[format] << 24),
  ];
  const { result: run } = program.call('sm_matvec_run', program.words(matrix(0)));
  return program.call('sm_matvec', program.words(matrix(run)), vector, 12, y).cycles;
};
