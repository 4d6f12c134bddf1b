/** The ladders themselves: cycles while one factor moves. */
import {
  FACTORS,
  type FactorLoss,
  type FactorStep,
  factorLosses,
  type Rung,
  rungsOf,
} from '../../../study/findings/factors.ts';
import { percentText, roughly } from '../../../study/findings/text.ts';
import { BASE_POINTS } from '../../../study/ladders.ts';
import { thousands } from '../../format.ts';
import { base, type Chart, type ChartMaker, isNarrow, logAxis, short } from '../chart.ts';
import { BASES, colorOf, titleOf } from './base-points.ts';

export const ladderChart: ChartMaker = (results): Chart | undefined => {
  const rungs = rungsOf(results.rows.ladders);
  if (rungs.length === 0) return undefined;
  const factors = Object.keys(FACTORS).filter((factor) => rungs.some((rung) => rung.factor === factor));
  const largest = rungs
    .filter(({ factor }) => factor === 'vocabulary')
    .reduce((a, b) => (b.value > a.value ? b : a));
  const ignored = rungsOf(results.rows.ladders, 'one').filter(({ factor }) => factor === 'heads');
  const relative = (rung: Rung): number => rung.value / baseValue(rung);
  const describe = (rung: Rung) =>
    `${titleOf(rung.factor)} ${rung.value}, ${rung.base} base\n${roughly(rung.cycles)} cycles a token` +
    (rung.inSram ? '' : '\nsome weights in flash');
  return {
    id: 'ladders',
    title: titleOfAll(factorLosses(results.rows.ladders)),
    caption:
      'Cycles of a token, mean over a context of 48, while one factor moves from its base point (×1) to multiples of it. ' +
      'Rings have some of their weights in flash. Dashed: heads ignored, as the original does. ' +
      `The largest vocabulary is ${thousands(largest.value)}, at ${roughly(largest.cycles)} cycles a token from the smallest base.`,
    legend: BASES.map(({ label, color }) => ({ label, color, mark: 'line' as const })),
    options: (plot, width) => {
      const columns = isNarrow(width) ? 2 : 3;
      const place = new Map(
        factors.map((factor, i) => [factor, { fx: i % columns, fy: Math.floor(i / columns) }]),
      );
      const fx = ({ factor }: { factor: string }) => place.get(factor)!.fx;
      const fy = ({ factor }: { factor: string }) => place.get(factor)!.fy;
      const rung = { fx, fy, x: relative, y: 'cycles', stroke: colorOf };
      return {
        ...base(width, isNarrow(width) ? 580 : 480),
        marginTop: 48,
        x: {
          type: 'log',
          base: 2,
          label: 'multiple of the base point',
          tickFormat: multiple,
          ticks: [1 / 16, 1 / 4, 1, 4, 16].slice(isNarrow(width) ? 1 : 0, isNarrow(width) ? 4 : 5),
        },
        y: {
          ...logAxis(rungs.map(({ cycles }) => cycles)),
          label: 'cycles per token',
          grid: true,
          tickFormat: short,
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
          plot.line(rungs, { ...rung, z: 'base', strokeWidth: 1.75 }),
          plot.line(ignored, { ...rung, z: 'base', strokeWidth: 1.5, strokeDasharray: '3 3' }),
          plot.dot(rungs, {
            ...rung,
            r: 3,
            fill: (each: Rung) => (each.inSram ? colorOf(each) : 'var(--card)'),
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

/** The dearest step out of SRAM beside the dearest within it. */
const titleOfAll = (losses: readonly FactorLoss[]): string => {
  const steps = losses.filter(({ unit }) => unit === 'doubling').flatMap((loss) => loss.steps);
  const dearest = (inSram: boolean): FactorStep | undefined =>
    steps
      .filter((step) => step.inSram === inSram)
      .reduce<FactorStep | undefined>(
        (most, step) => (most === undefined || step.loss > most.loss ? step : most),
        undefined,
      );
  const [within, leaving] = [dearest(true), dearest(false)];
  if (within === undefined) return 'Ladders of one factor each';
  const costs = ({ factor, loss }: FactorStep) =>
    `${FACTORS[factor]!.step} takes up to ${percentText(loss)} of the speed`;
  return leaving === undefined
    ? `Within SRAM ${costs(within)}`
    : `Speed breaks where weights leave SRAM: ${costs(leaving)} there, up to ${percentText(within.loss)} within it`;
};
