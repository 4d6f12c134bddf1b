import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { crc32 } from '../../models/image/crc32.ts';
import { imageErrors } from '../../models/image/errors.ts';
import { formatPlan } from '../../models/image/plan.ts';
import { readImage } from '../../models/image/read.ts';
import { validateImage } from '../../models/image/validate.ts';
import { writeImage } from '../../models/image/write.ts';
import { loadCheckpoint } from '../../models/index.ts';
import { randomImage, randomModel, streamedImage } from '../../models/random.ts';
import { IntegerModel } from '../../models/reference/integer.ts';
import { singleModel } from '../../models/single.ts';

const roomy = { arenaLimit: 2 ** 24, flashLimit: 2 ** 24 };

function repairCrc(bytes: Uint8Array): void {
  if (bytes.length < 16) return;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const total = Math.min(bytes.length, view.getUint32(8, true));
  if (total >= 16) view.setUint32(12, crc32(bytes.subarray(16, total)), true);
}

/** Runs a few tokens; the last logits. */
function run(bytes: Uint8Array): Int32Array {
  const { model } = readImage(bytes, roomy);
  const integer = new IntegerModel(model);
  let logits: Int32Array = new Int32Array(0);
  for (let position = 0; position < Math.min(4, model.shape.context); position++) {
    logits = integer.forward((position * 7) % model.shape.vocabulary, position);
  }
  return logits;
}

