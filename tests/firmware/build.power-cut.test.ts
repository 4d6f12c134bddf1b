import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LinkClient } from '../../bench/link/index.ts';
import { EmulatedDevice } from '../../bench/target/device.ts';
import { encodePrompt, hostTarget } from '../../bench/target/host.ts';
import { loadModel, modelFromImage } from '../../bench/target/model.ts';
import { GREEDY } from '../../bench/target/scenario.ts';
import { buildFirmware } from '../../firmware/build.ts';
import { buildHost } from '../../firmware/host/build.ts';
import { HostEngine } from '../../firmware/host/client.ts';
import { modelUf2, parseUf2 } from '../../firmware/uf2.ts';
import { imageAddress } from '../../models/image/layout.ts';
import { writeImage } from '../../models/image/write.ts';
import { SHAPE, testModel } from './device.ts';
import { collect } from './ports.ts';
import { Random, randomModel } from './random-model.ts';

/** What the boot drive erases at once, and programs at once. */
const SECTOR = 4096;
const PAGE = 256;
const PROMPT = 'abc';

let host: HostEngine;
beforeAll(async () => {
  host = new HostEngine(await buildHost());
});
afterAll(() => host.close());

/** Flash as it lies after a model was written, from the model's place on. */
function flashWith(image: Uint8Array, bytes: number): Uint8Array {
  const flash = new Uint8Array(bytes).fill(0xff);
  for (const { address, data } of parseUf2(modelUf2(image))) flash.set(data, address - imageAddress);
  return flash;
}

const sectorsOf = (image: Uint8Array) => Math.ceil(image.length / SECTOR);

/** The first sectors new, the others old. */
function cutAt(old: Uint8Array, young: Uint8Array, sector: number): Uint8Array {
  const flash = old.slice();
  flash.set(young.subarray(0, sector * SECTOR));
  return flash;
}

/** Power that fails inside sector `k`: while it is erased, before and after its pages, and in the middle of a page. */
function* statesInside(old: Uint8Array, young: Uint8Array, k: number, random: Random, everyPage: boolean) {
  const before = cutAt(old, young, k);
  const change = (edit: (sector: Uint8Array) => void) => {
    const flash = before.slice();
    edit(flash.subarray(k * SECTOR, (k + 1) * SECTOR));
    return flash;
  };
  // Erasing raises bits, not all at once.
  yield change((sector) => {
    for (let i = 0; i < SECTOR; i++) sector[i] |= random.between(0, 255);
  });
  const pages = everyPage ? Array.from({ length: SECTOR / PAGE }, (_, i) => i) : [0, random.between(1, 15)];
  for (const page of pages) {
    const done = young.subarray(k * SECTOR, k * SECTOR + page * PAGE);
    yield change((sector) => {
      sector.fill(0xff);
      sector.set(done);
    });
    // Programming lowers bits, not all at once.
    yield change((sector) => {
      sector.fill(0xff);
      sector.set(done);
      for (let i = page * PAGE; i < (page + 1) * PAGE; i++) {
        sector[i] = young[k * SECTOR + i] | random.between(0, 255);
      }
    });
  }
}

const starts = (flash: Uint8Array, image: Uint8Array) =>
  Buffer.compare(flash.subarray(0, image.length), image) === 0;

/** The device's own validator, and what lies there: never a model that is neither the old nor the new one. */
async function verdicts(states: Uint8Array[], old: Uint8Array, young: Uint8Array) {
  const count = { old: 0, young: 0, none: 0 };
  const codes = await host.validate(
    states.map((image) => ({ image, arenaBytes: 233_472, flashLimit: image.length })),
  );
  for (const [i, code] of codes.entries()) {
    const whole = starts(states[i], old) ? 'old' : starts(states[i], young) ? 'young' : 'none';
    expect(code === 0).toBe(whole !== 'none');
    count[whole]++;
  }
  return count;
}

const small = (seed: number) =>
  writeImage(
    randomModel(seed, {
      shape: SHAPE,
      format: 'int8',
    }),
  ).bytes;

/** Random tokenizers know random characters. */
function anotherThatKnows(text: string): Uint8Array {
  for (let seed = 32; ; seed++) {
    const image = small(seed);
    try {
      encodePrompt(modelFromImage(image), text);
      return image;
    } catch {
      // the next one
    }
  }
}

