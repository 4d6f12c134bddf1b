/** The original's speeds beside ours: each shape as a dot, and how many times as fast. */
import { type Comparison, comparePublished } from '../../../study/findings/published.ts';
import { roughly, speedText } from '../../../study/findings/text.ts';
import {
  BAND,
  BLUE,
  base,
  type Chart,
  type ChartMaker,
  GREY,
  isNarrow,
  LABEL,
  logAxis,
  ORANGE,
  short,
  ticksWithin,
} from '../chart.ts';

const KINDS = [
  {
    label: 'counted as its demo does',
    color: BLUE,
    is: (c: Comparison) => !c.doubtful && c.metric === 'demo',
  },
  {
    label: 'as its benchmark does',
    color: ORANGE,
    is: (c: Comparison) => !c.doubtful && c.metric !== 'demo',
  },
  { label: 'doubtful there, left out of the figures', color: GREY, is: (c: Comparison) => c.doubtful },
];

const colorOf = (comparison: Comparison): string => KINDS.find(({ is }) => is(comparison))!.color;

const describe = ({ name, theirs, ours, speedUp, row: { shape } }: Comparison): string =>
  `${name}\nvocabulary ${shape.vocabulary}, dim ${shape.dim}, hidden ${shape.hidden}, layers ${shape.layers}\n` +
  `original ${theirs} tokens/s, here ${speedText(ours)}\n${roughly(speedUp)} times as fast`;

export const comparisonChart: ChartMaker = (results): Chart | undefined => {
  const found = comparePublished(results);
  if (found === undefined) return undefined;
  const { all, speedUp, rankCorrelation } = found;
  const theirs = all.map((each) => each.theirs);
  const ours = logAxis(all.map((each) => each.ours));
  // The median as a line, where it is within the chart.
  const [from, to] = [
    Math.max(Math.min(...theirs), ours.domain[0] / speedUp.median),
    Math.min(Math.max(...theirs), ours.domain[1] / speedUp.median),
  ];
  const line = [from, to].map((x) => ({ x, y: x * speedUp.median }));
  return {
    id: 'original-and-here',
    title: `The same shapes on the same chip run a median ${roughly(speedUp.median)} times as fast; their order is ${likeness(rankCorrelation)} (rank correlation ${rankCorrelation.toFixed(2)})`,
    caption:
      `Each dot is a shape whose speed the original published, counted in its own metric and with its own arithmetic, which ignores heads. ` +
      `The line is the median, ${roughly(speedUp.median)} times. Cycles are the emulator's at 125 MHz, int8, two cores.`,
    legend: KINDS.map(({ label, color }) => ({ label, color })),
    options: (plot, width) => ({
      ...base(width, isNarrow(width) ? 340 : 420),
      x: { ...logAxis(theirs), label: 'original, CircuitPython: tokens per second', tickFormat: short },
      y: { ...ours, label: 'here, C: tokens per second', grid: true, tickFormat: short },
      marks: [
        plot.line(line, {
          x: 'x',
          y: 'y',
          stroke: 'currentColor',
          strokeOpacity: 0.5,
          strokeDasharray: '4 4',
        }),
        plot.text([line.at(-1)!], {
          ...LABEL,
          x: 'x',
          y: 'y',
          text: () => `${roughly(speedUp.median)} times as fast`,
          textAnchor: 'end',
          dx: -14,
          dy: isNarrow(width) ? 12 : 4,
          fill: 'currentColor',
          fontWeight: 600,
        }),
        plot.dot(all, {
          x: 'theirs',
          y: 'ours',
          r: 4,
          fill: colorOf,
          fillOpacity: 0.55,
          stroke: colorOf,
          title: describe,
        }),
      ],
    }),
  };
};

const likeness = (correlation: number): string =>
  correlation > 0.9 ? 'the same' : correlation > 0.6 ? 'much the same' : 'another';

/** Bins of a tenth of a decade. */
const BINS_PER_DECADE = 10;

export const speedUpChart: ChartMaker = (results): Chart | undefined => {
  const found = comparePublished(results);
  if (found === undefined) return undefined;
  const { speedUp, all } = found;
  const sure = all.filter(({ doubtful }) => !doubtful);
  const bins = new Map<number, Comparison[]>();
  for (const each of sure) {
    const bin = Math.floor(Math.log10(each.speedUp) * BINS_PER_DECADE);
    bins.set(bin, [...(bins.get(bin) ?? []), each]);
  }
  const bars = [...bins].map(([bin, members]) => ({
    from: 10 ** (bin / BINS_PER_DECADE),
    to: 10 ** ((bin + 1) / BINS_PER_DECADE),
    count: members.length,
    names: members.map(({ name }) => name),
  }));
  const edges = bars.flatMap(({ from, to }) => [from, to]);
  // Some room for the label of the median.
  const top = 1.08 * Math.max(...bars.map(({ count }) => count));
  const listed = (names: string[]) =>
    names.length > 6 ? `${names.slice(0, 6).join('\n')}\nand ${names.length - 6} more` : names.join('\n');
  return {
    id: 'speed-up',
    title: `Half of the shapes became ${roughly(speedUp.lowerQuartile)} to ${roughly(speedUp.upperQuartile)} times as fast`,
    caption:
      `How many times as fast as published, of ${sure.length} shapes; from ${roughly(speedUp.least)} to ${roughly(speedUp.most)} times. ` +
      'The band is the middle half, the line the median.',
    legend: [
      { label: 'shapes', color: BLUE, mark: 'band' },
      { label: 'middle half', color: BAND, mark: 'band' },
    ],
    options: (plot, width) => ({
      ...base(width, 270),
      marginTop: 34,
      x: {
        type: 'log',
        label: 'times as fast as the original',
        tickFormat: short,
        ticks: ticksWithin(edges, logAxis(edges).ticks),
      },
      y: { label: 'shapes', grid: true, ticks: 5, tickFormat: 'd' },
      marks: [
        plot.rectX([speedUp], {
          x1: 'lowerQuartile',
          x2: 'upperQuartile',
          y1: 0,
          y2: top,
          fill: BAND,
        }),
        plot.rectY(bars, {
          x1: 'from',
          x2: 'to',
          y: 'count',
          fill: BLUE,
          inset: 0.75,
          title: ({ from, to, count, names }) =>
            `${roughly(from)} to ${roughly(to)} times: ${count}\n${listed(names)}`,
        }),
        plot.ruleX([speedUp.median], { y1: 0, y2: top, stroke: 'currentColor', strokeWidth: 1.5 }),
        plot.text([speedUp], {
          ...LABEL,
          x: 'median',
          y: top,
          text: () => `median ${roughly(speedUp.median)}`,
          dy: -9,
          fill: 'currentColor',
          fontWeight: 600,
        }),
        plot.ruleY([0]),
      ],
    }),
  };
};
