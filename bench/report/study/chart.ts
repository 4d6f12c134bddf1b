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
  marginRight: 24,
  marginBottom: 44,
  marginLeft: isNarrow(width) ? 52 : 64,
  style: { fontSize: '12px', background: 'none', overflow: 'visible' },
});

/** Steps of a decade that have ticks, and up to which ratio of the ends: of more, Plot would leave the labels out. */
const TICKS = [
  { steps: [1, 2, 5], upTo: 100 },
  { steps: [1, 3], upTo: 1000 },
  { steps: [1], upTo: Number.POSITIVE_INFINITY },
];

/** A logarithmic axis that ends at the ticks around its values. */
export const logAxis = (
  values: readonly number[],
): { type: 'log'; domain: [number, number]; ticks: number[] } => {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const [first, last] = [Math.floor(Math.log10(least)), Math.ceil(Math.log10(most))];
  const decades = Array.from({ length: last - first + 1 }, (_, i) => 10 ** (first + i));
  const axes = TICKS.map(({ steps, upTo }) => {
    const all = decades.flatMap((decade) => steps.map((step) => step * decade));
    const from = all.findLast((tick) => tick <= least) ?? least;
    const to = all.find((tick) => tick >= most) ?? most;
    return { from, to, fits: to / from <= upTo, ticks: all.filter((tick) => tick >= from && tick <= to) };
  });
  const { from, to, ticks } = axes.find(({ fits }) => fits)!;
  return { type: 'log', domain: [from, to], ticks };
};

/** Those ticks that lie between the values, for an axis that ends at them. */
export const ticksWithin = (values: readonly number[], ticks: readonly number[]): number[] =>
  ticks.filter((tick) => tick >= Math.min(...values) && tick <= Math.max(...values));

/** A label that stays readable on top of lines and dots. */
export const LABEL = {
  stroke: 'var(--card)',
  strokeWidth: 4,
  paintOrder: 'stroke',
  fontSize: 11.5,
} as const;

/** `2.3` of one value, `2.3 to 6.1` of several. */
export const rangeText = (values: readonly number[], text: (value: number) => string): string => {
  const [least, most] = [text(Math.min(...values)), text(Math.max(...values))];
  return least === most ? least : `${least} to ${most}`;
};

/** Bytes on an axis. */
export const kilobyteTick = (bytes: number): string => `${Number((bytes / 1024).toPrecision(3))} KB`;

/** 12,345 as 12k. */
export const short = (value: number): string => {
  if (value >= 1e6) return `${Number((value / 1e6).toPrecision(3))}M`;
  if (value >= 1e3) return `${Number((value / 1e3).toPrecision(3))}k`;
  return String(Number(value.toPrecision(3)));
};
