/** A profile as a table, as JSON to keep, and what changed between two of them. */

import { alignColumns, percent, thousands } from '../report/format.ts';
import { sum } from '../report/statistics.ts';
import type { Measurement } from '../target/scenario.ts';
import { type FunctionCycles, functionCycles } from './functions.ts';
import type { Profiler } from './profiler.ts';

export const PROFILE_SCHEMA = 'starmind-profile/1';

/** What `starmind profile --json` prints and `--diff` reads. */
export interface ProfileReport {
  schema: typeof PROFILE_SCHEMA;
  model: string;
  format: string;
  cores: number | null;
  clockHz: number;
  tokens: number;
  /** Cycles from asking for the story to its end. */
  cycles: number;
  /** Cycles of both cores: the sum of all `self`. */
  cyclesOfBothCores: number;
  timingVersion: string;
  firmwareSha256: string;
  modelSha256: string;
  functions: FunctionCycles[];
}

export class ProfileFileError extends Error {
  override readonly name = 'ProfileFileError';
}

export interface ProfiledRun {
  model: { name: string; format: string; sha256: string };
  cores: number | undefined;
  tokens: number;
  measured: Measurement;
  profiler: Profiler;
}

export const profileReport = ({ model, cores, tokens, measured, profiler }: ProfiledRun): ProfileReport => {
  const functions = functionCycles(profiler.profile);
  return {
    schema: PROFILE_SCHEMA,
    model: model.name,
    format: model.format,
    cores: cores ?? null,
    clockHz: measured.clockHz,
    tokens,
    cycles: profiler.end - profiler.begin,
    cyclesOfBothCores: sum(functions.map(({ self }) => self)),
    timingVersion: measured.timingVersion,
    firmwareSha256: measured.firmwareSha256,
    modelSha256: model.sha256,
    functions,
  };
};

/**
 * What `--json` printed before.
 * @throws ProfileFileError when the text is something else
 */
export const parseProfile = (text: string, file: string): ProfileReport => {
  let value: ProfileReport;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new ProfileFileError(`${file} is no JSON: ${(error as Error).message}`);
  }
  const isEntry = (entry: Partial<FunctionCycles>) =>
    typeof entry?.name === 'string' && Number.isFinite(entry.self) && Number.isFinite(entry.total);
  if (value?.schema === PROFILE_SCHEMA && Array.isArray(value.functions) && value.functions.every(isEntry))
    return value;
  throw new ProfileFileError(`${file} is not a profile. Write one: starmind profile --json > ${file}`);
};

/** Self and total cycles by function, the costliest first. */
export const profileTable = (report: ProfileReport, rows = 30): string[] => {
  const { functions, cyclesOfBothCores: all } = report;
  const shown = functions.slice(0, rows);
  const rest = functions.slice(rows);
  const lines = alignColumns(
    [
      ['function', 'self', 'share', 'core 0', 'core 1', 'total', 'phases'],
      ...shown.map(({ name, self, selfByCore, total, phases }) => [
        name,
        thousands(self),
        percent(self, all),
        ...selfByCore.map(thousands),
        thousands(total),
        costliest(phases),
      ]),
    ],
    'lrrrrrl',
  );
  if (rest.length > 0)
    lines.push(`${rest.length} more functions: ${thousands(sum(rest.map(({ self }) => self)))} cycles`);
  lines.push(
    '',
    `${thousands(all)} cycles of both cores, ${thousands(report.cycles)} from the request to the end`,
  );
  return lines;
};

const costliest = (phases: FunctionCycles['phases']): string =>
  Object.entries(phases)
    .sort(([, a], [, b]) => b - a)
    .slice(0, 2)
    .map(([phase]) => phase)
    .join(', ');

export interface FunctionChange {
  name: string;
  base: number;
  head: number;
}

/** Functions whose own cycles changed, the largest change first. */
export const profileChanges = (
  base: readonly { name: string; self: number }[],
  head: readonly { name: string; self: number }[],
): FunctionChange[] => {
  const was = new Map(base.map(({ name, self }) => [name, self]));
  const is = new Map(head.map(({ name, self }) => [name, self]));
  return [...new Set([...was.keys(), ...is.keys()])]
    .map((name) => ({ name, base: was.get(name) ?? 0, head: is.get(name) ?? 0 }))
    .filter((change) => change.base !== change.head)
    .sort((a, b) => Math.abs(b.head - b.base) - Math.abs(a.head - a.base) || (a.name < b.name ? -1 : 1));
};

export const diffTable = (base: ProfileReport, head: ProfileReport): string[] => {
  const changes = profileChanges(base.functions, head.functions);
  const notes: string[] = [];
  for (const field of ['model', 'format', 'cores', 'clockHz', 'tokens', 'timingVersion'] as const) {
    if (base[field] !== head[field]) notes.push(`${field}: ${base[field]} -> ${head[field]}`);
  }
  const apart = base.firmwareSha256 === head.firmwareSha256 ? 'the same firmware' : 'two firmware builds';
  const total = head.cyclesOfBothCores - base.cyclesOfBothCores;
  const lines = [...notes, `${apart}, ${signed(total)} cycles of both cores`];
  if (changes.length === 0) return [...lines, 'no function changed'];
  return [
    ...lines,
    '',
    ...alignColumns(
      [
        ['function', 'base', 'head', 'change'],
        ...changes.map(({ name, base: was, head: is }) => [
          name,
          thousands(was),
          thousands(is),
          signed(is - was),
        ]),
      ],
      'lrrr',
    ),
  ];
};

export const signed = (value: number): string => `${value < 0 ? '-' : '+'}${thousands(Math.abs(value))}`;
