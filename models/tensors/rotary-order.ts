/**
 * Two orders of the rows that make queries and keys. Ours (and llama2.c's) turns neighbours, (2i, 2i+1); Hugging Face's turns
 * halves, (i, i + headSize/2). The same model, other rows.
 */
import type { Tensor } from './safetensors.ts';

/** Hugging Face's order to ours. */
export function interleaveHalves(tensor: Tensor, headSize: number): Tensor {
  return permuteHeadRows(tensor, headSize, (row) => (row % 2) * (headSize / 2) + (row >> 1));
}

/** Ours to Hugging Face's. */
export function splitHalves(tensor: Tensor, headSize: number): Tensor {
  const half = headSize / 2;
  return permuteHeadRows(tensor, headSize, (row) => (row < half ? 2 * row : 2 * (row - half) + 1));
}

/** @param from the row within the head that a row of the result is taken from */
function permuteHeadRows({ shape, data }: Tensor, headSize: number, from: (row: number) => number): Tensor {
  const [rows, columns] = shape;
  const permuted = new Float32Array(data.length);
  for (let row = 0; row < rows; row++) {
    const head = row - (row % headSize);
    const source = head + from(row % headSize);
    permuted.set(data.subarray(source * columns, (source + 1) * columns), row * columns);
  }
  return { shape, data: permuted };
}
