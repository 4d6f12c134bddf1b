/** Quality beside cost, of the shapes that were really trained, and the frontier: what nothing cheaper equals. */
import { type Candidate, candidatesOf, frontierOf } from '../../../study/findings/frontier.ts';
import { kilobytes, roughly, speedText } from '../../../study/findings/text.ts';
import { quantile } from '../../statistics.ts';
import {
  BLUE,
  base,
  type Chart,
  type ChartMaker,
  isNarrow,
  kilobyteTick,
  logTicks,
  ORANGE,
  short,
} from '../chart.ts';

const FAMILIES = [
  { label: 'llama (RMSNorm, rotary positions, SwiGLU)', family: 'llama', color: BLUE },
  { label: "starmind (the original's)", family: 'starmind', color: ORANGE },
];

const colorOf = ({ family }: Candidate): string => FAMILIES.find((each) => each.family === family)!.color;

const sizes = ({ row: { shape } }: Candidate): string =>
  `vocabulary ${shape.vocabulary}, dim ${shape.dim}, hidden ${shape.hidden}, layers ${shape.layers}, heads ${shape.heads}`;

const describe = (candidate: Candidate): string => {
  const { family, bitsPerByte, cyclesPerToken, sramBytes, trained, row } = candidate;
  return (
    `${family}: ${sizes(candidate)}\n${bitsPerByte.toFixed(3)} bits per byte, ${roughly(cyclesPerToken)} cycles a token ` +
    `(${speedText(row.clockHz / cyclesPerToken)})\n${kilobytes(sramBytes)} of SRAM\n“${trained.sample}”`
  );
};

/** By the clock on the wall, beside other work. */
const minutesText = (candidates: readonly Candidate[]): string =>
  `${quantile(
    candidates.map(({ trained }) => trained.minutes),
    0.5,
  ).toFixed(1)} minutes of a busy core (median)`;

/** int8 on two cores. */
const shown = ({ format, cores }: Candidate): boolean => format === 'int8' && cores === 2;

interface Axis {
  id: string;
  label: string;
  cost: (candidate: Candidate) => number;
  title: (frontier: Candidate[]) => string;
}

const AXES: Axis[] = [
  {
    id: 'quality-and-cycles',
    label: 'cycles per token',
    cost: ({ cyclesPerToken }) => cyclesPerToken,
    title: ([first, ...rest]) =>
      `From ${roughly(first!.cyclesPerToken)} to ${roughly((rest.at(-1) ?? first!).cyclesPerToken)} cycles a token, text falls from ` +
      `${first!.bitsPerByte.toFixed(2)} to ${(rest.at(-1) ?? first!).bitsPerByte.toFixed(2)} bits per byte`,
  },
  {
    id: 'quality-and-sram',
    label: 'bytes of SRAM in use, firmware and model',
    cost: ({ sramBytes }) => sramBytes,
    title: ([first, ...rest]) =>
      `The best trained shape takes ${kilobytes((rest.at(-1) ?? first!).sramBytes)} of SRAM, the smallest on the frontier ${kilobytes(first!.sramBytes)}`,
  },
];

/** So far apart, as a ratio, that their labels do not meet. */
const LABEL_RATIO = 1.35;

const labelled = (frontier: readonly Candidate[], cost: (candidate: Candidate) => number): Candidate[] => {
  const kept: Candidate[] = [];
  for (const candidate of frontier) {
    const last = kept.at(-1);
    if (last === undefined || cost(candidate) >= LABEL_RATIO * cost(last)) kept.push(candidate);
  }
  return kept;
};

const makeChart =
  ({ id, label, cost, title }: Axis): ChartMaker =>
  (results): Chart | undefined => {
    const candidates = candidatesOf(results).filter(shown);
    if (candidates.length === 0) return undefined;
    const frontier = frontierOf(candidates, cost);
    return {
      id,
      title: title(frontier),
      caption:
        `${candidates.length} shapes, each trained for ${minutesText(candidates)} on the same story grammar; bits per byte of held-out stories as the ` +
        'device computes in int8, less is better. The line is the Pareto frontier: no cheaper shape is as good. Larger dots have more parameters.',
      legend: FAMILIES.map((family) => ({ label: family.label, color: family.color })),
      options: (plot, width) => ({
        ...base(width, isNarrow(width) ? 360 : 420),
        x: {
          type: 'log',
          label,
          tickFormat: id.endsWith('sram') ? kilobyteTick : short,
          ticks: id.endsWith('sram')
            ? [40, 50, 60, 80, 100, 120, 160, 200].map((kb) => kb * 1024)
            : logTicks(candidates.map(cost)),
          inset: isNarrow(width) ? 12 : 26,
        },
        y: { label: 'bits per byte of text', grid: true, ticks: 6, inset: 22 },
        r: { range: [2.5, isNarrow(width) ? 8 : 11] },
        marks: [
          plot.line(frontier, {
            x: cost,
            y: 'bitsPerByte',
            curve: 'step-after',
            stroke: 'currentColor',
            strokeOpacity: 0.45,
            strokeWidth: 1.5,
          }),
          plot.dot(candidates, {
            x: cost,
            y: 'bitsPerByte',
            r: 'parameters',
            fill: colorOf,
            fillOpacity: (candidate: Candidate) => (frontier.includes(candidate) ? 0.95 : 0.35),
            stroke: colorOf,
            title: describe,
          }),
          ...(isNarrow(width)
            ? []
            : [
                plot.text(labelled(frontier, cost), {
                  x: cost,
                  y: 'bitsPerByte',
                  text: ({ row: { shape } }: Candidate) =>
                    `d${shape.dim} l${shape.layers} v${shape.vocabulary}`,
                  dy: 20,
                  dx: 0,
                  textAnchor: 'middle',
                  fillOpacity: 0.75,
                  fontSize: 10.5,
                }),
              ]),
        ],
      }),
    };
  };

export const qualityCharts: ChartMaker[] = AXES.map(makeChart);
