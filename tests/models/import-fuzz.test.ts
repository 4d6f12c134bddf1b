import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { exportModel } from '../../models/export/index.ts';
import { importModel } from '../../models/import/index.ts';
import {
  f32,
  i32,
  llama2cTokenizerFile,
  llama2cVersioned,
  starmindHeader,
  starmindValues,
  starmindVocabulary,
  tensorsFor,
  tinyLlama,
} from './import-files.ts';

const root = mkdtempSync(join(tmpdir(), 'starmind-fuzz-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const folder = join(root, 'model');

function write(files: Iterable<[string, Uint8Array | string]>): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  for (const [name, content] of files) writeFileSync(join(folder, name), content);
}

type Files = [string, Uint8Array][];

const llamaFiles = (version: 1 | 2): Files => [
  ['model.bin', llama2cVersioned(version, tinyLlama, tensorsFor(tinyLlama)).file],
  ['tokenizer.bin', llama2cTokenizerFile()],
];
write(llamaFiles(1));
const { checkpoint } = importModel(folder);

const shape = { vocabulary: 8, dim: 4, hidden: 6, layers: 2 };
const pieces = ['<pad>', '<s>', '</s>', '<unk>', ' ', 'a', 'b', 'ab'];
const exported = exportModel(checkpoint, 'safetensors').files;

const formats: Record<string, Files> = {
  'llama2.c version 0': [...exportModel(checkpoint, 'llama2c').files],
  'llama2.c version 1': llamaFiles(1),
  'llama2.c version 2': llamaFiles(2),
  'Hugging Face with tokenizer.bin': [
    ...[...exported].filter(([name]) => name !== 'tokenizer.json'),
    ['tokenizer.bin', llama2cTokenizerFile()],
  ],
  'Hugging Face with tokenizer.json': [...exported],
  'original Starmind': [
    ['model_x.bin', Buffer.concat([starmindHeader(shape), f32(starmindValues(shape))])],
    ['vocab_x.bin', starmindVocabulary(pieces)],
    ['config_x.json', Buffer.from(JSON.stringify({ vocab_size: 8, hidden_dim: 6 }))],
  ],
};

/** Either a model comes of it, or an error that was made for people. */
function importsOrExplains(): void {
  try {
    importModel(folder);
  } catch (error) {
    const { name, message } = error as Error;
    expect(['ModelError', 'TokenizerError'], `${name}: ${message}`).toContain(name);
    expect(message.length).toBeLessThan(2000);
  }
}

describe.each(Object.entries(formats))('%s', (_, files) => {
  const which = fc.integer({ min: 0, max: files.length - 1 });
  const place = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

  it('as it should be is imported', () => {
    write(files);
    expect(importModel(folder).repairs).toEqual([]);
  });

  it('cut short anywhere imports or is explained', () => {
    fc.assert(
      fc.property(which, place, (file, at) => {
        write(
          files.map(([name, bytes], i) => [
            name,
            i === file ? bytes.subarray(0, Math.floor(at * bytes.length)) : bytes,
          ]),
        );
        importsOrExplains();
      }),
      { numRuns: 40 },
    );
  });

  it('with flipped bits, most of them in the header, imports or is explained', () => {
    const flips = fc.array(fc.tuple(fc.boolean(), place, fc.integer({ min: 0, max: 7 })), {
      minLength: 1,
      maxLength: 8,
    });
    fc.assert(
      fc.property(which, flips, (file, changes) => {
        const changed = Buffer.from(files[file][1]);
        for (const [inHeader, at, bit] of changes) {
          const reach = inHeader ? Math.min(64, changed.length) : changed.length;
          changed[Math.floor(at * reach)] ^= 1 << bit;
        }
        write(files.map(([name, bytes], i) => [name, i === file ? changed : bytes]));
        importsOrExplains();
      }),
      { numRuns: 60 },
    );
  });

  it('with random words in the header imports or is explained', () => {
    const word = fc.oneof(fc.integer(), fc.constantFrom(0, 1, -1, 0x7fffffff, -0x80000000, 65536, 640));
    fc.assert(
      fc.property(
        fc.array(word, { minLength: 1, maxLength: 12 }),
        fc.integer({ min: 0, max: 9 }),
        (words, from) => {
          const [name, bytes] = files[0];
          const changed = Buffer.from(bytes);
          i32(...words).copy(changed, 4 * from);
          write([[name, changed], ...files.slice(1)]);
          importsOrExplains();
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('JSON of any kind', () => {
  it.each(['config.json', 'tokenizer.json'])('as %s imports or is explained', (name) => {
    const files = formats['Hugging Face with tokenizer.json'];
    const template = JSON.parse(Buffer.from(files.find(([file]) => file === name)![1]).toString());
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(template)), fc.jsonValue(), (key, value) => {
        const changed = JSON.stringify({ ...template, [key]: value });
        write(files.map(([file, bytes]) => [file, file === name ? changed : bytes]));
        importsOrExplains();
      }),
      { numRuns: 80 },
    );
  });

  it('nested a hundred thousand deep is explained', () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    const files = formats['Hugging Face with tokenizer.json'];
    const json = `{"decoder":${deep},"model":{"vocab":{"a":0},"merges":[]}}`;
    write(files.map(([file, bytes]) => [file, file === 'tokenizer.json' ? json : bytes]));
    importsOrExplains();
  });

  it.each([
    [{ vocab: { a: 0 }, merges: [1, 2] }],
    [{ vocab: { a: 0 }, merges: 'a b' }],
    [{ vocab: { a: -1 }, merges: [] }],
    [{ vocab: { a: 1e9 }, merges: [] }],
    [{ vocab: [], merges: [] }],
    [{ type: 'Unigram', vocab: {}, merges: [] }],
  ])('tokenizer model %j is explained', (model) => {
    const files = formats['Hugging Face with tokenizer.json'];
    write(
      files.map(([file, bytes]) => [file, file === 'tokenizer.json' ? JSON.stringify({ model }) : bytes]),
    );
    expect(() => importModel(folder)).toThrow(/tokenizer/);
    importsOrExplains();
  });
});

it('a header that claims gigabytes costs no memory', () => {
  const before = process.memoryUsage().arrayBuffers;
  write([
    ['model.bin', Buffer.concat([i32(640, 65536, 64, 64, 64, 32768, 1024), Buffer.alloc(1000)])],
    ['tokenizer.bin', llama2cTokenizerFile()],
  ]);
  expect(() => importModel(folder)).toThrow(/1028 bytes; its header describes a file of \d{10,} bytes/);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(0x7ffffffn);
  write([
    ['model.safetensors', Buffer.concat([length, Buffer.from('{"a":1}')])],
    ['config.json', exported.get('config.json')!],
  ]);
  expect(() => importModel(folder)).toThrow(/header claims/);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 * 1024 * 1024);
});
