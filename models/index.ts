/**
 * What the rest of the house uses of `models/`: checkpoints, images, the two references, sampling, tokenizers.
 */
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Checkpoint, readCheckpoint } from './checkpoint.ts';
import { didYouMean, ModelError } from './errors.ts';
import type { MemoryPlan, PlanOptions } from './image/plan.ts';
import { type ParsedImage, readImage } from './image/read.ts';
import type { ImageLimits } from './image/validate.ts';
import { writeImage } from './image/write.ts';
import { type QuantizeOptions, quantizeCheckpoint } from './quantize/quantize.ts';
import { singleModel } from './single.ts';

export { type Checkpoint, type CheckpointTokenizer, writeCheckpoint } from './checkpoint.ts';
export { checkConfig, type ModelConfig, parameterCount } from './config.ts';
export { drawnModel, drawnNames } from './drawn.ts';
export { didYouMean, ModelError } from './errors.ts';
export { evaluate, type Quality } from './evaluate.ts';
export { crc32 } from './image/crc32.ts';
export { ImageError, type ImageErrorCode, imageErrors } from './image/errors.ts';
export { defaultArenaLimit, defaultFlashLimit, imageAddress } from './image/layout.ts';
export { formatPlan, type MemoryPlan, type PlanOptions } from './image/plan.ts';
export type { ParsedImage } from './image/read.ts';
export { validateImage } from './image/validate.ts';
export { writeImage } from './image/write.ts';
export { importLlama2c, readLlama2c } from './import/llama2c.ts';
export { type Preset, preset, presets } from './presets.ts';
export type { ImageFormat, QuantizedModel, WeightFormat } from './quantized.ts';
export { FloatModel } from './reference/float.ts';
export { IntegerModel } from './reference/integer.ts';
export { greedy, Sampler, type SamplerRequest, samplerRequest } from './reference/sampler.ts';
export { SingleModel } from './reference/single.ts';
export type { LanguageModel, Phase, Tap } from './reference/taps.ts';
export { singleModel } from './single.ts';
export * from './tokenizer/index.ts';

/** Folder of the committed checkpoints. */
export const checkpointsFolder = join(dirname(fileURLToPath(import.meta.url)), 'checkpoints');

/** Names of the committed checkpoints, sorted. */
export function checkpointNames(): string[] {
  if (!existsSync(checkpointsFolder)) return [];
  const files = new Set(readdirSync(checkpointsFolder));
  const names = [...files].filter((file) => file.endsWith('.json')).map((file) => file.slice(0, -5));
  return names.filter((name) => files.has(`${name}.safetensors`)).sort();
}

/**
 * A committed checkpoint by its name, or any by its path.
 * @throws ModelError when there is none, listing those there are.
 */
export function loadCheckpoint(nameOrPath: string): Checkpoint {
  const names = checkpointNames();
  if (names.includes(nameOrPath)) return readCheckpoint(join(checkpointsFolder, nameOrPath));
  const isPath = /[\\/]|\.(safetensors|json)$/.test(nameOrPath) || existsSync(nameOrPath);
  if (isPath) return readCheckpoint(nameOrPath);
  const guess = didYouMean(nameOrPath, names);
  const hint = guess === undefined ? '' : ` Did you mean ${guess}?`;
  throw new ModelError(
    `no model "${nameOrPath}".${hint} Models here: ${names.join(', ') || 'none'}. A path to a checkpoint also serves.`,
  );
}

/** How a checkpoint becomes an image: format, context, quantization, and the memory plan. */
export interface BuildOptions extends Omit<QuantizeOptions, 'format'>, PlanOptions {
  /** `float` keeps the trained weights, for the float path. */
  format?: QuantizeOptions['format'] | 'float';
  /** Positions the image provides for, at most the checkpoint's. @default the checkpoint's */
  context?: number;
}

/**
 * Quantizes a checkpoint and lays it out.
 * @throws ImageError too-big-for-sram or too-big-for-flash, with the numbers.
 */
export function buildImage(
  checkpoint: Checkpoint,
  options: BuildOptions = {},
): { bytes: Uint8Array; plan: MemoryPlan } {
  const shortened = withContext(checkpoint, options.context);
  const { format } = options;
  const model =
    format === 'float' ? singleModel(shortened) : quantizeCheckpoint(shortened, { ...options, format });
  return writeImage(model, options);
}

function withContext(checkpoint: Checkpoint, context?: number): Checkpoint {
  const most = checkpoint.config.context;
  if (context === undefined) return checkpoint;
  if (!Number.isInteger(context) || context < 1 || context > most) {
    throw new ModelError(`context is ${context}; ${checkpoint.name} offers 1 to ${most} positions`);
  }
  const calibration = checkpoint.calibration?.map((sequence) => sequence.slice(0, context));
  return { ...checkpoint, config: { ...checkpoint.config, context }, calibration };
}

/**
 * Reads an image back.
 * @throws ImageError (a ModelError with a `code`) for the first check that fails.
 */
export function parseImage(bytes: Uint8Array, limits?: ImageLimits): ParsedImage {
  return readImage(bytes, limits);
}
