/** The same shapes in float and in integers. */
import { allInSram } from '../../../study/findings/metrics.ts';
import { percentText, roughly } from '../../../study/findings/text.ts';
import { ratios, type Variant, variantsOf } from '../../../study/findings/variants.ts';
import {
  BLUE,
  base,
  type Chart,
  type ChartMaker,
  GREEN,
  GREY,
  isNarrow,
  LABEL,
  logAxis,
  ORANGE,
  PURPLE,
  rangeText,
  short,
} from '../chart.ts';
import { shapeLabel } from './shape-label.ts';

const FORMAT_COLORS: Record<string, string> = { float: ORANGE, int8: BLUE, int4g32: PURPLE, int4: GREEN };

const colorOf = ({ format }: Variant): string => FORMAT_COLORS[format] ?? GREY;

export const formatChart: ChartMaker = (results): Chart | undefined => {
  const variants = variantsOf(results.rows.variants).filter(
    ({ placement, cores, arenaLimit }) => placement === 'auto' && cores === 2 && arenaLimit === undefined,
  );
  if (variants.length === 0) return undefined;
  const formats = [...new Set(variants.map(({ format }) => format as string))];
  const shapes = [...new Set([...variants].sort((a, b) => a.cycles - b.cycles).map(shapeLabel))];
  const versus = (format: Variant['format']) => ratios(variants, 'format', 'int8', format);
  const float = versus('float').map(({ ratio }) => ratio);
  const int4 = versus('int4').map(({ ratio }) => ratio);
  const slow = variants.filter(({ format }) => format === 'float');
  const fast = (variant: Variant) =>
    variants.find(({ shape, format }) => shape === variant.shape && format === 'int8')!;
  return {
    id: 'formats',
    title: [
      ...(float.length > 0
        ? [
            `Quantizing does not slow inference down: int8 is ${rangeText(float, roughly)} times as fast as float`,
          ]
        : []),
      ...(int4.length > 0 ? [`int4 takes ${rangeText(int4, percentText)} of int8's cycles`] : []),
    ].join('; '),
    caption:
      'Cycles of a token, mean over the context, of the same shape in each number format, multiply-adds in brackets. Two cores. ' +
      'Rings have some of their weights in flash, where fewer bytes count most.',
    legend: formats.map((format) => ({ label: format, color: FORMAT_COLORS[format] ?? GREY })),
    options: (plot, width) => {
      const axis = logAxis(variants.map(({ cycles }) => cycles));
      return {
        ...base(width, 56 + 36 * shapes.length),
        marginTop: 10,
        marginLeft: isNarrow(width) ? 112 : 132,
        x: {
          ...axis,
          label: 'cycles per token',
          grid: true,
          tickFormat: short,
          ticks: isNarrow(width)
            ? axis.ticks.filter((tick) => Number.isInteger(Math.log10(tick)))
            : axis.ticks,
        },
        y: { type: 'point', domain: shapes, label: null, tickSize: 0 },
        marks: [
          plot.ruleY(
            variants,
            plot.groupY(
              { x1: 'min', x2: 'max' },
              { y: shapeLabel, x1: 'cycles', x2: 'cycles', strokeOpacity: 0.35 },
            ),
          ),
          plot.dot(variants, {
            y: shapeLabel,
            x: 'cycles',
            r: 4.5,
            fill: (variant: Variant) => (allInSram(variant.row) ? colorOf(variant) : 'var(--card)'),
            stroke: colorOf,
            strokeWidth: 1.75,
            title: ({ shape, format, cycles, row }: Variant) =>
              `${shape}, ${format}\n${roughly(cycles)} cycles a token, ${roughly(row.weightBytes)} bytes of weights`,
          }),
          plot.text(
            slow.filter((variant) => fast(variant) !== undefined),
            {
              ...LABEL,
              y: shapeLabel,
              x: 'cycles',
              text: (variant: Variant) => `${roughly(variant.cycles / fast(variant).cycles)} × int8`,
              textAnchor: 'end',
              dx: -9,
              fill: ORANGE,
            },
          ),
        ],
      };
    },
  };
};
