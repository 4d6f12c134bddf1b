import { beforeAll, describe, expect, it } from 'vitest';
import { buildM0 } from '../../firmware/host/build-m0.ts';
import { makeTables } from '../../models/quantize/tables.ts';
import { M0 } from './m0.ts';
import { M0Memory } from './m0-memory.ts';
import { Random } from './random-model.ts';

let m0: M0;
const { exp, sigma } = makeTables({ context: 1, headSize: 2 });

beforeAll(async () => {
  m0 = new M0(await buildM0({ kernels: true }));
});

/** Small values, ends of the range, or anything. */
function draw8(random: Random, count: number): number[] {
  const one = random.pick([
    () => random.between(-127, 127),
    () => random.pick([-127, 127]),
    () => random.between(-3, 3),
    () => 127,
    () => -127,
  ]);
  return Array.from({ length: count }, one);
}

const biased = (values: number[]) => Uint8Array.from(values, (v) => v + 128);

describe('the attention kernels for the Cortex-M0+', () => {
  it('score positions as the portable one does, stale positions beyond the last included', () => {
    for (let seed = 1; seed <= 6000; seed++) {
      const random = new Random(seed);
      const size = random.chance(3) ? 2 : 2 * random.between(1, random.chance(10) ? 40 : 8);
      const positions = random.between(1, size > 16 ? 10 : 40);
      const memory = new M0Memory(m0);
      const q = memory.words(draw8(random, size));
      const keys = memory.bytes(biased(draw8(random, size * ((positions + 3) & -4))));
      const scores = memory.words(new Array(((positions + 3) & -4) + 4).fill(7));
      const run = (name: string) => {
        const { result } = m0.call(name, scores, q, keys, size, positions);
        return { most: result, scores: m0.words(scores, ((positions + 3) & -4) + 4) };
      };
      expect(run('sm_scores_m0'), `seed ${seed} size ${size} positions ${positions}`).toEqual(
        run('sm_scores_portable'),
      );
    }
  });

  it('are exact for 512 components of the largest queries and keys', () => {
    for (const [a, b] of [
      [127, 127],
      [-127, 127],
      [127, -127],
    ]) {
      const memory = new M0Memory(m0);
      const q = memory.words(new Array(512).fill(a));
      const keys = memory.bytes(biased(new Array(512 * 8).fill(b)));
      const scores = memory.words(new Array(8).fill(0));
      expect(m0.call('sm_scores_m0', scores, q, keys, 512, 8).result).toBe(512 * a * b);
      expect([...m0.words(scores, 8)]).toEqual(new Array(8).fill(512 * a * b));
    }
  });

  it('attend with a head of eight as the portable one does, or leave it alone', () => {
    let left = 0;
    for (let seed = 1; seed <= 3000; seed++) {
      const random = new Random(seed);
      const positions = random.between(1, 40);
      const padded = (positions + 3) & -4;
      const memory = new M0Memory(m0);
      // Eight times their product is below 2^15: 63 and 65 is the bound.
      const [qMax, kMax] = random.pick([
        [63, 63],
        [63, 65],
        [127, 32],
        [32, 127],
        [127, 127],
      ]);
      const within = (count: number, most: number) =>
        draw8(random, count).map((v) => Math.max(-most, Math.min(most, v)));
      const query = within(8, qMax);
      const q = memory.words(query);
      const cached = within(8 * padded, kMax);
      const squares = Array.from({ length: positions }, (_, p) => {
        const at = (p >> 2) * 32 + (p & 3);
        return [0, 1, 2, 3, 4, 5, 6, 7].reduce((sum, d) => sum + cached[at + 4 * d] ** 2, 0);
      });
      const reach = (Math.max(...squares) + 3) >> 2;
      const keys = memory.bytes(biased(cached));
      const values = memory.bytes(biased(draw8(random, 8 * positions)));
      // Small weights keep their sum below 65536, where values are mixed another way.
      const most = random.pick([16383, 2000, 128]);
      const table = memory.halves(exp.map((weight) => Math.max(0, Math.min(most, weight))));
      const mul = random.pick([0, 1, 900, 16000]);
      const softmax = memory.words([table, exp.length - 1, mul, 14]);
      const run = (name: string) => {
        const t = memory.words(new Array(10).fill(7));
        const scores = memory.words(new Array(padded + 2).fill(7));
        const job = memory.words([t, scores, q, keys, values, positions, softmax, reach, 8]);
        const { result } = m0.call(name, job);
        return { result, t: m0.words(t, 10), after: m0.words(scores + 4 * padded, 2) };
      };
      const expected = run('sm_attend_portable');
      const got = run('sm_attend8_m0');
      const short = ((query.reduce((sum, x) => sum + x * x, 0) + 3) >> 2) * reach < 2 ** 26;
      expect(got.result, `seed ${seed}`).toBe(short ? 1 : 0);
      if (!short) left++;
      expect(got.after, `seed ${seed}`).toEqual(expected.after);
      expect(got.t, `seed ${seed}`).toEqual(short ? expected.t : new Int32Array(10).fill(7));
    }
    expect(left).toBeGreaterThan(300);
  });

  it('weigh scores as the portable one does', () => {
    for (let seed = 1; seed <= 3000; seed++) {
      const random = new Random(seed);
      const positions = random.between(1, 24);
      const memory = new M0Memory(m0);
      const spread = random.pick([0, 5, 500, 130000]);
      const values = Array.from({ length: positions }, () => random.between(-spread, spread));
      const shift = random.between(1, 31);
      const mul = random.chance(3) ? random.between(0, 65535) : Math.max(1, (2 ** shift / 300) | 0);
      const table = memory.halves(exp);
      const softmax = memory.words([table, exp.length - 1, mul & 0xffff, shift]);
      const run = (name: string) => {
        const scores = new M0Memory(m0);
        const at = scores.words([]) + 8192;
        m0.writeWords(at, [...values, 9, 9]);
        const { result } = m0.call(name, at, positions, Math.max(...values), softmax);
        return { sum: result, weights: m0.words(at, positions + 2) };
      };
      expect(run('sm_weights_m0'), `seed ${seed}`).toEqual(run('sm_weights_portable'));
    }
  });

  it('mix values as the portable one does, for every even size', () => {
    for (let seed = 1; seed <= 3000; seed++) {
      const random = new Random(seed);
      const size = 2 * random.between(1, random.chance(8) ? 33 : 10);
      const positions = random.between(1, 30);
      const memory = new M0Memory(m0);
      const weights = memory.words(
        Array.from({ length: positions }, () => random.pick([0, 1, 16383, random.between(0, 16383)])),
      );
      const values = memory.bytes(biased(draw8(random, size * positions)));
      const out = memory.words(new Array(size + 2).fill(7));
      const run = (name: string) => {
        m0.call(name, out, weights, values, size, positions);
        return m0.words(out, size + 2);
      };
      expect(run('sm_mix_m0'), `seed ${seed} size ${size}`).toEqual(run('sm_mix_portable'));
    }
  });
});

