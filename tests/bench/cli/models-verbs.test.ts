import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeCheckpoint } from '../../../models/checkpoint.ts';
import { importLlama2c } from '../../../models/import/llama2c.ts';
import { starmind } from '../../end-to-end/support/cli.ts';
import {
  f32,
  llama2cTokenizerFile,
  llama2cVersioned,
  starmindHeader,
  starmindValues,
  starmindVocabulary,
  tensorsFor,
  tinyLlama,
} from '../../models/import-files.ts';

const root = mkdtempSync(join(tmpdir(), 'starmind-verbs-'));
const at = (...names: string[]) => join(root, ...names);
const text = 'the singing and the thing in the end\n<|endoftext|>\nand then the rest of the text';

beforeAll(async () => {
  const { file } = llama2cVersioned(1, tinyLlama, tensorsFor(tinyLlama));
  writeFileSync(at('tiny.bin'), file);
  writeFileSync(at('tokenizer.bin'), llama2cTokenizerFile());
  writeFileSync(at('text.txt'), text);
  await writeCheckpoint(at('tiny'), importLlama2c(file, llama2cTokenizerFile(), 'tiny'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const json = async (args: string[]) => {
  const { stdout, stderr, exitCode } = await starmind([...args, '--json']);
  expect(stderr).toBe('');
  expect(exitCode).toBe(0);
  return JSON.parse(stdout);
};

describe('starmind import', () => {
  it('writes a checkpoint that other verbs take, and does not replace one unasked', async () => {
    const result = await json(['import', at('tiny.bin'), '--out', at('imported'), '--name', 'mine']);
    expect(result).toMatchObject({
      schema: 'starmind-import/1',
      format: 'llama2.c version 1',
      name: 'mine',
      checkpoint: at('imported'),
      repairs: [],
    });
    expect(existsSync(at('imported.safetensors'))).toBe(true);
    const again = await starmind(['import', at('tiny.bin'), '--out', at('imported')]);
    expect(again).toMatchObject({ exitCode: 2, stdout: '' });
    expect(again.stderr).toMatch(/already there[\s\S]*--force/);
    expect(await json(['import', at('tiny.bin'), '--out', at('imported'), '--force'])).toMatchObject({
      name: 'tiny',
    });
  });

  it.each([
    [['import', 'no-such-file.bin'], /there is no such file/],
    [['import'], /missing required argument 'paths'/],
    [['inspect', 'no-such-model'], /no model "no-such-model"/],
    [['eval', 'story-90k', 'no-such-text.txt'], /no-such-text.txt: there is no such file/],
    [['eval', 'story-90k', '--formats', 'int5'], /"int5" is not one of float, int8/],
    [['quantize', 'story-90k', 'out.bin'], /must be \.smp/],
    [['export', 'story-90k', '/tmp/x', '--format', 'gguf'], /llama2c, safetensors/],
  ])('starmind %j is refused in words', async (args, message) => {
    const result = await starmind(args);
    expect(result.stderr).toMatch(message);
    expect(result.stderr).not.toMatch(/\n\s+at /);
    expect(result).toMatchObject({ exitCode: 2, stdout: '' });
  });
});

describe('other verbs take any model as it is', () => {
  const story = ['--prompt', 'the', '--tokens', '4', '--target', 'host'];

  it('a llama2.c file, a Hugging Face folder and a folder of the original tell a story', async () => {
    await json(['export', at('tiny'), at('hf'), '--format', 'safetensors']);
    const shape = { vocabulary: 8, dim: 4, hidden: 6, layers: 2 };
    const folder = mkdtempSync(at('original-'));
    writeFileSync(join(folder, 'm.bin'), Buffer.concat([starmindHeader(shape), f32(starmindValues(shape))]));
    const pieces = ['<pad>', '<s>', '</s>', '<unk>', ' ', 't', 'h', 'e'];
    writeFileSync(join(folder, 'v.bin'), starmindVocabulary(pieces));
    const checkpoint = await json(['run', '--model', at('tiny'), ...story]);
    const file = await json(['run', '--model', at('tiny.bin'), ...story]);
    const huggingFace = await json(['run', '--model', at('hf'), ...story]);
    expect(checkpoint.tokens).toHaveLength(4);
    expect(file.tokens).toEqual(checkpoint.tokens);
    expect(huggingFace.tokens).toEqual(checkpoint.tokens);
    expect((await json(['run', '--model', join(folder, 'm.bin'), ...story])).tokens.length).toBeGreaterThan(
      0,
    );
  });

  it('become images, with fewer positions when that is asked for', async () => {
    const { exitCode } = await starmind(['image', at('tiny.bin'), at('short.smp'), '--context', '9']);
    expect(exitCode).toBe(0);
    const facts = await json(['inspect', at('short.smp')]);
    expect(facts.shape.context).toBe(9);
    const { stderr } = await starmind(['image', at('tiny.bin'), at('long.smp'), '--context', '4000']);
    expect(stderr).toMatch(/context is 4000; tiny offers 1 to \d+ positions/);
  });

  it('write texts to train on, the same from the same seed, and replace none unasked', async () => {
    const args = ['write', at('tiny.bin'), at('written.txt'), '--stories', '3', '--backend', 'cpu'];
    // Progress goes to stderr on a slow machine.
    const { stdout } = await starmind([...args, '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ schema: 'starmind-write/1', stories: 3, seed: 1 });
    const first = readFileSync(at('written.txt'), 'utf8');
    expect(first.split('<|endoftext|>')).toHaveLength(4);
    expect(await starmind(args)).toMatchObject({ exitCode: 2, stdout: '' });
    expect(await starmind([...args, '--force'])).toMatchObject({ exitCode: 0 });
    expect(readFileSync(at('written.txt'), 'utf8')).toBe(first);
  });
});

describe('starmind export', () => {
  it.each([
    ['llama2c', ['tiny.bin', 'tokenizer.bin']],
    ['safetensors', ['model.safetensors', 'config.json', 'tokenizer.json']],
  ])('as %s gives files that import to the same weights', async (format, names) => {
    const folder = at(`as-${format}`);
    const { schema, files } = await json(['export', at('tiny'), folder, '--format', format]);
    expect(schema).toBe('starmind-export/1');
    expect(files.map(({ path }: { path: string }) => path)).toEqual(names.map((name) => join(folder, name)));
    await json(['import', folder, '--out', at(`back-${format}`)]);
    expect(readFileSync(at(`back-${format}.safetensors`)).subarray(-4000)).toEqual(
      readFileSync(at('tiny.safetensors')).subarray(-4000),
    );
  });
});

describe('starmind inspect', () => {
  it('shows shapes, histogram and memory map of a file that was not imported', async () => {
    const facts = await json(['inspect', at('tiny.bin'), '--format', 'int4']);
    expect(facts).toMatchObject({
      schema: 'starmind-inspect/1',
      source: 'llama2.c version 1',
      shape: { dim: 16 },
    });
    expect(facts.tokenizer).toMatchObject({ tokens: 320, fallback: 'bytes', bos: 1 });
    const embedding = facts.tensors.find(({ name }: { name: string }) => name === 'embed_tokens.weight');
    expect(embedding).toMatchObject({ shape: [320, 16], format: 'float32' });
    expect(embedding.least).toBeGreaterThanOrEqual(-0.5);
    const weights = facts.parameters - 5 * 16;
    expect(facts.histogram.counts.reduce((a: number, b: number) => a + b)).toBe(weights);
    expect(facts.memory.format).toBe('int4');
    expect(facts.memory.sram.map(({ name }: { name: string }) => name)).toContain('KV cache');
  });

  it('prints a table, bars and a map for people', async () => {
    const { stdout } = await starmind(['inspect', at('tiny')]);
    expect(stdout).toMatch(/layers\.1\.ffn\.down\.weight +float32 +16 x 24/);
    expect(stdout).toMatch(/█/);
    expect(stdout).toMatch(/0x000000 .* KV cache/);
  });
});

describe('starmind eval and quantize', () => {
  it('measure the same, from the checkpoint and from the image', async () => {
    const args = [at('text.txt'), '--formats', 'float,int8'];
    const evaluated = await json(['eval', at('tiny'), ...args]);
    const [float, int8] = evaluated.results;
    expect(evaluated.schema).toBe('starmind-eval/1');
    expect(float).toMatchObject({ format: 'float', sramBytes: null });
    expect(float.perplexity).toBeCloseTo(Math.exp(float.lossPerToken), 9);
    const bytes = text.replace('\n<|endoftext|>\n', '').length + 2;
    expect(float.bitsPerByte).toBeCloseTo((float.lossPerToken * float.tokens) / Math.LN2 / bytes, 9);

    const report = await json(['quantize', at('tiny'), at('tiny.smp'), '--text', at('text.txt')]);
    expect(report).toMatchObject({
      schema: 'starmind-quantize/1',
      format: 'int8',
      bitsPerByte: { int8: int8.bitsPerByte },
    });
    expect(readFileSync(at('tiny.smp')).length).toBe(report.flashBytes);

    const ofImage = await json(['eval', at('tiny.smp'), at('text.txt')]);
    expect(ofImage.results).toHaveLength(1);
    expect(ofImage.results[0].bitsPerByte).toBe(int8.bitsPerByte);
    const { stderr } = await starmind(['eval', at('tiny.smp'), '--formats', 'int4']);
    expect(stderr).toMatch(/is an image in int8/);
  });

  it('run the original forward pass for an original model', async () => {
    const shape = { vocabulary: 8, dim: 4, hidden: 6, layers: 2 };
    const folder = mkdtempSync(at('original-'));
    writeFileSync(
      join(folder, 'model_x.bin'),
      Buffer.concat([starmindHeader(shape), f32(starmindValues(shape))]),
    );
    const pieces = ['<pad>', '<s>', '</s>', '<unk>', ' ', 'a', 'b', 'ab'];
    writeFileSync(join(folder, 'vocab_x.bin'), starmindVocabulary(pieces));
    writeFileSync(at('ab.txt'), 'ab a b ab');
    const { results } = await json(['eval', folder, at('ab.txt'), '--formats', 'float,exact,device']);
    const [float, exact, device] = results;
    expect(exact.bitsPerByte).toBeCloseTo(float.bitsPerByte, 4);
    expect(device.bitsPerByte).not.toBeCloseTo(float.bitsPerByte, 4);
    const refused = await starmind(['eval', at('tiny'), at('text.txt'), '--formats', 'device']);
    expect(refused.stderr).toMatch(/for starmind models with one head/);
    expect(refused.exitCode).toBe(2);
  });

  it('explain a character outside the vocabulary', async () => {
    const folder = mkdtempSync(at('original-'));
    const shape = { vocabulary: 8, dim: 4, hidden: 6, layers: 2 };
    writeFileSync(join(folder, 'm.bin'), Buffer.concat([starmindHeader(shape), f32(starmindValues(shape))]));
    writeFileSync(
      join(folder, 'v.bin'),
      starmindVocabulary(['<pad>', '<s>', '</s>', '<unk>', ' ', 'a', 'b', 'ab']),
    );
    const { stderr, exitCode } = await starmind(['eval', folder, at('text.txt')]);
    expect(stderr).toMatch(/no token for "t" at byte 0/);
    expect(exitCode).toBe(2);
  });
});

describe('starmind models', () => {
  it('gives every model the documented fields, null where nothing was measured', async () => {
    const { schema, models } = await json(['models']);
    expect(schema).toBe('starmind-models/1');
    for (const model of models) {
      expect(Object.keys(model)).toEqual(
        expect.arrayContaining([
          'name',
          'parameters',
          'bitsPerByte',
          'coherence',
          'sramBytes',
          'flashBytes',
          'cyclesPerToken',
        ]),
      );
      if (!model.trained) expect(model).toMatchObject({ bitsPerByte: null, cyclesPerToken: null });
    }
  });

  it('does not measure in CI', async () => {
    const { stderr, exitCode } = await starmind(['models', '--measure'], { CI: 'true' });
    expect(stderr).toMatch(/CI never does/);
    expect(exitCode).toBe(2);
  });
});

it.each(['import', 'export', 'inspect', 'eval', 'quantize', 'models', 'write'])(
  'help of %s shows examples',
  async (verb) => {
    const { stdout } = await starmind([verb, '--help']);
    expect(stdout).toMatch(new RegExp(`Examples:\\n  starmind ${verb}`));
  },
);
