/**
 * The shapes that are really trained, so that quality stands beside cost: from one thousand parameters to ninety thousand, both
 * families, several vocabularies. Steps are set so that each trains for about a minute of one core, two or more of a busy one (the
 * original's took two); steps and not minutes, because only a number of steps gives the same weights again.
 */
import type { ModelConfig } from '../../models/config.ts';
import type { WeightFormat } from '../../models/quantized.ts';

export interface TrainedShape {
  name: string;
  config: ModelConfig;
  steps: number;
}

/** Formats whose quality is told. */
export const TRAINED_FORMATS = ['int8', 'int4g32', 'int4'] as const satisfies readonly WeightFormat[];

/** Formats whose cost is measured: plain int4 costs hardly less than in groups, and more quality. */
export const COSTED_FORMATS = ['int8', 'int4g32'] as const satisfies readonly WeightFormat[];

/** Of every shape, so that all see stories cut alike. */
const CONTEXT = 128;

type Sizes = [
  vocabulary: number,
  dim: number,
  hidden: number,
  layers: number,
  heads: number,
  kvHeads: number,
];

/** The last number is steps of 512 tokens: about a minute of one core, two of a busy one. */
const TABLE: [family: 'llama' | 'starmind', sizes: Sizes, steps: number][] = [
  // The original's: its fastest template, its ladder of sizes, its balanced template.
  ['starmind', [64, 4, 128, 1, 1, 1], 2000],
  ['starmind', [64, 8, 32, 1, 2, 2], 2000],
  ['starmind', [96, 12, 48, 1, 3, 3], 2500],
  ['starmind', [128, 16, 64, 2, 4, 4], 2300],
  ['starmind', [256, 8, 192, 2, 4, 4], 2200],
  ['starmind', [256, 32, 128, 3, 8, 8], 600],
  // Its family elsewhere.
  ['starmind', [256, 16, 64, 1, 2, 2], 1600],
  ['starmind', [256, 24, 96, 2, 3, 3], 1250],
  ['starmind', [512, 32, 40, 3, 4, 2], 650],
  // The other family.
  ['llama', [512, 48, 108, 3, 6, 2], 550],
  ['llama', [64, 8, 16, 1, 1, 1], 1300],
  ['llama', [256, 32, 44, 3, 4, 2], 700],
  ['llama', [128, 16, 32, 1, 2, 1], 1300],
  ['llama', [512, 32, 88, 2, 4, 2], 700],
  ['llama', [96, 8, 24, 2, 1, 1], 1600],
  ['llama', [256, 16, 40, 1, 2, 1], 1600],
  ['llama', [256, 24, 64, 2, 3, 1], 1450],
  ['llama', [512, 24, 64, 1, 3, 1], 1350],
  ['llama', [192, 16, 36, 2, 2, 1], 1450],
  ['llama', [256, 32, 88, 1, 4, 2], 1450],
  ['llama', [512, 48, 108, 1, 6, 2], 900],
  ['llama', [512, 16, 40, 2, 2, 1], 1100],
  ['llama', [256, 16, 40, 3, 2, 1], 1350],
  ['llama', [128, 24, 64, 2, 3, 1], 1150],
  ['llama', [256, 48, 108, 2, 6, 2], 600],
];

const configOf = (
  family: ModelConfig['family'],
  [vocabulary, dim, hidden, layers, heads, kvHeads]: Sizes,
): ModelConfig => ({
  family,
  vocabulary,
  dim,
  hidden,
  layers,
  heads,
  kvHeads,
  headSize: dim / heads,
  context: CONTEXT,
  tied: true,
  ropeTheta: 10_000,
  normEps: family === 'starmind' ? 1e-6 : 1e-5,
});

/** A name says the shape: family, vocabulary, dim, hidden, layers, heads. */
export const TRAINED_SHAPES: readonly TrainedShape[] = TABLE.map(([family, sizes, steps]) => {
  const [vocabulary, dim, hidden, layers, heads] = sizes;
  return {
    name: `${family}-v${vocabulary}-d${dim}-h${hidden}-l${layers}-a${heads}`,
    config: configOf(family, sizes),
    steps,
  };
});
