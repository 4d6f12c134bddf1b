/**
 * A model for the device's float path (firmware/engine/single.c): the trained weights as they are, in IEEE single precision. It travels
 * as a quantized model whose matrices are empty, so that images, targets and reports need not tell the two apart.
 */
import type { Checkpoint } from './checkpoint.ts';
import { parameterCount } from './config.ts';
import { makeTables } from './quantize/tables.ts';
import {
  ffnRows,
  type QuantizedGain,
  type QuantizedMatrix,
  type QuantizedModel,
  type QuantizedShape,
  qkvRows,
  type SingleWeights,
} from './quantized.ts';

/** Logits of the float path are compared and sampled with this many fraction bits. */
const logitFraction = 12;

/** A checkpoint's model with its weights in float, for the float path. */
export function singleModel({ name, config, tensors, tokenizer, sha256 }: Checkpoint): QuantizedModel {
  const { family, vocabulary, dim, hidden, heads, kvHeads, headSize, context, tied, ropeTheta } = config;
  const shape: QuantizedShape = {
    ...{ family, vocabulary, dim, hidden, layers: config.layers, heads, kvHeads, headSize, context, tied },
  };
  const data = (tensor: string) => tensors.get(tensor)!.data;
  const single: SingleWeights = {
    normEps: Math.fround(config.normEps),
    embedding: data('embed_tokens.weight'),
    layers: Array.from({ length: config.layers }, (_, n) => {
      const of = (tensor: string) => data(`layers.${n}.${tensor}.weight`);
      return {
        attentionNorm: of('input_norm'),
        wqkv: joined(of('attention.q'), of('attention.k'), of('attention.v')),
        wo: of('attention.o'),
        ffnNorm: of('post_norm'),
        w13: family === 'llama' ? joined(of('ffn.gate'), of('ffn.up')) : of('ffn.up'),
        w2: of('ffn.down'),
      };
    }),
    finalNorm: data('norm.weight'),
    output: tied ? undefined : data('output.weight'),
  };
  return {
    ...emptyModel(shape),
    name,
    parameters: parameterCount(config),
    bos: tokenizer.bos,
    eos: tokenizer.eos,
    tables: makeTables({ context, headSize, ropeTheta: family === 'llama' ? ropeTheta : undefined }),
    tokenizerSection: tokenizer.section,
    checkpointSha256: sha256 ?? new Uint8Array(32),
    single,
  };
}

function joined(...parts: Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** What stands in the integer fields of a float model: numbers that the image's checks accept and nobody uses. */
export function emptyModel(
  shape: QuantizedShape,
): Omit<
  QuantizedModel,
  'name' | 'parameters' | 'bos' | 'eos' | 'tables' | 'tokenizerSection' | 'checkpointSha256'
> {
  const { vocabulary, dim, hidden, heads, headSize, tied } = shape;
  const matrix = (rows: number, columns: number): QuantizedMatrix => {
    const weights = new Int8Array(0);
    return { format: 'int8', rows, columns, weights, rowScales: new Uint16Array(0), exponent: 0, pre: 0 };
  };
  const gain: QuantizedGain = { gains: new Int16Array(0), exponent: 0, normC: 0, normCe: 0 };
  return {
    shape,
    residualFraction: 4,
    logitFraction,
    qMax: 1,
    kMax: 1,
    vMax: 1,
    normEps: 0,
    embedding: matrix(vocabulary, dim),
    layers: Array.from({ length: shape.layers }, () => ({
      attentionNorm: gain,
      wqkv: matrix(qkvRows(shape), dim),
      wo: matrix(dim, heads * headSize),
      ffnNorm: gain,
      w13: matrix(ffnRows(shape), dim),
      w2: matrix(dim, hidden),
      constants: { fqkv: 0, qShift: 0, kShift: 0, vShift: 0, scoreMul: 0, scoreShift: 1, fz: 0 },
    })),
    finalNorm: gain,
    output: tied ? undefined : matrix(vocabulary, dim),
  };
}