describe('the activation kernels for the Cortex-M0+', () => {
  it('give the portable ones’ bits and largest magnitude, clamped inputs included', () => {
    for (let seed = 1; seed <= 4000; seed++) {
      const random = new Random(seed);
      const count = random.between(1, 20);
      const memory = new M0Memory(m0);
      const ends = [-32769, -32768, -32767, 32766, 32767, 32768, 2 ** 31 - 1, -(2 ** 31), 0];
      const range = random.pick([300, 5000, 40000]);
      const value = () => (random.chance(8) ? random.pick(ends) : random.between(-range, range));
      const z = memory.words(Array.from({ length: count }, value));
      const up = memory.words(Array.from({ length: count }, value));
      const table = memory.halves(sigma);
      // As sm_sigmoid_init does for a z of fraction fz.
      const fz = random.between(6, random.chance(4) ? 21 : 13);
      const right = fz - 6;
      const offset = (512 << right) + (right === 0 ? 0 : 1 << (right - 1));
      const reach = right <= 6 ? 512 : 2 ** Math.max(15 - right, 0);
      const span = reach === 512 ? 1021 : 2 * reach - 2;
      const sigmoid = memory.words([table, 0, right, offset, 513 - reach, span]);
      const t = memory.words(new Array(count + 2).fill(7));
      const run = (name: string, ...args: number[]) => {
        const { result } = m0.call(name, t, z, ...args);
        return { largest: result, t: m0.words(t, count + 2) };
      };
      expect(run('sm_silu_m0', count, sigmoid), `seed ${seed}`).toEqual(
        run('sm_silu_portable', count, sigmoid),
      );
      expect(run('sm_swiglu_m0', up, count, sigmoid), `seed ${seed}`).toEqual(
        run('sm_swiglu_portable', up, count, sigmoid),
      );
    }
  });
});

