/** Where imported bytes come from: files that are looked at before they are read, and never more of them than memory allows. */
import { closeSync, existsSync, openSync, readdirSync, readFileSync, readSync, statSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import { ModelError } from '../errors.ts';

/** A file that nothing was read of yet but its beginning. */
export interface SourceFile {
  path: string;
  bytes: number;
  /** The first 64 bytes, or all of a shorter file. */
  beginning: Uint8Array;
}

/** What an importer gives besides the checkpoint: what people should know of it. */
export interface ImportNotes {
  /** What was wrong in the file and how it was put right. */
  repairs: string[];
  /** What our formats hold differently from the original's. */
  notes: string[];
}

/** Largest file that is read: 64 million float32 weights, far above what a Pico could hold. */
export const largestFile = 256 * 1024 * 1024;
const mostFolderEntries = 1000;
const beginningBytes = 64;

/** The regular files of a folder (not of its folders), or one file. */
export function listSource(path: string): SourceFile[] {
  if (!existsSync(path)) throw new ModelError(`${path}: there is no such file or folder`);
  if (!statSync(path).isDirectory()) return [lookAt(path)];
  const names = readdirSync(path).sort();
  if (names.length > mostFolderEntries) {
    throw new ModelError(
      `${path}: ${names.length} files in this folder; name the model's own file or files instead`,
    );
  }
  return names
    .map((name) => join(path, name))
    .filter((file) => statSync(file, { throwIfNoEntry: false })?.isFile())
    .map(lookAt);
}

export function lookAt(path: string): SourceFile {
  const facts = statSync(path);
  if (!facts.isFile()) throw new ModelError(`${path}: neither a file nor a folder`);
  const beginning = new Uint8Array(Math.min(beginningBytes, facts.size));
  const file = openSync(path, 'r');
  try {
    readSync(file, beginning);
  } finally {
    closeSync(file);
  }
  return { path, bytes: facts.size, beginning };
}

/** @throws ModelError for a file that is larger than any model of ours. */
export function readSource(path: string): Uint8Array {
  const { size } = statSync(path);
  if (size > largestFile) {
    throw new ModelError(
      `${path}: ${size} bytes; files up to ${largestFile} bytes are read, and 2 MB of flash hold far less`,
    );
  }
  return readFileSync(path);
}

/** The object of a JSON file. */
export function readJsonSource(path: string): Record<string, unknown> {
  return parseJsonObject(readSource(path), path);
}

export function parseJsonObject(bytes: Uint8Array, what: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw new ModelError(`${what}: not JSON (${(error as Error).message})`);
  }
  if (!isObject(value)) throw new ModelError(`${what}: not a JSON object`);
  return value;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The other files in a file's folder. */
export function siblings(path: string): SourceFile[] {
  return listSource(dirname(path)).filter((file) => basename(file.path) !== basename(path));
}

/** A name for the image header, at most 31 UTF-8 bytes, from a path. */
export function nameFromPath(path: string): string {
  const stem = basename(path, extname(path)) || 'model';
  return shortName(['model', 'pytorch_model'].includes(stem) ? basename(dirname(path)) || stem : stem);
}

/** The longest beginning of a name that fits the image header. */
export function shortName(name: string): string {
  let short = '';
  for (const character of name) {
    if (Buffer.byteLength(short + character) > 31) break;
    short += character;
  }
  return short.replaceAll('\0', '') || 'model';
}
