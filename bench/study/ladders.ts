/**
 * Clean ladders: from a base point one factor moves and nothing else, so that what a factor costs is read off, not inferred from
 * shapes that differ in several. Each factor has a ladder at every base point, because what it costs depends on the rest.
 */
import type { StudyShape } from './shapes.ts';

interface Point {
  vocabulary: number;
  dim: number;
  hidden: number;
  layers: number;
  heads: number;
}

/** From where hardly anything but overhead costs to where multiply-adds do; the top rungs of `large` do not fit into SRAM. */
export const BASE_POINTS: Record<string, Point> = {
  small: { vocabulary: 64, dim: 8, hidden: 32, layers: 1, heads: 2 },
  middle: { vocabulary: 128, dim: 16, hidden: 64, layers: 2, heads: 4 },
  large: { vocabulary: 256, dim: 32, hidden: 128, layers: 3, heads: 8 },
};

const CONTEXT = 48;
const DOUBLINGS = [1, 2, 4, 8];

type Ladder = (base: Point) => Point[];

/** By the name of the factor. */
export const LADDERS: Record<string, Ladder> = {
  dimension: (base) => [0.5, 1, 2, 4].map((by) => ({ ...base, dim: base.dim * by })),
  'dimension-same-ratio': (base) =>
    [0.5, 1, 2, 4].map((by) => ({ ...base, dim: base.dim * by, hidden: base.hidden * by })),
  depth: (base) => [1, 2, 3, 4, 6, 8].map((layers) => ({ ...base, layers })),
  heads: (base) => DOUBLINGS.filter((heads) => heads <= base.dim).map((heads) => ({ ...base, heads })),
  ffn: (base) => [0.5, 1, 2, 4, 8].map((by) => ({ ...base, hidden: base.dim * 4 * by })),
  vocabulary: (base) =>
    [16, 64, 128, 256, 512, 1024, 2048, 4096].map((vocabulary) => ({ ...base, vocabulary })),
};

/** All rungs: the set is `factor`, the name says factor, base point and the value on this rung. */
export const ladderShapes = (): StudyShape[] =>
  Object.entries(LADDERS).flatMap(([factor, ladder]) =>
    Object.entries(BASE_POINTS).flatMap(([baseName, base]) =>
      ladder(base).map((point) => ({
        set: factor,
        name: `${SHORT[factor]}-${baseName}-${rungValue(factor, point)}`,
        context: CONTEXT,
        ...point,
      })),
    ),
  );

/** Names of models have 31 bytes at most. */
const SHORT: Record<string, string> = {
  dimension: 'dim',
  'dimension-same-ratio': 'ratio',
  depth: 'depth',
  heads: 'heads',
  ffn: 'ffn',
  vocabulary: 'vocab',
};

const rungValue = (factor: string, { vocabulary, dim, hidden, layers, heads }: Point): number =>
  ({ depth: layers, heads, ffn: hidden, vocabulary })[factor] ?? dim;
