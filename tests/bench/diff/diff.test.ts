/** The divergence finder: a healthy firmware, a wrong bit in one weight, a wrong scale, a wrong table. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { type DiffResult, findDivergence } from '../../../bench/diff/find.ts';
import { diffLines } from '../../../bench/report/diffReport.ts';
import { type LoadedModel, loadModel } from '../../../bench/target/model.ts';
import { GREEDY } from '../../../bench/target/scenario.ts';
import { tensorEntryBytes, tensorSlots } from '../../../models/image/layout.ts';
import { readTensorEntry } from '../../../models/image/validate-tensor.ts';
import { crc32 } from '../../../models/index.ts';
import { firmware } from '../../end-to-end/support/bench.ts';
import { starmind } from '../../end-to-end/support/cli.ts';

let model: LoadedModel;
beforeAll(() => {
  model = loadModel('story-90k');
});

/** The image with some bytes changed and its checksum made right again, so that the firmware takes it. */
const resealed = (change: (image: Uint8Array) => void): Uint8Array => {
  const image = model.image.slice();
  change(image);
  new DataView(image.buffer).setUint32(12, crc32(image.subarray(16)), true);
  return image;
};

const entryOf = (kind: string, layer: number) => {
  const slots = tensorSlots(model.quantized.shape);
  const index = slots.findIndex((slot) => slot.kind === kind && slot.layer === layer);
  const view = new DataView(model.image.buffer, model.image.byteOffset);
  return readTensorEntry(view, view.getUint32(112, true) + index * tensorEntryBytes);
};

/** Flips bit 3 of the int8 weight; blocks of 4 rows, a word for each column (models/IMAGE.md). */
const flipped = (kind: string, layer: number, row: number, column: number): Uint8Array => {
  const { dataOffset, columns } = entryOf(kind, layer);
  const block = Math.floor(row / 4) * 4 * (Math.ceil(columns / 4) * 4);
  return resealed((image) => {
    image[dataOffset + block + 4 * column + (row % 4)] ^= 8;
  });
};

const diff = async (image?: Uint8Array, tokens = 3): Promise<DiffResult> => {
  const scenario = { model, prompt: 'Once upon a time', tokens, sampler: GREEDY };
  return findDivergence({ scenario, firmware: await firmware(), image });
};

describe('the divergence finder', () => {
  it('finds nothing where there is nothing, in any tensor', async () => {
    const result = await diff();
    expect(result.divergence).toBeUndefined();
    const passes = model.tokenizer.encode('Once upon a time').length - 1 + 3;
    expect(result.passes).toBe(passes);
    // Per layer: two norms, qkv, q, k, v, attention, output, t and x of the feed-forward layer.
    const { layers } = model.quantized.shape;
    expect(result.tensors).toBe(passes * (1 + 10 * layers) + 3 * 2);
  });

  it.each([
    { kind: 'wqkv', layer: 0, row: 9, column: 5, phase: 'qkv', tensor: 'y', element: 9 },
    { kind: 'wo', layer: 1, row: 3, column: 0, phase: 'output', tensor: 'x', element: 3 },
    { kind: 'w2', layer: 1, row: 17, column: 30, phase: 'ffn', tensor: 'x', element: 17 },
  ])(
    'names tensor and element of one wrong bit in $kind of layer $layer',
    async ({ kind, layer, row, column, ...seen }) => {
      const { divergence, wrongWeight, writtenBy } = await diff(flipped(kind, layer, row, column));
      // The kernel that multiplies by the weight also stores the element, or what adds its result to the residual.
      expect(writtenBy?.function).toMatch(/^sm_/);
      expect(writtenBy?.stores).toBeGreaterThan(0);
      expect(divergence).toMatchObject({ layer, ...seen, wrongElements: 1 });
      expect(divergence?.actual).not.toBe(divergence?.expected);
      expect(wrongWeight).toMatchObject({
        tensor: `layer ${layer} ${kind}`,
        part: 'weight',
        row,
        column,
        where: 'flash',
        more: 0,
      });
      expect(Math.abs(wrongWeight!.actual - wrongWeight!.expected)).toBe(8);
    },
  );

  it('names the row of a wrong scale', async () => {
    const { scaleOffset } = entryOf('wqkv', 0);
    const { divergence, wrongWeight } = await diff(
      resealed((image) => {
        image[scaleOffset + 2 * 6] ^= 0x40;
      }),
    );
    expect(divergence).toMatchObject({ position: 0, layer: 0, phase: 'qkv', tensor: 'y', element: 6 });
    expect(wrongWeight).toMatchObject({ tensor: 'layer 0 wqkv', part: 'scale', row: 6, column: undefined });
  });

  it('finds a wrong value in the cache, and who put it there', async () => {
    const image = resealed((bytes) => {
      const layers = new DataView(bytes.buffer).getUint32(120, true);
      bytes[layers + 16 + 3] += 1; // vShift of layer 1
    });
    const { divergence, writtenBy } = await diff(image);
    expect(divergence).toMatchObject({ position: 0, layer: 1, phase: 'rope', tensor: 'v' });
    expect(writtenBy).toMatchObject({ function: 'sm_store_m0', stores: 1 });
  });

  it('says so in words', async () => {
    const lines = diffLines(await diff(flipped('wqkv', 0, 9, 5)));
    expect(lines[0]).toMatch(/^first difference: position \d+, layer 0, phase qkv, tensor y, element 9$/);
    expect(lines[4]).toMatch(/^ {2}written by sm_matvec\w+ at 0x[0-9a-f]{8}, core [01], cycle [\d,]+$/);
    expect(lines.at(-1)).toMatch(
      /^cause: a wrong weight in flash: layer 0 wqkv, row 9, column 5 is -?\d+, not -?\d+$/,
    );
  });
});

describe('starmind diff', () => {
  it('exits with 1 at a wrong bit in one weight, and names tensor and element', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'diff-'));
    const file = path.join(folder, 'wrong.smp');
    writeFileSync(file, flipped('w2', 0, 2, 1));
    const { exitCode, stdout } = await starmind(['diff', '--image', file, '--tokens', '2']);
    rmSync(folder, { recursive: true });
    expect(exitCode).toBe(1);
    expect(stdout).toContain('phase ffn, tensor x, element 2');
    expect(stdout).toContain('layer 0 w2, row 2, column 1');
  });

  it('exits with 0 where nothing differs', async () => {
    const { exitCode, stdout } = await starmind(['diff', '--tokens', '1', '--prompt', 'Once']);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^identical to the reference: \d+ tensors/);
  });

  it('refuses an image of another shape', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'diff-'));
    const file = path.join(folder, 'short.smp');
    writeFileSync(file, model.image.subarray(0, 4096));
    const { exitCode, stderr } = await starmind(['diff', '--image', file]);
    rmSync(folder, { recursive: true });
    expect(exitCode).toBe(2);
    expect(stderr).toContain('not an image of the same shape');
  });
});
