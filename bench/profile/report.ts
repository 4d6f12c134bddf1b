/** A profile as a table, as JSON to keep, and what changed between two of them. */

import { alignColumns, percent, thousands } from '../report/format.ts';
import { sum } from '../report/statistics.ts';
import type { Measurement } from '../target/scenario.ts';
import {
  addCauses,
  CAUSES,
  type CycleCauses,
  type FunctionCycles,
  functionCycles,
  noCycles,
} from './functions.ts';
import type { Profiler } from './profiler.ts';

export const PROFILE_SCHEMA = 'starmind-profile/2';
/** Without the causes of cycles. */
const OLDER_SCHEMA = 'starmind-profile/1';

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
  /** Cycles of each core by what it did: executing, or waiting for what. Their sum is `cyclesOfBothCores`. */
  causesByCore: [CycleCauses, CycleCauses];
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
    causesByCore: [causesOfCore(functions, 0), causesOfCore(functions, 1)],
    timingVersion: measured.timingVersion,
    firmwareSha256: measured.firmwareSha256,
    modelSha256: model.sha256,
    functions,
  };
};

const causesOfCore = (functions: readonly FunctionCycles[], core: 0 | 1): CycleCauses => {
  const all = noCycles();
  for (const { causesByCore } of functions) addCauses(all, causesByCore[core]);
  return all;
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
  const schema: string | undefined = value?.schema;
  if (
    (schema === PROFILE_SCHEMA || schema === OLDER_SCHEMA) &&
    Array.isArray(value.functions) &&
    value.functions.every(isEntry)
  )
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
      ['function', 'self', 'share', 'core 0', 'core 1', 'total', ...STALLS, 'phases'],
      ...shown.map(({ name, self, selfByCore, causesByCore, total, phases }) => [
        name,
        thousands(self),
        percent(self, all),
        ...selfByCore.map(thousands),
        thousands(total),
        ...STALLS.map((cause) => orNothing(causesByCore[0][cause] + causesByCore[1][cause])),
        costliest(phases),
      ]),
    ],
    'lrrrrrrrrrl',
  );
  if (rest.length > 0)
    lines.push(`${rest.length} more functions: ${thousands(sum(rest.map(({ self }) => self)))} cycles`);
  lines.push(
    '',
    ...alignColumns(
      [
        ['', ...CAUSES, 'all'],
        ...report.causesByCore.map((causes, core) => [
          `core ${core}`,
          ...CAUSES.map((cause) => thousands(causes[cause])),
          thousands(sum(Object.values(causes))),
        ]),
      ],
      'lrrrrrr',
    ),
    '',
    `${thousands(all)} cycles of both cores, ${thousands(report.cycles)} from the request to the end`,
  );
  return lines;
};

/** What a core waits for; `issue` is the rest. */
const STALLS = CAUSES.filter((cause) => cause !== 'issue');

const orNothing = (cycles: number): string => (cycles === 0 ? '' : thousands(cycles));

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
  /** By how much executing and each kind of waiting changed; undefined when one of the profiles does not tell. */
  causes: CycleCauses | undefined;
}

type ComparedFunction = Pick<FunctionCycles, 'name' | 'self'> & Partial<FunctionCycles>;

const causeChanges = (
  base: ComparedFunction | undefined,
  head: ComparedFunction | undefined,
): CycleCauses | undefined => {
  const change = noCycles();
  for (const [entry, sign] of [[base, -1] as const, [head, 1] as const]) {
    if (entry === undefined) continue;
    if (entry.causesByCore === undefined) return undefined;
    for (const causes of entry.causesByCore)
      for (const cause of CAUSES) change[cause] += sign * causes[cause];
  }
  return change;
};

/** Functions whose own cycles changed, the largest change first. */
export const profileChanges = (
  base: readonly ComparedFunction[],
  head: readonly ComparedFunction[],
): FunctionChange[] => {
  const was = new Map(base.map((entry) => [entry.name, entry]));
  const is = new Map(head.map((entry) => [entry.name, entry]));
  return [...new Set([...was.keys(), ...is.keys()])]
    .map((name) => ({
      name,
      base: was.get(name)?.self ?? 0,
      head: is.get(name)?.self ?? 0,
      causes: causeChanges(was.get(name), is.get(name)),
    }))
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
        ['function', 'base', 'head', 'change', 'of that'],
        ...changes.map(({ name, base: was, head: is, causes }) => [
          name,
          thousands(was),
          thousands(is),
          signed(is - was),
          causes === undefined ? '' : causeText(causes),
        ]),
      ],
      'lrrrl',
    ),
  ];
};

const causeText = (causes: CycleCauses): string =>
  CAUSES.filter((cause) => causes[cause] !== 0)
    .map((cause) => `${cause} ${signed(causes[cause])}`)
    .join(', ');

export const signed = (value: number): string => `${value < 0 ? '-' : '+'}${thousands(Math.abs(value))}`;
