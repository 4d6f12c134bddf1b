/** Our speed of a shape beside the one that the original published, in the original's own metric. */
import { quantile } from '../../report/statistics.ts';
import { measuredRows, type StudyResults } from '../results.ts';
import type { MeasuredRow } from '../row.ts';

export interface Comparison {
  name: string;
  row: MeasuredRow;
  /** Tokens per second, theirs and ours. */
  theirs: number;
  ours: number;
  /** `benchmark` is one over the time of a prefill of six ids; everything else is counted as their demo does. */
  metric: string;
  doubtful: boolean;
  speedUp: number;
}

export interface PublishedFindings {
  /** Their order: as the tables have them. */
  all: Comparison[];
  /** How many are not doubtful. */
  compared: number;
  /** Rank correlation (Spearman) of the speeds that are not doubtful. */
  rankCorrelation: number;
  /** How many times as fast: those that are not doubtful. */
  speedUp: { least: number; lowerQuartile: number; median: number; upperQuartile: number; most: number };
}

/** Tokens and prompt of the original's demo. */
const DEMO_TOKENS = 6;

/** With one head where a shape names several: what the original computes. `undefined` when nothing was measured. */
export const comparePublished = ({ rows }: StudyResults): PublishedFindings | undefined => {
  const all = measuredRows([...rows.counted, ...rows.published])
    .filter(({ shape, published }) => shape.heads === 1 && published !== null)
    .map(compare);
  const sure = all.filter(({ doubtful }) => !doubtful);
  if (sure.length < 3) return undefined;
  const speedUps = sure.map(({ speedUp }) => speedUp);
  return {
    all,
    compared: sure.length,
    rankCorrelation: rankCorrelation(
      sure.map(({ theirs }) => theirs),
      sure.map(({ ours }) => ours),
    ),
    speedUp: {
      least: quantile(speedUps, 0),
      lowerQuartile: quantile(speedUps, 0.25),
      median: quantile(speedUps, 0.5),
      upperQuartile: quantile(speedUps, 0.75),
      most: quantile(speedUps, 1),
    },
  };
};

const compare = (row: MeasuredRow): Comparison => {
  const { tokensPerSecond: theirs, metric, doubtful } = row.published!;
  const ours = row.clockHz / (metric === 'benchmark' ? benchmarkCycles(row) : demoCycles(row) / DEMO_TOKENS);
  return {
    name: row.name.replace(/\+one-head$/, ''),
    row,
    theirs,
    ours,
    metric,
    doubtful: doubtful || metric === 'neither',
    speedUp: ours / theirs,
  };
};

/** A short context cuts the demo short: its cycles are then carried on to six tokens. */
const demoCycles = ({ demoCycles: cycles, shape }: MeasuredRow): number => {
  const prompt = Math.min(DEMO_TOKENS, Math.max(1, shape.context - 1));
  return (cycles * DEMO_TOKENS) / Math.min(DEMO_TOKENS, shape.context - prompt + 1);
};

/** Five tokens of prefill, and one with logits at position 5, between those measured at 0 and 8. */
const benchmarkCycles = ({ prefillCycles, decodeCycles, positions }: MeasuredRow): number => {
  const slope = (decodeCycles[1]! - decodeCycles[0]!) / positions[1]!;
  const last = decodeCycles[0]! + (DEMO_TOKENS - 1) * slope;
  return prefillCycles.slice(0, DEMO_TOKENS - 1).reduce((sum, cycles) => sum + cycles, last);
};

/** Spearman's: Pearson's correlation of ranks, equal values sharing their mean rank. */
export const rankCorrelation = (a: readonly number[], b: readonly number[]): number => {
  const [x, y] = [ranks(a), ranks(b)];
  const mean = (a.length + 1) / 2;
  const product = (p: readonly number[], q: readonly number[]) =>
    p.reduce((sum, value, i) => sum + (value - mean) * (q[i]! - mean), 0);
  return product(x, y) / Math.sqrt(product(x, x) * product(y, y));
};

const ranks = (values: readonly number[]): number[] =>
  values.map((value) => {
    const below = values.filter((other) => other < value).length;
    const equal = values.filter((other) => other === value).length;
    return below + (equal + 1) / 2;
  });
