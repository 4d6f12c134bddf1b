/** What a study writes: a head that says how it was measured, then a row for each case. */
import { createHash } from 'node:crypto';
import type { PlanOptions } from '../../models/image/plan.ts';
import type { ImageFormat, QuantizedShape } from '../../models/quantized.ts';
import { PHASES } from '../link/index.ts';
import type { PublishedSpeed, StudyCase } from './shapes.ts';

/** Rises when a field changes its meaning. */
export const STUDY_SCHEMA = 'starmind-study/1';

export interface StudySettings {
  format: ImageFormat;
  placement: NonNullable<PlanOptions['placement']>;
  cores: 1 | 2;
  /** SRAM that the image may take, in bytes. @default all there is */
  arenaLimit?: number;
}

/** The first line of a file of results. Files whose heads differ in more than the shard are not of one study. */
export interface StudyHead extends StudySettings {
  schema: string;
  firmwareSha256: string;
  timingVersion: string;
  /** Over the names, shapes and seeds of all cases of the study, in order. */
  casesSha256: string;
  cases: number;
  /** k/n. */
  shard: string;
  /** Timing hardly depends on the values of weights, and nothing said of these models' texts would mean anything. */
  weights: 'random';
}

interface RowBase {
  name: string;
  set: string;
  heads: StudyCase['heads'];
  shape: QuantizedShape;
  parameters: number;
  seed: number;
  /** What differs from the settings in the head. */
  settings?: Partial<StudySettings>;
  published: PublishedSpeed | null;
}

export interface MeasuredRow extends RowBase {
  status: 'ok';
  reason: null;
  clockHz: number;
  /** Positions of the columns of `decodeCycles` and `phases`. */
  positions: number[];
  /** Cycles of a token decoded at each of `positions`, from one id to the next. */
  decodeCycles: number[];
  /** The same by phase. */
  phases: Record<string, number[]>;
  /** Sum over every position of the context, one token decoded at each. */
  contextCycles: number;
  /** Cycles of prompt tokens at positions 0, 1, ...: a forward pass without logits. */
  prefillCycles: number[];
  /** Six tokens after a prompt of six, from the first prompt token to the last new one: as the original's demo counts. */
  demoCycles: number;
  /** In use: the model's arena and everything the firmware links into RAM. */
  sramBytes: number;
  /** In use: firmware and image. */
  flashBytes: number;
  imageBytes: number;
  /** The model's part of SRAM. */
  arenaBytes: number;
  weightBytes: number;
  /** How many of them lie in SRAM; the rest is read through the flash's cache. */
  weightBytesInSram: number;
  /** Of cases that ask for it: a token without a KV cache. */
  recomputed?: Recomputed;
}

/**
 * A new token where nothing is remembered: the whole text before it goes through the model again. Each was really run, as a
 * generation whose prompt is that text and whose only new token it is.
 */
export interface Recomputed {
  /** Tokens that the new one follows. */
  lengths: number[];
  cycles: number[];
  /** Of the same token with the cache: decoded at that position. */
  cached: number[];
}

export interface UnmeasuredRow extends RowBase {
  /** `does-not-fit`: no room in SRAM or flash; `invalid`: no model at all; `failed`: it ran, and ended badly. */
  status: 'does-not-fit' | 'invalid' | 'failed';
  reason: string;
}

export type StudyRow = MeasuredRow | UnmeasuredRow;

export const hashCases = (cases: readonly StudyCase[]): string => {
  const essence = cases.map(({ name, heads, shape, seed, settings, recompute }) => [
    ...[name, heads, seed, ...Object.values(shape)],
    ...(settings === undefined ? [] : [settings]),
    ...(recompute === undefined ? [] : [recompute]),
  ]);
  return createHash('sha256').update(JSON.stringify(essence)).digest('hex');
};

const SHAPE_COLUMNS = ['vocabulary', 'dim', 'hidden', 'layers', 'heads', 'headSize', 'context'] as const;
const AT = ['First', 'Last'] as const;

/** The rows as a table: decode cycles at the first and last position, and phases at the last. */
export const toCsv = (rows: readonly StudyRow[]): string => {
  const columns = [
    ...['name', 'set', 'headsForm', ...SHAPE_COLUMNS, 'parameters', 'status', 'clockHz'],
    ...AT.map((at) => `decodeCycles${at}`),
    ...['contextCycles', 'prefillCyclesFirst', 'demoCycles', 'tokensPerSecond'],
    ...PHASES.map((phase) => `${phase}CyclesLast`),
    ...['sramBytes', 'flashBytes', 'publishedTokensPerSecond', 'publishedMetric', 'reason'],
  ];
  const lines = rows.map((row) => toCells(row).map(quote).join(','));
  return `${[columns.join(','), ...lines].join('\n')}\n`;
};

type Cell = string | number | undefined;

const toCells = (row: StudyRow): Cell[] => {
  const { name, set, heads, shape, parameters, status, published, reason } = row;
  const measured = row.status === 'ok' ? row : undefined;
  return [
    ...[name, set, heads, ...SHAPE_COLUMNS.map((column) => shape[column]), parameters, status],
    ...[measured?.clockHz, measured?.decodeCycles[0], measured?.decodeCycles.at(-1)],
    ...[measured?.contextCycles, measured?.prefillCycles[0], measured?.demoCycles],
    measured && (measured.clockHz * shape.context) / measured.contextCycles,
    ...PHASES.map((phase) => measured?.phases[phase]?.at(-1)),
    ...[measured?.sramBytes, measured?.flashBytes, published?.tokensPerSecond, published?.metric],
    reason ?? undefined,
  ];
};

const quote = (cell: Cell): string => {
  if (typeof cell === 'number') return Number.isInteger(cell) ? String(cell) : cell.toFixed(2);
  const text = cell ?? '';
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};
