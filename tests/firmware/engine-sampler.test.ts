import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildHost } from '../../firmware/host/build.ts';
import { HostEngine, type HostSampling } from '../../firmware/host/client.ts';
import { exp2Table, Sampler } from '../../models/reference/sampler.ts';
import { Random } from './random-model.ts';

let host: HostEngine;
const exp2 = exp2Table();

beforeAll(async () => {
  host = new HostEngine(await buildHost());
});

afterAll(() => host.close());

/** Logits of several characters: spread, close together, full of ties, or at the ends of 32 bits. */
function drawLogits(random: Random, fl: number): Int32Array {
  const vocabulary = random.pick([1, 2, 3, random.between(4, 70), 256, random.between(500, 1500)]);
  const spread = random.pick([1, 3, 40, 1 << fl, 12 << fl]);
  const wild = random.chance(12);
  return Int32Array.from({ length: vocabulary }, () => {
    if (wild) return random.pick([-(2 ** 31), -(2 ** 30), 2 ** 30 - 1, random.u32() >> 2]);
    return random.between(0, spread) - (spread >> 1);
  });
}

async function expectSameDraws(request: HostSampling, fl: number, logits: Int32Array, what: string) {
  const sampler = new Sampler(request, { logitFraction: fl });
  const expected = Array.from({ length: 5 }, () => sampler.sample(logits));
  expect(await host.sample(request, 5, fl, exp2, logits), what).toEqual(expected);
}

describe('the sampler in C', () => {
  it('draws the reference’s tokens for 2,000 random logits and requests', async () => {
    for (let seed = 1; seed <= 2000; seed++) {
      const random = new Random(seed);
      const fl = random.between(8, 16);
      const logits = drawLogits(random, fl);
      const request = {
        temperature: random.chance(6)
          ? 0
          : random.pick([655, 52429, 65536, 6553600, random.between(655, 300000)]),
        topK: random.chance(2) ? 0 : random.pick([1, 2, 40, random.between(1, logits.length + 2)]),
        topP: random.chance(2) ? 65536 : random.pick([1, 100, 58982, 65535, random.between(1, 65535)]),
        seed: random.u32(),
      };
      await expectSameDraws(request, fl, logits, `seed ${seed}: ${JSON.stringify(request)}`);
    }
  });

  it('keeps the smaller ids when top-k or top-p cuts among equal logits', async () => {
    const equal = new Int32Array(300).fill(1234);
    const draws = (request: Partial<HostSampling>) =>
      host.sample({ temperature: 65536, topK: 0, topP: 65536, seed: 9, ...request }, 400, 12, exp2, equal);
    expect(Math.max(...(await draws({ topK: 7 })))).toBe(6);
    expect(Math.max(...(await draws({ topP: 65536 / 4 })))).toBe(74);
    expect(new Set(await draws({ topK: 1 }))).toEqual(new Set([0]));
    expect(new Set(await draws({ temperature: 0 }))).toEqual(new Set([0]));
  });

  it('refuses temperatures and top-p outside their ranges', async () => {
    const logits = Int32Array.of(1, 2);
    for (const bad of [{ temperature: 654 }, { temperature: 6553601 }, { topP: 0 }]) {
      const request = { temperature: 65536, topK: 0, topP: 65536, seed: 1, ...bad };
      await expect(host.sample(request, 1, 12, exp2, logits)).rejects.toThrow('-22');
    }
  });
});
