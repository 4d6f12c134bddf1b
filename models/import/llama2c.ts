/**
 * Reads llama2.c checkpoints (source: karpathy/llama2.c, export.py and run.c, runq.c `memory_map_weights`).
 *
 * Version 0: seven i32 (dim, hidden, layers, heads, kvHeads, vocabulary, context; a negative vocabulary means an untied output),
 * float32 tensors stacked over layers, two rotary tables that are not used, the output matrix if untied.
 * Versions 1 and 2: 256 bytes that begin with u32 "ak42" and i32 version, the seven i32, u8 tied, in version 2 also i32 group
 * size; then all norms in float32, then all matrices: float32 in version 1; in version 2 each as int8, then one float32 scale
 * for every group of weights (Q8_0).
 */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { type Checkpoint, sha256, tensorShapes } from '../checkpoint.ts';
import { checkConfig, configLimits, type ModelConfig } from '../config.ts';
import { ModelError } from '../errors.ts';
import type { Tensor } from '../tensors/safetensors.ts';
import { BpeTokenizer, tokenizerFromLlama2c } from '../tokenizer/index.ts';
import { shortName } from './source.ts';

/** "ak42" read as a little-endian u32. */
export const llama2cMagic = 0x616b3432;
const legacyHeaderBytes = 28;
const headerBytes = 256;

interface Header {
  version: 0 | 1 | 2;
  /** With the context cut to what our formats hold. */
  config: ModelConfig;
  /** Positions that the file was made for. */
  fileContext: number;
  /** Weights that share a scale, version 2. */
  groupSize: number;
  dataAt: number;
}

/** A run of numbers in the file; without a name it is not used. */
interface Part {
  name?: string;
  elements: number;
  stored: 'f32' | 'q8';
}

/**
 * A llama2.c model as a checkpoint.
 * @param model bytes of a `.bin` of version 0, 1 or 2
 * @param tokenizer bytes of the matching `tokenizer.bin`
 * @throws ModelError (or the tokenizer's error) for anything that is not such a file
 */
export function importLlama2c(model: Uint8Array, tokenizer: Uint8Array, name = 'llama2c'): Checkpoint {
  const { config, tensors } = readLlama2cModel(model, name);
  const data = tokenizerFromLlama2c(tokenizer, config.vocabulary);
  const section = new BpeTokenizer(data).toSection();
  return {
    name: shortName(name),
    config,
    tensors,
    tokenizer: { bos: data.bos, eos: data.eos, section },
    sha256: sha256(model),
  };
}

/** The same from two files. */
export function readLlama2c(modelPath: string, tokenizerPath: string): Checkpoint {
  return importLlama2c(readFileSync(modelPath), readFileSync(tokenizerPath), basename(modelPath, '.bin'));
}

export interface Llama2cModel {
  version: 0 | 1 | 2;
  config: ModelConfig;
  fileContext: number;
  tensors: Map<string, Tensor>;
}

/** The model without its tokenizer. */
export function readLlama2cModel(file: Uint8Array, what: string): Llama2cModel {
  const header = readHeader(file, what);
  const parts = partsOf(header);
  const needed = header.dataAt + parts.reduce((sum, part) => sum + storedBytes(part, header.groupSize), 0);
  if (file.length !== needed) {
    throw new ModelError(`${what}: ${file.length} bytes; its header describes a file of ${needed} bytes`);
  }
  const { version, config, fileContext } = header;
  return { version, config, fileContext, tensors: readTensors(file, header, parts, what) };
}

/** Whether the file's length is what a version 0 header at its beginning describes. */
export function isLegacyLlama2c(beginning: Uint8Array, fileBytes: number): boolean {
  try {
    const header = readHeader(beginning, '');
    const data = partsOf(header).reduce((sum, part) => sum + storedBytes(part, header.groupSize), 0);
    return header.version === 0 && header.dataAt + data === fileBytes;
  } catch {
    return false;
  }
}

