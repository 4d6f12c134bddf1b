/**
 * The least cycles per element that each kernel's inner step takes, counted from its instructions: loads and arithmetic,
 * no loop, no prologue, no requantization. What is above it at a shape is the price of rows that are not endless.
 */
import type { WeightFormat } from '../../models/quantized.ts';
import type { PassName } from './cases.ts';

/** int8: 45 cycles for two columns of eight rows; int4: 34 for the same. */
export const MATVEC_FLOORS: Record<WeightFormat, number> = { int8: 45 / 16, int4: 34 / 16, int4g32: 34 / 16 };

/** Scores and values: by head size where that decides the way. */
export const passFloor = (name: PassName, columns: number): number => {
  switch (name) {
    case 'scores':
      return columns === 2 ? 48 / 8 : 45 / 16;
    case 'mix values':
      return columns === 2 ? 11 / 2 : columns % 8 === 0 ? 30 / 8 : 17 / 4;
    case 'head of 8':
      // Per position: scores 23, and 8.5 for a weight of 0, which has no value to mix (13 and 24 for others).
      return 31.5 / 8;
    default:
      return PASS_FLOORS[name];
  }
};

const PASS_FLOORS: Record<Exclude<PassName, 'scores' | 'mix values' | 'head of 8'>, number> = {
  'softmax weights': 13,
  silu: 13,
  swiglu: 29,
  quantize: 6.5,
  largest: 5,
  'norm gain': 17.5,
  'norm of few': 35,
  'sums of 8': 18 / 8,
  'sums of 4': 14 / 4,
  rope: 18,
  narrow: 12,
  argmax: 3.25,
};
