/** What a KV cache is worth: tokens with and without, by length of the text before them. */
import { measuredRows } from '../results.ts';
import type { MeasuredRow, StudyRow } from '../row.ts';

export interface CachePoint {
  /** Tokens that the new one follows. */
  length: number;
  /** Of the new token. */
  withCache: number;
  withoutCache: number;
  /** `withoutCache` over `withCache`. */
  speedUp: number;
}

export interface CacheCurve {
  name: string;
  row: MeasuredRow;
  points: CachePoint[];
  /** Of the original's demo: six new tokens after a prompt of six, prompt included; `undefined` where not every length was run. */
  demoSpeedUp: number | undefined;
}

const DEMO = { prompt: 6, tokens: 6 };

export const cacheCurves = (rows: readonly StudyRow[]): CacheCurve[] =>
  measuredRows(rows).flatMap((row) => {
    const { recomputed } = row;
    if (recomputed === undefined) return [];
    const points = recomputed.lengths.map((length, i): CachePoint => {
      const withCache = recomputed.cached[i]!;
      const withoutCache = recomputed.cycles[i]!;
      return { length, withCache, withoutCache, speedUp: withoutCache / withCache };
    });
    return [{ name: row.name, row, points, demoSpeedUp: demoSpeedUp(row) }];
  });

const demoSpeedUp = ({ recomputed, demoCycles }: MeasuredRow): number | undefined => {
  const wanted = Array.from({ length: DEMO.tokens }, (_, i) => DEMO.prompt + i);
  const cycles = wanted.map((length) => recomputed!.cycles[recomputed!.lengths.indexOf(length)]);
  if (cycles.some((each) => each === undefined)) return undefined;
  return cycles.reduce<number>((sum, each) => sum + each!, 0) / demoCycles;
};
