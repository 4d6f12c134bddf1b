/**
 * The files of results under fixtures/study, and what each measures. The report, its claims and `starmind pick` read all of them,
 * so they must be of one firmware; `starmind study reproduce` makes them all again.
 */
import { fileURLToPath } from 'node:url';
import { type QuantizedShape, type WeightFormat, weightRange } from '../../models/quantized.ts';
import { BASE_POINTS, ladderShapes } from './ladders.ts';
import type { StudySettings } from './row.ts';
import {
  COUNTED_SETS,
  casesOfSets,
  multiplyAdds,
  ORIGINAL_SHAPES,
  readShapes,
  type StudyCase,
  type StudyShape,
  seedOf,
  toCases,
} from './shapes.ts';
import { COSTED_FORMATS, TRAINED_SHAPES } from './trained-shapes.ts';

export const RESULTS_FOLDER = fileURLToPath(new URL('../../fixtures/study/', import.meta.url));

/** Of every experiment; a case may say otherwise. */
export const SETTINGS: StudySettings = { format: 'int8', placement: 'auto', cores: 2 };

export const EXPERIMENTS = {
  counted: {
    what: 'the tables that the original counts as its study',
    cases: () => casesOfSets(readShapes(ORIGINAL_SHAPES), 'counted'),
  },
  published: {
    what: 'the other architectures that the original published a speed of',
    cases: () => toCases(readShapes(ORIGINAL_SHAPES).filter(isPublishedElsewhere)),
  },
  ladders: {
    what: 'one factor at a time, with true heads and with heads that are ignored',
    cases: () => casesOfSets(ladderShapes(), 'all'),
  },
  variants: { what: 'the same shapes in every format and placement, on one core and two', cases: variants },
  cache: { what: 'tokens with a KV cache and without, by length', cases: cacheCases },
  cost: { what: 'the shapes that are trained', cases: trainedCases },
  others: { what: 'every other architecture of the tables', cases: otherCases },
} as const satisfies Record<string, { what: string; cases: () => StudyCase[] }>;

export type ExperimentName = keyof typeof EXPERIMENTS;

export const EXPERIMENT_NAMES = Object.keys(EXPERIMENTS) as ExperimentName[];

/** A speed that fits neither metric has nothing to be compared with: such shapes are among the others. */
function isPublishedElsewhere({ set, published }: StudyShape): boolean {
  return published !== undefined && published.metric !== 'neither' && !COUNTED_SETS.includes(set);
}

/** More weights than this do not fit SRAM beside working memory: reading them through flash's cache would take minutes a row. */
const STREAMED_FROM = 128 * 1024;

/** Once each, with the heads they name where these divide dim; what only has another name, not again. */
function otherCases(): StudyCase[] {
  const shapes = readShapes(ORIGINAL_SHAPES);
  const isElsewhere = (shape: StudyShape) => COUNTED_SETS.includes(shape.set) || isPublishedElsewhere(shape);
  const seen = new Set(shapes.filter(isElsewhere).map(essence));
  return shapes.flatMap((shape) => {
    if (isElsewhere(shape) || (seen.has(essence(shape)) && shape.published === undefined)) return [];
    seen.add(essence(shape));
    const one = toCases([shape])[0]!;
    if (multiplyAdds(one.shape) < STREAMED_FROM) return [one];
    return [{ ...one, settings: { ...SETTINGS, placement: 'streamed' as const } }];
  });
}

const essence = ({ vocabulary, dim, hidden, layers, heads, context }: StudyShape): string =>
  [vocabulary, dim, hidden, layers, heads, context].join();

type Sizes = Pick<QuantizedShape, 'vocabulary' | 'dim' | 'hidden' | 'layers' | 'heads'>;

const starmind = (sizes: Sizes, context: number): QuantizedShape => ({
  family: 'starmind',
  ...sizes,
  kvHeads: sizes.heads,
  headSize: sizes.dim / sizes.heads,
  context,
  tied: true,
});

const STORY_90K: Omit<QuantizedShape, 'context'> = {
  family: 'llama',
  vocabulary: 512,
  dim: 48,
  hidden: 108,
  layers: 3,
  heads: 6,
  kvHeads: 2,
  headSize: 8,
  tied: true,
};

/** Short, because a float token takes millions of cycles. */
const VARIANT_CONTEXT = 24;

const STORY_260K = { ...STORY_90K, dim: 64, hidden: 172, layers: 5, heads: 8, kvHeads: 4 };

