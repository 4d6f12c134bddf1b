/**
 * Reads the original project's `model_*.bin`: u32 vocabulary, dim, hidden, layers, heads, context, two reserved words, in some
 * files a float32 scale word, then tensors back to back, first index = input. There is no magic number, and the scale word does
 * not tell the encodings apart: the length of the file does.
 *
 * | bytes, N values | encoding |
 * |---|---|
 * | 32 + 4N | float32 |
 * | 36 + 4N | float32 after a scale word of 1 |
 * | 36 + 2N | float16 after a scale word that is not applied |
 * | 36 + N | one signed byte per value, value = byte / scale word (called int8 or int4 in the config file) |
 */
import { tensorShapes } from '../checkpoint.ts';
import { checkConfig, configLimits, type ModelConfig } from '../config.ts';
import { ModelError } from '../errors.ts';
import { halfToFloat, type Tensor } from '../tensors/safetensors.ts';
import type { ImportNotes } from './source.ts';

export type StarmindEncoding = 'float32' | 'float32 after a scale word' | 'float16' | 'int8' | 'int4';

export interface StarmindModel extends ImportNotes {
  config: ModelConfig;
  tensors: Map<string, Tensor>;
  encoding: StarmindEncoding;
}

const headerBytes = 32;

interface Header {
  config: ModelConfig;
  fileContext: number;
  fileHeads: number;
}

/**
 * @param facts the object of `config_*.json`, where there is one
 * @throws ModelError when the length fits no encoding, and for files whose weights were lost when they were written
 */
export function importStarmind(
  file: Uint8Array,
  facts: Record<string, unknown> | undefined,
  what: string,
): StarmindModel {
  const header = readHeader(file, what);
  const { config } = header;
  const encoding = encodingOf(file, config, facts, what);
  const values = readValues(file, encoding, valueCount(config), what);
  const notes = headerNotes(header);
  const tensors = cutTensors(values, config);
  const repairs = repairPyTorchExport(tensors, config, facts);
  return { config, tensors, encoding, repairs, notes };
}

/** Whether header and length are those of such a file, whatever its encoding. */
export function isStarmind(beginning: Uint8Array, fileBytes: number): boolean {
  try {
    const { config } = readHeader(beginning, '');
    return sizes(config).some(({ bytes }) => bytes === fileBytes) || fileBytes === pointerFileBytes(config);
  } catch {
    return false;
  }
}

/** Whether the words that the format reserves are zero: all other formats have something there. */
export function mayBeStarmind(beginning: Uint8Array): boolean {
  if (beginning.length < headerBytes) return false;
  const view = new DataView(beginning.buffer, beginning.byteOffset, beginning.byteLength);
  return view.getUint32(24, true) === 0 && view.getUint32(28, true) === 0;
}

function readHeader(file: Uint8Array, what: string): Header {
  if (file.length < headerBytes) {
    throw new ModelError(
      `${what}: ${file.length} bytes are too short for a starmind header of ${headerBytes}`,
    );
  }
  if (!mayBeStarmind(file))
    throw new ModelError(`${what}: the reserved words of a starmind header are not zero`);
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const [vocabulary, dim, hidden, layers, fileHeads, fileContext] = Array.from({ length: 6 }, (_, i) =>
    view.getUint32(4 * i, true),
  );
  if (fileContext < 1) throw new ModelError(`${what}: starmind header: the longest sequence is 0`);
  const config = checkConfig(
    {
      family: 'starmind',
      vocabulary,
      dim,
      hidden,
      layers,
      heads: 1,
      kvHeads: 1,
      headSize: dim,
      context: Math.min(fileContext, configLimits.context),
      tied: true,
      ropeTheta: 10000,
      normEps: 1e-6,
    },
    `${what}: starmind header`,
  );
  return { config, fileContext, fileHeads };
}

function headerNotes({ config, fileContext, fileHeads }: Header): string[] {
  const notes: string[] = [];
  if (fileHeads !== 1) {
    notes.push(
      `the header says ${fileHeads} heads, but the original computes with one of the full width; so does this model`,
    );
  }
  if (fileContext > config.context)
    notes.push(`the context of ${fileContext} positions is cut to ${config.context}`);
  if (config.dim === 1)
    notes.push('one dimension: the norm of a single number is 0, so every logit is 0 for any text');
  return notes;
}

function layerValues({ dim, hidden }: ModelConfig): number {
  return 2 * dim + 4 * dim * dim + 2 * dim * hidden;
}

function valueCount(config: ModelConfig): number {
  return config.vocabulary * config.dim + config.layers * layerValues(config) + config.dim;
}

function sizes(config: ModelConfig): { bytes: number; encoding: StarmindEncoding }[] {
  const n = valueCount(config);
  return [
    { bytes: 32 + 4 * n, encoding: 'float32' },
    { bytes: 36 + 4 * n, encoding: 'float32 after a scale word' },
    { bytes: 36 + 2 * n, encoding: 'float16' },
    { bytes: 36 + n, encoding: 'int8' },
  ];
}

