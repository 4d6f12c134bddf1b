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
  LABEL,
  logAxis,
  ORANGE,
  short,
  ticksWithin,
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
      `Cycles buy quality: ${bits(first!)} bits per byte at ${roughly(first!.cyclesPerToken)} cycles a token, ` +
      `${bits(rest.at(-1) ?? first!)} at ${roughly((rest.at(-1) ?? first!).cyclesPerToken)}`,
  },
  {
    id: 'quality-and-sram',
    label: 'bytes of SRAM in use, firmware and model',
    cost: ({ sramBytes }) => sramBytes,
    title: ([first, ...rest]) =>
      `SRAM buys quality: ${bits(first!)} bits per byte in ${kilobytes(first!.sramBytes)}, ` +
      `${bits(rest.at(-1) ?? first!)} in ${kilobytes((rest.at(-1) ?? first!).sramBytes)}, firmware included`,
  },
];

const bits = ({ bitsPerByte }: Candidate): string => bitsPerByte.toFixed(2);

const KILOBYTES = [32, 48, 64, 96, 128, 192, 256];

/** So far apart, as a ratio of costs or in bits per byte, that their labels do not meet. */
const APART = { ratio: 1.5, bits: 0.22 };

const labelled = (frontier: readonly Candidate[], cost: (candidate: Candidate) => number): Candidate[] => {
  const kept: Candidate[] = [];
  // From the best: it is the one that most is asked of.
  for (const candidate of [...frontier].reverse()) {
    const meets = kept.some(
      (other) =>
        cost(other) < APART.ratio * cost(candidate) && candidate.bitsPerByte - other.bitsPerByte < APART.bits,
    );
    if (!meets) kept.push(candidate);
  }
  return kept;
};

/** What the frontier's labels say. */
const labelText = ({ row: { shape } }: Candidate): string =>
  `d${shape.dim} l${shape.layers} v${shape.vocabulary}`;

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
        'device computes in int8, less is better. The line is the Pareto frontier: no cheaper shape is as good. Larger dots have more ' +
        'parameters; d is the dimension, l the layers, v the vocabulary.',
      legend: FAMILIES.map((family) => ({ label: family.label, color: family.color })),
      options: (plot, width) => ({
        ...base(width, isNarrow(width) ? 360 : 420),
        x: {
          type: 'log',
          label,
          tickFormat: id.endsWith('sram') ? kilobyteTick : short,
          ticks: ticksWithin(
            candidates.map(cost),
            id.endsWith('sram') ? KILOBYTES.map((kb) => kb * 1024) : logAxis(candidates.map(cost)).ticks,
          ),
          insetLeft: isNarrow(width) ? 12 : 90,
          insetRight: isNarrow(width) ? 12 : 30,
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
                  ...LABEL,
                  x: cost,
                  y: 'bitsPerByte',
                  text: labelText,
                  // Below and left of the frontier there is nothing.
                  textAnchor: 'end',
                  dx: -10,
                  dy: 13,
                  fill: 'currentColor',
                }),
              ]),
        ],
      }),
    };
  };

export const qualityCharts: ChartMaker[] = AXES.map(makeChart);
