/** What a chart of the report is: a finding as its title, a drawing at any width, and what its colours mean. */
import type { StudyResults } from '../../study/results.ts';
import type { Plot, PlotOptions } from './plot.ts';

export interface LegendEntry {
  label: string;
  color: string;
  /** @default 'dot' */
  mark?: 'dot' | 'ring' | 'line' | 'band';
}

export interface Chart {
  /** Name of its file, and its anchor on the page. */
  id: string;
  /** What the chart shows, as a sentence computed from the results. */
  title: string;
  /** How to read it. */
  caption: string;
  legend: LegendEntry[];
  options: (plot: Plot, width: number) => PlotOptions;
}

/** `undefined` when the results lack the rows it is drawn from. */
export type ChartMaker = (results: StudyResults) => Chart | undefined;

/** Colours that the page and the files define for light and dark. */
export const COLORS = ['var(--c1)', 'var(--c2)', 'var(--c3)', 'var(--c4)', 'var(--c5)'] as const;
export const [BLUE, ORANGE, GREEN, PURPLE, GREY] = COLORS;
export const BAND = 'var(--band)';

/** Below this width a chart is drawn for a phone. */
export const isNarrow = (width: number): boolean => width < 500;

/** Common to all charts. */
export const base = (width: number, height: number): PlotOptions => ({
  width,
  height,
  marginTop: 26,
  marginRight: 16,
  marginBottom: 44,
  marginLeft: isNarrow(width) ? 52 : 64,
  style: { fontSize: '12px', background: 'none', overflow: 'visible' },
});

const MANY_TICKS = 150;

/** 1, 2 and 5 of every power of ten between the values, or the powers alone when these are many. */
export const logTicks = (values: readonly number[]): number[] => {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const [first, last] = [Math.floor(Math.log10(least)), Math.ceil(Math.log10(most))];
  const steps = most / least > MANY_TICKS ? [1] : [1, 2, 5];
  const ticks = Array.from({ length: last - first + 1 }, (_, i) =>
    steps.map((step) => step * 10 ** (first + i)),
  );
  return ticks.flat().filter((tick) => tick >= least && tick <= most);
};

/** Bytes on an axis. */
export const kilobyteTick = (bytes: number): string => `${Number((bytes / 1024).toPrecision(3))} KB`;

/** 12,345 as 12k. */
export const short = (value: number): string => {
  if (value >= 1e6) return `${Number((value / 1e6).toPrecision(3))}M`;
  if (value >= 1e3) return `${Number((value / 1e3).toPrecision(3))}k`;
  return String(Number(value.toPrecision(3)));
};
