/**
 * The integer primitives of ARITHMETIC.md, sections 1 to 5. They define the result: the C engine gives the same bits.
 * Everything wraps at 32 bits, as the firmware does.
 */
import type { QuantizedGain, QuantizedMatrix } from '../quantized.ts';

/** An activation vector: real value = values * multiplier * 2^-exponent. */
export interface ScaledVector {
  values: Int8Array;
  /** `am`: 0, or 2^15 <= am < 2^16. */
  multiplier: number;
  /** `ae`. */
  exponent: number;
}

/** Arithmetic shift right by 0..31, rounding half up. */
export function rshift(x: number, s: number): number {
  return s === 0 ? x : ((x + (1 << (s - 1))) | 0) >> s;
}

/** `rshift` on u32. */
export function rshiftUnsigned(x: number, s: number): number {
  return s === 0 ? x : ((x + (1 << (s - 1))) >>> 0) >>> s;
}

/** Number of significant bits of a u32. */
export function bitlen(x: number): number {
  return 32 - Math.clz32(x);
}

export function clamp(x: number, m: number): number {
  return Math.min(Math.max(x, -m), m);
}

/** Floor of the square root of a u32 (exact: a double holds it and rounds correctly). */
export function isqrt(x: number): number {
  return Math.floor(Math.sqrt(x));
}

/** Upper 32 bits of the product of two u32. */
export function mulhi(a: number, b: number): number {
  return Number((BigInt(a) * BigInt(b)) >> 32n);
}

function largestMagnitude(t: Int32Array, n: number): number {
  let largest = 0;
  for (let i = 0; i < n; i++) {
    const magnitude = (t[i] < 0 ? -t[i] : t[i]) >>> 0;
    if (magnitude > largest) largest = magnitude;
  }
  return largest;
}

function setZero(out: ScaledVector): void {
  out.values.fill(0);
  out.multiplier = 0;
  out.exponent = 0;
}

/** out.values = round(t * 127 / m) for |t| <= m or one more, 1 <= m <= 32767. Returns bitlen(m). */
function fillValues(out: ScaledVector, t: Int32Array, n: number, shift: number, m: number): number {
  const L = bitlen(m);
  const inverse = Math.floor((127 * 2 ** (L + 9)) / m);
  const half = 1 << (L + 8);
  for (let i = 0; i < n; i++) out.values[i] = (Math.imul(t[i] >> shift, inverse) + half) >> (L + 9);
  return L;
}

/** Section 4: t * 2^-unitExponent (the first n elements) becomes a scaled vector. */
export function quantize(out: ScaledVector, t: Int32Array, n: number, unitExponent: number): void {
  const mx = largestMagnitude(t, n);
  if (mx === 0) {
    setZero(out);
    return;
  }
  const shift = Math.max(bitlen(mx) - 15, 0);
  const m = mx >>> shift;
  const L = fillValues(out, t, n, shift, m);
  const q = Math.imul(m << (15 - L), 33026) >>> 15;
  const z = 16 - bitlen(q);
  out.multiplier = q << z;
  out.exponent = 15 - L - shift + unitExponent + 7 + z;
}

/** Scratch of `norm`: two vectors of at least dim elements. */
export interface NormScratch {
  u: Int32Array;
  t: Int32Array;
}

