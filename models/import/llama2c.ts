/**
 * Reads llama2.c checkpoints, version 0 ("legacy export"): seven i32 (dim, hidden, layers, heads, kvHeads, vocabulary, context;
 * a negative vocabulary means an untied output), then float32 tensors stacked over layers, then two rotary tables that are not
 * used. Source: karpathy/llama2.c, export.py `legacy_export` and run.c `memory_map_weights`.
 */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { type Checkpoint, sha256, tensorShapes } from '../checkpoint.ts';
import { checkConfig, type ModelConfig } from '../config.ts';
import { ModelError } from '../errors.ts';
import type { Tensor } from '../tensors/safetensors.ts';
import { BpeTokenizer, tokenizerFromLlama2c } from '../tokenizer/index.ts';

const headerBytes = 28;

/**
 * @param model bytes of a version 0 `.bin`
 * @param tokenizer bytes of the matching `tokenizer.bin`
 * @throws ModelError (or the tokenizer's error) for anything that is not such a file
 */
export function importLlama2c(model: Uint8Array, tokenizer: Uint8Array, name = 'llama2c'): Checkpoint {
  const config = readConfig(model, name);
  const data = tokenizerFromLlama2c(tokenizer, config.vocabulary);
  const section = new BpeTokenizer(data).toSection();
  return {
    name: name.slice(0, 31),
    config,
    tensors: readTensors(model, config, name),
    tokenizer: { bos: data.bos, eos: data.eos, section },
    sha256: sha256(model),
  };
}

/** The same from two files. */
export function readLlama2c(modelPath: string, tokenizerPath: string): Checkpoint {
  return importLlama2c(readFileSync(modelPath), readFileSync(tokenizerPath), basename(modelPath, '.bin'));
}

function readConfig(file: Uint8Array, what: string): ModelConfig {
  if (file.length < headerBytes) throw new ModelError(`${what}: too short for a llama2.c header`);
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const [dim, hidden, layers, heads, kvHeads, vocabulary, context] = Array.from({ length: 7 }, (_, i) =>
    view.getInt32(4 * i, true),
  );
  const config: ModelConfig = {
    family: 'llama',
    vocabulary: Math.abs(vocabulary),
    dim,
    hidden,
    layers,
    heads,
    kvHeads,
    headSize: dim / heads,
    context,
    tied: vocabulary > 0,
    ropeTheta: 10000,
    normEps: 1e-5,
  };
  return checkConfig(config, `${what}: llama2.c header`);
}

/** Tensors in file order: each kind is stacked over the layers. */
function readTensors(file: Uint8Array, config: ModelConfig, what: string): Map<string, Tensor> {
  const { layers, headSize, context, tied } = config;
  const shapes = tensorShapes(config);
  const perLayer = [
    'input_norm',
    'attention.q',
    'attention.k',
    'attention.v',
    'attention.o',
    'post_norm',
    'ffn.gate',
    'ffn.down',
    'ffn.up',
  ];
  const order = ['embed_tokens.weight'];
  for (const kind of perLayer) {
    for (let n = 0; n < layers; n++) order.push(`layers.${n}.${kind}.weight`);
  }
  order.push('norm.weight');

  const elements = (name: string) => shapes.get(name)!.reduce((a, b) => a * b, 1);
  const rotaryBytes = 4 * context * headSize;
  const outputBytes = tied ? 0 : 4 * elements('output.weight');
  const needed =
    headerBytes + order.reduce((sum, name) => sum + 4 * elements(name), 0) + rotaryBytes + outputBytes;
  if (file.length !== needed) {
    throw new ModelError(`${what}: ${file.length} bytes; its header describes a file of ${needed} bytes`);
  }
  const tensors = new Map<string, Tensor>();
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  let at = headerBytes;
  const take = (name: string) => {
    const data = new Float32Array(elements(name));
    for (let i = 0; i < data.length; i++, at += 4) data[i] = view.getFloat32(at, true);
    tensors.set(name, { shape: shapes.get(name)!, data });
  };
  for (const name of order) take(name);
  at += rotaryBytes;
  if (!tied) take('output.weight');
  return tensors;
}