describe('a model written over another, power lost: the validator takes the old, the new, or none', () => {
  const models = {
    'story-90k': () => loadModel('story-90k').image,
    'story-90k in 4 bits': () => loadModel('story-90k', { format: 'int4' }).image,
    'starmind-30k': () => loadModel('starmind-30k').image,
  };
  const pairs = [
    ['story-90k', 'starmind-30k'],
    ['starmind-30k', 'story-90k'],
    ['story-90k', 'story-90k in 4 bits'],
  ] as const;

  test.each(pairs)('%s, then %s: at every sector boundary, and inside every sector', async (from, to) => {
    const [a, b] = [models[from](), models[to]()];
    const bytes = SECTOR * Math.max(sectorsOf(a), sectorsOf(b));
    const [old, young] = [flashWith(a, bytes), flashWith(b, bytes)];
    const boundaries = Array.from({ length: sectorsOf(b) + 1 }, (_, k) => cutAt(old, young, k));
    const { old: stayed, young: arrived } = await verdicts(boundaries, a, b);
    expect([stayed, arrived]).toEqual([1, 1]);
    const random = new Random(7);
    for (let k = 0; k < sectorsOf(b); k++) {
      await verdicts([...statesInside(old, young, k, random, false)], a, b);
    }
  });

  test('a small model over a small one: after every page, and in any order of sectors', async () => {
    const [a, b] = [small(31), small(32)];
    const bytes = SECTOR * Math.max(sectorsOf(a), sectorsOf(b));
    const [old, young] = [flashWith(a, bytes), flashWith(b, bytes)];
    const random = new Random(8);
    for (let k = 0; k < sectorsOf(b); k++) {
      await verdicts([...statesInside(old, young, k, random, true)], a, b);
    }
    const mixtures = Array.from({ length: 3 ** sectorsOf(b) }, (_, n) => {
      const flash = old.slice();
      for (let k = 0; k < sectorsOf(b); k++) {
        const state = Math.floor(n / 3 ** k) % 3;
        if (state === 1) flash.set(young.subarray(k * SECTOR, (k + 1) * SECTOR), k * SECTOR);
        if (state === 2) flash.fill(0xff, k * SECTOR, (k + 1) * SECTOR);
      }
      return flash;
    });
    const count = await verdicts(mixtures, a, b);
    expect(count.none).toBeGreaterThan(3 ** (sectorsOf(b) - 1));
    expect(count.young).toBeGreaterThan(0);
  });
});

describe('on the emulated chip', () => {
  test('every boot between two models serves: the old story, the new one, or no model and why', async () => {
    const { bootrom, elf } = await buildFirmware();
    const [a, b] = [testModel().image, anotherThatKnows(PROMPT)];
    const bytes = SECTOR * Math.max(sectorsOf(a), sectorsOf(b));
    const [old, young] = [flashWith(a, bytes), flashWith(b, bytes)];
    const random = new Random(9);
    const states = [cutAt(old, young, 0)];
    for (let k = 0; k < sectorsOf(b); k++) {
      const inside = [...statesInside(old, young, k, random, false)];
      states.push(inside[0], inside[1], cutAt(old, young, k + 1));
    }
    const device = new EmulatedDevice({ bootrom, elf, imageAddress });
    const told: string[] = [];
    for (const flash of states) {
      device.install(flash);
      const banner = await device.boot();
      const client = new LinkClient(device, { retries: 0, timeoutSeconds: 2 });
      const { model, modelError } = await client.hello();
      if (model === null) {
        expect(banner).toContain(`No model: ${modelError}.`);
        expect((await client.selftest()).ok).toBe(true);
        told.push('none');
        continue;
      }
      const events = await collect(client.generate({ prompt: PROMPT, count: 8 }));
      const tokens = events.flatMap((e) => (e.event === 'token' ? [e.token] : []));
      const whole = starts(flash, a) ? a : b;
      const scenario = { model: modelFromImage(whole), prompt: PROMPT, tokens: 8, sampler: GREEDY };
      const expected = await hostTarget.run(scenario);
      expect(starts(flash, whole)).toBe(true);
      expect(tokens).toEqual(expected.tokens);
      told.push(whole === a ? 'old' : 'young');
    }
    expect(told[0]).toBe('old');
    expect(told.at(-1)).toBe('young');
    expect(told.slice(1, -1)).toContain('none');
  });
});
