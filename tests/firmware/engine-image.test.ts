import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildHost } from '../../firmware/host/build.ts';
import { type HostCandidate, HostEngine } from '../../firmware/host/client.ts';
import { crc32 } from '../../models/image/crc32.ts';
import { imageErrors } from '../../models/image/errors.ts';
import { validateImage } from '../../models/image/validate.ts';
import { writeImage } from '../../models/image/write.ts';
import { loadCheckpoint } from '../../models/index.ts';
import { streamedImage } from '../../models/random.ts';
import { singleModel } from '../../models/single.ts';
import { Random, randomModel } from './random-model.ts';

const anySize = { arenaLimit: 2 ** 24, flashLimit: 2 ** 28 };
const limits = { arenaLimit: 2 ** 24, flashLimit: 2 ** 28 };

let host: HostEngine;

beforeAll(async () => {
  host = new HostEngine(await buildHost());
});

afterAll(() => host.close());

const images = Array.from({ length: 24 }, (_, i) => {
  const random = new Random(i);
  const placement = random.pick(['auto', 'flash', 'sram'] as const);
  const model = randomModel(5000 + i);
  return (
    (i % 3 === 0 ? streamedImage(model, anySize) : undefined) ??
    writeImage(model, { ...anySize, placement }).bytes
  );
});

// One for the float path.
images.push(writeImage(singleModel(loadCheckpoint('balanced-production')), anySize).bytes);

function repairCrc(bytes: Uint8Array): Uint8Array {
  if (bytes.length < 16) return bytes;
  const view = new DataView(bytes.buffer);
  const total = Math.min(view.getUint32(8, true), bytes.length);
  if (total >= 16) view.setUint32(12, crc32(bytes.subarray(16, total)), true);
  return bytes;
}

/** Where a change is likely to matter: header, directories, layer parameters, tokenizer; sometimes anywhere. */
function aim(random: Random, bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer);
  const directories = [112, 120, 124, 132, 140].map((at) => view.getUint32(at, true));
  const tokenizerBytes = view.getUint32(144, true);
  const [from, length] = random.pick([
    [0, 192],
    [directories[0], 48 * view.getUint32(116, true)],
    [directories[0], 48 * view.getUint32(116, true)],
    [directories[1], 16 * view.getUint32(64, true)],
    [directories[2], 16 * view.getUint32(128, true)],
    [directories[3], 84],
    [directories[4], tokenizerBytes],
    [directories[4], tokenizerBytes],
    [0, bytes.length],
  ]);
  return Math.min(from + random.between(0, Math.max(length - 1, 0)), bytes.length - 1);
}

type Mutation = (random: Random, bytes: Uint8Array) => Uint8Array;

const flipBit: Mutation = (random, bytes) => {
  bytes[aim(random, bytes)] ^= 1 << random.between(0, 7);
  return bytes;
};

const setField: Mutation = (random, bytes) => {
  const view = new DataView(bytes.buffer);
  const size = random.pick([1, 2, 4]);
  const at = Math.min(aim(random, bytes) & -size, bytes.length - size);
  const old =
    size === 1 ? view.getUint8(at) : size === 2 ? view.getUint16(at, true) : view.getUint32(at, true);
  const ends = [
    0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xfffffffc, 0xffffffff,
  ];
  const value = random.chance(2) ? random.pick(ends) : old + random.pick([-16, -4, -2, -1, 1, 2, 4, 16, old]);
  if (size === 1) view.setUint8(at, value);
  else if (size === 2) view.setUint16(at, value, true);
  else view.setUint32(at, value, true);
  return bytes;
};

/** Copies a piece of the image over another: entries of a directory, sections, arena offsets. */
const copyOver: Mutation = (random, bytes) => {
  const length = random.pick([2, 4, 8, 12, 16, 48]);
  const from = aim(random, bytes) & -2;
  bytes.copyWithin(aim(random, bytes) & -2, from, Math.min(from + length, bytes.length));
  return bytes;
};

/** Cuts the end off, with or without a total that says so. */
const truncate: Mutation = (random, bytes) => {
  const short = bytes.slice(0, random.chance(3) ? random.between(0, 200) : random.between(0, bytes.length));
  if (random.chance(2) && short.length >= 12) {
    const total = random.chance(2) ? short.length : short.length & -16;
    new DataView(short.buffer).setUint32(8, total, true);
  }
  return short;
};

const append: Mutation = (random, bytes) => {
  const longer = new Uint8Array(bytes.length + random.between(0, 64));
  longer.set(bytes);
  if (random.chance(2))
    new DataView(longer.buffer).setUint32(8, longer.length & (random.chance(2) ? -16 : -1), true);
  return longer;
};

const mutations = [flipBit, flipBit, setField, setField, copyOver, truncate, append];

