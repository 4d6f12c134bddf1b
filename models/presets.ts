import type { ModelConfig } from './config.ts';
import { didYouMean, ModelError } from './errors.ts';

/** A named shape with a sentence for `--help`. */
export interface Preset {
  summary: string;
  config: ModelConfig;
}

const llama = { family: 'llama', tied: true, ropeTheta: 10000, normEps: 1e-5, context: 256 } as const;
const starmind = { family: 'starmind', tied: true, ropeTheta: 10000, normEps: 1e-6 } as const;

/**
 * Known shapes. The two starmind ones are those of the CircuitPython original; the `story` ladder is ours:
 * every rung roughly triples the parameters, heads are 8 wide, and query heads share keys and values.
 */
export const presets: Record<string, Preset> = {
  'maximum-speed': {
    summary: "the original project's fastest useful shape: 1 layer, 4 wide",
    config: {
      ...starmind,
      vocabulary: 64,
      dim: 4,
      hidden: 128,
      layers: 1,
      heads: 1,
      kvHeads: 1,
      headSize: 4,
      context: 64,
    },
  },
  'balanced-production': {
    summary: "the original project's balanced shape: 2 layers, 8 wide, 4 true heads",
    config: {
      ...starmind,
      vocabulary: 256,
      dim: 8,
      hidden: 192,
      layers: 2,
      heads: 4,
      kvHeads: 4,
      headSize: 2,
      context: 128,
    },
  },
  'starmind-30k': {
    summary: "the original project's family at a size that tells a story",
    config: {
      ...starmind,
      vocabulary: 512,
      dim: 32,
      hidden: 40,
      layers: 3,
      heads: 4,
      kvHeads: 2,
      headSize: 8,
      context: 256,
    },
  },
  'story-8k': {
    summary: 'smallest rung of the story ladder',
    config: { ...llama, vocabulary: 192, dim: 16, hidden: 36, layers: 2, heads: 2, kvHeads: 1, headSize: 8 },
  },
  'story-30k': {
    summary: 'second rung of the story ladder',
    config: { ...llama, vocabulary: 256, dim: 32, hidden: 44, layers: 3, heads: 4, kvHeads: 2, headSize: 8 },
  },
  'story-90k': {
    summary: 'the default: tells a whole story and fits SRAM in int8',
    config: { ...llama, vocabulary: 512, dim: 48, hidden: 108, layers: 3, heads: 6, kvHeads: 2, headSize: 8 },
  },
  'story-260k': {
    summary: 'top of the ladder: fits SRAM in int4',
    config: { ...llama, vocabulary: 512, dim: 64, hidden: 172, layers: 5, heads: 8, kvHeads: 4, headSize: 8 },
  },
  'tinystories-260k': {
    summary: 'the shape of story-260k on real TinyStories text, taught by llama2.c stories260K',
    config: { ...llama, vocabulary: 512, dim: 64, hidden: 172, layers: 5, heads: 8, kvHeads: 4, headSize: 8 },
  },
};

/**
 * A shape by its name.
 * @throws ModelError listing the known presets when there is none of this name.
 */
export function preset(name: string): Preset {
  if (Object.hasOwn(presets, name)) return presets[name];
  const guess = didYouMean(name, Object.keys(presets));
  const hint = guess === undefined ? '' : ` Did you mean ${guess}?`;
  throw new ModelError(`unknown preset "${name}".${hint} Known presets: ${Object.keys(presets).join(', ')}`);
}
