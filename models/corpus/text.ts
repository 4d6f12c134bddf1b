/**
 * Stories from a text file, or from every text file of a folder (by name): separated by `<|endoftext|>`, or by blank lines
 * where a file has no such mark. Read in pieces, so a file may be larger than memory.
 */
import { closeSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { StringDecoder } from 'node:string_decoder';
import { HELD_OUT_ONE_IN, type Split } from './grammar.ts';
import { hash32 } from './random.ts';

export class CorpusError extends Error {}

const END_OF_TEXT = '<|endoftext|>';
const BLANK_LINES = /\n[ \t\r]*\n\s*/;
const CHUNK_BYTES = 1 << 20;
/** A text with no separator is cut into stories of about this many characters, at the end of a sentence or a line. */
const LONGEST_STORY = 4000;

function textFiles(path: string): string[] {
  let isFolder: boolean;
  try {
    isFolder = statSync(path).isDirectory();
  } catch {
    throw new CorpusError(
      `no corpus: ${path} does not exist; give a text file, a folder of text files, or "grammar"`,
    );
  }
  if (!isFolder) return [path];
  const files = readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(txt|md|text)$/i.test(entry.name))
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort();
  if (files.length === 0) throw new CorpusError(`no corpus: ${path} holds no .txt, .md or .text file`);
  return files;
}

function* chunks(file: string): Generator<string> {
  const descriptor = openSync(file, 'r');
  const decoder = new StringDecoder('utf8');
  const buffer = Buffer.alloc(CHUNK_BYTES);
  try {
    for (let count = readSync(descriptor, buffer); count > 0; count = readSync(descriptor, buffer)) {
      yield decoder.write(buffer.subarray(0, count));
    }
    yield decoder.end();
  } finally {
    closeSync(descriptor);
  }
}

/** The end of the first story of `text` that is too long, or -1. */
function cutLong(text: string): number {
  if (text.length <= LONGEST_STORY) return -1;
  const end = /[.!?]["')]?\s|\n/g;
  end.lastIndex = LONGEST_STORY / 2;
  const match = end.exec(text);
  return match !== null && end.lastIndex <= LONGEST_STORY ? end.lastIndex : LONGEST_STORY;
}

function* storiesOfFile(file: string): Generator<string> {
  let rest = '';
  let separator: string | RegExp | null = null;
  for (const chunk of chunks(file)) {
    rest += chunk;
    separator ??= rest.includes(END_OF_TEXT) ? END_OF_TEXT : BLANK_LINES;
    const pieces = rest.split(separator);
    rest = pieces.pop()!;
    yield* pieces.flatMap(cutStory);
    for (let end = cutLong(rest); end > 0 && rest.length > 2 * LONGEST_STORY; end = cutLong(rest)) {
      yield rest.slice(0, end);
      rest = rest.slice(end);
    }
  }
  yield* cutStory(rest);
}

function cutStory(text: string): string[] {
  const parts: string[] = [];
  let rest = text;
  for (let end = cutLong(rest); end > 0; end = cutLong(rest)) {
    parts.push(rest.slice(0, end));
    rest = rest.slice(end);
  }
  return [...parts, rest];
}

/**
 * The stories of one split, trimmed, each once; one in twenty is held out, by its text.
 * @throws CorpusError when there is no such file or no text in it
 */
export function* textStories(path: string, split: Split): Generator<string> {
  let found = 0;
  for (const file of textFiles(path)) {
    for (const raw of storiesOfFile(file)) {
      const story = raw.trim();
      if (story === '') continue;
      found++;
      if ((hash32(story) % HELD_OUT_ONE_IN === 0) === (split === 'held-out')) yield story;
    }
  }
  if (found === 0) throw new CorpusError(`no corpus: ${path} holds no text`);
}
