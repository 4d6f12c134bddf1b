/** Models by name or path, as images ready to run on every target. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Checkpoint, readCheckpoint } from '../../models/checkpoint.ts';
import { parameterCount } from '../../models/config.ts';
import { didYouMean, ModelError } from '../../models/errors.ts';
import { imageAddress } from '../../models/image/layout.ts';
import { formatPlan } from '../../models/image/plan.ts';
import { readImage } from '../../models/image/read.ts';
import { writeImage } from '../../models/image/write.ts';
import { presets } from '../../models/presets.ts';
import { quantizeCheckpoint } from '../../models/quantize/quantize.ts';
import type { QuantizedModel, WeightFormat } from '../../models/quantized.ts';
import { type BpeTokenizer, tokenizerFromSection } from '../../models/tokenizer/index.ts';

/** Where the firmware looks for the image. */
export const MODEL_FLASH_ADDRESS = imageAddress;

/** The committed checkpoints. */
export const CHECKPOINT_FOLDER = fileURLToPath(new URL('../../models/checkpoints/', import.meta.url));

export interface LoadedModel {
  name: string;
  family: string;
  parameters: number;
  context: number;
  /** Weight format of the embedding. */
  format: WeightFormat;
  quantized: QuantizedModel;
  tokenizer: BpeTokenizer;
  /** Tokens that end a story: EOS, and for models of llama2.c BOS too. */
  endTokens: ReadonlySet<number>;
  /** The image, byte for byte as it goes into flash. */
  image: Uint8Array;
  /** SHA-256 of the image, hexadecimal. */
  sha256: string;
  /** SRAM that the image plans for, in bytes. */
  arenaBytes: number;
  /** Text of tokens; broken UTF-8 shows as U+FFFD. */
  decode(tokens: number[]): string;
  /** Where everything lies, for people; empty for an image that was read from a file. */
  plan(): string;
}

export interface LoadOptions {
  /** Weights of a checkpoint are quantized to this. @default 'int8' */
  format?: WeightFormat;
}

/**
 * @param nameOrPath a committed checkpoint's name, or the path of a checkpoint or of a model image (told by content)
 * @throws ModelError when there is no such model, or it is broken, or does not fit
 */
export const loadModel = (nameOrPath: string, { format }: LoadOptions = {}): LoadedModel => {
  if (existsSync(`${CHECKPOINT_FOLDER}${nameOrPath}.json`)) {
    return modelFromCheckpoint(readCheckpoint(`${CHECKPOINT_FOLDER}${nameOrPath}`), { format });
  }
  if (isImage(nameOrPath)) return modelFromImage(readFileSync(nameOrPath));
  if (looksLikePath(nameOrPath)) return modelFromCheckpoint(readCheckpoint(nameOrPath), { format });
  throw new ModelError(unknownModel(nameOrPath));
};

export const modelFromCheckpoint = (checkpoint: Checkpoint, { format }: LoadOptions = {}): LoadedModel => {
  const { bytes, plan } = writeImage(quantizeCheckpoint(checkpoint, { format }));
  return { ...modelFromImage(bytes), plan: () => formatPlan(plan) };
};

/** @throws ImageError with the name of what is wrong */
export const modelFromImage = (bytes: Uint8Array): LoadedModel => {
  const { model: quantized, imageBytes, arenaBytes } = readImage(bytes);
  const image = bytes.slice(0, imageBytes);
  const { name, parameters, shape, bos, eos, tokenizerSection, embedding } = quantized;
  const tokenizer = tokenizerFromSection(tokenizerSection, { bos, eos });
  const ends = tokenizer.data.prependSpace ? [bos, eos] : [eos];
  return {
    name,
    family: shape.family,
    parameters,
    context: shape.context,
    format: embedding.format,
    quantized,
    tokenizer,
    endTokens: new Set(ends.filter((id) => id !== null)),
    image,
    sha256: createHash('sha256').update(image).digest('hex'),
    arenaBytes,
    decode: (tokens) => tokenizer.decodeText(tokens),
    plan: () => '',
  };
};

/** A line of `starmind models`. */
export interface ListedModel {
  name: string;
  family: string;
  parameters: number;
  /** A checkpoint of it is committed, so it can be run. */
  trained: boolean;
  summary: string;
}

export const listModels = (): ListedModel[] => {
  const shapes = Object.entries(presets).map(([name, { config, summary }]) => {
    return { name, family: config.family, parameters: parameterCount(config), summary };
  });
  const trained = trainedModels();
  const others = trained
    .filter((name) => !Object.hasOwn(presets, name))
    .map((name) => {
      const { config } = readCheckpoint(`${CHECKPOINT_FOLDER}${name}`);
      return { name, family: config.family, parameters: parameterCount(config), summary: '' };
    });
  return [...shapes, ...others].map((model) => ({ ...model, trained: trained.includes(model.name) }));
};

const trainedModels = (): string[] => {
  const files = existsSync(CHECKPOINT_FOLDER) ? readdirSync(CHECKPOINT_FOLDER) : [];
  const names = files.filter((file) => file.endsWith('.safetensors')).map((file) => file.slice(0, -12));
  return names.filter((name) => files.includes(`${name}.json`)).sort();
};

const looksLikePath = (text: string): boolean => /[/\\.]/.test(text) || existsSync(text);

/** The file begins as an image does, or has the ending of one: a broken image is then named as such. */
const isImage = (path: string): boolean => {
  if (path.endsWith('.smp')) {
    if (existsSync(path)) return true;
    throw new ModelError(`${path}: there is no such file`);
  }
  if (!existsSync(path) || /\.(json|safetensors)$/.test(path)) return false;
  try {
    return readFileSync(path).subarray(0, 4).toString('latin1') === 'SMP1';
  } catch {
    return false;
  }
};

const unknownModel = (name: string): string => {
  const trained = trainedModels();
  if (Object.hasOwn(presets, name)) {
    return `${name} is a shape without a trained checkpoint. Train it first: starmind train --preset ${name}`;
  }
  const guess = didYouMean(name, [...trained, ...Object.keys(presets)]);
  const hint = guess === undefined ? '' : ` Did you mean ${guess}?`;
  return `there is no model "${name}".${hint} "starmind models" lists them: ${trained.join(', ')}`;
};