/** The base points of the ladders, the original's two templates, and two of the other family. */
const VARIANT_SHAPES: Record<string, QuantizedShape> = {
  ...Object.fromEntries(
    Object.entries(BASE_POINTS).map(([name, point]) => [name, starmind(point, VARIANT_CONTEXT)]),
  ),
  fast: starmind({ vocabulary: 64, dim: 4, hidden: 128, layers: 1, heads: 1 }, VARIANT_CONTEXT),
  balanced: starmind({ vocabulary: 256, dim: 8, hidden: 192, layers: 2, heads: 4 }, VARIANT_CONTEXT),
  'llama-90k': { ...STORY_90K, context: VARIANT_CONTEXT },
  'llama-260k': { ...STORY_260K, context: VARIANT_CONTEXT },
};

/** So little SRAM that not all weights of this shape fit. */
const LITTLE_SRAM = { shape: 'llama-90k', name: 'llama-90k in 64 KB', arenaLimit: 64 * 1024 };

const INT_FORMATS = Object.keys(weightRange) as WeightFormat[];

function variants(): StudyCase[] {
  const places = ['sram', 'streamed', 'flash'] as const;
  const settings: StudySettings[] = [
    ...([...INT_FORMATS, 'float'] as const).map((format) => ({ ...SETTINGS, format })),
    ...(['int8', 'int4'] as const).flatMap((format) =>
      places.map((placement) => ({ ...SETTINGS, format, placement })),
    ),
    ...(['int8', 'int4'] as const).map((format) => ({ ...SETTINGS, format, cores: 1 as const })),
  ];
  // Float weights of the other family would lie in flash: minutes of emulation for what the smaller shapes tell.
  const isQuick = (each: StudySettings, { family }: QuantizedShape) =>
    each.format !== 'float' || family === 'starmind';
  const everywhere = Object.entries(VARIANT_SHAPES).flatMap(([name, shape]) =>
    settings
      .filter((each) => isQuick(each, shape))
      .map((each) => caseOf(`${name}.${Object.values(each).join('.')}`, name, shape, each)),
  );
  const { shape, name, arenaLimit } = LITTLE_SRAM;
  const cramped = (['auto', 'streamed'] as const).map((placement) =>
    caseOf(`${shape}.64k.${placement}`, name, VARIANT_SHAPES[shape]!, { ...SETTINGS, placement, arenaLimit }),
  );
  return [...everywhere, ...cramped];
}

const caseOf = (
  name: string,
  set: string,
  shape: QuantizedShape,
  settings?: Partial<StudySettings>,
): StudyCase => ({ name, set, heads: 'split', shape, seed: seedOf(set), settings });

const CACHE_CONTEXT = 64;
const everyLength = Array.from({ length: CACHE_CONTEXT }, (_, i) => i + 1);

const CACHE_SHAPES: Record<string, Sizes> = {
  'story-1k': { vocabulary: 64, dim: 8, hidden: 32, layers: 1, heads: 2 },
  'chat-8k': { vocabulary: 128, dim: 16, hidden: 64, layers: 2, heads: 4 },
  'chat-10k': { vocabulary: 144, dim: 18, hidden: 72, layers: 2, heads: 3 },
  'assistant-45k': { vocabulary: 256, dim: 32, hidden: 128, layers: 3, heads: 8 },
};

/** The original's ladder of sizes at every length of its longest contexts; one model at doubling lengths. */
function cacheCases(): StudyCase[] {
  const cases = Object.entries(CACHE_SHAPES).map(([name, sizes]) => ({
    ...caseOf(name, 'cache', starmind(sizes, CACHE_CONTEXT)),
    recompute: everyLength,
  }));
  const long = caseOf('llama-90k', 'cache', { ...STORY_90K, context: 256 });
  return [...cases, { ...long, recompute: [1, 2, 4, 8, 16, 32, 64, 128, 256] }];
}

/** Seeds differ by shape alone, so that formats and cores are compared on the same weights. */
function trainedCases(): StudyCase[] {
  return TRAINED_SHAPES.flatMap(({ name, config }) => {
    const { ropeTheta: _theta, normEps: _eps, ...shape } = config;
    return COSTED_FORMATS.flatMap((format) =>
      ([1, 2] as const).map((cores) =>
        caseOf(`${name}.${format}.${cores}`, name, shape, { format, placement: 'auto', cores }),
      ),
    );
  });
}
