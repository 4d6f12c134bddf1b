import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type Checkpoint, tensorShapes } from '../../models/checkpoint.ts';
import { exportModel } from '../../models/export/index.ts';
import { importModel } from '../../models/import/index.ts';
import { loadCheckpoint } from '../../models/index.ts';
import { FloatModel } from '../../models/reference/float.ts';
import { hasRotaryRows } from '../../models/tensors/huggingface-names.ts';
import { interleaveHalves } from '../../models/tensors/rotary-order.ts';
import { readSafetensors, type Tensor, writeSafetensors } from '../../models/tensors/safetensors.ts';
import { tokenizerFromSection } from '../../models/tokenizer/index.ts';
import {
  f32,
  llama2cTokenizerFile,
  llama2cVersioned,
  starmindHeader,
  starmindValues,
  starmindVocabulary,
  tensorsFor,
  tinyLlama,
} from './import-files.ts';
import { interopDir, stories260K } from './interop.ts';

const root = mkdtempSync(join(tmpdir(), 'starmind-import-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let folders = 0;
function folderWith(files: Iterable<[string, string | Uint8Array]>): string {
  const folder = join(root, `m${folders++}`);
  mkdirSync(folder);
  for (const [name, content] of files) writeFileSync(join(folder, name), content);
  return folder;
}

function expectSameWeights(got: ReadonlyMap<string, Tensor>, wanted: ReadonlyMap<string, Tensor>): void {
  expect([...got.keys()].sort()).toEqual([...wanted.keys()].sort());
  for (const [name, { shape, data }] of wanted) {
    expect(got.get(name)!.shape, name).toEqual(shape);
    expect(Buffer.from(got.get(name)!.data.buffer).equals(Buffer.from(data.buffer)), name).toBe(true);
  }
}

describe('llama2.c', () => {
  it.each([1, 2] as const)('version %i gives the weights it was written from', (version) => {
    for (const tied of [true, false]) {
      const config = { ...tinyLlama, tied };
      const { file, held } = llama2cVersioned(version, config, tensorsFor(config));
      const folder = folderWith([
        ['any.bin', file],
        ['words.bin', llama2cTokenizerFile()],
      ]);
      const { checkpoint, format } = importModel(folder);
      expect(format).toMatch(`llama2.c version ${version}`);
      expect(checkpoint.config).toEqual(config);
      expectSameWeights(checkpoint.tensors, held);
    }
  });

  it('takes the tokenizer beside the model that has as many tokens', () => {
    const { file } = llama2cVersioned(1, tinyLlama, tensorsFor(tinyLlama));
    const folder = folderWith([
      ['model.bin', file],
      ['other.bin', llama2cTokenizerFile(300)],
      ['right.bin', llama2cTokenizerFile()],
    ]);
    expect(importModel(join(folder, 'model.bin')).files.map((path) => path.slice(folder.length + 1))).toEqual(
      ['model.bin', 'right.bin'],
    );
    rmSync(join(folder, 'right.bin'));
    expect(() => importModel(join(folder, 'model.bin'))).toThrow(/no tokenizer.bin of 320 tokens/);
  });

  it('with more positions than fit is cut, and says so', () => {
    const { file } = llama2cVersioned(1, { ...tinyLlama, context: 2048 }, tensorsFor(tinyLlama));
    const { checkpoint, notes } = importModel(
      folderWith([
        ['m.bin', file],
        ['t.bin', llama2cTokenizerFile()],
      ]),
    );
    expect(checkpoint.config.context).toBe(1024);
    expect(notes).toEqual(['the context of 2048 positions is cut to 1024']);
  });

  it('with a weight that is no number names the tensor', () => {
    const { file } = llama2cVersioned(1, tinyLlama, tensorsFor(tinyLlama));
    file.writeFloatLE(Number.NaN, 256);
    const folder = folderWith([
      ['m.bin', file],
      ['t.bin', llama2cTokenizerFile()],
    ]);
    expect(() => importModel(folder)).toThrow(
      /m\.bin: tensor layers\.0\.input_norm\.weight holds NaN at element 0/,
    );
  });

  it('gets back what was exported, and the tokenizer merges alike', () => {
    const before = importModel(
      folderWith([
        ['m.bin', llama2cVersioned(1, tinyLlama, tensorsFor(tinyLlama)).file],
        ['t.bin', llama2cTokenizerFile()],
      ]),
    ).checkpoint;
    const after = importModel(folderWith(exportModel(before, 'llama2c').files)).checkpoint;
    expect(after.config).toEqual(before.config);
    expectSameWeights(after.tensors, before.tensors);
    expect(Buffer.from(after.tokenizer.section).equals(Buffer.from(before.tokenizer.section))).toBe(true);
  });

  it('of the real stories260K is written again byte for byte', () => {
    const real = stories260K();
    if (real === undefined) return;
    const again = importModel(folderWith(exportModel(real, 'llama2c').files)).checkpoint;
    expectSameWeights(again.tensors, real.tensors);
    expect(Buffer.from(again.tokenizer.section).equals(Buffer.from(real.tokenizer.section))).toBe(true);
  });
});

/** tokenizer.json with byte tokens, as sentencepiece vocabularies become it. */
function sentencepieceJson(): string {
  const vocab: Record<string, number> = { '<unk>': 0, '<s>': 1, '</s>': 2 };
  for (let byte = 0; byte < 256; byte++)
    vocab[`<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`] = 3 + byte;
  const pieces = ['▁', ...'abcdefghijklmnopqrstuvwxyz', '▁t', 'he', '▁the', 'in', 'ing'];
  for (const piece of pieces) vocab[piece] = Object.keys(vocab).length;
  const special = ['<unk>', '<s>', '</s>'].map((content, id) => ({ id, content, special: true }));
  return JSON.stringify({
    added_tokens: special,
    normalizer: { type: 'Sequence', normalizers: [{ type: 'Prepend', prepend: '▁' }] },
    post_processor: { type: 'TemplateProcessing', single: [{ SpecialToken: { id: '<s>', type_id: 0 } }] },
    model: {
      type: 'BPE',
      unk_token: '<unk>',
      byte_fallback: true,
      vocab,
      merges: ['▁ t', 'h e', '▁t he', ['i', 'n'], ['in', 'g']],
    },
  });
}

function exportedTiny(tied: boolean): { before: Checkpoint; files: Map<string, Uint8Array | string> } {
  const config = { ...tinyLlama, tied };
  const before = importModel(
    folderWith([
      ['m.bin', llama2cVersioned(1, config, tensorsFor(config)).file],
      ['t.bin', llama2cTokenizerFile()],
    ]),
  ).checkpoint;
  return { before, files: new Map<string, Uint8Array | string>(exportModel(before, 'safetensors').files) };
}

describe('Hugging Face Llama', () => {
  it.each([true, false])('gets back what was exported (tied: %s)', (tied) => {
    const { before, files } = exportedTiny(tied);
    const { checkpoint, format } = importModel(folderWith(files));
    expect(format).toBe('Hugging Face Llama');
    expect(checkpoint.config).toEqual({ ...before.config });
    expectSameWeights(checkpoint.tensors, before.tensors);
  });

  it('turns halves where we turn neighbours: row 1 of ours is row headSize/2 of theirs', () => {
    const data = Float32Array.from([0, 1, 2, 3, 10, 11, 12, 13]);
    const ours = interleaveHalves({ shape: [8, 1], data }, 4);
    expect([...ours.data]).toEqual([0, 2, 1, 3, 10, 12, 11, 13]);
    expect(hasRotaryRows('layers.0.attention.v.weight')).toBe(false);
  });

  it('reads tokenizer.json with byte tokens: spaces, merges in order, bytes for the rest', () => {
    const { files } = exportedTiny(true);
    files.delete('tokenizer.json');
    files.set('tokenizer.json', sentencepieceJson());
    const { checkpoint } = importModel(folderWith(files));
    const tokenizer = loadTokenizer(checkpoint);
    const id = (piece: string) =>
      3 + 256 + ['▁', ...'abcdefghijklmnopqrstuvwxyz', '▁t', 'he', '▁the', 'in', 'ing'].indexOf(piece);
    expect(tokenizer.encode('the thing')).toEqual([1, id('▁the'), id('▁t'), id('h'), id('ing')]);
    expect(tokenizer.encode('é')).toEqual([1, id('▁'), 3 + 0xc3, 3 + 0xa9]);
    expect(tokenizer.decodeText(tokenizer.encode('the é'))).toBe('the é');
  });

  it('reads a byte-level tokenizer.json: Ġ is a space', () => {
    const { files } = exportedTiny(true);
    files.delete('tokenizer.json');
    const config = JSON.parse(Buffer.from(files.get('config.json')!).toString());
    files.set('config.json', JSON.stringify({ ...config, bos_token_id: null, eos_token_id: null }));
    const vocab = { a: 0, b: 1, Ġ: 2, Ġa: 3, ab: 4, Ã: 5, '©': 6, 'Ã©': 7 };
    files.set(
      'tokenizer.json',
      JSON.stringify({
        pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false },
        model: { type: 'BPE', vocab, merges: ['Ġ a', 'a b', 'Ã ©'] },
      }),
    );
    const tokenizer = loadTokenizer(importModel(folderWith(files)).checkpoint);
    expect(tokenizer.encode('ab aé')).toEqual([4, 3, 7]);
    expect(() => tokenizer.encode('ü')).toThrow(/no token/);
  });

  it('in several files is put together by its index', () => {
    const { before, files } = exportedTiny(false);
    const { tensors } = readSafetensors(files.get('model.safetensors') as Uint8Array);
    files.delete('model.safetensors');
    const names = [...tensors.keys()];
    const half = (from: number, to: number) =>
      new Map(names.slice(from, to).map((name) => [name, tensors.get(name)!]));
    files.set('part-1.safetensors', writeSafetensors(half(0, 7)));
    files.set('part-2.safetensors', writeSafetensors(half(7, names.length)));
    const map = names.map((name, i) => [name, i < 7 ? 'part-1.safetensors' : 'part-2.safetensors']);
    files.set('model.safetensors.index.json', JSON.stringify({ weight_map: Object.fromEntries(map) }));
    const folder = folderWith(files);
    const index = importModel(join(folder, 'model.safetensors.index.json'));
    expect(index.format).toBe('Hugging Face Llama in 2 parts');
    expectSameWeights(index.checkpoint.tensors, before.tensors);
    expectSameWeights(importModel(folder).checkpoint.tensors, before.tensors);
  });

  it('is refused when the index points outside its folder', () => {
    const { files } = exportedTiny(true);
    files.set('model.safetensors.index.json', JSON.stringify({ weight_map: { a: '../secret.safetensors' } }));
    const index = join(folderWith(files), 'model.safetensors.index.json');
    expect(() => importModel(index)).toThrow(/in the same folder/);
  });

  it('gives the attention scores that halves give: turning before or after the change of order is the same', () => {
    const [headSize, theta, position] = [4, 10000, 3];
    const row = Float32Array.from([0.3, -0.7, 1.1, 0.2]);
    const angle = (i: number) => position * theta ** ((-2 * i) / headSize);
    const halves = [0, 1, 2, 3].map((i) => {
      const [c, s] = [Math.cos(angle(i % 2)), Math.sin(angle(i % 2))];
      return row[i] * c + (i < 2 ? -row[i + 2] : row[i - 2]) * s;
    });
    const ours = [...interleaveHalves({ shape: [4, 1], data: row }, headSize).data];
    const neighbours = ours.map((value, i) => {
      const [c, s] = [Math.cos(angle(i >> 1)), Math.sin(angle(i >> 1))];
      return i % 2 === 0 ? value * c - ours[i + 1] * s : ours[i - 1] * s + value * c;
    });
    const wanted = [...interleaveHalves({ shape: [4, 1], data: Float32Array.from(halves) }, headSize).data];
    neighbours.forEach((value, i) => {
      expect(value).toBeCloseTo(wanted[i], 6);
    });
  });

  it.each([
    [{ model_type: 'gpt2' }, /only llama/],
    [{ attention_bias: true }, /no biases/],
    [{ rope_scaling: { rope_type: 'linear', factor: 2 } }, /rotary angles/],
    [{ hidden_size: 32 }, /needs \[/],
    [{ num_attention_heads: 3, head_dim: 5 }, /headSize|must divide/],
    [{ hidden_act: 'gelu' }, /silu/],
  ])('with %j is refused', (change, message) => {
    const { files } = exportedTiny(true);
    const config = JSON.parse(Buffer.from(files.get('config.json')!).toString());
    files.set('config.json', JSON.stringify({ ...config, ...change }));
    const folder = folderWith(files);
    expect(() => importModel(folder)).toThrow(message);
  });
});

function loadTokenizer({ tokenizer }: Checkpoint) {
  return tokenizerFromSection(tokenizer.section, tokenizer);
}

const shape = { vocabulary: 8, dim: 4, hidden: 6, layers: 2 };
const words = ['<pad>', '<s>', '</s>', '<unk>', ' ', 'a', 'b', 'ab'];

function starmindFolder(body: Uint8Array, config?: Record<string, unknown>): string {
  const files: [string, string | Uint8Array][] = [
    ['model_x.bin', Buffer.concat([starmindHeader(shape), body])],
    ['vocab_x.bin', starmindVocabulary(words)],
  ];
  if (config !== undefined)
    files.push(['config_x.json', JSON.stringify({ vocab_size: 8, hidden_dim: 6, ...config })]);
  return folderWith(files);
}

describe('the original Starmind', () => {
  const values = starmindValues(shape);
  const at = (offset: number) => values[offset];

  it('has matrices (inputs, outputs), which we hold turned', () => {
    const { checkpoint } = importModel(starmindFolder(f32(values)));
    const tensor = (name: string) => checkpoint.tensors.get(name)!.data;
    const layer = 8 * 4;
    expect(tensor('embed_tokens.weight')[5]).toBe(at(5));
    expect(tensor('layers.0.post_norm.weight')[1]).toBe(at(layer + 4 + 1));
    // q: output 2 from input 1 is at input * dim + output.
    expect(tensor('layers.0.attention.q.weight')[2 * 4 + 1]).toBe(at(layer + 8 + 1 * 4 + 2));
    // up (hidden, dim): hidden 5 from input 3 is at input * hidden + hidden.
    expect(tensor('layers.0.ffn.up.weight')[5 * 4 + 3]).toBe(at(layer + 8 + 64 + 3 * 6 + 5));
    // down (dim, hidden): output 3 from hidden 5.
    expect(tensor('layers.0.ffn.down.weight')[3 * 6 + 5]).toBe(at(layer + 8 + 64 + 24 + 5 * 4 + 3));
    expect([...tensor('norm.weight')]).toEqual(values.slice(-4));
    expect(checkpoint.config).toMatchObject({ family: 'starmind', heads: 1, headSize: 4, context: 32 });
  });

  it('is told apart in all encodings by its length', () => {
    const half = Buffer.from(Uint16Array.from(values, floatToHalf).buffer);
    const bytes = Buffer.from(Int8Array.from(values, (value) => Math.trunc(value * 200)).buffer);
    const reference = importModel(starmindFolder(f32(values))).checkpoint.tensors;
    const scaled = importModel(starmindFolder(Buffer.concat([f32([1]), f32(values)])));
    expect(scaled.format).toMatch(/float32 after a scale word/);
    expectSameWeights(scaled.checkpoint.tensors, reference);
    const float16 = importModel(starmindFolder(Buffer.concat([f32([1]), half])));
    expect(float16.format).toMatch(/float16/);
    expectSameWeights(float16.checkpoint.tensors, reference);
    for (const quantization of ['int8', 'int4']) {
      const quantized = importModel(starmindFolder(Buffer.concat([f32([200]), bytes]), { quantization }));
      expect(quantized.format).toBe(`original Starmind, ${quantization}`);
      expect(quantized.checkpoint.tensors.get('embed_tokens.weight')!.data[9]).toBe(
        Math.fround(Math.trunc(values[9] * 200) / 200),
      );
    }
  });

  it('exported from PyTorch is repaired: attention turned back, a final norm of zeros set to 1', () => {
    const zeroed = [...values.slice(0, -4), 0, 0, 0, 0];
    const plain = importModel(starmindFolder(f32(values))).checkpoint.tensors;
    const { checkpoint, repairs } = importModel(
      starmindFolder(Buffer.concat([f32([1]), f32(zeroed)]), { source: 'PyTorch training' }),
    );
    expect(repairs).toHaveLength(3);
    expect([...checkpoint.tensors.get('norm.weight')!.data]).toEqual([1, 1, 1, 1]);
    const turned = checkpoint.tensors.get('layers.1.attention.o.weight')!.data;
    const asStored = plain.get('layers.1.attention.o.weight')!.data;
    expect(turned[1 * 4 + 2]).toBe(asStored[2 * 4 + 1]);
    expect(checkpoint.tensors.get('layers.1.ffn.up.weight')!.data).toEqual(
      plain.get('layers.1.ffn.up.weight')!.data,
    );
  });

  it('with memory addresses for weights is refused as lost', () => {
    const layer = 2 * (8 + 64 + 48);
    const pointers = new BigUint64Array(layer).map((_, i) => 0x17f12340000n + 16n * BigInt(i % 50));
    const body = Buffer.concat([
      f32([1]),
      f32(values.slice(0, 32)),
      Buffer.from(pointers.buffer),
      f32([0, 0, 0, 0]),
    ]);
    expect(() => importModel(starmindFolder(body))).toThrow(/memory addresses instead of weights/);
  });

  it('of a wrong length says which lengths would be right', () => {
    expect(() => importModel(starmindFolder(f32(values.slice(1))))).toThrow(
      /1\d+ \(float32\).*\(float16\).*\(int8\)/,
    );
  });

  it('matches text with the later of two equal tokens, and never with <unk>', () => {
    const folder = starmindFolder(f32(values));
    writeFileSync(
      join(folder, 'vocab_x.bin'),
      starmindVocabulary(['<pad>', '<s>', ' ', '<unk>', ' ', 'a', 'b', 'ab']),
    );
    const tokenizer = loadTokenizer(importModel(folder).checkpoint);
    expect(tokenizer.encode('ab a')).toEqual([1, 7, 4, 5]);
  });

  it.skipIf(interopDir === undefined)('has real files: five to import, one that is lost', () => {
    const real = (name: string) => join(interopDir!, 'starmind', name);
    for (const [name, format, parameters] of [
      ['v4/story-1k', /float32$/, 64 * 8],
      ['v4/chat-8k', /float32$/, 128 * 16],
      ['v7.3/story-hybrid-3k-attn-deep', /float16/, 64 * 2],
      ['test-minimal', /float32 after a scale word/, 64 * 4],
    ] as const) {
      const { checkpoint, format: found } = importModel(real(name));
      expect(found).toMatch(format);
      expect(checkpoint.tensors.get('embed_tokens.weight')!.data.length).toBe(parameters);
      const logits = new FloatModel(checkpoint).forward(1, 0);
      expect(logits.every(Number.isFinite)).toBe(true);
    }
    expect(() => importModel(real('rp2040-speed_40p'))).toThrow(/memory addresses/);
  });
});

function floatToHalf(value: number): number {
  // Exact for the multiples of 1/256 below 1 that are used here.
  if (value === 0) return 0;
  const exponent = Math.floor(Math.log2(Math.abs(value)));
  const fraction = Math.abs(value) / 2 ** exponent - 1;
  return (value < 0 ? 0x8000 : 0) | ((exponent + 15) << 10) | Math.round(fraction * 1024);
}

describe('files that are something else', () => {
  it.each([
    ['a GGUF file', Buffer.from('GGUF\x03\x00\x00\x00', 'latin1'), /GGUF.*convert it/],
    ['a PyTorch checkpoint', Buffer.from('PK\x03\x04....', 'latin1'), /PyTorch.*safetensors/],
    ['an image', Buffer.from('SMP1............'), /model image/],
    ['nothing', Buffer.alloc(0), /is empty/],
    ['text', Buffer.from('Once upon a time there was a file without any structure.'), /no known format/],
  ])('%s is named', (_, content, message) => {
    const folder = folderWith([['file.bin', content]]);
    expect(() => importModel(join(folder, 'file.bin'))).toThrow(message);
  });

  it('our own checkpoints are read too, by either file', () => {
    const own = loadCheckpoint('story-90k');
    const stem = join(import.meta.dirname, '../../models/checkpoints/story-90k');
    for (const ending of ['json', 'safetensors']) {
      expectSameWeights(importModel(`${stem}.${ending}`).checkpoint.tensors, own.tensors);
    }
    expect([...tensorShapes(own.config).keys()].length).toBe(own.tensors.size);
  });
});