/** Section 5: RMSNorm or (centred) LayerNorm of x with its gain, straight to a scaled vector. x is not changed. */
export function norm(
  out: ScaledVector,
  x: Int32Array,
  { gains, normC, normCe }: QuantizedGain,
  { kind, normEps }: { kind: 'rms' | 'layer'; normEps: number },
  { u, t }: NormScratch,
): void {
  const n = gains.length;
  const mean = kind === 'layer' ? roundedMean(x, n) : 0;
  for (let i = 0; i < n; i++) u[i] = x[i] - mean;
  const mx = largestMagnitude(u, n);
  if (mx === 0) {
    setZero(out);
    return;
  }
  const sh = Math.max(bitlen(mx) - 15, -6);
  let ss = 0;
  for (let i = 0; i < n; i++) {
    u[i] = sh >= 0 ? u[i] >> sh : u[i] << -sh;
    const v = rshift(u[i], 4);
    ss = (ss + Math.imul(v, v)) >>> 0;
    t[i] = rshift(Math.imul(u[i], gains[i]), 15);
  }
  const k = 2 * (sh + 4);
  ss = (ss + (k > 31 ? 0 : k >= 0 ? normEps >>> k : normEps << -k)) >>> 0;
  const m = largestMagnitude(t, n);
  if (ss === 0 || m === 0) {
    setZero(out);
    return;
  }
  const L = fillValues(out, t, n, 0, m);
  const j2 = (32 - bitlen(ss)) & ~1;
  const r = isqrt((ss << j2) >>> 0);
  const q = Math.floor(((m << (15 - L)) * normC) / r);
  const z = 16 - bitlen(q);
  out.multiplier = q << z;
  out.exponent = 15 - L + normCe - j2 / 2 + z;
}

function roundedMean(x: Int32Array, n: number): number {
  let sum = 0;
  for (let i = 0; i < n; i++) sum = (sum + x[i]) | 0;
  const magnitude = ((sum < 0 ? -sum : sum) >>> 0) + (n >> 1);
  const mean = Math.floor((magnitude >>> 0) / n);
  return sum < 0 ? -mean : mean;
}

/** Exact i32 sum of row r of W times a. */
export function accumulateRow(w: QuantizedMatrix, r: number, a: Int8Array): number {
  const { columns, weights, groupScales } = w;
  const at = r * columns;
  if (groupScales === undefined) {
    let sum = 0;
    for (let k = 0; k < columns; k++) sum += weights[at + k] * a[k];
    return sum | 0;
  }
  const groups = Math.ceil(columns / 32);
  let total = 0;
  for (let g = 0; g < groups; g++) {
    let sum = 0;
    const end = Math.min(columns, (g + 1) * 32);
    for (let k = g * 32; k < end; k++) sum += weights[at + k] * a[k];
    total = (total + Math.imul(groupScales[r * groups + g], sum)) | 0;
  }
  return total;
}

/** Section 3: W (rows, columns) @ a (columns) -> y (rows) with fraction bits `fraction`. */
export function matvec(y: Int32Array, w: QuantizedMatrix, a: ScaledVector, fraction: number): void {
  const { rows, rowScales, exponent, pre } = w;
  const post = Math.min(31, Math.max(1, exponent + a.exponent - pre - 17 - fraction));
  for (let r = 0; r < rows; r++) {
    const acc = rshift(accumulateRow(w, r, a.values), pre);
    const s = Math.imul(rowScales[r], a.multiplier) >>> 17;
    y[r] = rshift(Math.imul(acc, s), post);
  }
}

/** `pre`: the smallest shift that brings every possible accumulator of W into 15 bits and a sign. */
export function accumulatorShift(w: Omit<QuantizedMatrix, 'pre' | 'rowScales' | 'exponent'>): number {
  const bound = accumulatorBound(w);
  let pre = 0;
  while (Math.floor((bound + (pre === 0 ? 0 : 2 ** (pre - 1))) / 2 ** pre) > 32767) pre++;
  return pre;
}

/** Largest magnitude an accumulator of W can reach with activations of -127..127. Must stay below 2^31. */
export function accumulatorBound(w: Omit<QuantizedMatrix, 'pre' | 'rowScales' | 'exponent'>): number {
  const { rows, columns, weights, groupScales } = w;
  const groups = Math.ceil(columns / 32);
  let bound = 0;
  for (let r = 0; r < rows; r++) {
    let sum = 0;
    for (let k = 0; k < columns; k++) {
      sum += Math.abs(weights[r * columns + k]) * (groupScales?.[r * groups + (k >> 5)] ?? 1);
    }
    bound = Math.max(bound, 127 * sum);
  }
  return bound;
}
