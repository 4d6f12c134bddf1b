import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readCheckpoint, tensorShapes, writeCheckpoint } from '../../models/checkpoint.ts';
import { checkConfig, parameterCount } from '../../models/config.ts';
import { preset, presets } from '../../models/presets.ts';
import { readSafetensors, type Tensor, writeSafetensors } from '../../models/tensors/safetensors.ts';

function tensorsOf(name: string): Map<string, Tensor> {
  let next = 1;
  return new Map(
    [...tensorShapes(preset(name).config)].map(([key, shape]) => {
      const size = shape.reduce((a, b) => a * b, 1);
      return [key, { shape, data: Float32Array.from({ length: size }, () => (next++ % 97) / 64) }];
    }),
  );
}

describe('model configuration', () => {
  it('counts exactly the elements of the tensors of every preset', () => {
    for (const [name, { config }] of Object.entries(presets)) {
      const elements = [...tensorShapes(config).values()].map((shape) => shape.reduce((a, b) => a * b, 1));
      expect([name, parameterCount(config)]).toEqual([name, elements.reduce((a, b) => a + b, 0)]);
    }
  });

  it('accepts every preset', () => {
    for (const { config } of Object.values(presets)) expect(checkConfig(config)).toEqual(config);
  });

  it('names every wrong field at once', () => {
    const bad = { ...preset('story-90k').config, dim: 0, layers: 1.5 };
    expect(() => checkConfig(bad, 'x.json')).toThrow(/x\.json: dim is 0; .*layers is 1\.5; /);
  });

  it('refuses odd heads for llama and key-value heads that do not divide', () => {
    expect(() => checkConfig({ ...preset('story-90k').config, headSize: 7 })).toThrow(/pairs/);
    expect(() => checkConfig({ ...preset('story-90k').config, kvHeads: 4 })).toThrow(/must divide/);
  });

  it('lists the known presets, and the likely one, for an unknown name', () => {
    expect(() => preset('story90k')).toThrow(/Did you mean story-90k\? Known presets: maximum-speed, /);
    expect(() => preset('toString')).toThrow(/unknown preset/);
  });
});

describe('safetensors', () => {
  it('gives back what was written', () => {
    const tensors = new Map([
      ['a', { shape: [2, 3], data: Float32Array.of(1, -2, 3.5, 0, 1e-30, 7) }],
      ['empty', { shape: [0], data: new Float32Array(0) }],
    ]);
    const { tensors: read, metadata } = readSafetensors(writeSafetensors(tensors, { by: 'test' }));
    expect(read).toEqual(tensors);
    expect(metadata).toEqual({ by: 'test' });
  });

  it('refuses or reads any damaged file without an unexpected exception', () => {
    const file = writeSafetensors(new Map([['a', { shape: [4], data: Float32Array.of(1, 2, 3, 4) }]]));
    fc.assert(
      fc.property(
        fc.nat(file.length),
        fc.array(fc.tuple(fc.nat(file.length - 1), fc.nat(255)), { maxLength: 4 }),
        (length, edits) => {
          const damaged = file.slice();
          for (const [at, value] of edits) damaged[at] = value;
          try {
            readSafetensors(damaged.subarray(0, length));
          } catch (error) {
            expect((error as Error).name).toBe('ModelError');
          }
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('says what is wrong with a header that lies about its length', () => {
    const file = new Uint8Array(16);
    file.fill(255, 0, 8);
    expect(() => readSafetensors(file, 'f.safetensors')).toThrow(/f\.safetensors: header claims/);
  });
});

describe('checkpoint', () => {
  const tokenizer = { bos: 1, eos: null, section: Uint8Array.of(1, 2, 3) };

  it('gives back what was written', async () => {
    const stem = join(mkdtempSync(join(tmpdir(), 'checkpoint-')), 'tiny');
    const checkpoint = {
      name: 'tiny',
      config: preset('maximum-speed').config,
      tensors: tensorsOf('maximum-speed'),
      tokenizer,
      calibration: [[1, 2, 3], [4]],
      training: { seed: 7 },
    };
    await writeCheckpoint(stem, checkpoint);
    const { sha256, ...read } = readCheckpoint(stem);
    expect(read).toEqual(checkpoint);
    expect(sha256).toHaveLength(32);
    expect(readCheckpoint(`${stem}.json`).sha256).toEqual(sha256);
  });

  it('names the tensor that is missing', async () => {
    const stem = join(mkdtempSync(join(tmpdir(), 'checkpoint-')), 'tiny');
    const tensors = tensorsOf('maximum-speed');
    tensors.delete('layers.0.ffn.up.weight');
    const config = preset('maximum-speed').config;
    await expect(writeCheckpoint(stem, { name: 'tiny', config, tensors, tokenizer })).rejects.toThrow(
      'tensor layers.0.ffn.up.weight is missing',
    );
  });

  it('refuses a missing file, another schema version and a token outside the vocabulary', async () => {
    const stem = join(mkdtempSync(join(tmpdir(), 'checkpoint-')), 'tiny');
    expect(() => readCheckpoint(stem)).toThrow(`no checkpoint: ${stem}.json does not exist`);
    const config = preset('maximum-speed').config;
    await writeCheckpoint(stem, { name: 'tiny', config, tensors: tensorsOf('maximum-speed'), tokenizer });
    const facts = JSON.parse(readFileSync(`${stem}.json`, 'utf8'));
    writeFileSync(`${stem}.json`, JSON.stringify({ ...facts, schemaVersion: 9 }));
    expect(() => readCheckpoint(stem)).toThrow(/schema version 9/);
    writeFileSync(`${stem}.json`, JSON.stringify({ ...facts, tokenizer: { ...facts.tokenizer, bos: 64 } }));
    expect(() => readCheckpoint(stem)).toThrow(/bos and .eos must be ids/);
  });
});
