/**
 * Trains the shapes of trained-shapes.ts on the story grammar and evaluates each, in float and as the device computes: rows of
 * bits per byte, one JSON line each. A file with some rows is gone on with. Weights are not kept: the row's command makes them again.
 */
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type Checkpoint, readCheckpoint } from '../../models/checkpoint.ts';
import { parameterCount } from '../../models/config.ts';
import { coherence, corpusStories } from '../../models/corpus/index.ts';
import { evaluate, evaluationSequences, tokenBytes } from '../../models/evaluate.ts';
import {
  buildImage,
  FloatModel,
  IntegerModel,
  parseImage,
  tokenizerFromSection,
} from '../../models/index.ts';
import type { WeightFormat } from '../../models/quantized.ts';
import { trainModel } from '../../models/train/index.ts';
import { sampleFrom } from '../../models/train/sample.ts';
import { writeWhole } from '../cli/files.ts';
import { StudyError } from './errors.ts';
import { formatTrained, readTrained, TRAINED_SCHEMA, type TrainedRow } from './trained-row.ts';
import { TRAINED_FORMATS, TRAINED_SHAPES, type TrainedShape } from './trained-shapes.ts';

/** The options that decide the weights, besides shape and steps; small models bear the higher rate. */
const TRAINING = {
  seed: 1,
  stories: 12_000,
  rate: 0.006,
  batchTokens: 1024,
  workers: 1,
  backend: 'wasm',
} as const;
/** Whole stories, so that every tokenizer is judged on the same text. */
const EVALUATED = { stories: 16, seed: 7 };
const SAMPLED = { stories: 40, temperature: 0.8, characters: 160 };

export interface TrainStudyOptions {
  /** Names of shapes. @default all */
  only?: readonly string[];
  /** The file of rows (JSONL). */
  out: string;
  /** Instead of each shape's own number of steps: for trying out. */
  steps?: number;
  signal?: AbortSignal;
  log?: (line: string) => void;
}

/** @throws StudyError when a shape is not known, or the file is of something else */
export const trainStudy = async (options: TrainStudyOptions): Promise<TrainedRow[]> => {
  const { only, out, steps, signal, log = () => {} } = options;
  const unknown = (only ?? []).filter((name) => !TRAINED_SHAPES.some((shape) => shape.name === name));
  if (unknown.length > 0) {
    throw new StudyError(`there is no shape ${unknown.join(', ')}; see bench/study/trained-shapes.ts`);
  }
  const rows = new Map((existsSync(out) ? readTrained(out) : []).map((row) => [row.name, row]));
  const wanted = TRAINED_SHAPES.filter(({ name }) => only === undefined || only.includes(name));
  for (const [i, shape] of wanted.entries()) {
    const known = rows.get(shape.name);
    if (known !== undefined && known.steps === (steps ?? shape.steps)) continue;
    log(`${i + 1} of ${wanted.length}  ${shape.name}`);
    const row = await trainShape({ ...shape, steps: steps ?? shape.steps }, { signal, log });
    if (row === undefined) break;
    rows.set(row.name, row);
    mkdirSync(dirname(out), { recursive: true });
    writeWhole(out, formatTrained(inOrder(rows)));
  }
  return inOrder(rows);
};

const inOrder = (rows: ReadonlyMap<string, TrainedRow>): TrainedRow[] =>
  TRAINED_SHAPES.flatMap(({ name }) => rows.get(name) ?? []);

/** `undefined` when the signal stopped the training: half of one is no row. */
const trainShape = async (
  { name, config, steps }: TrainedShape,
  { signal, log }: Pick<TrainStudyOptions, 'signal' | 'log'>,
): Promise<TrainedRow | undefined> => {
  const folder = mkdtempSync(join(tmpdir(), 'starmind-study-'));
  try {
    const out = join(folder, name);
    const trained = await trainModel({ preset: name, config, steps, out, signal, log, ...TRAINING });
    if (trained.stopped === 'interrupted') return undefined;
    return {
      schema: TRAINED_SCHEMA,
      name,
      config,
      parameters: parameterCount(config),
      steps,
      seed: TRAINING.seed,
      tokens: trained.tokens,
      minutes: rounded(trained.seconds / 60, 2),
      backend: trained.backend,
      command: `starmind study train ${name} --steps ${steps}`,
      ...qualityOf(readCheckpoint(out)),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

type Quality = Pick<TrainedRow, 'bitsPerByte' | 'evaluatedTokens' | 'bytesPerToken' | 'coherence' | 'sample'>;

const qualityOf = (checkpoint: Checkpoint): Quality => {
  const tokenizer = tokenizerFromSection(checkpoint.tokenizer.section, checkpoint.tokenizer);
  const { context } = checkpoint.config;
  const texts = corpusStories('grammar', 'held-out', EVALUATED.stories, EVALUATED.seed);
  const sequences = evaluationSequences(tokenizer, texts, { context });
  const bytesOf = tokenBytes(tokenizer);
  const float = new FloatModel(checkpoint);
  const integer = (format: WeightFormat) =>
    new IntegerModel(parseImage(buildImage(checkpoint, { format }).bytes).model);
  const results = [float, ...TRAINED_FORMATS.map(integer)].map((model) =>
    evaluate(model, sequences, bytesOf),
  );
  const predicted = sequences.flatMap((sequence) => sequence.slice(1));
  const bytes = predicted.reduce((all, token) => all + bytesOf(token), 0);
  const told = Array.from({ length: SAMPLED.stories }, (_, seed) =>
    sampleFrom(float, tokenizer, seed, SAMPLED.temperature),
  );
  const [ofFloat, int8, int4g32, int4] = results.map(({ bitsPerByte }) => rounded(bitsPerByte, 4));
  return {
    bitsPerByte: { float: ofFloat!, int8: int8!, int4g32: int4g32!, int4: int4! },
    evaluatedTokens: results[0]!.tokens,
    bytesPerToken: rounded(bytes / predicted.length, 3),
    coherence: rounded(coherence(told).share, 3),
    sample: told[0]!.trim().slice(0, SAMPLED.characters),
  };
};

const rounded = (value: number, digits: number): number => Number(value.toFixed(digits));
