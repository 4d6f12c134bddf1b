/** The five factors: what doubling one costs at every step of its ladder, beside the original's ranges; and the ladders themselves. */
import { claimsOf } from '../../../study/findings/claims.ts';
import {
  FACTORS,
  type FactorStep,
  factorLosses,
  type Rung,
  rungsOf,
} from '../../../study/findings/factors.ts';
import { ORIGINAL } from '../../../study/findings/original.ts';
import { percentText, roughly } from '../../../study/findings/text.ts';
import { BASE_POINTS } from '../../../study/ladders.ts';
import {
  BAND,
  BLUE,
  base,
  type Chart,
  type ChartMaker,
  GREEN,
  GREY,
  isNarrow,
  logTicks,
  ORANGE,
  short,
} from '../chart.ts';

const BASES = [
  { name: 'small', color: ORANGE },
  { name: 'middle', color: GREEN },
  { name: 'large', color: BLUE },
].map((each) => ({ ...each, label: `${each.name}: ${pointText(each.name)}` }));

function pointText(name: string): string {
  const { vocabulary, dim, hidden, layers } = BASE_POINTS[name]!;
  return `vocabulary ${vocabulary}, dim ${dim}, hidden ${hidden}, ${layers} layer${layers > 1 ? 's' : ''}`;
}

const colorOf = ({ base: name }: { base: string }): string =>
  BASES.find((each) => each.name === name)?.color ?? GREY;

const titleOf = (factor: string): string => FACTORS[factor]!.title;

export const factorChart: ChartMaker = (results): Chart | undefined => {
  const losses = factorLosses(results.rows.ladders).filter(({ factor }) => factor in ORIGINAL.factors);
  if (losses.length === 0) return undefined;
  const bands = Object.entries(ORIGINAL.factors).map(([factor, range]) => ({ factor, ...range }));
  const steps = losses.flatMap((loss) => loss.steps).filter(({ inSram }) => inSram);
  const means = losses.map(({ factor, mean }) => ({ factor, mean }));
  const held = claimsOf(results).filter(
    ({ id, verdict }) => id in ORIGINAL.factors && verdict === 'holds',
  ).length;
  const widest = losses.reduce((a, b) => (b.most - b.least > a.most - a.least ? b : a));
  const describe = ({ factor, from, to, loss, base: name }: FactorStep) =>
    `${titleOf(factor)} ${from} to ${to}, from the ${name} base\n${percentText(loss)} of the speed lost for each ${FACTORS[factor]!.unit}`;
  return {
    id: 'factors',
    title:
      `${held === 0 ? 'None' : held} of the five factors costs a constant share: ` +
      `${titleOf(widest.factor).toLowerCase()} takes ${percentText(widest.least)} of the speed or ${percentText(widest.most)}, depending on the rest`,
    caption:
      'Share of tokens per second lost when a factor doubles (layers: when one is added). A dot is a step of a ladder that moves ' +
      'this factor alone, the bar their mean, the band what the original claims. Steps that leave SRAM are left out.',
    legend: [
      ...BASES.map(({ label, color }) => ({ label, color })),
      { label: "the original's claim", color: BAND, mark: 'band' },
    ],
    options: (plot, width) => ({
      ...base(width, 350),
      marginLeft: isNarrow(width) ? 76 : 96,
      marginBottom: 48,
      x: { label: 'speed lost', tickFormat: percentText, grid: true, ticks: isNarrow(width) ? 4 : 8 },
      y: { type: 'band', domain: bands.map(({ factor }) => titleOf(factor)), label: null, padding: 0.35 },
      marks: [
        plot.barX(bands, {
          y: ({ factor }) => titleOf(factor),
          x1: 'least',
          x2: 'most',
          fill: BAND,
          inset: -6,
        }),
        plot.ruleX([0], { strokeOpacity: 0.4 }),
        plot.tickX(means, { y: ({ factor }) => titleOf(factor), x: 'mean', strokeWidth: 2.5, inset: -2 }),
        ...BASES.map(({ name, color }, i) =>
          plot.dot(
            steps.filter((step) => step.base === name),
            {
              y: ({ factor }: FactorStep) => titleOf(factor),
              x: 'loss',
              // A line for each base point, so that dots do not hide each other.
              dy: 9 * (i - 1),
              r: 4,
              fill: color,
              fillOpacity: 0.85,
              title: describe,
            },
          ),
        ),
      ],
    }),
  };
};

