/** What the chip's time goes to: phases, number formats, where the weights lie, and the KV cache. */
import { type CachePoint, cacheCurves } from '../../../study/findings/caching.ts';
import { allInSram } from '../../../study/findings/metrics.ts';
import { percentText, roughly } from '../../../study/findings/text.ts';
import { ratios, type Variant, variantsOf } from '../../../study/findings/variants.ts';
import type { MeasuredRow } from '../../../study/row.ts';
import {
  BLUE,
  base,
  type Chart,
  type ChartMaker,
  COLORS,
  GREEN,
  GREY,
  isNarrow,
  kilobyteTick,
  logTicks,
  ORANGE,
  PURPLE,
  short,
} from '../chart.ts';

/** Phases that are told apart, in the order of the bar. */
const GROUPS = [
  { label: 'matrices of attention', phases: ['qkv', 'output'], color: BLUE },
  { label: 'feed-forward', phases: ['ffn'], color: GREEN },
  { label: 'logits', phases: ['logits'], color: ORANGE },
  { label: 'scores and values', phases: ['rope', 'attention'], color: PURPLE },
  { label: 'norms, embedding, sampling', phases: ['embed', 'norm', 'sample'], color: GREY },
];

/** A shape's name with its parameters. */
const shapeLabel = ({ shape, row }: Variant): string => `${shape} (${short(row.parameters)})`;

const usual = ({ format, placement, cores }: Variant): boolean =>
  format === 'int8' && placement === 'auto' && cores === 2;

interface Share {
  shape: string;
  label: string;
  share: number;
  cycles: number;
}

export const phaseChart: ChartMaker = (results): Chart | undefined => {
  const variants = variantsOf(results.rows.variants)
    .filter(usual)
    .sort((a, b) => a.cycles - b.cycles);
  if (variants.length === 0) return undefined;
  const shares = variants.flatMap((variant): Share[] => {
    const { row } = variant;
    const total = row.decodeCycles.at(-1)!;
    return GROUPS.map(({ label, phases }) => {
      const cycles = phases.reduce((sum, phase) => sum + row.phases[phase]!.at(-1)!, 0);
      return { shape: shapeLabel(variant), label, cycles, share: cycles / total };
    });
  });
  const matrices = ({ row }: Variant) => {
    const phases = ['qkv', 'output', 'ffn', 'logits'];
    return phases.reduce((sum, phase) => sum + row.phases[phase]!.at(-1)!, 0) / row.decodeCycles.at(-1)!;
  };
  const [first, last] = [variants[0]!, variants.at(-1)!];
  return {
    id: 'phases',
    title: `Matrices take ${percentText(matrices(first))} of the cycles of ${first.shape}, ${percentText(matrices(last))} of ${last.shape}'s`,
    caption: `Where the cycles of a token at the end of the context go; shapes from ${roughly(first.cycles)} to ${roughly(last.cycles)} cycles a token. int8, two cores.`,
    legend: GROUPS.map(({ label, color }) => ({ label, color, mark: 'band' as const })),
    options: (plot, width) => ({
      ...base(width, 46 + 40 * variants.length),
      marginTop: 8,
      marginLeft: isNarrow(width) ? 140 : 168,
      x: { label: 'share of cycles', tickFormat: percentText, ticks: 5 },
      y: { domain: variants.map(shapeLabel), label: null, padding: 0.25 },
      color: { domain: GROUPS.map(({ label }) => label), range: GROUPS.map(({ color }) => color) },
      marks: [
        plot.barX(shares, {
          y: 'shape',
          x: 'share',
          fill: 'label',
          fillOpacity: 0.85,
          order: GROUPS.map(({ label }) => label),
          insetLeft: 0.5,
          insetRight: 0.5,
          title: ({ shape, label, share, cycles }: Share) =>
            `${shape}: ${label}\n${roughly(cycles)} cycles, ${percentText(share)}`,
        }),
      ],
    }),
  };
};

const FORMAT_COLORS: Record<string, string> = { float: ORANGE, int8: BLUE, int4g32: PURPLE, int4: GREEN };

export const formatChart: ChartMaker = (results): Chart | undefined => {
  const all = variantsOf(results.rows.variants);
  const variants = all.filter(({ placement, cores }) => placement === 'auto' && cores === 2);
  if (variants.length === 0) return undefined;
  const formats = [...new Set(variants.map(({ format }) => format as string))];
  const shapes = [...new Set([...variants].sort((a, b) => a.cycles - b.cycles).map(shapeLabel))];
  const versus = (format: Variant['format']) => ratios(variants, 'format', 'int8', format);
  const range = (values: number[]) => `${roughly(Math.min(...values))} to ${roughly(Math.max(...values))}`;
  const float = versus('float').map(({ ratio }) => ratio);
  const int4 = versus('int4').map(({ ratio }) => ratio);
  return {
    id: 'formats',
    title:
      (float.length > 0 ? `int8 is ${range(float)} times as fast as float; ` : '') +
      (int4.length > 0
        ? `int4 takes ${percentText(Math.min(...int4))} to ${percentText(Math.max(...int4))} of int8's cycles`
        : ''),
    caption: 'Cycles of a token, mean over the context, of the same shape in each number format. Two cores.',
    legend: formats.map((format) => ({ label: format, color: FORMAT_COLORS[format] ?? GREY })),
    options: (plot, width) => ({
      ...base(width, 56 + 36 * shapes.length),
      marginTop: 10,
      marginLeft: isNarrow(width) ? 140 : 168,
      x: {
        type: 'log',
        label: 'cycles per token',
        grid: true,
        tickFormat: short,
        ticks: isNarrow(width) ? 3 : 6,
      },
      y: { type: 'point', domain: shapes, label: null },
      marks: [
        plot.ruleY(
          variants,
          plot.groupY(
            { x1: 'min', x2: 'max' },
            { y: 'shape', x1: 'cycles', x2: 'cycles', strokeOpacity: 0.25 },
          ),
        ),
        plot.dot(variants, {
          y: shapeLabel,
          x: 'cycles',
          r: 5,
          fill: ({ format }: Variant) => FORMAT_COLORS[format] ?? GREY,
          title: ({ shape, format, cycles, row }: Variant) =>
            `${shape}, ${format}\n${roughly(cycles)} cycles a token, ${roughly(row.weightBytes)} bytes of weights`,
        }),
      ],
    }),
  };
};