/** Length of a file into which pointers of 8 bytes were written in place of the layers' values. */
function pointerFileBytes(config: ModelConfig): number {
  return 36 + 4 * (config.vocabulary + 1) * config.dim + 8 * config.layers * layerValues(config);
}

function encodingOf(
  file: Uint8Array,
  config: ModelConfig,
  facts: Record<string, unknown> | undefined,
  what: string,
): StarmindEncoding {
  const found = sizes(config).find(({ bytes }) => bytes === file.length);
  if (found !== undefined) {
    return found.encoding === 'int8' && facts?.['quantization'] === 'int4' ? 'int4' : found.encoding;
  }
  if (file.length === pointerFileBytes(config) && holdsPointers(file, config)) {
    throw new ModelError(
      `${what}: the layers hold memory addresses instead of weights (a list of objects was written, not its values). ` +
        'The weights are not in this file and cannot be restored; export the model again from its training checkpoint',
    );
  }
  const known = sizes(config).map(({ bytes, encoding }) => `${bytes} (${encoding})`);
  throw new ModelError(`${what}: ${file.length} bytes; its header describes a file of ${known.join(', ')}`);
}

/** Addresses of one heap share their upper half and are multiples of 8. */
function holdsPointers(file: Uint8Array, config: ModelConfig): boolean {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const from = 36 + 4 * config.vocabulary * config.dim;
  const count = config.layers * layerValues(config);
  let aligned = 0;
  const upper = new Set<number>();
  for (let i = 0; i < count; i++) {
    if (view.getUint32(from + 8 * i, true) % 8 === 0) aligned++;
    upper.add(view.getUint32(from + 8 * i + 4, true));
  }
  return aligned === count && upper.size <= 16;
}

function readValues(file: Uint8Array, encoding: StarmindEncoding, count: number, what: string): Float32Array {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const at = encoding === 'float32' ? 32 : 36;
  const values = new Float32Array(count);
  if (encoding === 'float16')
    for (let i = 0; i < count; i++) values[i] = halfToFloat(view.getUint16(at + 2 * i, true));
  else if (encoding === 'int8' || encoding === 'int4') {
    const scale = view.getFloat32(32, true);
    if (!(scale > 0 && Number.isFinite(scale))) throw new ModelError(`${what}: the scale word is ${scale}`);
    for (let i = 0; i < count; i++) values[i] = view.getInt8(at + i) / scale;
  } else for (let i = 0; i < count; i++) values[i] = view.getFloat32(at + 4 * i, true);
  return values;
}

/** Their matrices are (inputs, outputs), ours (outputs, inputs). */
function cutTensors(values: Float32Array, config: ModelConfig): Map<string, Tensor> {
  const shapes = tensorShapes(config);
  const tensors = new Map<string, Tensor>();
  let at = 0;
  const take = (name: string) => {
    const shape = shapes.get(name)!;
    const [rows, columns = 1] = shape;
    const stored = values.subarray(at, at + rows * columns);
    at += stored.length;
    const isMatrix = shape.length === 2 && name !== 'embed_tokens.weight';
    tensors.set(
      name,
      isMatrix ? transpose({ shape: [columns, rows], data: stored }) : { shape, data: stored.slice() },
    );
  };
  take('embed_tokens.weight');
  for (let n = 0; n < config.layers; n++) {
    const names = [
      'input_norm',
      'post_norm',
      'attention.q',
      'attention.k',
      'attention.v',
      'attention.o',
      'ffn.up',
      'ffn.down',
    ];
    for (const name of names) take(`layers.${n}.${name}.weight`);
  }
  take('norm.weight');
  return tensors;
}

function transpose({ shape: [rows, columns], data }: Tensor): Tensor {
  const turned = new Float32Array(data.length);
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) turned[c * rows + r] = data[r * columns + c];
  }
  return { shape: [columns, rows], data: turned };
}

/**
 * PyTorch models were exported with attention matrices as PyTorch holds them, (outputs, inputs), and with a final norm of zeros,
 * because the trained model had none. @returns what was done
 */
function repairPyTorchExport(
  tensors: Map<string, Tensor>,
  config: ModelConfig,
  facts: Record<string, unknown> | undefined,
): string[] {
  const finalNorm = tensors.get('norm.weight')!;
  const isZero = finalNorm.data.every((gain) => gain === 0);
  if (!isZero && facts?.['source'] !== 'PyTorch training') return [];
  for (let n = 0; n < config.layers; n++) {
    for (const kind of ['q', 'k', 'v', 'o']) {
      const name = `layers.${n}.attention.${kind}.weight`;
      tensors.set(name, transpose(tensors.get(name)!));
    }
  }
  const repairs = ['attention matrices were stored (outputs, inputs) and are turned'];
  if (isZero) {
    finalNorm.data.fill(1);
    repairs.push('the final norm was all zeros, which made every logit 0; it is set to 1');
  }
  repairs.push(
    'positions, biases and the output matrix of the PyTorch model were never exported: what it learned is not all in the file',
  );
  return repairs;
}
