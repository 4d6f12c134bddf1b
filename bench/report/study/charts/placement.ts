/** Where the weights lie, and what that costs. */
import { allInSram } from '../../../study/findings/metrics.ts';
import { roughly } from '../../../study/findings/text.ts';
import { ratios, type Variant, variantsOf } from '../../../study/findings/variants.ts';
import {
  BLUE,
  base,
  type Chart,
  type ChartMaker,
  GREEN,
  GREY,
  isNarrow,
  kilobyteTick,
  logAxis,
  ORANGE,
  PURPLE,
  rangeText,
  short,
  ticksWithin,
} from '../chart.ts';

/** How the report calls them. */
const PLACES: Record<string, { label: string; color: string }> = {
  sram: { label: 'all in SRAM', color: BLUE },
  auto: { label: 'in SRAM what fits, the rest read from flash', color: GREEN },
  streamed: { label: 'in SRAM what fits, the rest streamed by DMA', color: PURPLE },
  flash: { label: 'all in flash, through its cache', color: ORANGE },
};

const placeOf = (placement: string) => PLACES[placement] ?? { label: placement, color: GREY };
const colorOf = ({ placement }: Variant): string => placeOf(placement).color;
const perMultiplyAdd = ({ row, cycles }: Variant): number => cycles / row.parameters;
const weights = ({ row }: Variant): number => row.weightBytes;

export const placementChart: ChartMaker = (results): Chart | undefined => {
  const all = variantsOf(results.rows.variants).filter(
    ({ cores, format }) => cores === 2 && format === 'int8',
  );
  const fromFlash = ratios(all, 'placement', 'sram', 'flash').map(({ ratio }) => ratio);
  if (fromFlash.length === 0) return undefined;
  // Where everything fits, the other places are SRAM under another name.
  const variants = all
    .filter(({ placement, row }) => placement === 'sram' || !allInSram(row))
    .sort((a, b) => weights(a) - weights(b));
  const streaming = ratios(
    variants.filter(({ placement }) => placement !== 'sram'),
    'placement',
    'streamed',
    'auto',
  ).map(({ ratio }) => ratio);
  const places = [...new Set(variants.map(({ placement }) => placement as string))];
  const domain: [number, number] = [1024, Math.max(256 * 1024, ...variants.map(weights))];
  const oneDigit = (value: number) => value.toFixed(1);
  return {
    id: 'placement',
    title:
      `Weights read from flash cost ${rangeText(fromFlash, oneDigit)} times the cycles of weights in SRAM` +
      (streaming.length === 0
        ? ''
        : `; streaming what does not fit is ${rangeText(streaming, oneDigit)} times as fast as reading it`),
    caption:
      'Cycles of a token for each multiply-add, by bytes of weights; the flash has a cache of 16 KB. Less is better. int8, two cores; ' +
      'one shape also with its SRAM cut to 64 KB.',
    legend: places.map((place) => placeOf(place)),
    options: (plot, width) => ({
      ...base(width, 320),
      x: {
        type: 'log',
        base: 2,
        label: 'weights',
        tickFormat: kilobyteTick,
        domain,
        ticks: ticksWithin(
          domain,
          [1, 4, 16, 64, 256].flatMap((kb) => (isNarrow(width) ? [kb] : [kb, 2 * kb])).map((kb) => kb * 1024),
        ),
      },
      y: {
        ...logAxis(variants.map(perMultiplyAdd)),
        label: 'cycles per multiply-add',
        grid: true,
        tickFormat: short,
      },
      marks: [
        plot.line(variants, {
          x: weights,
          y: perMultiplyAdd,
          z: 'placement',
          stroke: colorOf,
          strokeOpacity: 0.5,
        }),
        plot.dot(variants, {
          x: weights,
          y: perMultiplyAdd,
          r: 4.5,
          fill: colorOf,
          title: (variant: Variant) =>
            `${variant.shape}, ${placeOf(variant.placement).label}\n${roughly(variant.cycles)} cycles a token, ` +
            `${perMultiplyAdd(variant).toFixed(2)} for each multiply-add`,
        }),
      ],
    }),
  };
};
