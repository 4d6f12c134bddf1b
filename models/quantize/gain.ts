import type { QuantizedGain } from '../quantized.ts';

/** Norm gains as i16 with one exponent, and the constant that turns a root sum of squares into a scale (ARITHMETIC.md, 5). */
export function quantizeGain(gains: Float32Array): QuantizedGain {
  let largest = 0;
  for (const g of gains) largest = Math.max(largest, Math.abs(g));
  const exponent = largest === 0 ? 0 : Math.max(-40, Math.min(40, Math.floor(Math.log2(32767 / largest))));
  return {
    gains: Int16Array.from(gains, (g) => Math.round(g * 2 ** exponent)),
    exponent,
    ...normConstant(gains.length, exponent),
  };
}

/** normC * 2^-normCe approximates sqrt(n) / 127 * 2^(11 - exponent), with 2^15 <= normC < 2^16. */
export function normConstant(n: number, exponent: number): { normC: number; normCe: number } {
  const value = (Math.sqrt(n) / 127) * 2 ** (11 - exponent);
  let normCe = 15 - Math.floor(Math.log2(value));
  let normC = Math.round(value * 2 ** normCe);
  if (normC > 65535) {
    normCe -= 1;
    normC = Math.round(value * 2 ** normCe);
  }
  return { normC, normCe };
}
