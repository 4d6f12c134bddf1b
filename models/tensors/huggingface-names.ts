/** Tensor names of Hugging Face's LlamaForCausalLM for ours (names of ours: models/checkpoint.ts). */
const ofLayer: Record<string, string> = {
  'input_norm.weight': 'input_layernorm.weight',
  'attention.q.weight': 'self_attn.q_proj.weight',
  'attention.k.weight': 'self_attn.k_proj.weight',
  'attention.v.weight': 'self_attn.v_proj.weight',
  'attention.o.weight': 'self_attn.o_proj.weight',
  'post_norm.weight': 'post_attention_layernorm.weight',
  'ffn.gate.weight': 'mlp.gate_proj.weight',
  'ffn.up.weight': 'mlp.up_proj.weight',
  'ffn.down.weight': 'mlp.down_proj.weight',
};

export function huggingFaceName(ours: string): string {
  const layer = /^layers\.(\d+)\.(.*)$/.exec(ours);
  if (layer !== null) return `model.layers.${layer[1]}.${ofLayer[layer[2]]}`;
  return ours === 'output.weight' ? 'lm_head.weight' : `model.${ours}`;
}

/** Whether the rows of this tensor of ours are in rotary order. */
export function hasRotaryRows(ours: string): boolean {
  return /attention\.[qk]\.weight$/.test(ours);
}
