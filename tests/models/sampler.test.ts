import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Rng } from '../../models/reference/rng.ts';
import { greedy, Sampler, samplerRequest } from '../../models/reference/sampler.ts';

const logitFraction = 12;
const logits = Int32Array.from([1, 3, 2, 3, -5, 0], (logit) => logit * 2 ** logitFraction);

function shares(request: Parameters<typeof samplerRequest>[0], draws: number): number[] {
  const sampler = new Sampler(samplerRequest({ ...request, seed: 42 }), { logitFraction });
  const counts = new Array(logits.length).fill(0);
  for (let i = 0; i < draws; i++) counts[sampler.sample(logits)]++;
  return counts.map((count) => count / draws);
}

describe('sampler', () => {
  it('takes the first of equal best logits when greedy, and draws no random number', () => {
    const sampler = new Sampler({ temperature: 0, seed: 1 }, { logitFraction });
    expect([sampler.sample(logits), sampler.sample(logits), greedy(logits)]).toEqual([1, 1, 1]);
  });

  it('draws tokens by the softmax of their logits at the temperature', () => {
    for (const temperature of [0.5, 1, 3]) {
      const weights = Array.from(logits, (logit) => Math.exp(logit / 2 ** logitFraction / temperature));
      const total = weights.reduce((a, b) => a + b);
      shares({ temperature }, 20000).forEach((share, id) => {
        expect(Math.abs(share - weights[id] / total)).toBeLessThan(0.012);
      });
    }
  });

  it('draws only from the top k, smaller ids first among equals', () => {
    const drawn = (topK: number) =>
      shares({ temperature: 10, topK }, 500).flatMap((share, id) => (share > 0 ? [id] : []));
    expect([drawn(1), drawn(2), drawn(3)]).toEqual([[1], [1, 3], [1, 2, 3]]);
  });

  it('draws only from the shortest prefix that holds top-p', () => {
    const drawn = (topP: number) =>
      shares({ temperature: 1, topP }, 500).flatMap((share, id) => (share > 0 ? [id] : []));
    expect([drawn(0.01), drawn(0.5), drawn(0.9)]).toEqual([[1], [1, 3], [1, 2, 3]]);
  });

  it('gives the same tokens for the same seed and others for another', () => {
    const tokens = (seed: number) => {
      const sampler = new Sampler(samplerRequest({ temperature: 1, seed }), { logitFraction });
      return Array.from({ length: 30 }, () => sampler.sample(logits));
    };
    expect(tokens(7)).toEqual(tokens(7));
    expect(tokens(7)).not.toEqual(tokens(8));
  });

  it('always returns a token, whatever the logits and the request', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), { minLength: 1, maxLength: 40 }),
        fc.integer({ min: 655, max: 6553600 }),
        fc.nat(50),
        fc.integer({ min: 1, max: 70000 }),
        fc.integer({ min: 8, max: 16 }),
        (values, temperature, topK, topP, fraction) => {
          const sampler = new Sampler({ temperature, topK, topP, seed: 3 }, { logitFraction: fraction });
          const id = sampler.sample(Int32Array.from(values));
          expect(Number.isInteger(id) && id >= 0 && id < values.length).toBe(true);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('names the argument that is out of range', () => {
    expect(() => samplerRequest({ temperature: -1 })).toThrow(
      /temperature is -1; it must be 0 \(greedy\) or 0\.01\.\.100/,
    );
    expect(() => samplerRequest({ topP: 0 })).toThrow(/top-p is 0/);
    expect(() => samplerRequest({ topK: 1.5 })).toThrow(/top-k is 1\.5/);
    expect(() => samplerRequest({ seed: 2 ** 32 })).toThrow(/seed is 4294967296/);
  });
});

describe('generator', () => {
  it('is xoshiro128++ on the state its seeding gives', () => {
    // The recurrence in BigInt, from the paper, and the seeding of ARITHMETIC.md.
    const mask = 0xffffffffn;
    const rotl = (x: bigint, k: bigint) => ((x << k) | (x >> (32n - k))) & mask;
    const mix = (h: bigint) => {
      let z = ((h ^ (h >> 16n)) * 0x85ebca6bn) & mask;
      z = ((z ^ (z >> 13n)) * 0xc2b2ae35n) & mask;
      return z ^ (z >> 16n);
    };
    for (const seed of [0, 1, 42, 0xffffffff]) {
      const s = [1n, 2n, 3n, 4n].map((i) => mix((BigInt(seed) + i * 0x9e3779b9n) & mask));
      const rng = new Rng(seed);
      for (let i = 0; i < 100; i++) {
        const expected = (rotl((s[0] + s[3]) & mask, 7n) + s[0]) & mask;
        const t = (s[1] << 9n) & mask;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = rotl(s[3], 11n);
        expect(rng.next()).toBe(Number(expected));
      }
    }
  });
});
