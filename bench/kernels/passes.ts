/** Runs the kernels that are no matrix products on the emulated chip, each with data as a token has them. */
import type { ChipProgram } from '../../firmware/host/chip-program.ts';
import { makeTables } from '../../models/quantize/tables.ts';
import type { Rng } from '../../models/reference/rng.ts';
import type { PassName } from './cases.ts';

export interface PassRun {
  program: ChipProgram;
  rng: Rng;
  rows: number;
  columns: number;
}

interface Pass {
  /** The kernel's symbol. */
  symbol: string;
  /** Bits of what is read for each element, 0 where it is an intermediate value. */
  bits: number;
  /** Cycles of the call. */
  run: (pass: PassRun) => number;
}

const SOFTMAX_SHIFT = 16;
const tables = makeTables({ context: 1, headSize: 2 });

const draws = (rng: Rng, count: number, most: number): number[] =>
  Array.from({ length: count }, () => (rng.next() % (2 * most + 1)) - most);

const biased = (rng: Rng, count: number): Uint8Array =>
  Uint8Array.from(draws(rng, count, 127), (value) => value + 128);

const room = ({ program }: PassRun, count: number): number => program.words(new Array(count).fill(0));

const intermediate = ({ program, rng, columns }: PassRun, most = 20_000): number =>
  program.words(draws(rng, columns, most));

const sigmoid = (program: ChipProgram): number => {
  const right = 4; // where the table's first and last entry are the limits
  const offset = (512 << right) + (1 << (right - 1));
  return program.words([program.halves(tables.sigma), 0, right, offset, 1, 1021]);
};

const narrowTo = (program: ChipProgram, shift: number): number => program.words([shift, 127]);

/** int4 weights of one block, in runs of 64. */
const sums = (pass: PassRun, symbol: string): number => {
  const { program, rng, columns } = pass;
  const words = program.words(Array.from({ length: columns }, () => rng.next()));
  const a = program.words(draws(rng, columns, 127));
  return program.call(symbol, program.words([room(pass, 8), words, a, columns, 0, 64, 64])).cycles;
};

export const PASSES: Record<PassName, Pass> = {
  scores: {
    symbol: 'sm_scores_m0',
    bits: 8,
    run: (pass) => {
      const { program, rng, rows, columns } = pass;
      const q = program.words(draws(rng, columns, 127));
      const keys = program.bytes(biased(rng, rows * columns));
      return program.call('sm_scores_m0', room(pass, rows), q, keys, columns, rows).cycles;
    },
  },
  'softmax weights': {
    symbol: 'sm_weights_m0',
    bits: 0,
    run: (pass) => {
      const { program, columns } = pass;
      const scores = intermediate(pass, 8000);
      const softmax = program.words([program.halves(tables.exp), tables.exp.length - 1, 3000, SOFTMAX_SHIFT]);
      return program.call('sm_weights_m0', scores, columns, 8000, softmax).cycles;
    },
  },
  'mix values': {
    symbol: 'sm_mix_m0',
    bits: 8,
    run: (pass) => {
      const { program, rng, rows, columns } = pass;
      const weights = program.words(draws(rng, rows, 5000).map(Math.abs));
      const values = program.bytes(biased(rng, rows * columns));
      return program.call('sm_mix_m0', room(pass, columns), weights, values, columns, rows).cycles;
    },
  },
  'head of 8': {
    symbol: 'sm_attend8_m0',
    bits: 8,
    run: (pass) => {
      const { program, rng, rows, columns } = pass;
      // Queries small enough for the kernel; scores a few units of the exponential apart.
      const q = program.words(draws(rng, columns, 30));
      const [keys, values] = [0, 1].map(() => program.bytes(biased(rng, rows * columns)));
      const softmax = program.words([program.halves(tables.exp), tables.exp.length - 1, 8000, SOFTMAX_SHIFT]);
      const [t, scores] = [room(pass, columns), room(pass, rows)];
      const job = program.words([t, scores, q, keys!, values!, rows, softmax, (8 * 127 ** 2) >> 2, columns]);
      return program.call('sm_attend8_m0', job).cycles;
    },
  },
  silu: {
    symbol: 'sm_silu_m0',
    bits: 0,
    run: (pass) => {
      const { program, columns } = pass;
      const z = intermediate(pass, 6000);
      return program.call('sm_silu_m0', room(pass, columns), z, columns, sigmoid(program)).cycles;
    },
  },
  swiglu: {
    symbol: 'sm_swiglu_m0',
    bits: 0,
    run: (pass) => {
      const { program, columns } = pass;
      const [gate, up] = [intermediate(pass, 6000), intermediate(pass, 6000)];
      return program.call('sm_swiglu_m0', room(pass, columns), gate, up, columns, sigmoid(program)).cycles;
    },
  },
  quantize: {
    symbol: 'sm_scale_m0',
    bits: 0,
    run: (pass) => {
      const { program, columns } = pass;
      const t = intermediate(pass);
      return program.call('sm_scale_m0', room(pass, columns), t, columns, 0, 200_000, 24).cycles;
    },
  },
  largest: {
    symbol: 'sm_largest_m0',
    bits: 0,
    run: (pass) => pass.program.call('sm_largest_m0', intermediate(pass), pass.columns).cycles,
  },
  'norm gain': {
    symbol: 'sm_gain_m0',
    bits: 16,
    run: (pass) => {
      const { program, rng, columns } = pass;
      const gain = program.halves(draws(rng, columns, 32767));
      const x = intermediate(pass, 200_000);
      const largest = room(pass, 1);
      return program.call('sm_gain_m0', room(pass, columns), x, gain, columns, 3, largest).cycles;
    },
  },
  'norm of few': {
    symbol: 'sm_norm_few_m0',
    bits: 16,
    run: (pass) => {
      const { program, rng, columns } = pass;
      const gain = program.words([program.halves(draws(rng, columns, 32767)), 40_000]);
      const scaled = program.words([room(pass, columns), 0, 0, 0]);
      const x = intermediate(pass, 200_000);
      const spoilt = room(pass, columns);
      return program.call('sm_norm_few_m0', scaled, x, gain, spoilt, 1000, -columns).cycles;
    },
  },
  'sums of 8': { symbol: 'sm_sums8_int4_m0', bits: 4, run: (pass) => sums(pass, 'sm_sums8_int4_m0') },
  'sums of 4': { symbol: 'sm_sums4_int4_m0', bits: 4, run: (pass) => sums(pass, 'sm_sums4_int4_m0') },
  rope: {
    symbol: 'sm_rotate_m0',
    bits: 0,
    run: (pass) => {
      const { program, rng, columns } = pass;
      const row = program.halves(draws(rng, columns, 16384));
      const to = narrowTo(program, 22);
      return program.call('sm_rotate_m0', intermediate(pass), 1, columns / 2, row, to).cycles;
    },
  },
  narrow: {
    symbol: 'sm_narrow_m0',
    bits: 0,
    run: (pass) => {
      const to = narrowTo(pass.program, 8);
      return pass.program.call('sm_narrow_m0', intermediate(pass), pass.columns, to).cycles;
    },
  },
  argmax: {
    symbol: 'sm_argmax_m0',
    bits: 0,
    run: (pass) => pass.program.call('sm_argmax_m0', intermediate(pass, 1 << 20), pass.columns).cycles,
  },
};
