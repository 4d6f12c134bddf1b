/** The lookup tables of ARITHMETIC.md, section 6. */
import type { Tables } from '../quantized.ts';
import { exp2Table } from '../reference/sampler.ts';

/** Largest entry of the softmax table. */
export const expPeak = 16383;
export const expEntries = 1024;
/** Step of a score difference between neighbouring entries of the softmax table. */
export const expStep = Math.log(2 * expPeak) / (expEntries - 1);

export function makeTables({
  context,
  headSize,
  ropeTheta,
}: {
  context: number;
  headSize: number;
  /** Left out for a family without rotary positions. */
  ropeTheta?: number;
}): Tables {
  return {
    sigma: Uint16Array.from({ length: 1024 }, (_, i) => Math.round(32767 / (1 + Math.exp(-(i - 512) / 64)))),
    exp: Uint16Array.from({ length: expEntries }, (_, i) => Math.round(expPeak * Math.exp(-i * expStep))),
    exp2: exp2Table(),
    rope: ropeTheta === undefined ? undefined : ropeTable(context, headSize, ropeTheta),
  };
}

/** (context, headSize / 2, 2): cosine and sine in Q14. */
function ropeTable(context: number, headSize: number, theta: number): Int16Array {
  const table = new Int16Array(context * headSize);
  for (let position = 0; position < context; position++) {
    for (let i = 0; i < headSize; i += 2) {
      const angle = position * theta ** -(i / headSize);
      table[position * headSize + i] = Math.round(16384 * Math.cos(angle));
      table[position * headSize + i + 1] = Math.round(16384 * Math.sin(angle));
    }
  }
  return table;
}
