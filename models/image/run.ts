/** How many columns the int4 kernels may sum in 16 bits: what the exporter finds out, so that the device need not. */
import type { QuantizedMatrix } from '../quantized.ts';
import { pad } from './layout.ts';

/** Sum of |weight| of a run whose sums fit a 16-bit lane whatever the activations. */
const MOST_WEIGHT = Math.floor(32767 / 127);
const ALWAYS_EXACT = 32;

/** The longest run, a multiple of 4, as `sm_matvec_run` of the firmware finds it; 0 for other formats than `int4`. */
export function exactRun(matrix: QuantizedMatrix): number {
  if (matrix.format !== 'int4') return 0;
  const columns = pad(matrix.columns, 4);
  let run = Math.min(columns, 65532);
  for (let runs = 2; run > ALWAYS_EXACT && !runsFit(matrix, run); runs++) {
    run = Math.max(ALWAYS_EXACT, pad(Math.ceil(columns / runs), 4));
  }
  return run;
}

function runsFit({ rows, columns, weights }: QuantizedMatrix, run: number): boolean {
  for (let row = 0; row < rows; row++) {
    for (let first = 0; first < columns; first += run) {
      const end = Math.min(first + run, columns);
      let sum = 0;
      for (let k = first; k < end; k++) sum += Math.abs(weights[row * columns + k]);
      if (sum > MOST_WEIGHT) return false;
    }
  }
  return true;
}
