/**
 * A file of results, written while a study runs: one line for the head, then a line for each row as it is done. Whatever kills
 * the study leaves at most one half-written line, at the end; opening the file again drops it.
 */
import { appendFileSync, existsSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { StudyError } from './errors.ts';
import { STUDY_SCHEMA, type StudyHead, type StudyRow } from './row.ts';

export interface StudyFile {
  head: StudyHead;
  rows: StudyRow[];
}

/**
 * A complete file of results.
 * @throws StudyError that names the file, when it is none, or ends within a line
 */
export const readStudy = (path: string): StudyFile => {
  const { head, rows, wholeBytes, bytes } = parse(path);
  if (wholeBytes < bytes)
    throw new StudyError(`${path} ends within a row: its study was killed. Run it again to go on.`);
  if (head === undefined) throw new StudyError(`${path} is empty`);
  return { head, rows };
};

/**
 * Opens a file to go on with, or begins it.
 * @returns the rows that it already has
 * @throws StudyError when it is of another study: other cases, firmware, shard or settings
 */
export const openJournal = (path: string, head: StudyHead): StudyRow[] => {
  const found = existsSync(path) ? parse(path) : undefined;
  if (found?.head === undefined) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, `${JSON.stringify(head)}\n`);
    return [];
  }
  const differs = differingFields(found.head, head);
  if (differs.length > 0) {
    throw new StudyError(
      `${path} is of another study (${differs.join(', ')}). Name another file with --out, or start over with --fresh.`,
    );
  }
  truncateSync(path, found.wholeBytes);
  return found.rows;
};

export const appendRow = (path: string, row: StudyRow): void =>
  appendFileSync(path, `${JSON.stringify(row)}\n`);

export const formatStudy = ({ head, rows }: StudyFile): string =>
  [head, ...rows].map((line) => `${JSON.stringify(line)}\n`).join('');

/** Each field that differs, with both values. */
export const differingFields = (a: StudyHead, b: StudyHead, except: readonly string[] = []): string[] => {
  const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])] as (keyof StudyHead)[];
  const show = (value: unknown) =>
    typeof value === 'string' && value.length > 16 ? value.slice(0, 12) : String(value);
  return keys
    .filter((key) => !except.includes(key) && a[key] !== b[key])
    .map((key) => `${key} ${show(a[key])} instead of ${show(b[key])}`);
};

interface Parsed {
  head: StudyHead | undefined;
  rows: StudyRow[];
  /** Up to the end of the last whole line. */
  wholeBytes: number;
  bytes: number;
}

const NEWLINE = 10;

const parse = (path: string): Parsed => {
  const content = readFileSync(path);
  const wholeBytes = content.lastIndexOf(NEWLINE) + 1;
  const lines = content.subarray(0, wholeBytes).toString('utf8').split('\n').slice(0, -1);
  const values = lines.map((line, i) => parseLine(line, `${path}, line ${i + 1}`));
  const [head, ...rows] = values as [StudyHead | undefined, ...StudyRow[]];
  if (head !== undefined && head.schema !== STUDY_SCHEMA) {
    throw new StudyError(`${path}: its schema is ${head.schema}; this version reads ${STUDY_SCHEMA}`);
  }
  return { head, rows, wholeBytes, bytes: content.length };
};

const parseLine = (line: string, where: string): unknown => {
  try {
    return JSON.parse(line);
  } catch {
    throw new StudyError(`${where}: this is not JSON; the file is damaged`);
  }
};
