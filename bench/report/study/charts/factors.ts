/** The five factors: what doubling one costs at every step of its ladder, beside the original's ranges. */
import { claimsOf } from '../../../study/findings/claims.ts';
import { FACTORS, type FactorLoss, type FactorStep, factorLosses } from '../../../study/findings/factors.ts';
import { ORIGINAL } from '../../../study/findings/original.ts';
import { percentText } from '../../../study/findings/text.ts';
import { BAND, base, type Chart, type ChartMaker, GREY, isNarrow } from '../chart.ts';
import { BASES, titleOf } from './base-points.ts';

export const factorChart: ChartMaker = (results): Chart | undefined => {
  const losses = factorLosses(results.rows.ladders).filter(({ factor }) => factor in ORIGINAL.factors);
  if (losses.length === 0) return undefined;
  const bands = Object.entries(ORIGINAL.factors).map(([factor, range]) => ({ factor, ...range }));
  const steps = losses.flatMap((loss) => loss.steps).filter(({ inSram }) => inSram);
  const means = losses.map(({ factor, mean }) => ({ factor, mean }));
  const held = claimsOf(results).filter(
    ({ id, verdict }) => id in ORIGINAL.factors && verdict === 'holds',
  ).length;
  const [widest, next] = [...losses].sort((a, b) => b.most - b.least - (a.most - a.least));
  const spread = ({ factor, least, most }: FactorLoss) =>
    `${FACTORS[factor]!.step} takes ${percentText(least)} to ${percentText(most)}`;
  const ignored = factorLosses(results.rows.ladders, 'one').flatMap(({ factor, steps: own }) =>
    factor === 'heads' ? own.filter(({ inSram }) => inSram) : [],
  );
  const describe = ({ factor, from, to, loss, base: name }: FactorStep) =>
    `${titleOf(factor)} ${from} to ${to}, from the ${name} base\n${percentText(loss)} of the speed lost for each ${FACTORS[factor]!.unit}`;
  return {
    id: 'factors',
    title:
      `${held === 0 ? 'None' : held} of the five factors cost${held > 1 ? '' : 's'} a constant share of speed: ` +
      [widest, next].flatMap((loss) => (loss === undefined ? [] : spread(loss))).join(', '),
    caption:
      'Share of tokens per second lost when a factor doubles (layers: when one is added). A dot is a step of a ladder that moves ' +
      'this factor alone, the bar their mean, the band what the original claims; rings are heads that are ignored, as the original does. ' +
      'Steps that leave SRAM are left out.',
    legend: [
      ...BASES.map(({ label, color }) => ({ label, color })),
      { label: 'heads ignored', color: GREY, mark: 'ring' },
      { label: "the original's claim", color: BAND, mark: 'band' },
    ],
    options: (plot, width) => ({
      ...base(width, 350),
      marginLeft: isNarrow(width) ? 76 : 96,
      marginBottom: 48,
      x: {
        label: 'speed lost',
        tickFormat: percentText,
        grid: true,
        ticks: isNarrow(width) ? 4 : 8,
        inset: 10,
      },
      y: {
        type: 'band',
        domain: bands.map(({ factor }) => titleOf(factor)),
        label: null,
        padding: 0.35,
        tickSize: 0,
      },
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
        plot.dot(ignored, {
          y: ({ factor }: FactorStep) => titleOf(factor),
          x: 'loss',
          dy: 18,
          r: 3.5,
          stroke: GREY,
          strokeWidth: 1.5,
          title: (step: FactorStep) => `${describe(step)}\nheads ignored`,
        }),
      ],
    }),
  };
};
