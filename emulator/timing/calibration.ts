/**
 * A timing file: parameters that a board gave, in place of the table's estimates. It is applied once, before a chip is made;
 * every reported cycle count then carries the file's hash with the table's version.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { UsageError } from '../program/errors.ts';
import { allTimingRules } from './all-rules.ts';
import { type MemoryTimingName, memoryTiming } from './memory-rules.ts';
import { TIMING_VERSION, type TimingName, timing } from './table.ts';

export const TIMING_FILE_SCHEMA = 'starmind-timing/1';

/** Names the file for processes that this one starts; set by `useTimingFile`. */
export const TIMING_FILE_VARIABLE = 'STARMIND_TIMING_FILE';

/** What the emulator reads of a timing file; whoever wrote it may have put more there. */
export interface TimingFile {
  schema: typeof TIMING_FILE_SCHEMA;
  /** Version of the table whose parameters these are. */
  timingVersion: number;
  /** Rules by name; those left out keep the table's value. */
  parameters: Record<string, number>;
}

const HASH_DIGITS = 12;
let loaded: string | undefined;

/** The table's version, and after a plus sign the beginning of the SHA-256 of the timing file in use. */
export const timingVersion = (): number | string =>
  loaded === undefined ? TIMING_VERSION : `${TIMING_VERSION}+${loaded}`;

/** Rules that a document leaves open: those a timing file may set. */
export const openRules = allTimingRules.filter(({ range }) => range !== undefined);

/**
 * Reads the file and sets the parameters in this process and in those it starts from now on.
 * @throws UsageError that names the file and what is wrong with it; nothing is set then
 */
export const useTimingFile = (path: string): void => {
  const bytes = read(path);
  const { parameters } = parse(path, bytes);
  for (const [name, value] of Object.entries(parameters)) set(name, value);
  loaded = createHash('sha256').update(bytes).digest('hex').slice(0, HASH_DIGITS);
  process.env[TIMING_FILE_VARIABLE] = path;
};

const read = (path: string): Uint8Array => {
  try {
    return readFileSync(path);
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new UsageError(`${path}: ${missing ? 'there is no such timing file' : (error as Error).message}`);
  }
};

const parse = (path: string, bytes: Uint8Array): TimingFile => {
  let file: Partial<TimingFile> | null;
  try {
    file = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    throw new UsageError(`${path} is no JSON; "starmind board calibrate" writes timing files`);
  }
  const { schema, timingVersion: version, parameters } = file ?? {};
  if (schema !== TIMING_FILE_SCHEMA || typeof parameters !== 'object' || parameters === null) {
    throw new UsageError(`${path} is not a timing file (schema ${TIMING_FILE_SCHEMA})`);
  }
  if (version !== TIMING_VERSION) {
    throw new UsageError(
      `${path} is for version ${version} of the timing table, this is version ${TIMING_VERSION}: calibrate again`,
    );
  }
  for (const [name, value] of Object.entries(parameters)) {
    const problem = whyNot(name, value);
    if (problem !== undefined) throw new UsageError(`${path}: ${problem}`);
  }
  return file as TimingFile;
};

/** What is wrong with a value for a rule; `undefined` when nothing is. */
export const whyNot = (name: string, value: unknown): string | undefined => {
  const rule = allTimingRules.find((one) => one.name === name);
  if (rule === undefined) return `there is no timing rule "${name}"`;
  if (rule.range === undefined) return `${name} is fixed at ${rule.value} by ${rule.source}`;
  const [lowest] = rule.range;
  if (typeof value === 'number' && Number.isInteger(value) && value >= lowest) return undefined;
  return `${name} must be a whole number of ${rule.unit}, ${lowest} or more; it is ${JSON.stringify(value)}`;
};

const set = (name: string, value: number): void => {
  if (Object.hasOwn(timing, name)) timing[name as TimingName] = value;
  else memoryTiming[name as MemoryTimingName] = value;
};
