/** Tables of architectures, and the cases that a study measures of each: with heads as written, and with one head. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { crc32 } from '../../models/image/crc32.ts';
import type { QuantizedShape } from '../../models/quantized.ts';
import { StudyError } from './errors.ts';
import type { StudySettings } from './row.ts';

/** The tables of the original, with what it published; see the file's own head for the source. */
export const ORIGINAL_SHAPES = fileURLToPath(new URL('../../fixtures/study/shapes.csv', import.meta.url));

/** The sets that the original counts as its study: its tables by nominal size. */
export const COUNTED_SETS = ['1K', '3K', '5K', '7K', '8K', '10K'];

export interface StudyShape {
  set: string;
  name: string;
  vocabulary: number;
  dim: number;
  hidden: number;
  layers: number;
  heads: number;
  context: number;
  published?: PublishedSpeed;
}

export interface PublishedSpeed {
  tokensPerSecond: number;
  /** Which of the original's two metrics the figure fits. */
  metric: string;
  /** It contradicts another figure of the original, or fits none of its metrics. */
  doubtful: boolean;
}

/** One image to measure. */
export interface StudyCase {
  /** Unique within a table: the shape's name, and with `+one-head` where the heads it names are not used. */
  name: string;
  set: string;
  /** `split`: dim over the heads; `one`: the original's arithmetic, which reads the number of heads and ignores it. */
  heads: 'split' | 'one';
  shape: QuantizedShape;
  /** Of the random weights, from the shape's name: the same for both forms. */
  seed: number;
  /** Instead of the study's. */
  settings?: Partial<StudySettings>;
  /** Lengths of text, within the context, after which a token is also made without a KV cache. */
  recompute?: readonly number[];
  published?: PublishedSpeed;
}

const COLUMNS = ['set', 'name', 'vocabulary', 'dim', 'hidden', 'layers', 'heads', 'context'] as const;

/**
 * Reads a table: comma-separated, a line that begins with # is a remark, then a line of column names. The columns of
 * COLUMNS are needed, `publishedTokensPerSecond, publishedMetric, publishedDoubtful` may follow.
 * @throws StudyError that names the file and line
 */
export const readShapes = (path: string): StudyShape[] => parseShapes(readFileSync(path, 'utf8'), path);

export const parseShapes = (text: string, path: string): StudyShape[] => {
  const lines = text.split(/\r?\n/).map((line, i) => ({ line: line.trim(), number: i + 1 }));
  const [head, ...rest] = lines.filter(({ line }) => line !== '' && !line.startsWith('#'));
  const columns = head?.line.split(',') ?? [];
  const missing = COLUMNS.filter((column) => !columns.includes(column));
  if (missing.length > 0) throw new StudyError(`${path}: the table has no column ${missing.join(', ')}`);
  const seen = new Set<string>();
  return rest.map(({ line, number }) => {
    const cells = new Map(line.split(',').map((cell, i) => [columns[i] ?? '', cell.trim()]));
    const shape = toShape(cells, `${path}, line ${number}`);
    if (seen.has(shape.name)) {
      throw new StudyError(`${path}, line ${number}: there are two shapes called ${shape.name}`);
    }
    seen.add(shape.name);
    return shape;
  });
};

const toShape = (cells: Map<string, string>, where: string): StudyShape => {
  const count = (column: string): number => {
    const value = Number(cells.get(column));
    if (Number.isInteger(value) && value >= 1) return value;
    throw new StudyError(`${where}: ${column} is "${cells.get(column) ?? ''}"; it must be a whole number`);
  };
  const name = cells.get('name') ?? '';
  if (!/^[\w.@-]{1,31}$/.test(name)) {
    throw new StudyError(`${where}: "${name}" is no name: 1 to 31 letters, digits and any of . _ @ -`);
  }
  const speed = cells.get('publishedTokensPerSecond') ?? '';
  return {
    set: cells.get('set') ?? '',
    name,
    vocabulary: count('vocabulary'),
    dim: count('dim'),
    hidden: count('hidden'),
    layers: count('layers'),
    heads: count('heads'),
    context: count('context'),
    published: speed === '' ? undefined : publishedSpeed(Number(speed), cells),
  };
};

const publishedSpeed = (tokensPerSecond: number, cells: Map<string, string>): PublishedSpeed => ({
  tokensPerSecond,
  metric: cells.get('publishedMetric') ?? '',
  doubtful: cells.get('publishedDoubtful') === 'yes',
});

/** Both forms of each shape, in the order of the table; one where they are the same, or where heads do not divide dim. */
export const toCases = (shapes: readonly StudyShape[]): StudyCase[] =>
  shapes.flatMap((shape) => {
    const one = toCase(shape, 1);
    if (shape.heads === 1) return [one];
    const oneHead = { ...one, name: `${shape.name}+one-head`, heads: 'one' as const };
    return shape.dim % shape.heads === 0 ? [toCase(shape, shape.heads), oneHead] : [oneHead];
  });

const toCase = (
  { set, name, vocabulary, dim, hidden, layers, context, published }: StudyShape,
  heads: number,
): StudyCase => ({
  name,
  set,
  heads: 'split',
  shape: {
    family: 'starmind',
    vocabulary,
    dim,
    hidden,
    layers,
    heads,
    kvHeads: heads,
    headSize: dim / heads,
    context,
    tied: true,
  },
  seed: seedOf(name),
  published,
});

/**
 * The cases of some sets: `counted` stands for COUNTED_SETS, `all` for every one.
 * @throws StudyError when there is no such set, listing those there are
 */
export const casesOfSets = (shapes: readonly StudyShape[], set: string): StudyCase[] => {
  const wanted = set === 'counted' ? COUNTED_SETS : [set];
  const chosen = set === 'all' ? shapes : shapes.filter((shape) => wanted.includes(shape.set));
  if (chosen.length > 0) return toCases(chosen);
  const sets = [...new Set(shapes.map((shape) => shape.set))];
  throw new StudyError(`the table has no set "${set}"; it has ${sets.join(', ')}, and "all"`);
};

/** Multiply-adds of one decoded token, those of attention's scores and values aside. */
export const multiplyAdds = (shape: QuantizedShape): number => {
  const { family, vocabulary, dim, hidden, layers, heads, kvHeads, headSize } = shape;
  const attention = (2 * heads + 2 * kvHeads) * headSize * dim;
  return vocabulary * dim + layers * (attention + (family === 'llama' ? 3 : 2) * dim * hidden);
};

/** Of random weights, from a name. */
export const seedOf = (name: string): number => crc32(new TextEncoder().encode(name));
