import { beforeAll, describe, expect, it } from 'vitest';
import { buildM0 } from '../../firmware/host/build-m0.ts';
import { M0 } from './m0.ts';
import { Random } from './random-model.ts';

let m0: M0;

beforeAll(async () => {
  m0 = new M0(await buildM0({ kernels: true }));
});

interface Job {
  words: number[];
  /** (padded rows) u16 */
  scales: number[];
  a: number[];
  blocks: number;
  am: number;
  pre: number;
  post: number;
}

/** Runs a matvec kernel on a job; returns y and what lies after it, which must stay as it was. */
function run(kernel: string, job: Job, lanes: number): { y: Int32Array; cycles: number } {
  let free = m0.end;
  const place = (words: number[]) => {
    const at = free;
    m0.writeWords(at, words);
    free += 4 * words.length;
    return at;
  };
  const rows = job.blocks * lanes;
  const pairs = Array.from({ length: rows / 2 }, (_, i) => job.scales[2 * i] | (job.scales[2 * i + 1] << 16));
  const words = place(job.words);
  const wm = place(pairs);
  const a = place(job.a);
  const y = place(new Array(rows + 4).fill(0x5a5a5a5a));
  const sum = job.a.reduce((s, x) => s + x, 0);
  const at = place([words, wm, a, y, job.blocks, job.a.length, sum, job.am, job.pre, job.post]);
  const { cycles } = m0.call(kernel, at);
  return { y: m0.words(y, rows + 4), cycles };
}

/** Operands of a job: anything, or every element at an end of its range, so that sums reach their bounds. */
function drawJob(random: Random, columns: number, blocks: number, lanes: number, wordsOf: number): Job {
  const drawA = random.pick([
    () => random.between(-127, 127),
    () => random.between(-127, 127),
    () => random.pick([-127, 127]),
    () => 127,
    () => -127,
    () => 0,
  ]);
  // Bytes 00, 01, ff and nibbles 0, f are the ends of a biased weight.
  const drawWord = random.pick([
    () => random.u32(),
    () => random.u32(),
    () => random.pick([0, 0xffffffff, 0xff00ff00, 0x00ff00ff, 0x01010101, 0xff01ff01, 0xf0f0f0f0]),
    () => 0,
    () => 0xffffffff,
  ]);
  return {
    words: Array.from({ length: blocks * wordsOf }, drawWord),
    scales: Array.from({ length: blocks * lanes }, () => random.pick([0, 1, 65535, random.u32() & 0xffff])),
    a: Array.from({ length: columns }, drawA),
    blocks,
    am: random.pick([0, 32768, 65535, random.between(32768, 65535)]),
    pre: random.between(0, 8),
    post: random.between(1, 31),
  };
}

function expectTwins(fast: string, portable: string, job: Job, lanes: number, what: string): void {
  const got = run(fast, job, lanes).y;
  const expected = run(portable, job, lanes).y;
  expect(got, what).toEqual(expected);
}

describe('the int8 kernel for the Cortex-M0+', () => {
  it('gives the portable kernel’s bits on 10,000 random and extreme operand sets', () => {
    for (let seed = 1; seed <= 10_000; seed++) {
      const random = new Random(seed);
      const columns = 4 * random.between(1, random.chance(20) ? 128 : 6);
      const job = drawJob(random, columns, random.between(1, columns > 40 ? 3 : 5), 4, columns);
      expectTwins('sm_matvec_int8_m0', 'sm_matvec_int8_portable', job, 4, `seed ${seed}`);
    }
  });

  it('is exact at its bound, 512 columns of the largest weights and activations of either sign', () => {
    for (const word of [0, 0xffffffff, 0x01010101, 0x00ff00ff, 0xff00ff00, 0x000000ff, 0xff000000]) {
      for (const x of [127, -127]) {
        const random = new Random(word ^ x);
        const job = { ...drawJob(random, 512, 3, 4, 512), pre: 8, post: 1, am: 65535 };
        job.words.fill(word);
        job.a.fill(x);
        expectTwins('sm_matvec_int8_m0', 'sm_matvec_int8_portable', job, 4, `${word.toString(16)} ${x}`);
      }
    }
  });

  it('takes at most 3.35 cycles per weight at 64 x 64 and 3.15 at 64 x 172', () => {
    const cycles = (rows: number, columns: number) => {
      const job = drawJob(new Random(1), columns, rows / 4, 4, columns);
      return run('sm_matvec_int8_m0', job, 4).cycles / (rows * columns);
    };
    expect(cycles(64, 64)).toBeLessThan(3.35);
    expect(cycles(64, 172)).toBeLessThan(3.15);
  });
});