function mutate(random: Random): HostCandidate {
  let image = Uint8Array.from(random.pick(images));
  for (let n = random.pick([1, 1, 1, 2, 3]); n > 0 && image.length >= 192; n--)
    image = Uint8Array.from(random.pick(mutations)(random, image));
  if (!random.chance(5)) image = Uint8Array.from(repairCrc(image));
  const tight = random.chance(12);
  return {
    image,
    arenaBytes: tight ? random.between(0, 60000) : limits.arenaLimit,
    flashLimit: tight ? random.between(0, 60000) : limits.flashLimit,
  };
}

function expectedCode({ image, arenaBytes, flashLimit }: HostCandidate): number {
  const error = validateImage(image, { arenaLimit: arenaBytes, flashLimit });
  return error === undefined ? 0 : -1 - imageErrors.indexOf(error.code);
}

const nameOf = (code: number) => (code === 0 ? 'ok' : (imageErrors[-1 - code] ?? String(code)));

describe('the image validator in C', () => {
  it('accepts what the exporter writes, alone or with flash after it', async () => {
    const longer = images.map((image) => Uint8Array.from([...image, 0xff, 0xff, 0xff]));
    const candidates = [...images, ...longer].map((image) => ({
      image,
      arenaBytes: 2 ** 24,
      flashLimit: 2 ** 28,
    }));
    expect(await host.validate(candidates)).toEqual(candidates.map(() => 0));
  });

  it('names what is missing, empty, erased or not an image', async () => {
    const candidates = [
      new Uint8Array(0),
      Uint8Array.of(0x53),
      new Uint8Array(4096).fill(0xff),
      new Uint8Array(4096),
      new TextEncoder().encode('SMP1'),
      new TextEncoder().encode('SMP1\u0003\u0000'),
      new TextEncoder().encode('SMP1\u0001\u0000 and nothing of what should follow'),
    ].map((image) => ({ image, arenaBytes: 2 ** 24, flashLimit: 2 ** 28 }));
    expect((await host.validate(candidates)).map(nameOf)).toEqual([
      ...['no-model', 'no-model', 'no-model', 'no-model', 'truncated', 'bad-version', 'truncated'],
    ]);
  });

  it('gives every error name, the TypeScript validator’s, for 12,000 damaged images', async () => {
    const random = new Random(1);
    const seen = new Map<string, number>();
    for (let batch = 0; batch < 24; batch++) {
      const candidates = Array.from({ length: 500 }, () => mutate(random));
      const codes = await host.validate(candidates);
      codes.forEach((code, i) => {
        const expected = expectedCode(candidates[i]);
        if (code !== expected) {
          expect.fail(`batch ${batch} image ${i}: C says ${nameOf(code)}, TypeScript ${nameOf(expected)}`);
        }
        seen.set(nameOf(code), (seen.get(nameOf(code)) ?? 0) + 1);
      });
    }
    expect([...seen.keys()].sort()).toEqual([...imageErrors, 'ok'].sort());
  });

  it('runs whatever it accepts without touching memory that is not its own', async () => {
    const random = new Random(2);
    let accepted = 0;
    for (let i = 0; i < 4000; i++) {
      const { image } = mutate(random);
      if ((await host.load(image, limits.arenaLimit)) !== 0) continue;
      accepted++;
      const view = new DataView(image.buffer);
      const vocabulary = view.getUint32(52, true);
      const context = view.getUint32(80, true);
      await host.forward(
        [random.between(0, vocabulary - 1), random.between(0, vocabulary - 1)].slice(0, context),
      );
      await host.generate({ temperature: 65536, topK: 3, topP: 50000, seed: i }, [0], 1);
      await host.encode(new TextEncoder().encode('abc aé'));
      await host.decode([0, vocabulary - 1]);
    }
    expect(accepted).toBeGreaterThan(200);
  });

  it('lets no table’s content lead an access astray', async () => {
    const random = new Random(3);
    for (let i = 0; i < 60; i++) {
      const image = Uint8Array.from(random.pick(images));
      const view = new DataView(image.buffer);
      for (let t = 0; t < view.getUint32(128, true); t++) {
        const entry = view.getUint32(124, true) + 16 * t;
        const from = view.getUint32(entry + 4, true);
        const fill = random.pick([0, 0, 0xff, random.between(0, 255)]);
        // The exp table must stay one: its first entry is the largest and at least 128.
        if (view.getUint8(entry) === 2) image.fill(0, from + 2, from + view.getUint32(entry + 8, true));
        else image.fill(fill, from, from + view.getUint32(entry + 8, true));
      }
      expect(await host.load(repairCrc(image), limits.arenaLimit)).toBe(0);
      for (const topK of [0, 1, 3]) {
        for (const topP of [1, 40000, 65536]) {
          const request = { temperature: random.pick([655, 65536, 6553600]), topK, topP, seed: i };
          await host.generate(request, [0], Math.min(3, view.getUint32(80, true)));
        }
      }
    }
  });
});