/** How the report calls them. */
const PLACES: Record<string, { label: string; color: string }> = {
  sram: { label: 'all in SRAM', color: BLUE },
  auto: { label: 'in SRAM what fits, the rest in flash', color: GREEN },
  streamed: { label: 'streamed from flash by DMA', color: PURPLE },
  flash: { label: 'all in flash, through its cache', color: ORANGE },
};

const placeOf = (placement: string) => PLACES[placement] ?? { label: placement, color: GREY };

export const placementChart: ChartMaker = (results): Chart | undefined => {
  const all = variantsOf(results.rows.variants).filter(
    ({ cores, format }) => cores === 2 && format === 'int8',
  );
  const pairs = ratios(all, 'placement', 'sram', 'flash');
  // Where everything fits, the other places are SRAM under another name.
  const variants = all.filter(({ placement, row }) => placement === 'sram' || !allInSram(row));
  if (pairs.length === 0) return undefined;
  const [least, most] = [pairs.map(({ ratio }) => ratio)].flatMap((all) => [
    Math.min(...all),
    Math.max(...all),
  ]);
  const perMac = ({ row, cycles }: Variant) => cycles / row.parameters;
  const places = [...new Set(variants.map(({ placement }) => placement as string))];
  return {
    id: 'placement',
    title: `Weights read from flash cost ${least!.toFixed(2)} to ${most!.toFixed(2)} times the cycles of weights in SRAM`,
    caption:
      'Cycles of a token for each multiply-add, by bytes of weights; the flash has a cache of 16 KB. What lies below the others at the ' +
      'same size is the better place.',
    legend: places.map((place) => placeOf(place)),
    options: (plot, width) => ({
      ...base(width, 320),
      x: { type: 'log', base: 2, label: 'weights', tickFormat: kilobyteTick, ticks: isNarrow(width) ? 4 : 7 },
      y: {
        type: 'log',
        label: 'cycles per multiply-add',
        grid: true,
        tickFormat: short,
        ticks: logTicks(variants.map(perMac)),
      },
      marks: [
        plot.line(variants.toSorted?.((a, b) => a.row.weightBytes - b.row.weightBytes) ?? variants, {
          x: ({ row }: Variant) => row.weightBytes,
          y: perMac,
          z: 'placement',
          stroke: ({ placement }: Variant) => placeOf(placement).color,
          strokeOpacity: 0.5,
        }),
        plot.dot(variants, {
          x: ({ row }: Variant) => row.weightBytes,
          y: perMac,
          r: 4,
          fill: ({ placement }: Variant) => placeOf(placement).color,
          title: (variant: Variant) =>
            `${variant.shape}, ${placeOf(variant.placement).label}\n${roughly(variant.cycles)} cycles a token, ${perMac(variant).toFixed(2)} for each multiply-add`,
        }),
      ],
    }),
  };
};

export const cacheChart: ChartMaker = (results): Chart | undefined => {
  const curves = cacheCurves(results.rows.cache);
  if (curves.length === 0) return undefined;
  const points = curves.flatMap(({ name, points: own, row }) =>
    own.map((point) => ({ ...point, name, row })),
  );
  const longest = points.reduce((a, b) => (b.length > a.length ? b : a));
  const colorOf = ({ name }: { name: string }) =>
    COLORS[curves.findIndex((curve) => curve.name === name) % COLORS.length]!;
  return {
    id: 'kv-cache',
    title: `Without a KV cache the token after ${longest.length} others costs ${roughly(longest.speedUp)} times as much`,
    caption:
      'A token without a cache is a run of its own, really made: the whole text before it goes through the model again. Its cycles ' +
      'over those of the same token with the cache.',
    legend: curves.map(({ name }) => ({ label: name, color: colorOf({ name }), mark: 'line' as const })),
    options: (plot, width) => ({
      ...base(width, 320),
      x: { type: 'log', base: 2, label: 'tokens before it', tickFormat: 'd', ticks: 7 },
      y: {
        type: 'log',
        base: 2,
        label: 'times the cycles with a cache',
        grid: true,
        tickFormat: 'd',
        ticks: 7,
      },
      marks: [
        plot.line(points, { x: 'length', y: 'speedUp', z: 'name', stroke: colorOf, strokeWidth: 1.75 }),
        plot.dot(
          points.filter(({ length }) => Number.isInteger(Math.log2(length))),
          {
            x: 'length',
            y: 'speedUp',
            r: 3,
            fill: colorOf,
            title: ({
              name,
              length,
              withCache,
              withoutCache,
              speedUp,
            }: CachePoint & { name: string; row: MeasuredRow }) =>
              `${name}, token after ${length}\n${roughly(withoutCache)} cycles without cache, ${roughly(withCache)} with\n${speedUp.toFixed(1)} times`,
          },
        ),
      ],
    }),
  };
};