describe('model image', () => {
  it('has the CRC-32 of IEEE 802.3', () => {
    expect(crc32(new TextEncoder().encode('123456789'))).toBe(0xcbf43926);
  });

  it('gives back every number of any model that was written, wherever it was placed', () => {
    fc.assert(
      fc.property(fc.nat(1e6), fc.constantFrom('auto', 'sram', 'flash' as const), (seed, placement) => {
        const model = randomModel({ seed });
        const { bytes } = writeImage(model, { ...roomy, placement });
        expect(readImage(bytes, roomy).model).toEqual(model);
      }),
      { numRuns: 150 },
    );
  });

  it('gives back every number of a model whose matrices are streamed', () => {
    let streamed = 0;
    for (let seed = 0; seed < 60; seed++) {
      const model = randomModel({ seed });
      const bytes = streamedImage(model, roomy);
      if (bytes === undefined) continue;
      streamed++;
      const image = readImage(bytes, roomy);
      expect(image.placement).toBe('streamed');
      expect(image.model).toEqual(model);
    }
    expect(streamed).toBeGreaterThan(30);
  });

  it('gives back the weights of a model for the float path', () => {
    for (const name of ['story-90k', 'balanced-production']) {
      const model = singleModel(loadCheckpoint(name));
      const { bytes } = writeImage(model, roomy);
      expect(new DataView(bytes.buffer).getUint16(4, true)).toBe(2);
      expect(readImage(bytes, roomy).model).toEqual(model);
    }
  });

  it('is the same bytes for the same model', () => {
    expect(randomImage({ seed: 5 })).toEqual(randomImage({ seed: 5 }));
  });

  it('may be followed by other bytes, as in flash', () => {
    const bytes = randomImage({ seed: 6 });
    const flash = new Uint8Array(bytes.length + 100).fill(0xff);
    flash.set(bytes);
    expect(validateImage(flash)).toBeUndefined();
    expect(readImage(flash).imageBytes).toBe(bytes.length);
  });

  it('plans ranges inside the arena that share memory only where they are never in use together', () => {
    for (let seed = 0; seed < 50; seed++) {
      const model = randomModel({ seed });
      const { plan } = writeImage(model);
      const { heads, kvHeads, headSize } = model.shape;
      const inUse = (during: string) =>
        plan.sram
          .filter(({ name }) => during === 'logits' || name !== 'logits')
          .filter(({ name }) => during !== 'logits' || (name !== 'matvec output' && name !== 'scores'))
          .filter(({ name }) => during !== 'feed-forward' || name !== 'scores')
          .map(({ name, offset, bytes }) => {
            const queries = during === 'attention' && name === 'matvec output';
            return { name, offset, end: offset + (queries ? 4 * (heads + 2 * kvHeads) * headSize : bytes) };
          })
          .sort((a, b) => a.offset - b.offset);
      for (const during of ['attention', 'feed-forward', 'logits']) {
        let end = 0;
        for (const range of inUse(during)) {
          expect(range.offset % 4).toBe(0);
          expect(range.offset, `${range.name} in ${during}`).toBeGreaterThanOrEqual(end);
          end = range.end;
        }
        expect(end).toBeLessThanOrEqual(plan.arenaBytes);
      }
    }
  });

  it('puts hot tensors into SRAM first when not everything fits', () => {
    const model = randomModel({ seed: 1, shape: { tied: false, vocabulary: 200, layers: 2 } });
    const everything = writeImage(model).plan.arenaBytes;
    const { plan } = writeImage(model, { arenaLimit: everything - 400 });
    expect(plan.arenaBytes).toBeLessThanOrEqual(everything - 400);
    const placed = (name: string) => plan.tensors.find((part) => part.name === name)?.placement;
    expect(placed('embedding')).toBe('flash');
    expect(placed('layer 0 wqkv')).toBe('sram');
    expect(placed('output')).toBe('sram');
  });

  it('prints the plan with what is used and what is left', () => {
    const { plan } = writeImage(randomModel({ seed: 2 }));
    const text = formatPlan(plan);
    expect(text).toMatch(/0x00000000 +[\d,]+ {2}KV cache/);
    expect(text).toMatch(/0x10040000 +192 {2}header/);
    expect(text).toMatch(/[\d,]+ of 233,472 bytes used \([\d.]+ %\), [\d,]+ left/);
    expect(text).toMatch(/[\d,]+ of 1,835,008 bytes used/);
  });

  it('refuses with the numbers what does not fit', () => {
    const model = randomModel({ seed: 3, shape: { context: 1000 } });
    expect(() => writeImage(model, { arenaLimit: 4000 })).toThrow(
      /too-big-for-sram: random-3 needs [\d,]+ bytes of SRAM, [\d,]+ more than the 4,000 there are \(working memory: KV cache/,
    );
    expect(() => writeImage(model, { flashLimit: 4000 })).toThrow(
      /too-big-for-flash: random-3 takes [\d,]+ bytes/,
    );
    const wide = randomModel({
      seed: 3,
      shape: {
        dim: 1,
        hidden: 16384,
        layers: 1,
        heads: 1,
        kvHeads: 1,
        headSize: 1,
        vocabulary: 16,
        context: 16,
        family: 'starmind',
      },
    });
    expect(() => writeImage(wide, { placement: 'streamed', arenaLimit: 212_000 })).toThrow(
      /too-big-for-sram: random-3 cannot stream: working memory, scales and tables take \d+,\d+ of the 212,000 bytes of SRAM/,
    );
    const { bytes, plan } = writeImage(model);
    expect(validateImage(bytes, { arenaLimit: plan.arenaBytes - 1 })?.code).toBe('too-big-for-sram');
    expect(validateImage(bytes, { flashLimit: bytes.length - 1 })?.code).toBe('too-big-for-flash');
    expect(validateImage(bytes, { arenaLimit: plan.arenaBytes, flashLimit: bytes.length })).toBeUndefined();
  });
});

describe('image validator', () => {
  const good = randomImage({
    seed: 17,
    placement: 'sram',
    shape: { family: 'llama', tied: true, layers: 1 },
  });
  const view = new DataView(good.buffer);
  const tensors = view.getUint32(112, true);
  const layers = view.getUint32(120, true);
  const tables = view.getUint32(124, true);
  const regions = view.getUint32(132, true);
  const tokenizer = view.getUint32(140, true);
  const withU8 = (offset: number, value: number) => {
    const bytes = good.slice();
    bytes[offset] = value;
    repairCrc(bytes);
    return bytes;
  };

  const withU32 = (offset: number, value: number) => {
    const bytes = good.slice();
    new DataView(bytes.buffer).setUint32(offset, value, true);
    repairCrc(bytes);
    return bytes;
  };
  const regionAt = (index: number) => view.getUint32(regions + 12 * index + 4, true);

  it.each<[string, Uint8Array]>([
    ['no-model', new Uint8Array(0)],
    ['no-model', new Uint8Array(4096).fill(0xff)],
    ['bad-version', withU8(4, 3)],
    ['truncated', good.subarray(0, 5)],
    ['truncated', good.subarray(0, 191)],
    ['truncated', good.subarray(0, good.length - 16)],
    ['bad-length', withU8(6, 193)],
    ['bad-length', withU32(8, good.length - 8)],
    ['bad-config', withU8(47, 1)],
    ['bad-config', withU8(48, 3)],
    ['bad-config', withU8(50, 1)],
    ['bad-config', withU8(88, 3)],
    ['bad-config', withU8(191, 1)],
    ['bad-directory', withU8(116, 99)],
    ['bad-directory', withU8(112, good[112] + 1)],
    ['bad-directory', withU8(layers + 6, 0)],
    ['bad-directory', withU8(layers + 7, 38)],
    ['bad-tensor', withU8(tensors, 2)],
    ['bad-tensor', withU8(tensors + 1, 4)],
    ['bad-tensor', withU8(tensors + 2, 0)],
    ['bad-tensor', withU8(tensors + 48 + 41, 0x7f)],
    ['bad-table', withU8(tables, 2)],
    ['bad-table', withU8(tables + 8, 1)],
    ['bad-region', withU8(regions, 2)],
    ['bad-region', withU8(regions + 4, 1)],
    ['bad-tokenizer', withU8(tokenizer, good[tokenizer] + 1)],
    ['bad-tokenizer', withU8(tokenizer + 5, 8)],
    ['overlap', withU8(regions + 12 + 4, good[regions + 12 + 4] - 4)],
    ['overlap', withU32(regions + 5 * 12 + 4, regionAt(5) - 4)], // scores over the last value
    ['overlap', withU32(regions + 6 * 12 + 4, regionAt(3))], // logits over the wide buffer
  ])('finds %s', (code, bytes) => {
    expect(validateImage(bytes)?.code).toBe(code);
  });

  it('finds one flipped bit anywhere after the checksum', () => {
    for (let bit = 16 * 8; bit < good.length * 8; bit += 97) {
      const bytes = good.slice();
      bytes[bit >> 3] ^= 1 << (bit & 7);
      expect(validateImage(bytes)?.code).toBe('bad-crc');
    }
  });

  it('accepts or refuses 10,000 damaged images, and what it accepts runs', () => {
    const seeds = Array.from({ length: 20 }, (_, i) => randomImage({ seed: 1000 + i, largest: 12 }));
    let accepted = 0;
    const refused = new Set<string>();
    const judge = (bytes: Uint8Array) => {
      const error = validateImage(bytes, roomy);
      if (error !== undefined) {
        refused.add(error.code);
        return;
      }
      accepted++;
      expect(run(bytes).length).toBeGreaterThan(0);
    };
    const edit = fc.record({ at: fc.nat(), value: fc.nat(255), near: fc.boolean() });
    fc.assert(
      fc.property(
        fc.constantFrom(...seeds),
        fc.array(edit, { maxLength: 3 }),
        fc.option(fc.nat(), { freq: 6 }),
        (seed, edits, cut) => {
          const bytes = seed.slice();
          // Half of the edits hit the header and the directories, where they matter.
          for (const { at, value, near } of edits)
            bytes[at % (near ? Math.min(700, bytes.length) : bytes.length)] = value;
          repairCrc(bytes);
          judge(cut === null ? bytes : bytes.subarray(0, cut % bytes.length));
        },
      ),
      { numRuns: 9000 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 192, maxLength: 400 }), (noise) => {
        const bytes = noise.slice();
        bytes.set([0x53, 0x4d, 0x50, 0x31, 1, 0, 192, 0]);
        new DataView(bytes.buffer).setUint32(8, bytes.length & ~15, true);
        repairCrc(bytes);
        judge(bytes);
      }),
      { numRuns: 1000 },
    );
    expect(accepted).toBeGreaterThan(500);
    for (const code of refused) expect(imageErrors).toContain(code);
    expect(refused.size).toBeGreaterThanOrEqual(8);
  });
});
