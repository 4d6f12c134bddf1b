/** What the cost model says of shapes that it was not fitted to, beside what was measured. */
import type { Prediction } from '../../../study/cost-model.ts';
import { costFitOf } from '../../../study/findings/cost-fit.ts';
import { roughly } from '../../../study/findings/text.ts';
import { percent } from '../../format.ts';
import { BLUE, base, type Chart, type ChartMaker, GREY, isNarrow, logAxis, short } from '../chart.ts';

export const costModelChart: ChartMaker = (results): Chart | undefined => {
  const fit = costFitOf(results);
  if (fit === undefined) return undefined;
  const { predictions, heldOut } = fit;
  const axis = logAxis(predictions.flatMap(({ measured, predicted }) => [measured, predicted]));
  const ticks = { ...axis, tickFormat: short };
  return {
    id: 'cost-model',
    title: `Operation counts predict the cycles of shapes that the model has not seen: ${percent(heldOut.median, 1)} off in the median, at most ${percent(heldOut.p95, 1)} for 95 % of tokens`,
    caption:
      'Every fourth shape was held out of the fit; each dot is one of its tokens, at a measured position. On the line the prediction is exact. ' +
      'Shapes whose weights lie in SRAM.',
    legend: [{ label: 'token of a shape held out', color: BLUE }],
    options: (plot, width) => ({
      ...base(width, isNarrow(width) ? 320 : 380),
      x: {
        ...ticks,
        label: 'predicted cycles',
        ticks: isNarrow(width) ? axis.ticks.filter((_, i) => i % 3 === 0) : axis.ticks,
      },
      y: { ...ticks, label: 'measured cycles', grid: true },
      marks: [
        plot.line(
          axis.domain.map((value) => ({ value })),
          { x: 'value', y: 'value', stroke: GREY, strokeDasharray: '4 4' },
        ),
        plot.dot(predictions, {
          x: 'predicted',
          y: 'measured',
          r: 3.5,
          fill: BLUE,
          fillOpacity: 0.5,
          title: ({ name, position, measured, predicted }: Prediction) =>
            `${name}, position ${position}\n${roughly(measured)} cycles measured, ${roughly(predicted)} predicted (${percent(predicted / measured - 1, 1)})`,
        }),
      ],
    }),
  };
};
