import { ModelError } from './errors.ts';

/**
 * The shape of a model: everything that decides which tensors exist and how they are used. Two families share it:
 *
 * - `llama`: RMSNorm, rotary positions, SwiGLU feed-forward, grouped-query attention, tied or untied output;
 * - `starmind`: LayerNorm without bias, no positions, SiLU feed-forward without a gate, tied output.
 */
export interface ModelConfig {
  family: ModelFamily;
  /** Number of token ids, 1..32768. */
  vocabulary: number;
  /** Width of the residual stream, 1..640. */
  dim: number;
  /** Width of the feed-forward layer, 1..65536. */
  hidden: number;
  /** 1..64. */
  layers: number;
  /** Query heads; `heads * headSize` is at most 640 and need not equal `dim`. */
  heads: number;
  /** Key-value heads; divides `heads`. */
  kvHeads: number;
  /** Even for `llama` (rotary pairs). */
  headSize: number;
  /** Longest sequence in tokens, 1..1024. */
  context: number;
  /** The embedding also serves as the output matrix. Always true for `starmind`. */
  tied: boolean;
  /** Base of the rotary frequencies; of no effect for `starmind`. */
  ropeTheta: number;
  /** Added to the mean square (llama) or the variance (starmind) before the root. */
  normEps: number;
}

export type ModelFamily = 'llama' | 'starmind';

/** Largest value of each integer field; the smallest is 1. The image header has the same bounds (IMAGE.md). */
export const configLimits = {
  vocabulary: 32768,
  dim: 640,
  hidden: 65536,
  layers: 64,
  heads: 640,
  kvHeads: 640,
  headSize: 640,
  context: 1024,
} as const;

/** Everything wrong with a configuration, one sentence each; empty when it is valid. */
export function configProblems(config: ModelConfig): string[] {
  const problems: string[] = [];
  if (config.family !== 'llama' && config.family !== 'starmind') {
    problems.push(`family is ${JSON.stringify(config.family)}; it must be "llama" or "starmind"`);
  }
  for (const [field, limit] of Object.entries(configLimits)) {
    const value = config[field as keyof typeof configLimits];
    if (!Number.isInteger(value) || value < 1 || value > limit) {
      problems.push(`${field} is ${JSON.stringify(value)}; it must be a whole number from 1 to ${limit}`);
    }
  }
  if (typeof config.tied !== 'boolean') problems.push('tied must be true or false');
  if (!(config.normEps >= 0 && config.normEps <= 1))
    problems.push(`normEps is ${config.normEps}; it must be 0..1`);
  if (problems.length > 0) return problems;

  const { heads, kvHeads, headSize, family } = config;
  if (heads % kvHeads !== 0) problems.push(`kvHeads (${kvHeads}) must divide heads (${heads})`);
  if (heads * headSize > 640) {
    problems.push(`heads * headSize is ${heads * headSize}; it must be at most 640`);
  }
  if (family === 'llama' && headSize % 2 !== 0) {
    problems.push(`headSize is ${headSize}; llama needs an even one, because rotary positions turn pairs`);
  }
  if (family === 'llama' && !(config.ropeTheta >= 1)) {
    problems.push(`ropeTheta is ${config.ropeTheta}; it must be 1 or more`);
  }
  if (family === 'starmind' && !config.tied)
    problems.push('starmind always has a tied output; set tied to true');
  return problems;
}

/**
 * Returns a valid configuration with exactly the known fields.
 * @param what names the source in the error, for example a file name.
 * @throws ModelError listing every problem.
 */
export function checkConfig(config: ModelConfig, what = 'model configuration'): ModelConfig {
  if (typeof config !== 'object' || config === null) throw new ModelError(`${what}: not an object`);
  const problems = configProblems(config);
  if (problems.length > 0) throw new ModelError(`${what}: ${problems.join('; ')}`);
  const { family, vocabulary, dim, hidden, layers, heads, kvHeads, headSize, context } = config;
  const { tied, ropeTheta, normEps } = config;
  return {
    family,
    vocabulary,
    dim,
    hidden,
    layers,
    heads,
    kvHeads,
    headSize,
    context,
    tied,
    ropeTheta: ropeTheta ?? 10000,
    normEps,
  };
}

/** Weights and gains of the float model; tied tensors count once. */
export function parameterCount(config: ModelConfig): number {
  const { vocabulary, dim, hidden, layers, heads, kvHeads, headSize, family, tied } = config;
  const attention = (2 * heads + 2 * kvHeads) * headSize * dim;
  const feedForward = (family === 'llama' ? 3 : 2) * hidden * dim;
  const perLayer = attention + feedForward + 2 * dim;
  return vocabulary * dim * (tied ? 1 : 2) + layers * perLayer + dim;
}
