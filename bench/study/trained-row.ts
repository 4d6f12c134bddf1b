/** What a training of the study writes: quality of one shape. Weights are not kept; the row's command makes them again. */
import { readFileSync } from 'node:fs';
import type { ModelConfig } from '../../models/config.ts';
import { StudyError } from './errors.ts';
import type { TRAINED_FORMATS } from './trained-shapes.ts';

/** Rises when a field changes its meaning. */
export const TRAINED_SCHEMA = 'starmind-trained/1';

export interface TrainedRow {
  schema: typeof TRAINED_SCHEMA;
  name: string;
  config: ModelConfig;
  parameters: number;
  steps: number;
  seed: number;
  /** Seen in training. */
  tokens: number;
  /** Of the training alone, as the clock on the wall has it; the machine had other work too. */
  minutes: number;
  backend: string;
  /** Makes the row again. */
  command: string;
  /** On held-out stories of the grammar, the same for every shape. */
  bitsPerByte: Record<'float' | (typeof TRAINED_FORMATS)[number], number>;
  evaluatedTokens: number;
  /** Mean bytes of text that a token of the held-out stories stands for. */
  bytesPerToken: number;
  /** Share of sentences, of stories told by the float model, that the grammar can make. */
  coherence: number;
  /** The beginning of a story, at temperature 0.8. */
  sample: string;
}

export const formatTrained = (rows: readonly TrainedRow[]): string =>
  rows.map((row) => `${JSON.stringify(row)}\n`).join('');

/** @throws StudyError naming file and line */
export const readTrained = (path: string): TrainedRow[] => {
  const lines = readFileSync(path, 'utf8').split('\n');
  return lines.flatMap((line, i) => (line === '' ? [] : [parseRow(line, `${path}, line ${i + 1}`)]));
};

const parseRow = (line: string, where: string): TrainedRow => {
  let row: TrainedRow;
  try {
    row = JSON.parse(line);
  } catch {
    throw new StudyError(`${where}: this is not JSON; the file is damaged`);
  }
  if (row.schema === TRAINED_SCHEMA) return row;
  throw new StudyError(`${where}: its schema is ${row.schema}; this version reads ${TRAINED_SCHEMA}`);
};
