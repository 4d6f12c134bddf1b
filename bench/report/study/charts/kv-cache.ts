/** What a KV cache is worth: a token's cycles with and without, by the length of the text before it. */
import { type CachePoint, cacheCurves } from '../../../study/findings/caching.ts';
import { ORIGINAL } from '../../../study/findings/original.ts';
import { roughly } from '../../../study/findings/text.ts';
import {
  base,
  type Chart,
  type ChartMaker,
  COLORS,
  isNarrow,
  LABEL,
  logAxis,
  rangeText,
  short,
} from '../chart.ts';

interface Point extends CachePoint {
  name: string;
  cycles: number;
  cached: boolean;
}

const line = ({ name, cached }: Point): string => `${name} ${cached}`;

export const cacheChart: ChartMaker = (results): Chart | undefined => {
  const curves = cacheCurves(results.rows.cache);
  if (curves.length === 0) return undefined;
  const points = curves.flatMap(({ name, points: own }) =>
    [true, false].flatMap((cached) =>
      own.map(
        (point): Point => ({ ...point, name, cached, cycles: cached ? point.withCache : point.withoutCache }),
      ),
    ),
  );
  const longest = points.reduce((a, b) => (b.length > a.length ? b : a));
  const demos = curves.flatMap(({ demoSpeedUp }) => demoSpeedUp ?? []);
  const { least, most } = ORIGINAL.cache;
  const colorOf = ({ name }: Point) =>
    COLORS[curves.findIndex((curve) => curve.name === name) % COLORS.length]!;
  // Lines of the same length end at the same place: each model is named once, at the end of what it costs without a cache.
  const ends = curves.map(({ name }) => points.findLast((point) => point.name === name && !point.cached)!);
  return {
    id: 'kv-cache',
    title:
      `Without a KV cache the token after ${longest.length} others costs ${roughly(longest.speedUp)} times as much` +
      (demos.length === 0
        ? ''
        : `; the original's demo, six tokens after six, ${rangeText(demos, (value) => value.toFixed(1))} times (it says ${least} to ${most})`),
    caption:
      'Solid: with the cache a token costs hardly more than the one before. Dashed: without one it is a run of its own, really made, in which ' +
      'the whole text before it goes through the model again.',
    legend: curves.map(({ name }) => ({
      label: name,
      color: colorOf({ name } as Point),
      mark: 'line' as const,
    })),
    options: (plot, width) => ({
      ...base(width, isNarrow(width) ? 360 : 400),
      marginRight: isNarrow(width) ? 24 : 100,
      x: { type: 'log', base: 2, label: 'tokens before it', tickFormat: 'd', ticks: isNarrow(width) ? 5 : 9 },
      y: {
        ...logAxis(points.map(({ cycles }) => cycles)),
        label: 'cycles of the token',
        grid: true,
        tickFormat: short,
      },
      marks: [
        ...[true, false].map((cached) =>
          plot.line(
            points.filter((point) => point.cached === cached),
            {
              x: 'length',
              y: 'cycles',
              z: line,
              stroke: colorOf,
              strokeWidth: 1.75,
              ...(cached ? {} : { strokeDasharray: '5 3' }),
            },
          ),
        ),
        plot.dot(
          points.filter(({ length }) => Number.isInteger(Math.log2(length))),
          {
            x: 'length',
            y: 'cycles',
            r: 3,
            fill: colorOf,
            title: ({ name, length, withCache, withoutCache, speedUp }: Point) =>
              `${name}, token after ${length}\n${roughly(withoutCache)} cycles without cache, ${roughly(withCache)} with\n${speedUp.toFixed(1)} times`,
          },
        ),
        ...(isNarrow(width)
          ? []
          : [
              plot.text(apart(ends), {
                ...LABEL,
                x: 'length',
                y: 'cycles',
                text: 'name',
                textAnchor: 'start',
                dx: 8,
                fill: colorOf,
                fontWeight: 600,
              }),
            ]),
      ],
    }),
  };
};

/** Labels closer than this ratio would meet: the later one is left to the legend. */
const LABEL_RATIO = 1.5;

const apart = (ends: readonly Point[]): Point[] => {
  const kept: Point[] = [];
  for (const end of [...ends].sort((a, b) => b.cycles - a.cycles)) {
    const meets = kept.some(
      (other) => other.length === end.length && other.cycles / end.cycles < LABEL_RATIO,
    );
    if (!meets) kept.push(end);
  }
  return kept;
};