export const ladderChart: ChartMaker = (results): Chart | undefined => {
  const rungs = rungsOf(results.rows.ladders);
  if (rungs.length === 0) return undefined;
  const factors = Object.keys(FACTORS).filter((factor) => rungs.some((rung) => rung.factor === factor));
  const largest = rungs
    .filter(({ factor }) => factor === 'vocabulary')
    .reduce((a, b) => (b.value > a.value ? b : a));
  const relative = (rung: Rung): number => rung.value / baseValue(rung);
  const describe = (rung: Rung) =>
    `${titleOf(rung.factor)} ${rung.value}, ${rung.base} base\n${roughly(rung.cycles)} cycles a token` +
    (rung.inSram ? '' : '\nsome weights in flash');
  return {
    id: 'ladders',
    title: `Ladders of one factor each: a vocabulary of ${largest.value.toLocaleString('en-US')} runs, at ${roughly(largest.cycles)} cycles a token`,
    caption:
      'Cycles of a token, mean over a context of 48, while one factor moves from its base point (1) to multiples of it. ' +
      'Rings have some of their weights in flash.',
    legend: BASES.map(({ label, color }) => ({ label, color, mark: 'line' as const })),
    options: (plot, width) => {
      const columns = isNarrow(width) ? 2 : 3;
      const place = new Map(
        factors.map((factor, i) => [factor, { fx: i % columns, fy: Math.floor(i / columns) }]),
      );
      const fx = ({ factor }: { factor: string }) => place.get(factor)!.fx;
      const fy = ({ factor }: { factor: string }) => place.get(factor)!.fy;
      return {
        ...base(width, isNarrow(width) ? 560 : 460),
        marginTop: 34,
        x: {
          type: 'log',
          base: 2,
          label: 'multiple of the base point',
          tickFormat: multiple,
          ticks: [1 / 16, 1 / 4, 1, 4, 16].slice(isNarrow(width) ? 1 : 0, isNarrow(width) ? 4 : 5),
        },
        y: {
          type: 'log',
          label: 'cycles per token',
          grid: true,
          tickFormat: short,
          ticks: logTicks(rungs.map(({ cycles }) => cycles)),
        },
        fx: { axis: null, padding: 0.12 },
        fy: { axis: null, padding: 0.22 },
        marks: [
          plot.text(factors, {
            fx: (factor: string) => place.get(factor)!.fx,
            fy: (factor: string) => place.get(factor)!.fy,
            text: titleOf,
            frameAnchor: 'top-left',
            dy: -14,
            fontWeight: 600,
          }),
          plot.line(rungs, {
            fx,
            fy,
            x: relative,
            y: 'cycles',
            z: 'base',
            stroke: colorOf,
            strokeWidth: 1.75,
          }),
          plot.dot(rungs, {
            fx,
            fy,
            x: relative,
            y: 'cycles',
            r: 3,
            fill: (rung: Rung) => (rung.inSram ? colorOf(rung) : 'var(--card)'),
            stroke: colorOf,
            title: describe,
          }),
        ],
      };
    },
  };

  function baseValue({ factor, base: name }: Rung): number {
    const { dim, hidden, layers, vocabulary, heads: count } = BASE_POINTS[name]!;
    return { depth: layers, heads: count, ffn: hidden, vocabulary }[factor] ?? dim;
  }
};

const multiple = (value: number): string => (value >= 1 ? `×${value}` : `×1/${Math.round(1 / value)}`);
