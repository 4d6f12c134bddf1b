/** Other projects' files in small, made here byte by byte from their formats' descriptions. */

import { tensorShapes } from '../../models/checkpoint.ts';
import type { ModelConfig } from '../../models/config.ts';
import type { Tensor } from '../../models/tensors/safetensors.ts';

export const tinyLlama: ModelConfig = {
  family: 'llama',
  vocabulary: 320,
  dim: 16,
  hidden: 24,
  layers: 2,
  heads: 4,
  kvHeads: 2,
  headSize: 4,
  context: 32,
  tied: true,
  ropeTheta: 10000,
  normEps: 1e-5,
};

/** Different numbers everywhere, exactly representable in float16. */
export function tensorsFor(config: ModelConfig): Map<string, Tensor> {
  let seed = 1;
  const next = () => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return ((seed >>> 16) % 512) / 512 - 0.5;
  };
  const tensors = new Map<string, Tensor>();
  for (const [name, shape] of tensorShapes(config)) {
    const data = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, next);
    tensors.set(name, { shape, data });
  }
  return tensors;
}

export function i32(...values: number[]): Buffer {
  return Buffer.concat(
    values.map((value) => {
      const word = Buffer.alloc(4);
      word.writeInt32LE(value | 0);
      return word;
    }),
  );
}

export function f32(values: Iterable<number>): Buffer {
  return Buffer.from(Float32Array.from(values).buffer);
}

const stackedKinds = [
  'attention.q',
  'attention.k',
  'attention.v',
  'attention.o',
  'ffn.gate',
  'ffn.down',
  'ffn.up',
];

/** Version 1 (float32) or 2 (Q8_0 with groups of 8; returns the values the file then holds). */
export function llama2cVersioned(
  version: 1 | 2,
  config: ModelConfig,
  tensors: ReadonlyMap<string, Tensor>,
): { file: Buffer; held: Map<string, Tensor> } {
  const { dim, hidden, layers, heads, kvHeads, vocabulary, context, tied } = config;
  const groupSize = 8;
  const header = Buffer.alloc(256);
  i32(0x616b3432, version, dim, hidden, layers, heads, kvHeads, vocabulary, context).copy(header);
  header[36] = tied ? 1 : 0;
  if (version === 2) header.writeInt32LE(groupSize, 37);
  const held = new Map(tensors);
  const stacked = (kind: string) => Array.from({ length: layers }, (_, n) => `layers.${n}.${kind}.weight`);
  const norms = [...stacked('input_norm'), ...stacked('post_norm'), 'norm.weight'];
  const matrices = [
    'embed_tokens.weight',
    ...stackedKinds.flatMap(stacked),
    ...(tied ? [] : ['output.weight']),
  ];
  const parts: Buffer[] = [header, ...norms.map((name) => f32(tensors.get(name)!.data))];
  for (const name of matrices) {
    const { shape, data } = tensors.get(name)!;
    if (version === 1) {
      parts.push(f32(data));
      continue;
    }
    const scales = Float32Array.from({ length: data.length / groupSize }, (_, g) => {
      const group = data.subarray(g * groupSize, (g + 1) * groupSize);
      return Math.max(...group.map(Math.abs)) / 127;
    });
    const q = Int8Array.from(data, (value, i) => Math.round(value / scales[Math.floor(i / groupSize)]));
    held.set(name, {
      shape,
      data: Float32Array.from(q, (value, i) => value * scales[Math.floor(i / groupSize)]),
    });
    parts.push(Buffer.from(q.buffer), f32(scales));
  }
  return { file: Buffer.concat(parts), held };
}

/** A llama2.c tokenizer of 320 tokens: control, bytes, letters, and merges of letters. */
export function llama2cTokenizerFile(vocabulary = 320): Buffer {
  const pieces = ['<unk>', '\n<s>\n', '\n</s>\n'];
  for (let byte = 0; byte < 256; byte++)
    pieces.push(`<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`);
  pieces.push(' ', ...'abcdefghijklmnopqrstuvwxyz');
  const merges = ['th', 'the', ' a', ' th', ' the', 'in', 'ing', 'an', 'and', ' and'];
  for (let i = 0; pieces.length < vocabulary; i++) pieces.push(merges[i] ?? `z${'z'.repeat(i)}`);
  const parts = [i32(Math.max(...pieces.map((piece) => piece.length)))];
  pieces.forEach((piece, id) => {
    parts.push(f32([id < 286 ? 0 : -(id - 286)]), i32(piece.length), Buffer.from(piece));
  });
  return Buffer.concat(parts);
}

export interface StarmindShape {
  vocabulary: number;
  dim: number;
  hidden: number;
  layers: number;
}

/** Values in the original's file order and orientation, (inputs, outputs). */
export function starmindValues({ vocabulary, dim, hidden, layers }: StarmindShape): number[] {
  const count = vocabulary * dim + layers * (2 * dim + 4 * dim * dim + 2 * dim * hidden) + dim;
  return Array.from({ length: count }, (_, i) => ((i * 37) % 251) / 256 - 0.5);
}

export function starmindHeader({ vocabulary, dim, hidden, layers }: StarmindShape): Buffer {
  return i32(vocabulary, dim, hidden, layers, 4, 32, 0, 0);
}

export function starmindVocabulary(pieces: readonly string[]): Buffer {
  const count = Buffer.from([pieces.length & 255, pieces.length >> 8]);
  return Buffer.concat([
    count,
    ...pieces.map((piece) => Buffer.concat([Buffer.from([Buffer.byteLength(piece)]), Buffer.from(piece)])),
  ]);
}
