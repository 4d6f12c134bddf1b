/** What a file is, by its content. Formats without a magic number are told by the length that their header describes. */
import { readFileSync } from 'node:fs';
import { byteText, nibbleText } from '../tokenizer/llama2c.ts';
import { isLegacyLlama2c, llama2cMagic } from './llama2c.ts';
import { isObject, parseJsonObject, type SourceFile } from './source.ts';
import { isStarmind, mayBeStarmind } from './starmind.ts';

export type FileKind =
  | 'checkpoint'
  | 'safetensors'
  | 'safetensors-index'
  | 'llama2c'
  | 'starmind'
  | 'llama2c-tokenizer'
  | 'huggingface-config'
  | 'huggingface-tokenizer'
  | 'starmind-config'
  | 'starmind-vocabulary'
  | 'image'
  | 'gguf'
  | 'pickle'
  | 'sentencepiece'
  | 'empty'
  | 'unknown';

export const kindNames: Record<FileKind, string> = {
  checkpoint: 'a checkpoint of this project',
  safetensors: 'a safetensors file',
  'safetensors-index': 'the index of several safetensors files',
  llama2c: 'a llama2.c model',
  starmind: 'a model of the original Starmind',
  'llama2c-tokenizer': 'a llama2.c tokenizer without its model',
  'huggingface-config': 'a configuration without its safetensors file',
  'huggingface-tokenizer': 'a tokenizer.json without its model',
  'starmind-config': 'a configuration of the original Starmind without its model',
  'starmind-vocabulary': 'a vocabulary of the original Starmind without its model',
  image: 'a model image of this project, which runs as it is',
  gguf: 'a GGUF file, which is not read; convert it to safetensors',
  pickle: 'a PyTorch file, which is not read because it can hold programs; save it as safetensors',
  sentencepiece: 'a sentencepiece tokenizer, which is not read; export tokenizer.json or tokenizer.bin',
  empty: 'empty',
  unknown: 'of no known format (no magic number is known, and no header fits its length)',
};

/** "PK\3\4" read as a little-endian u32: torch.save since 1.6. */
const zipMagic = 0x04034b50;
const largestSmallFile = 16 * 1024 * 1024;

export function kindOf(file: SourceFile): FileKind {
  const { beginning, bytes } = file;
  if (bytes === 0) return 'empty';
  const view = new DataView(beginning.buffer, beginning.byteOffset, beginning.byteLength);
  const word = beginning.length >= 4 ? view.getUint32(0, true) : 0;
  const start = Buffer.from(beginning).toString('latin1');
  if (start.startsWith('SMP1')) return 'image';
  if (word === llama2cMagic) return 'llama2c';
  if (start.startsWith('GGUF')) return 'gguf';
  if (word === zipMagic || isPickle(beginning)) return 'pickle';
  if (/^.{8}\{/s.test(start) && view.getUint32(4, true) === 0) return 'safetensors';
  if (/^\s*\{/.test(start)) return jsonKind(file);
  if (isStarmind(beginning, bytes)) return 'starmind';
  if (isLegacyLlama2c(beginning, bytes)) return 'llama2c';
  if (/^\n.{1,3}\n.{0,4}<unk>/s.test(start)) return 'sentencepiece';
  return partKind(file) ?? damagedKind(beginning);
}

/** Protocol 2 to 5 and an opcode; a header that begins with a dim of 640 has a zero in its place. */
function isPickle([first, protocol, opcode]: Uint8Array): boolean {
  return first === 0x80 && protocol >= 2 && protocol <= 5 && opcode !== 0;
}

function jsonKind({ path, bytes }: SourceFile): FileKind {
  if (bytes > largestSmallFile) return 'unknown';
  let json: Record<string, unknown>;
  try {
    json = parseJsonObject(readFileSync(path), path);
  } catch {
    return 'unknown';
  }
  if (json['schema'] === 'starmind-checkpoint') return 'checkpoint';
  if (isObject(json['model']) && 'vocab' in json['model']) return 'huggingface-tokenizer';
  if ('weight_map' in json) return 'safetensors-index';
  if ('model_type' in json && 'hidden_size' in json) return 'huggingface-config';
  if ('vocab_size' in json && 'hidden_dim' in json) return 'starmind-config';
  return 'unknown';
}

/** Lists of pieces: they are what fills the file to its last byte. */
function partKind({ path, bytes }: SourceFile): FileKind | undefined {
  if (bytes > largestSmallFile) return undefined;
  const file = readFileSync(path);
  const entries = stepsToEnd(file, 2, (at) => 1 + file[at]);
  if (entries > 0 && entries === file.readUInt16LE(0)) return 'starmind-vocabulary';
  const pieces = stepsToEnd(file, 4, (at) => (at + 8 > file.length ? 0 : 8 + file.readInt32LE(at + 4)));
  const hasFallback = file.includes(byteText(0)) || file.includes(nibbleText(0));
  return pieces > 0 && hasFallback ? 'llama2c-tokenizer' : undefined;
}

/** How many steps of the size that is written at each place lead exactly to the end; 0 when they do not. */
function stepsToEnd(file: Buffer, from: number, step: (at: number) => number): number {
  let [at, steps] = [from, 0];
  while (at < file.length) {
    const size = step(at);
    if (!(size >= 1)) return 0;
    at += size;
    steps++;
  }
  return at === file.length ? steps : 0;
}

/** A model whose length does not fit its header: its importer says what is wrong. */
function damagedKind(beginning: Uint8Array): FileKind {
  if (beginning.length < 28) return 'unknown';
  const view = new DataView(beginning.buffer, beginning.byteOffset, beginning.byteLength);
  const plausible = (i: number) =>
    Math.abs(view.getInt32(4 * i, true)) - 1 < 65536 && view.getInt32(4 * i, true) !== 0;
  const fields = Array.from({ length: 7 }, (_, i) => plausible(i));
  if (mayBeStarmind(beginning) && fields.slice(0, 6).every(Boolean)) return 'starmind';
  return fields.every(Boolean) ? 'llama2c' : 'unknown';
}
