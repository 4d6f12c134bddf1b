/** Models by name or path, as images ready to run on every target. */
import { createHash } from 'node:crypto';
import { closeSync, existsSync, openSync, readFileSync, readSync } from 'node:fs';
import { openModel } from '../../models/import/open.ts';
import {
  type BpeTokenizer,
  buildImage,
  type Checkpoint,
  checkpointNames,
  drawnModel,
  drawnNames,
  formatPlan,
  type ImageFormat,
  imageAddress,
  ModelError,
  type ParsedImage,
  parseImage,
  presets,
  type QuantizedModel,
  tokenizerFromSection,
  writeImage,
} from '../../models/index.ts';

/** Where the firmware looks for the image. */
export const MODEL_FLASH_ADDRESS = imageAddress;

export interface LoadedModel {
  name: string;
  family: string;
  parameters: number;
  context: number;
  /** Weight format of the embedding. */
  format: ImageFormat;
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
  /** Where the weights lie. */
  placement: Placement;
  /** Flash of the Pico that it fits. */
  flashBytes: number;
  /** Text of tokens; broken UTF-8 shows as U+FFFD. */
  decode(tokens: number[]): string;
  /** Where everything lies, for people; empty for an image that was read from a file. */
  plan(): string;
}

/**
 * Where weights and tables lie. `sram`: all of it, or refuse. `pinned`: in SRAM what fits, the most often read first; the rest is
 * read through the flash cache. `streamed`: in SRAM what fits beside a ring, through which DMA brings the rest while the cores
 * compute. `xip`: all of it in flash, read through its cache.
 */
export type Placement = ParsedImage['placement'];

/** The planner's names. */
export const PLANNED = { sram: 'sram', pinned: 'auto', streamed: 'streamed', xip: 'flash' } as const;

export interface LoadOptions {
  /** Weights of a checkpoint are quantized to this. @default 'int8' */
  format?: ImageFormat;
  /** Where weights and tables of a checkpoint's image lie. @default 'pinned' */
  placement?: Placement;
  /** Flash of the Pico, firmware included: a power of two up to 16 MB. @default 2 MB */
  flashBytes?: number;
  /** Positions that a checkpoint's image provides for. @default as many as the checkpoint has */
  context?: number;
}

/**
 * @param nameOrPath a committed checkpoint's name, or the path of a checkpoint, of a model image, or of any file that
 *   `starmind import` takes (told by content)
 * @throws ModelError when there is no such model, or it is broken, or does not fit
 */
export const loadModel = (nameOrPath: string, options: LoadOptions = {}): LoadedModel => {
  if (isImage(nameOrPath)) return modelFromFile(nameOrPath);
  if (drawnNames.includes(nameOrPath)) return drawn(nameOrPath, options);
  const known = checkpointNames();
  if (!known.includes(nameOrPath) && Object.hasOwn(presets, nameOrPath)) {
    throw new ModelError(
      `${nameOrPath} is a shape without a trained checkpoint. Train it: starmind train --preset ${nameOrPath}`,
    );
  }
  const opened = openModel(nameOrPath);
  if (opened.kind === 'image') return modelFromFile(opened.path);
  return modelFromCheckpoint(opened.imported.checkpoint, options);
};

const drawn = (name: string, { format, context, ...options }: LoadOptions): LoadedModel => {
  if (format === 'float') throw new ModelError(`${name} has integer weights only: int8, int4 or int4g32`);
  return modelFromQuantized(drawnModel(name, format, { context }), options);
};

/** @throws ModelError that names the file before what is wrong with it */
const modelFromFile = (path: string): LoadedModel => {
  const bytes = readFileSync(path);
  try {
    return modelFromImage(bytes);
  } catch (error) {
    throw error instanceof ModelError ? new ModelError(`${path}: ${error.message}`) : error;
  }
};

/** @throws ImageError when it does not fit into SRAM or flash, with the numbers */
export const modelFromCheckpoint = (
  checkpoint: Checkpoint,
  { format, context, ...options }: LoadOptions = {},
): LoadedModel => {
  const { bytes, plan } = buildImage(checkpoint, { format, context, ...planOptions(options) });
  return { ...modelFromImage(bytes), plan: () => formatPlan(plan) };
};

/** @throws ImageError when it does not fit into SRAM or flash, with the numbers */
export const modelFromQuantized = (quantized: QuantizedModel, options: LoadOptions = {}): LoadedModel => {
  const { bytes, plan } = writeImage(quantized, planOptions(options));
  return { ...modelFromImage(bytes), plan: () => formatPlan(plan) };
};

const FIRMWARE_FLASH = MODEL_FLASH_ADDRESS - 0x10000000;
/** A Raspberry Pi Pico's, and the most that the RP2040 can address. */
const LEAST_FLASH = 2 * 1024 * 1024;
const MOST_FLASH = 16 * 1024 * 1024;

const planOptions = ({ placement = 'pinned', flashBytes = LEAST_FLASH }: LoadOptions) => ({
  placement: PLANNED[placement],
  flashLimit: flashBytes - FIRMWARE_FLASH,
});

/** The size of chip that holds firmware and image. */
const flashFor = (imageBytes: number): number => {
  let bytes = LEAST_FLASH;
  while (bytes < FIRMWARE_FLASH + imageBytes) bytes *= 2;
  return bytes;
};

/** @throws ImageError with the name of what is wrong */
export const modelFromImage = (bytes: Uint8Array): LoadedModel => {
  const limits = { flashLimit: MOST_FLASH - FIRMWARE_FLASH };
  const { model: quantized, imageBytes, arenaBytes, placement } = parseImage(bytes, limits);
  const image = bytes.slice(0, imageBytes);
  const { name, parameters, shape, bos, eos, tokenizerSection, embedding } = quantized;
  const tokenizer = tokenizerFromSection(tokenizerSection, { bos, eos });
  // The firmware knows a model of llama2.c, whose stories follow each other, by its tokenizer's leading space.
  const ends = tokenizer.data.prependSpace ? [bos, eos] : [eos];
  return {
    name,
    family: shape.family,
    parameters,
    context: shape.context,
    format: quantized.single ? 'float' : embedding.format,
    quantized,
    tokenizer,
    endTokens: new Set(ends.filter((id) => id !== null)),
    image,
    sha256: createHash('sha256').update(image).digest('hex'),
    arenaBytes,
    placement,
    flashBytes: flashFor(imageBytes),
    decode: (tokens) => tokenizer.decodeText(tokens),
    plan: () => '',
  };
};

const MAGIC = 'SMP1';

/** The file begins as an image does, or has the ending of one: a broken image is then named as such. */
const isImage = (path: string): boolean => {
  if (!existsSync(path)) {
    if (path.endsWith('.smp')) throw new ModelError(`${path}: there is no such file`);
    return false;
  }
  return path.endsWith('.smp') || beginning(path) === MAGIC;
};

const beginning = (path: string): string => {
  const head = Buffer.alloc(MAGIC.length);
  try {
    const file = openSync(path, 'r');
    readSync(file, head);
    closeSync(file);
  } catch {
    return '';
  }
  return head.toString('latin1');
};
