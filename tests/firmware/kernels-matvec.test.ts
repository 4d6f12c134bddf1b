import { beforeAll, describe, expect, it } from 'vitest';
import { buildM0 } from '../../firmware/host/build-m0.ts';
import { M0 } from './m0.ts';
import { M0Memory } from './m0-memory.ts';
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
  /** int4 only. */
  run?: number;
}

/** Runs a matvec kernel on a job; returns y and what lies after it, which must stay as it was. */
function run(kernel: string, job: Job, lanes: number): { y: Int32Array; cycles: number } {
  const memory = new M0Memory(m0);
  const rows = job.blocks * lanes;
  const words = memory.words(job.words);
  const wm = memory.halves(job.scales);
  const a = memory.words(job.a);
  const y = memory.words(new Array(rows + 4).fill(0x5a5a5a5a));
  const sum = job.a.reduce((s, x) => s + x, 0);
  const { blocks, am, pre, post } = job;
  const at = memory.words([words, wm, a, y, blocks, job.a.length, sum, am, pre, post, job.run ?? 0]);
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

/** Columns that each row's weights allow to be summed in 16 bits: all, or the 32 that always are. */
function exactRun(words: number[], columns: number): number {
  for (let at = 0; at < words.length; at += columns) {
    const block = words.slice(at, at + columns);
    for (let j = 0; j < 8; j++) {
      const sum = block.reduce((s, w) => s + Math.abs(((w >>> (4 * j)) & 15) - 8), 0);
      if (sum > 258) return 32;
    }
  }
  return columns;
}

/** An int4 job with small weights half of the time, so that long rows are exact in one run. */
function drawInt4(random: Random, columns: number, blocks: number): Job {
  const job = drawJob(random, columns, blocks, 8, columns);
  if (random.chance(2)) {
    const nibble = () => 8 + random.pick([0, random.between(-2, 2), random.between(-8, 7)]);
    job.words = job.words.map(() => Array.from({ length: 8 }, nibble).reduce((w, n) => w * 16 + n, 0));
  }
  const run = Math.min(columns, random.chance(4) ? 32 : exactRun(job.words, columns));
  return { ...job, run, pre: random.chance(2) ? 0 : job.pre };
}

/** Weights behind their groups' scales. */
function drawGrouped(random: Random, columns: number, blocks: number): Job {
  const groups = Math.ceil(columns / 32);
  const job = drawJob(random, columns, blocks, 8, 36 * groups);
  const scale = () => random.pick([0, 1, 2047, random.between(0, 2047)]);
  const words = job.words.map((word, i) => (i % 36 < 4 ? scale() | (scale() << 16) : word));
  return { ...job, words, run: 32, pre: random.between(0, 16) };
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

describe('the int4 kernels for the Cortex-M0+', () => {
  it('give the portable kernel’s bits on 10,000 random and extreme operand sets, one scale per row', () => {
    let whole = 0;
    for (let seed = 1; seed <= 10_000; seed++) {
      const random = new Random(seed);
      const columns = 4 * random.between(1, random.chance(20) ? 60 : 10);
      const job = drawInt4(random, columns, random.between(1, 2));
      if (job.run === columns && columns > 32) whole++;
      expectTwins('sm_matvec_int4_m0', 'sm_matvec_int4_portable', job, 8, `seed ${seed}`);
    }
    expect(whole).toBeGreaterThan(200);
  });

  it('give the portable kernel’s bits on 10,000 random and extreme operand sets, a scale per group of 32', () => {
    for (let seed = 1; seed <= 10_000; seed++) {
      const random = new Random(seed);
      const columns = 4 * random.between(1, random.chance(20) ? 60 : 18);
      const job = drawGrouped(random, columns, random.between(1, 2));
      expectTwins('sm_matvec_int4g32_m0', 'sm_matvec_int4g32_portable', job, 8, `seed ${seed}`);
    }
  });

  it('are exact at their bounds: rows of 258 times 127, and 1,024 columns in runs of 32', () => {
    for (const x of [127, -127]) {
      const atBound = { ...drawInt4(new Random(1), 36, 1), run: 36, pre: 0, am: 65535, post: 1 };
      // 32 weights of -8 and 2 of -1 are 258; the other columns weigh nothing.
      atBound.words = Array.from({ length: 36 }, (_, k) => (k < 32 ? 0 : k < 34 ? 0x77777777 : 0x88888888));
      atBound.a.fill(x);
      expect(exactRun(atBound.words, 36)).toBe(36);
      expectTwins('sm_matvec_int4_m0', 'sm_matvec_int4_portable', atBound, 8, `bound ${x}`);
      const long = { ...drawInt4(new Random(2), 1024, 1), run: 32, pre: 8, am: 65535, post: 1 };
      long.words.fill(0);
      long.a.fill(x);
      expectTwins('sm_matvec_int4_m0', 'sm_matvec_int4_portable', long, 8, `long ${x}`);
      const grouped = { ...drawGrouped(new Random(3), 1024, 1), am: 65535, post: 1 };
      grouped.words = grouped.words.map((_, i) => (i % 36 < 4 ? 0x07ff07ff : 0));
      grouped.a.fill(x);
      expectTwins('sm_matvec_int4g32_m0', 'sm_matvec_int4g32_portable', grouped, 8, `grouped ${x}`);
    }
  });

  it('take at most 2.5 cycles per weight at 64 x 64 and 3.1 with group scales', () => {
    const job = { ...drawInt4(new Random(1), 64, 8), run: 64, pre: 0 };
    expect(run('sm_matvec_int4_m0', job, 8).cycles / 4096).toBeLessThan(2.5);
    const grouped = drawGrouped(new Random(1), 64, 8);
    expect(run('sm_matvec_int4g32_m0', grouped, 8).cycles / 4096).toBeLessThan(3.1);
  });
});
