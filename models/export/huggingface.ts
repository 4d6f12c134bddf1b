/** Writes a llama model as Hugging Face transformers reads it: config.json and model.safetensors, float32. */
import { type Checkpoint, tensorShapes } from '../checkpoint.ts';
import { ModelError } from '../errors.ts';
import { hasRotaryRows, huggingFaceName } from '../tensors/huggingface-names.ts';
import { splitHalves } from '../tensors/rotary-order.ts';
import { type Tensor, writeSafetensors } from '../tensors/safetensors.ts';

export interface HuggingFaceFiles {
  /** model.safetensors */
  safetensors: Uint8Array;
  /** config.json */
  config: Record<string, unknown>;
}

/** @throws ModelError for a model of the starmind family, which transformers does not know. */
export function exportHuggingFace({ name, config, tensors, tokenizer }: Checkpoint): HuggingFaceFiles {
  if (config.family !== 'llama') {
    throw new ModelError(
      `${name} is of the ${config.family} family, which has no architecture in transformers`,
    );
  }
  const renamed = new Map<string, Tensor>();
  for (const ours of tensorShapes(config).keys()) {
    const tensor = tensors.get(ours)!;
    renamed.set(huggingFaceName(ours), hasRotaryRows(ours) ? splitHalves(tensor, config.headSize) : tensor);
  }
  return {
    safetensors: writeSafetensors(renamed, { format: 'pt' }),
    config: {
      architectures: ['LlamaForCausalLM'],
      model_type: 'llama',
      vocab_size: config.vocabulary,
      hidden_size: config.dim,
      intermediate_size: config.hidden,
      num_hidden_layers: config.layers,
      num_attention_heads: config.heads,
      num_key_value_heads: config.kvHeads,
      head_dim: config.headSize,
      max_position_embeddings: config.context,
      rms_norm_eps: config.normEps,
      rope_theta: config.ropeTheta,
      hidden_act: 'silu',
      attention_bias: false,
      mlp_bias: false,
      tie_word_embeddings: config.tied,
      bos_token_id: tokenizer.bos,
      eos_token_id: tokenizer.eos,
      torch_dtype: 'float32',
    },
  };
}
