/** Evaluates any opened model in the formats that are asked for. */
import { readFileSync, statSync } from 'node:fs';
import { corpusStories } from '../../models/corpus/index.ts';
import { evaluate, evaluationSequences, perplexity, tokenBytes } from '../../models/evaluate.ts';
import type { OpenedModel } from '../../models/import/open.ts';
import {
  buildImage,
  type Checkpoint,
  FloatModel,
  IntegerModel,
  type LanguageModel,
  ModelError,
  parseImage,
  tokenizerFromSection,
} from '../../models/index.ts';
import type { WeightFormat } from '../../models/quantized.ts';
import { type OriginalMode, OriginalModel, originalModes } from '../../models/reference/original.ts';

export type EvaluatedFormat = 'float' | WeightFormat | OriginalMode;

export interface FormatResult {
  format: EvaluatedFormat;
  bitsPerByte: number;
  /** Per token: depends on the tokenizer, unlike bits per byte. */
  perplexity: number;
  /** Nats. */
  lossPerToken: number;
  tokens: number;
  /** Of the image; null for float. */
  sramBytes: number | null;
  flashBytes: number | null;
}

export interface EvaluationOptions {
  formats?: readonly EvaluatedFormat[];
  /** Most tokens to predict. */
  tokens?: number;
}

/** 256 MB: far more than anybody measures on, and it fits into memory. */
const LARGEST_TEXT = 2 ** 28;

/** Texts of a file, separated by `<|endoftext|>`; held-out stories of the grammar without one. */
export const readTexts = (path: string | undefined): string[] => {
  if (path === undefined) return [...corpusStories('grammar', 'held-out', 32, 7)];
  const { size } = statSync(path);
  if (size > LARGEST_TEXT) {
    throw new ModelError(
      `${path}: ${size} bytes; measuring takes a text of at most ${LARGEST_TEXT}: cut a piece off`,
    );
  }
  const texts = readFileSync(path, 'utf8')
    .split('<|endoftext|>')
    .map((text) => text.trim())
    .filter((text) => text !== '');
  if (texts.length === 0) throw new ModelError(`${path}: no text in it`);
  return texts;
};

interface Candidate {
  format: EvaluatedFormat;
  model: LanguageModel;
  sramBytes?: number;
  flashBytes?: number;
}

/** @throws ModelError for a format that the model does not have, UnknownCharacterError for text outside its vocabulary */
export const evaluateOpened = (
  opened: OpenedModel,
  texts: readonly string[],
  { formats, tokens }: EvaluationOptions = {},
): FormatResult[] => {
  const { section, ends } = tokenizerOf(opened);
  const tokenizer = tokenizerFromSection(section, ends);
  const context =
    opened.kind === 'image' ? opened.image.model.shape.context : opened.imported.checkpoint.config.context;
  const sequences = evaluationSequences(tokenizer, texts, { context, most: tokens });
  if (sequences.length === 0)
    throw new ModelError('the text is too short: there is no second token to predict');
  const bytesOf = tokenBytes(tokenizer);
  return candidates(opened, formats).map(({ format, model, sramBytes = null, flashBytes = null }) => {
    const quality = evaluate(model, sequences, bytesOf);
    return { format, perplexity: perplexity(quality), ...quality, sramBytes, flashBytes };
  });
};

const tokenizerOf = (opened: OpenedModel) => {
  if (opened.kind === 'image') {
    const { tokenizerSection, bos, eos } = opened.image.model;
    return { section: tokenizerSection, ends: { bos, eos } };
  }
  const { section, bos, eos } = opened.imported.checkpoint.tokenizer;
  return { section, ends: { bos, eos } };
};

const candidates = (opened: OpenedModel, formats?: readonly EvaluatedFormat[]): Candidate[] => {
  if (opened.kind === 'checkpoint') {
    const wanted = formats ?? (['float', 'int8', 'int4g32', 'int4'] as const);
    return wanted.map((format) => candidateOf(opened.imported.checkpoint, format));
  }
  const { model, arenaBytes, imageBytes } = opened.image;
  const { format } = model.embedding;
  const other = formats?.find((wanted) => wanted !== format);
  if (other !== undefined) {
    throw new ModelError(
      `${opened.path} is an image in ${format}; evaluate ${other} with the checkpoint it was made from`,
    );
  }
  return [{ format, model: new IntegerModel(model), sramBytes: arenaBytes, flashBytes: imageBytes }];
};

const candidateOf = (checkpoint: Checkpoint, format: EvaluatedFormat): Candidate => {
  if (format === 'float') return { format, model: new FloatModel(checkpoint) };
  if (isOriginalMode(format)) return { format, model: new OriginalModel(checkpoint, format) };
  const { bytes, plan } = buildImage(checkpoint, { format });
  const { model } = parseImage(bytes);
  return { format, model: new IntegerModel(model), sramBytes: plan.arenaBytes, flashBytes: plan.imageBytes };
};

const isOriginalMode = (format: EvaluatedFormat): format is OriginalMode =>
  (originalModes as readonly string[]).includes(format);
