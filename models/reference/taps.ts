/** Named intermediate values of a forward pass, the same names in the float and the integer reference. */

/** Phases of a token, in the order of the link protocol; `sample` is the sampler's. */
export type Phase = 'embed' | 'norm' | 'qkv' | 'rope' | 'attention' | 'output' | 'ffn' | 'logits';

/**
 * Called with every intermediate tensor. `scale` turns an element into the real value it stands for; quantization moves
 * factors between tensors, so q, k, v, t and u agree with the float model only up to those factors.
 *
 * | phase | tensor | elements |
 * |---|---|---|
 * | embed | x | dim |
 * | norm | a | dim (layer = -1 for the final norm) |
 * | qkv | y | (heads + 2 kvHeads) * headSize |
 * | rope | q, k, v | heads * headSize, kvHeads * headSize, kvHeads * headSize |
 * | attention | t | heads * headSize |
 * | output | x | dim, after the attention block was added |
 * | ffn | z, t, x | hidden or 2 hidden; hidden; dim, after the feed-forward block was added |
 * | logits | logits | vocabulary |
 *
 * @param values is reused by the model: copy it to keep it.
 */
export type Tap = (
  layer: number,
  phase: Phase,
  tensor: string,
  values: Float32Array | Int32Array,
  scale: number,
) => void;

/** What the two references have in common. */
export interface LanguageModel {
  readonly vocabulary: number;
  readonly context: number;
  /**
   * One token at `position`, which is 0 or one more than the last call's. Returns the logits; the array is reused by the
   * next call. Multiply by `logitScale` for real values.
   */
  forward(token: number, position: number, tap?: Tap): Float32Array | Int32Array;
  readonly logitScale: number;
}
