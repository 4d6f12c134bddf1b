/**
 * What the original says, in its own figures, and where they stand: its text is not copied.
 * "article" is "Training a language model to run on RP2040" (5 August 2025), "log" the project's log.md by line.
 */

export interface Range {
  least: number;
  most: number;
}

export const ORIGINAL = {
  fastest: { shape: 'story-ultra-1d-1k', tokensPerSecond: 32.0, source: 'article; log 2340, 2370' },
  balanced: {
    shape: 'chat-8k',
    parameters: 8192,
    tokensPerSecond: { least: 2, most: 3 },
    source: 'article; log 692, 748',
  },
  factors: {
    dimension: { least: 0.4, most: 0.5, source: 'article; log 343' },
    depth: { least: 0.25, most: 0.4, source: 'article; log 352' },
    heads: { least: 0.2, most: 0.25, source: 'article; log 362' },
    ffn: { least: 0.15, most: 0.2, source: 'article; log 373' },
    vocabulary: { least: 0.08, most: 0.12, source: 'article; log 383' },
  },
  vocabularyLimit: { tokens: 256, source: 'article; log 16-23' },
  quantization: { before: 2.2, after: 0.9, shape: 'chat-10k', source: 'article; log 300-330' },
  bottleneck: { source: 'article; log 330' },
  cache: { least: 3, most: 7, source: 'article; log 701' },
  templates: {
    fast: {
      text: 'vocabulary 32-64, dim 1-2, hidden 64-128, 1 layer',
      tokensPerSecond: { least: 20, most: 32 },
      source: 'article; log 2340',
      includes: { vocabulary: [32, 64], dim: [1, 2], hidden: [64, 128], layers: [1, 1] },
    },
    balanced: {
      text: 'vocabulary 256-512, dim 6-8, hidden 192-256, 2-3 layers',
      tokensPerSecond: { least: 2, most: 5 },
      source: 'article; log 430, 505',
      includes: { vocabulary: [256, 512], dim: [6, 8], hidden: [192, 256], layers: [2, 3] },
    },
  },
} as const;
