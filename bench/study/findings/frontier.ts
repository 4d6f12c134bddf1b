/** Quality beside cost, of the shapes that were really trained: which are worth having, and which to pick for a budget. */
import { measuredRows, type StudyResults } from '../results.ts';
import type { MeasuredRow } from '../row.ts';
import type { TrainedRow } from '../trained-row.ts';
import { TRAINED_FORMATS } from '../trained-shapes.ts';
import { meanCycles, slowestCycles } from './metrics.ts';

/** A trained shape in one format on so many cores. */
export interface Candidate {
  name: string;
  family: string;
  format: (typeof TRAINED_FORMATS)[number];
  cores: 1 | 2;
  parameters: number;
  vocabulary: number;
  bitsPerByte: number;
  coherence: number;
  /** Mean of the whole context. */
  cyclesPerToken: number;
  /** At the last position. */
  slowestCycles: number;
  /** Cycles of a byte of text: tokens of a large vocabulary say more. */
  cyclesPerByte: number;
  sramBytes: number;
  flashBytes: number;
  trained: TrainedRow;
  row: MeasuredRow;
}

export const candidatesOf = ({ rows, trained }: StudyResults): Candidate[] =>
  measuredRows(rows.cost).flatMap((row) => {
    const quality = trained.find(({ name }) => name === row.set);
    const format = TRAINED_FORMATS.find((each) => each === row.settings?.format);
    if (quality === undefined || format === undefined) return [];
    const cyclesPerToken = meanCycles(row);
    return [
      {
        name: row.set,
        family: row.shape.family,
        format,
        cores: row.settings!.cores!,
        parameters: quality.parameters,
        vocabulary: row.shape.vocabulary,
        bitsPerByte: quality.bitsPerByte[format],
        coherence: quality.coherence,
        cyclesPerToken,
        slowestCycles: slowestCycles(row),
        cyclesPerByte: cyclesPerToken / quality.bytesPerToken,
        sramBytes: row.sramBytes,
        flashBytes: row.flashBytes,
        trained: quality,
        row,
      },
    ];
  });

/** Those that no other beats in quality at the same cost or less, cheapest first. */
export const frontierOf = <T extends { bitsPerByte: number }>(
  candidates: readonly T[],
  cost: (candidate: T) => number,
): T[] => {
  const byCost = [...candidates].sort((a, b) => cost(a) - cost(b) || a.bitsPerByte - b.bitsPerByte);
  let best = Number.POSITIVE_INFINITY;
  return byCost.filter(({ bitsPerByte }) => {
    if (bitsPerByte >= best) return false;
    best = bitsPerByte;
    return true;
  });
};

export interface Budget {
  /** Of the slowest token. */
  tokensPerSecond?: number;
  sramBytes?: number;
  flashBytes?: number;
  clockHz: number;
  /** @default either */
  cores?: 1 | 2;
}

/** Those within a budget, the best first; fewer cycles decide between equals. */
export const pick = (candidates: readonly Candidate[], budget: Budget): Candidate[] => {
  const { tokensPerSecond = 0, sramBytes = Number.POSITIVE_INFINITY, clockHz, cores } = budget;
  const { flashBytes = Number.POSITIVE_INFINITY } = budget;
  return candidates
    .filter((each) => cores === undefined || each.cores === cores)
    .filter((each) => clockHz / each.slowestCycles >= tokensPerSecond)
    .filter((each) => each.sramBytes <= sramBytes && each.flashBytes <= flashBytes)
    .sort((a, b) => a.bitsPerByte - b.bitsPerByte || a.slowestCycles - b.slowestCycles);
};