function readHeader(file: Uint8Array, what: string): Header {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const isVersioned = file.length >= 8 && view.getUint32(0, true) === llama2cMagic;
  const length = isVersioned ? headerBytes : legacyHeaderBytes;
  if (file.length < length) {
    throw new ModelError(`${what}: ${file.length} bytes are too short for a llama2.c header of ${length}`);
  }
  const version = isVersioned ? view.getInt32(4, true) : 0;
  if (version !== 0 && version !== 1 && version !== 2) {
    throw new ModelError(`${what}: llama2.c format version ${version}; versions 0, 1 and 2 are known`);
  }
  const at = isVersioned ? 8 : 0;
  const numbers = Array.from({ length: 7 }, (_, i) => view.getInt32(at + 4 * i, true));
  const [dim, hidden, layers, heads, kvHeads, signedVocabulary, fileContext] = numbers;
  const tied = isVersioned ? view.getUint8(36) !== 0 : signedVocabulary > 0;
  if (fileContext < 1) throw new ModelError(`${what}: llama2.c header: context is ${fileContext}`);
  const config: ModelConfig = {
    family: 'llama',
    vocabulary: isVersioned ? signedVocabulary : Math.abs(signedVocabulary),
    dim,
    hidden,
    layers,
    heads,
    kvHeads,
    headSize: dim / heads,
    context: Math.min(fileContext, configLimits.context),
    tied,
    ropeTheta: 10000,
    normEps: 1e-5,
  };
  const groupSize = version === 2 ? view.getInt32(37, true) : 1;
  if (groupSize < 1) throw new ModelError(`${what}: llama2.c header: group size is ${groupSize}`);
  return {
    version,
    config: checkConfig(config, `${what}: llama2.c header`),
    fileContext,
    groupSize,
    dataAt: length,
  };
}

const attentionNames = ['attention.q', 'attention.k', 'attention.v', 'attention.o'];
const feedForwardNames = ['ffn.gate', 'ffn.down', 'ffn.up'];

function partsOf({ version, config, fileContext }: Header): Part[] {
  const shapes = tensorShapes(config);
  const part = (name: string, stored: Part['stored'] = 'f32'): Part => {
    return { name, elements: shapes.get(name)!.reduce((a, b) => a * b, 1), stored };
  };
  const stacked = (kinds: string[], stored: Part['stored'] = 'f32') =>
    kinds.flatMap((kind) =>
      Array.from({ length: config.layers }, (_, n) => part(`layers.${n}.${kind}.weight`, stored)),
    );
  const output = (stored: Part['stored']) => (config.tied ? [] : [part('output.weight', stored)]);
  if (version === 0) {
    return [
      part('embed_tokens.weight'),
      ...stacked(['input_norm', ...attentionNames, 'post_norm', ...feedForwardNames]),
      part('norm.weight'),
      { elements: fileContext * config.headSize, stored: 'f32' },
      ...output('f32'),
    ];
  }
  const stored = version === 2 ? 'q8' : 'f32';
  return [
    ...stacked(['input_norm', 'post_norm']),
    part('norm.weight'),
    part('embed_tokens.weight', stored),
    ...stacked([...attentionNames, ...feedForwardNames], stored),
    ...output(stored),
  ];
}

function storedBytes({ elements, stored }: Part, groupSize: number): number {
  return stored === 'f32' ? 4 * elements : elements + 4 * Math.floor(elements / groupSize);
}

function readTensors(file: Uint8Array, header: Header, parts: Part[], what: string): Map<string, Tensor> {
  const shapes = tensorShapes(header.config);
  const tensors = new Map<string, Tensor>();
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const { groupSize } = header;
  let at = header.dataAt;
  for (const part of parts) {
    const { name, elements, stored } = part;
    if (stored === 'q8' && elements % groupSize !== 0) {
      throw new ModelError(
        `${what}: groups of ${groupSize} weights do not divide ${name} (${elements} weights)`,
      );
    }
    if (name !== undefined) {
      const data = new Float32Array(elements);
      if (stored === 'f32') for (let i = 0; i < elements; i++) data[i] = view.getFloat32(at + 4 * i, true);
      else
        for (let i = 0; i < elements; i++)
          data[i] = view.getInt8(at + i) * scaleOf(view, at + elements, i, groupSize);
      tensors.set(name, { shape: shapes.get(name)!, data });
    }
    at += storedBytes(part, groupSize);
  }
  return tensors;
}

function scaleOf(view: DataView, scalesAt: number, element: number, groupSize: number): number {
  return view.getFloat32(scalesAt + 4 * Math.floor(element / groupSize), true);
}
