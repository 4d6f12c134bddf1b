/** What is read off one row. */
import type { MeasuredRow } from '../row.ts';

/** Cycles of a decoded token, mean over every position of the context. */
export const meanCycles = ({ contextCycles, shape }: MeasuredRow): number => contextCycles / shape.context;

/** Of the last position, the slowest: attention has most to look at there. */
export const slowestCycles = ({ decodeCycles }: MeasuredRow): number => decodeCycles.at(-1)!;

export const tokensPerSecond = (row: MeasuredRow): number => row.clockHz / meanCycles(row);

/** All weights in SRAM: nothing is read through the flash's cache. */
export const allInSram = ({ weightBytes, weightBytesInSram }: MeasuredRow): boolean =>
  weightBytes === weightBytesInSram;
