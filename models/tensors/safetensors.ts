/**
 * Safetensors: u64 little-endian header length, a JSON header `{name: {dtype, shape, data_offsets: [from, to]}}`, then the bytes.
 * Format: Hugging Face safetensors README, "Format". We write F32 and read F32, F16 and BF16, all as Float32Array.
 * The reader trusts nothing: every length is bounded before use, and tensors may neither overlap nor leave holes.
 */
import { ModelError } from '../errors.ts';

/** A dense float tensor, row-major. `data.length` is the product of `shape`. */
export interface Tensor {
  shape: number[];
  data: Float32Array;
}

/** What a safetensors file holds. */
export interface TensorFile {
  tensors: Map<string, Tensor>;
  metadata: Record<string, string>;
}

const maximumHeaderBytes = 16 * 1024 * 1024;
const maximumTensors = 100_000;
const bytesPerElement: Record<string, number> = { F32: 4, F16: 2, BF16: 2 };

interface Entry {
  name: string;
  dtype: string;
  shape: number[];
  from: number;
  to: number;
}

/** Serialises tensors as F32, in the map's order, data starting at a multiple of 8. */
export function writeSafetensors(
  tensors: ReadonlyMap<string, Tensor>,
  metadata: Record<string, string> = {},
): Uint8Array {
  const header: Record<string, unknown> = {};
  if (Object.keys(metadata).length > 0) header['__metadata__'] = metadata;
  let offset = 0;
  for (const [name, { shape, data }] of tensors) {
    if (elementCount(shape) !== data.length) {
      throw new ModelError(`tensor ${name}: shape [${shape}] does not match its ${data.length} elements`);
    }
    header[name] = { dtype: 'F32', shape, data_offsets: [offset, offset + data.length * 4] };
    offset += data.length * 4;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const headerBytes = Math.ceil(json.length / 8) * 8;
  const file = new Uint8Array(8 + headerBytes + offset);
  const view = new DataView(file.buffer);
  view.setUint32(0, headerBytes, true);
  file.fill(0x20, 8 + json.length, 8 + headerBytes);
  file.set(json, 8);
  let at = 8 + headerBytes;
  for (const { data } of tensors.values()) {
    for (let i = 0; i < data.length; i++, at += 4) view.setFloat32(at, data[i], true);
  }
  return file;
}

/**
 * Reads a safetensors file.
 * @param what names the source in errors.
 * @throws ModelError on anything that is not a well-formed file.
 */
export function readSafetensors(file: Uint8Array, what = 'safetensors file'): TensorFile {
  const fail = (problem: string): never => {
    throw new ModelError(`${what}: ${problem}`);
  };
  if (file.length < 8) fail(`too short (${file.length} bytes) for a safetensors header`);
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const headerBytes = view.getUint32(0, true) + view.getUint32(4, true) * 2 ** 32;
  if (headerBytes > maximumHeaderBytes)
    fail(`header claims ${headerBytes} bytes; the limit is ${maximumHeaderBytes}`);
  if (8 + headerBytes > file.length)
    fail(`truncated: header claims ${headerBytes} bytes, file has ${file.length}`);
  const { entries, metadata } = parseHeader(file.subarray(8, 8 + headerBytes), fail);

  const dataStart = 8 + headerBytes;
  let expected = 0;
  for (const { name, from, to } of [...entries].sort((a, b) => a.from - b.from || a.to - b.to)) {
    if (from !== expected) fail(`tensor ${name} starts at ${from}, expected ${expected} (overlap or gap)`);
    expected = to;
  }
  if (dataStart + expected !== file.length) {
    fail(`header describes ${expected} data bytes, file has ${file.length - dataStart}`);
  }
  const tensors = new Map<string, Tensor>();
  for (const entry of entries) {
    tensors.set(entry.name, { shape: entry.shape, data: decode(view, dataStart + entry.from, entry) });
  }
  return { tensors, metadata };
}

function parseHeader(bytes: Uint8Array, fail: (problem: string) => never) {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return fail('header is not JSON');
  }
  if (!isObject(header)) return fail('header is not a JSON object');
  const { __metadata__: rawMetadata = {}, ...rest } = header;
  if (!isObject(rawMetadata)) return fail('__metadata__ is not an object');
  const metadata: Record<string, string> = {};
  for (const [key, value] of Object.entries(rawMetadata)) metadata[key] = String(value);
  const names = Object.keys(rest);
  if (names.length > maximumTensors) fail(`${names.length} tensors; the limit is ${maximumTensors}`);
  return { entries: names.map((name) => parseEntry(name, rest[name], fail)), metadata };
}

function parseEntry(name: string, value: unknown, fail: (problem: string) => never): Entry {
  if (!isObject(value)) return fail(`tensor ${name}: entry is not an object`);
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== 'string' || !Object.hasOwn(bytesPerElement, dtype)) {
    return fail(`tensor ${name}: dtype ${JSON.stringify(dtype)} is not supported (F32, F16, BF16 are)`);
  }
  if (!isSizes(shape) || shape.length > 8) return fail(`tensor ${name}: shape is not a list of sizes`);
  if (!isSizes(offsets) || offsets.length !== 2) return fail(`tensor ${name}: data_offsets is not a pair`);
  const [from, to] = offsets;
  const bytes = elementCount(shape) * bytesPerElement[dtype];
  if (to - from !== bytes)
    fail(`tensor ${name}: [${shape}] ${dtype} needs ${bytes} bytes, offsets give ${to - from}`);
  return { name, dtype, shape, from, to };
}

function decode(view: DataView, at: number, { dtype, from, to }: Entry): Float32Array {
  const size = bytesPerElement[dtype];
  const data = new Float32Array((to - from) / size);
  for (let i = 0; i < data.length; i++) {
    const where = at + i * size;
    if (dtype === 'F32') data[i] = view.getFloat32(where, true);
    else if (dtype === 'F16') data[i] = halfToFloat(view.getUint16(where, true));
    else data[i] = bfloatToFloat(view.getUint16(where, true));
  }
  return data;
}

/** IEEE 754 binary16 to number. */
export function halfToFloat(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 31;
  const fraction = half & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

function bfloatToFloat(half: number): number {
  const scratch = new DataView(new ArrayBuffer(4));
  scratch.setUint16(0, half);
  return scratch.getFloat32(0);
}

function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0);
}
