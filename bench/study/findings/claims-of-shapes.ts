/** Claims about certain shapes: the fastest, the balanced one, the templates, the largest vocabulary. */
import { measuredRows, type StudyResults } from '../results.ts';
import type { MeasuredRow } from '../row.ts';
import type { Evidence, Finding } from './claims.ts';
import { candidatesOf, frontierOf } from './frontier.ts';
import { meanCycles, tokensPerSecond } from './metrics.ts';
import { ORIGINAL, type Range } from './original.ts';
import { type Comparison, comparePublished } from './published.ts';
import { count, roughly, speedText } from './text.ts';

/** The speeds of its shape and of the fastest, in the original's own metric, among all whose speed it published. */
export const checkFastest = ({ results, shapes }: Evidence): Finding | undefined => {
  const comparisons = comparePublished(results)?.all.filter(({ doubtful }) => !doubtful) ?? [];
  const it = comparisons.find(({ name }) => name === ORIGINAL.fastest.shape);
  if (it === undefined) return undefined;
  const fastest = highest(comparisons, ({ ours }) => ours);
  const theirFastest = highest(
    shapes.filter(({ published }) => published && !published.doubtful),
    ({ published }) => published!.tokensPerSecond,
  );
  const rest =
    fastest === it ? 'the fastest here too' : `${fastest.name} is faster: ${speedText(fastest.ours)}`;
  return {
    measured: `${speedText(it.ours)}, ${rest}. With one dimension a LayerNorm is 0, and so is every logit`,
    here: fastest === it,
    there: theirFastest.name === it.name,
  };
};

const highest = <T>(items: readonly T[], value: (item: T) => number): T =>
  items.reduce((best, item) => (value(item) > value(best) ? item : best));

/** The speed of its shape, and whether that shape, trained, is worth its cycles. */
export const checkBalanced = ({ results }: Evidence): Finding | undefined => {
  const { shape, tokensPerSecond: claimed, parameters } = ORIGINAL.balanced;
  const it = comparePublished(results)?.all.find(({ name }) => name === shape);
  if (it === undefined) return undefined;
  return {
    measured: `${speedText(it.ours)} for ${shape} (${parameters.toLocaleString('en-US')} parameters), ${times(it)}${worth(it.row, results)}`,
    here: within(it.ours, claimed),
    there: within(it.theirs, claimed),
  };
};

/** What its training says of the same sizes with true heads. */
const worth = ({ shape }: MeasuredRow, results: StudyResults): string => {
  const candidates = candidatesOf(results).filter(({ format, cores }) => format === 'int8' && cores === 2);
  const same = candidates.find(
    ({ row }) =>
      row.shape.family === 'starmind' &&
      (['vocabulary', 'dim', 'hidden', 'layers'] as const).every((key) => row.shape[key] === shape[key]),
  );
  if (same === undefined) return '';
  const frontier = frontierOf(candidates, ({ cyclesPerByte }) => cyclesPerByte);
  const where = frontier.includes(same) ? 'on' : 'not on';
  return `. Trained it is ${where} the frontier of quality and cost (${same.bitsPerByte.toFixed(2)} bits per byte)`;
};

const times = ({ speedUp }: Comparison): string => `${roughly(speedUp)} times as fast`;

interface Template {
  tokensPerSecond: Range;
  includes: Record<'vocabulary' | 'dim' | 'hidden' | 'layers', readonly [number, number]>;
}

/** Every measured shape that the template allows. */
export const checkTemplate = (template: Template, { results, shapes }: Evidence): Finding | undefined => {
  const allows = (shape: Record<keyof Template['includes'], number>) =>
    Object.entries(template.includes).every(([key, [least, most]]) =>
      within(shape[key as keyof Template['includes']], { least, most }),
    );
  const rows = measuredRows([...results.rows.counted, ...results.rows.published, ...results.rows.cost])
    .concat(measuredRows(results.rows.variants).filter(({ settings }) => isUsual(settings)))
    .filter(({ shape, settings }) => shape.family === 'starmind' && allows(shape) && isUsual(settings));
  if (rows.length === 0) return undefined;
  const speeds = rows.map(tokensPerSecond);
  const published = shapes.filter((shape) => shape.published !== undefined && allows(shape));
  const [least, most] = [Math.min(...speeds), Math.max(...speeds)];
  const range = least === most ? speedText(most) : `${roughly(least)} to ${speedText(most)}`;
  return {
    measured: `${range} in ${count(rows.length, 'row')} of such shapes`,
    here: speeds.every((speed) => within(speed, template.tokensPerSecond)),
    there:
      published.length > 0 &&
      published.every(({ published: speed }) => within(speed!.tokensPerSecond, template.tokensPerSecond)),
  };
};

/** int8 on two cores, as most rows are. */
const isUsual = (settings: MeasuredRow['settings']): boolean =>
  settings === undefined ||
  (settings.format === 'int8' && settings.cores === 2 && settings.placement === 'auto');

/** Whether more tokens than the limit ran, here and there. */
export const checkVocabularyLimit = ({ results, shapes }: Evidence): Finding | undefined => {
  const { tokens: limit } = ORIGINAL.vocabularyLimit;
  const all = Object.values(results.rows).flat();
  const larger = measuredRows(all).filter(({ shape }) => shape.vocabulary > limit);
  if (all.length === 0) return undefined;
  const largest = larger.length === 0 ? undefined : highest(larger, ({ shape }) => shape.vocabulary);
  const theirs = shapes.filter(({ vocabulary, published }) => published !== undefined && vocabulary > limit);
  return {
    measured:
      (largest === undefined
        ? 'no larger vocabulary ran'
        : `${largest.shape.vocabulary.toLocaleString('en-US')} tokens run: ${roughly(meanCycles(largest))} cycles a token (${largest.name})`) +
      `. The original itself published ${count(theirs.length, 'speed')} of larger vocabularies`,
    here: larger.length === 0,
    there: theirs.length === 0,
  };
};

const within = (value: number, { least, most }: Range): boolean => value >= least && value <= most;
