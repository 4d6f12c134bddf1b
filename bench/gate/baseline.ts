/**
 * Baselines: what a scenario cost when it was last accepted. Committed JSON with sorted keys and one number on a line,
 * so that a diff of it reads as a report.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PHASES, type Phase } from '../link/index.ts';
import type { ScenarioResult } from '../target/scenario.ts';
import type { PhaseFunctions } from './functions.ts';
import { isRowLimits, type RowLimits } from './limits.ts';

export const BASELINE_FOLDER = fileURLToPath(new URL('../../fixtures/baselines/', import.meta.url));
export const BASELINE_SCHEMA_VERSION = 1;

/** What one token cost; `token` is its id. */
export type TokenCost = { token: number; cycles: number } & Record<Phase, number>;

export interface Baseline {
  schemaVersion: number;
  scenario: string;
  clockHz: number;
  firmwareSha256: string;
  modelSha256: string;
  timingVersion: string;
  /** Cycles of each prompt token's forward pass, keyed by its three-digit position. */
  prefill: Record<string, number>;
  /** Keyed by the three-digit index of the generated token. */
  tokens: Record<string, TokenCost>;
  /** Own cycles over the whole run by phase and function, to say which function moved; absent in older files. */
  functions?: PhaseFunctions;
  /** What single rows are allowed, written by hand. */
  limits?: RowLimits;
}

export class BaselineError extends Error {
  override readonly name = 'BaselineError';
}

const key = (index: number): string => String(index).padStart(3, '0');

/** @throws BaselineError when the result has no measurement: cycles come from the emulator only. */
export const toBaseline = (
  scenario: string,
  modelSha256: string,
  result: ScenarioResult,
  functions?: PhaseFunctions,
): Baseline => {
  const { measured, tokens } = result;
  if (measured === undefined)
    throw new BaselineError(`${scenario}: the ${result.target} target measures no cycles`);
  const cost = (token: number, i: number): TokenCost => {
    const phases = PHASES.map((phase, p) => [phase, measured.phasesPerToken[i]![p]!]);
    return { token, cycles: measured.cyclesPerToken[i]!, ...Object.fromEntries(phases) };
  };
  return {
    schemaVersion: BASELINE_SCHEMA_VERSION,
    scenario,
    clockHz: measured.clockHz,
    firmwareSha256: measured.firmwareSha256,
    modelSha256,
    timingVersion: measured.timingVersion,
    prefill: Object.fromEntries(measured.prefillCycles.map((cycles, i) => [key(i), cycles])),
    tokens: Object.fromEntries(tokens.map((token, i) => [key(i), cost(token, i)])),
    ...(functions === undefined ? {} : { functions }),
  };
};

export const baselinePath = (scenario: string, folder = BASELINE_FOLDER): string =>
  join(folder, `${scenario}.json`);

/**
 * The baseline, or `undefined` when there is none yet.
 * @throws BaselineError when the file is there and cannot be read as one.
 */
export const readBaseline = (scenario: string, folder = BASELINE_FOLDER): Baseline | undefined => {
  const file = baselinePath(scenario, folder);
  if (!existsSync(file)) return undefined;
  let value: Baseline;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new BaselineError(`${file} is no JSON: ${(error as Error).message}`);
  }
  if (
    value?.schemaVersion !== BASELINE_SCHEMA_VERSION ||
    !isCosts(value.tokens) ||
    !isNumbers(value.prefill) ||
    !(value.functions === undefined || isCosts(value.functions))
  ) {
    throw new BaselineError(`${file} is not a baseline of schema version ${BASELINE_SCHEMA_VERSION}`);
  }
  if (value.limits !== undefined && !isRowLimits(value.limits)) {
    throw new BaselineError(
      `${file}: "limits" has prefill, tokens and phases, each with rows (001, or a phase) of softPercent and hardLimit`,
    );
  }
  return value;
};

/** Replaces the file only when the new one is whole. */
export const writeBaseline = (baseline: Baseline, folder = BASELINE_FOLDER): void => {
  mkdirSync(folder, { recursive: true });
  const file = baselinePath(baseline.scenario, folder);
  const draft = `${file}.${process.pid}.tmp`;
  writeFileSync(draft, `${JSON.stringify(sortKeys(baseline), null, 2)}\n`);
  renameSync(draft, file);
};

/** The kernels' baseline lies in the same folder and has its own gate. */
const OTHER_BASELINES = ['kernels.json'];

/** Names of the scenarios that have a baseline. */
export const listBaselines = (folder = BASELINE_FOLDER): string[] => {
  if (!existsSync(folder)) return [];
  const files = readdirSync(folder).filter(
    (file) => file.endsWith('.json') && !OTHER_BASELINES.includes(file),
  );
  return files.map((file) => file.slice(0, -'.json'.length)).sort();
};

const sortKeys = (value: unknown): unknown => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([name, inner]) => [name, sortKeys(inner)]));
};

const isNumbers = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  Object.values(value).every((item) => typeof item === 'number');

const isCosts = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Object.values(value).every(isNumbers);
