/**
 * Reads Llama models as Hugging Face transformers saves them: config.json, one or several safetensors files, and a tokenizer
 * (source: transformers, LlamaConfig and LlamaForCausalLM). Rotary rows are brought into our order.
 */
import { tensorShapes } from '../checkpoint.ts';
import { checkConfig, configLimits, type ModelConfig } from '../config.ts';
import { ModelError } from '../errors.ts';
import { hasRotaryRows, huggingFaceName } from '../tensors/huggingface-names.ts';
import { interleaveHalves } from '../tensors/rotary-order.ts';
import type { Tensor } from '../tensors/safetensors.ts';
import type { ImportNotes } from './source.ts';

export interface HuggingFaceModel extends ImportNotes {
  config: ModelConfig;
  tensors: Map<string, Tensor>;
}

/**
 * @param json the object in config.json
 * @param stored all tensors of the model's files
 * @param what names the source in errors
 * @throws ModelError for another architecture, a missing or superfluous tensor, or a wrong shape
 */
export function importHuggingFace(
  json: Record<string, unknown>,
  stored: ReadonlyMap<string, Tensor>,
  what: string,
): HuggingFaceModel {
  const notes: string[] = [];
  const config = readConfig(json, stored, notes, what);
  const tensors = new Map<string, Tensor>();
  const used = new Set<string>();
  for (const [ours, shape] of tensorShapes(config)) {
    const theirs = huggingFaceName(ours);
    const tensor = stored.get(theirs);
    if (tensor === undefined) throw new ModelError(`${what}: tensor ${theirs} is missing`);
    if (tensor.shape.join() !== shape.join()) {
      throw new ModelError(`${what}: tensor ${theirs} is [${tensor.shape}], config.json needs [${shape}]`);
    }
    used.add(theirs);
    tensors.set(ours, hasRotaryRows(ours) ? interleaveHalves(tensor, config.headSize) : tensor);
  }
  for (const name of stored.keys()) {
    if (used.has(name) || name.endsWith('rotary_emb.inv_freq')) continue;
    if (name === 'lm_head.weight' && config.tied) continue;
    throw new ModelError(`${what}: tensor ${name} has no place in a Llama model without biases`);
  }
  return { config, tensors, repairs: [], notes };
}

function readConfig(
  json: Record<string, unknown>,
  stored: ReadonlyMap<string, Tensor>,
  notes: string[],
  what: string,
): ModelConfig {
  refuseOthers(json, what);
  const number = (key: string, otherwise?: number): number => {
    const value = json[key] ?? otherwise;
    if (typeof value !== 'number') throw new ModelError(`${what}: ${key} is missing or not a number`);
    return value;
  };
  const heads = number('num_attention_heads');
  const positions = number('max_position_embeddings', 2048);
  if (positions > configLimits.context) {
    notes.push(`the context of ${positions} positions is cut to ${configLimits.context}`);
  }
  return checkConfig(
    {
      family: 'llama',
      vocabulary: number('vocab_size'),
      dim: number('hidden_size'),
      hidden: number('intermediate_size'),
      layers: number('num_hidden_layers'),
      heads,
      kvHeads: number('num_key_value_heads', heads),
      headSize: number('head_dim', number('hidden_size') / heads),
      context: Math.min(positions, configLimits.context),
      tied: isTied(json, stored, what),
      ropeTheta: ropeTheta(json, number),
      normEps: number('rms_norm_eps', 1e-6),
    },
    what,
  );
}

/** Newer versions of transformers nest the rotary base. */
function ropeTheta(
  json: Record<string, unknown>,
  number: (key: string, otherwise?: number) => number,
): number {
  const nested = json['rope_parameters'] as { rope_theta?: unknown } | undefined | null;
  return typeof nested?.rope_theta === 'number' ? nested.rope_theta : number('rope_theta', 10000);
}

function refuseOthers(json: Record<string, unknown>, what: string): void {
  const type = json['model_type'];
  if (type !== 'llama') {
    throw new ModelError(`${what}: model_type is ${JSON.stringify(type)}; only llama can be imported`);
  }
  const activation = json['hidden_act'] ?? 'silu';
  if (activation !== 'silu' && activation !== 'swish') {
    throw new ModelError(`${what}: hidden_act is ${JSON.stringify(activation)}; the engine has silu`);
  }
  for (const key of ['attention_bias', 'mlp_bias']) {
    if (json[key] === true) throw new ModelError(`${what}: ${key} is true; the engine has no biases`);
  }
  for (const key of ['rope_scaling', 'rope_parameters']) {
    const value = (json[key] ?? {}) as Record<string, unknown>;
    const kind = value['rope_type'] ?? value['type'] ?? 'default';
    if (kind === 'default') continue;
    throw new ModelError(
      `${what}: ${key} is ${JSON.stringify(kind)}; the engine turns by plain rotary angles`,
    );
  }
}

/** Tied when config.json says so, or when the file leaves the output matrix out; a stored one must then be the embedding. */
function isTied(json: Record<string, unknown>, stored: ReadonlyMap<string, Tensor>, what: string): boolean {
  const output = stored.get('lm_head.weight');
  if (json['tie_word_embeddings'] !== true) {
    if (output !== undefined) return false;
    throw new ModelError(
      `${what}: tie_word_embeddings is not true, but the files have no lm_head.weight; are all of them there?`,
    );
  }
  const embedding = stored.get('model.embed_tokens.weight');
  const differs = output?.data.some((value, i) => value !== embedding?.data[i]);
  if (differs)
    throw new ModelError(`${what}: tie_word_embeddings is true, but lm_head.weight is not the embedding`);
  return true;
}
