/** Models of any shape with drawn weights and a real tokenizer: every token of them exercises what a trained one does. */
import { tensorShapes } from '../../../models/checkpoint.ts';
import { corpusStories, GRAMMAR } from '../../../models/corpus/index.ts';
import { type Checkpoint, type ModelConfig, preset, trainBpe } from '../../../models/index.ts';
import { Rng } from '../../../models/reference/rng.ts';
import type { Tensor } from '../../../models/tensors/safetensors.ts';

const STORIES = 400;

/** @param changes fields that differ from the preset's */
export const syntheticCheckpoint = (
  presetName: string,
  { seed = 1, ...changes }: Partial<ModelConfig> & { seed?: number } = {},
): Checkpoint => {
  const config: ModelConfig = { ...preset(presetName).config, ...changes };
  const rng = new Rng(seed);
  const tensors = new Map<string, Tensor>();
  for (const [name, shape] of tensorShapes(config))
    tensors.set(name, { shape, data: draw(rng, name, shape) });
  const tokenizer = trainBpe({
    texts: corpusStories(GRAMMAR, 'train', STORIES, 1),
    vocabulary: config.vocabulary,
  });
  if (tokenizer.vocabulary !== config.vocabulary)
    throw new Error(`only ${tokenizer.vocabulary} tokens to learn`);
  const { bos, eos } = tokenizer;
  return {
    name: `${presetName}-drawn`,
    config,
    tensors,
    tokenizer: { bos, eos, section: tokenizer.toSection() },
  };
};

/** Gains near 1; weights even within +-sqrt(3 / columns), embeddings within +-1. */
const draw = (rng: Rng, name: string, shape: number[]): Float32Array => {
  const count = shape.reduce((product, n) => product * n, 1);
  const even = (): number => rng.next() / 2 ** 31 - 1;
  if (shape.length === 1) return Float32Array.from({ length: count }, () => 1 + even() / 4);
  const reach = name.startsWith('embed') ? 1 : Math.sqrt(3 / shape[1]!);
  return Float32Array.from({ length: count }, () => reach * even());
};