/** Values around zero with the ends of 16 and 32 bits among them. */
function drawWide(random: Random, count: number): number[] {
  const ends = [-32769, -32768, -32767, 32766, 32767, 32768, 2 ** 31 - 1, -(2 ** 31), 0];
  const range = random.pick([300, 40000, 2 ** 29]);
  return Array.from({ length: count }, () =>
    random.chance(8) ? random.pick(ends) : random.between(-range, range),
  );
}

describe('the element-wise kernels for the Cortex-M0+', () => {
  it('rotate and narrow as the portable ones do', () => {
    for (let seed = 1; seed <= 3000; seed++) {
      const random = new Random(seed);
      const [heads, pairs] = [random.between(1, 3), random.between(1, 5)];
      const count = 2 * heads * pairs;
      const values = drawWide(random, count);
      const memory = new M0Memory(m0);
      const row = memory.halves(Array.from({ length: 2 * pairs }, () => random.between(-16384, 16384)));
      const to = memory.words([random.between(0, 31), random.between(1, 127)]);
      const y = memory.words(new Array(count + 1).fill(7));
      const run = (name: string, ...args: number[]) => {
        m0.writeWords(y, values);
        m0.call(name, y, ...args);
        return m0.words(y, count + 1);
      };
      expect(run('sm_rotate_m0', heads, pairs, row, to), `seed ${seed}`).toEqual(
        run('sm_rotate_portable', heads, pairs, row, to),
      );
      expect(run('sm_narrow_m0', count, to), `seed ${seed}`).toEqual(run('sm_narrow_portable', count, to));
    }
  });

  it('scale, apply gains and find the largest as the portable ones do', () => {
    for (let seed = 1; seed <= 3000; seed++) {
      const random = new Random(seed);
      const count = random.between(1, 24);
      const values = drawWide(random, count);
      const memory = new M0Memory(m0);
      // Whole fours are scaled: what lies behind x is not the output.
      const x = memory.words([...values, 0, 0, 0]);
      const g = memory.halves(Array.from({ length: count }, () => random.between(-32767, 32767)));
      const out = memory.words(new Array(count + 4).fill(7));
      const largest = memory.words([0]);
      const run = (name: string, ...args: number[]) => {
        m0.writeWords(out, new Array(count + 4).fill(7));
        const { result } = m0.call(name, ...args);
        return { result, largest: m0.words(largest, 1), out: m0.words(out, count + 4) };
      };
      const agree = (name: string, ...args: number[]) =>
        expect(run(`${name}_m0`, ...args), `${name} seed ${seed}`).toEqual(run(`${name}_portable`, ...args));
      const down = random.between(10, 24);
      agree('sm_scale', out, x, (count + 3) & -4, random.between(0, 17), random.u32() >>> 8, down);
      // A shift as the norm chooses it: 15 bits are left.
      const most = values.reduce((m, v) => Math.max(m, Math.abs(v)), 0);
      agree('sm_gain', out, x, g, count, Math.max(32 - Math.clz32(most) - 15, -6), largest);
      agree('sm_largest', x, count);
      const sum = (kernel: string) => {
        const at = memory.words(drawWide(new Random(seed), count + 1));
        m0.call(kernel, at, x, count);
        return m0.words(at, count + 1);
      };
      expect(sum('sm_add_m0'), `seed ${seed}`).toEqual(sum('sm_add_portable'));
      agree('sm_argmax', x, count);
    }
  });

  it('find the first of equal values', () => {
    for (const [values, first] of [
      [[5, 9, 9, 2, 9], 1],
      [[3, 3, 3, 3, 3, 3, 3], 0],
      [[-(2 ** 31)], 0],
      [[0, 1, 2, 3, 4, 5, 6, 7, 8], 8],
    ] as const) {
      const at = new M0Memory(m0).words(values);
      expect(m0.call('sm_argmax_m0', at, values.length).result).toBe(first);
    }
  });
});
