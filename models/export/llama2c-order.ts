/**
 * run.c has the ids of a few tokens built in: 1 begins and ends a text, 2 ends it, byte b is 3 + b. Exports bring a model's
 * tokens into that order: the rows of its embedding and output matrix move with its pieces, so it computes the same.
 */
import type { Checkpoint } from '../checkpoint.ts';
import type { Tensor } from '../tensors/safetensors.ts';
import { FALLBACK_TOKENS, type TokenizerData } from '../tokenizer/data.ts';
import { BpeTokenizer, tokenizerFromSection } from '../tokenizer/index.ts';

/** The checkpoint itself when its ids are llama2.c's already, or when it has no BOS and EOS to move. */
export function inLlama2cOrder(checkpoint: Checkpoint): Checkpoint {
  const { tokenizer, tensors } = checkpoint;
  const { data } = tokenizerFromSection(tokenizer.section, tokenizer);
  const order = llama2cOrder(data);
  if (order === undefined) return checkpoint;
  const moved = new Map(tensors);
  for (const name of ['embed_tokens.weight', 'output.weight']) {
    const tensor = tensors.get(name);
    if (tensor !== undefined) moved.set(name, rowsInOrder(tensor, order));
  }
  const ends = { bos: 1, eos: 2 };
  const { control, pieces, ranks } = data;
  const section = new BpeTokenizer({
    ...data,
    ...ends,
    pieces: order.map((id) => pieces[id]),
    ranks: order.map((id) => ranks[id]),
    control: control.map((id) => order.indexOf(id)).sort((a, b) => a - b),
    fallbackBase: data.fallback === 'none' ? 0 : 3,
  }).toSection();
  return { ...checkpoint, tensors: moved, tokenizer: { ...ends, section } };
}

/** The old id of each new one: a token without a role of its own at 0, BOS, EOS, fallback tokens, the rest as they were. */
function llama2cOrder(data: TokenizerData): number[] | undefined {
  const { bos, eos, fallback, fallbackBase, pieces } = data;
  if (bos === null || eos === null || bos === eos) return undefined;
  const hasFallback = fallback !== 'none';
  if (bos === 1 && eos === 2 && (!hasFallback || fallbackBase === 3)) return undefined;
  const bytes = Array.from({ length: FALLBACK_TOKENS[fallback] }, (_, i) => fallbackBase + i);
  const fixed = new Set([bos, eos, ...bytes]);
  const rest = pieces.map((_, id) => id).filter((id) => !fixed.has(id));
  const first = rest.find((id) => data.control.includes(id) || pieces[id].length === 0) ?? rest.at(-1);
  if (first === undefined) return undefined;
  return [first, bos, eos, ...bytes, ...rest.filter((id) => id !== first)];
}

function rowsInOrder({ shape, data }: Tensor, order: readonly number[]): Tensor {
  const [, columns] = shape;
  const moved = new Float32Array(data.length);
  order.forEach((id, row) => {
    moved.set(data.subarray(id * columns, (id + 1) * columns), row * columns);
  });
  return { shape, data: moved };
}
