/**
 * What a factor costs: the share of speed that is lost when it doubles (or grows by a layer), from each rung of a ladder to the
 * next. The same share is computed from the speeds that the original published, of shapes that differ in this factor alone.
 */

import { measuredRows } from '../results.ts';
import type { StudyRow } from '../row.ts';
import type { StudyShape } from '../shapes.ts';
import { allInSram, meanCycles } from './metrics.ts';

export interface FactorStep {
  factor: string;
  /** Base point of the ladder, or the name of the shape. */
  base: string;
  from: number;
  to: number;
  /** Share of tokens per second lost for each doubling, or each layer. */
  loss: number;
  /** Both rungs have all their weights in SRAM. */
  inSram: boolean;
}

export interface FactorLoss {
  factor: string;
  unit: 'doubling' | 'layer';
  steps: FactorStep[];
  mean: number;
  least: number;
  most: number;
}

const ONE_HEAD = '+one-head';

/** A rung of a ladder. */
export interface Rung {
  factor: string;
  base: string;
  value: number;
  cycles: number;
  inSram: boolean;
}

export interface Factor {
  title: string;
  unit: FactorLoss['unit'];
  /** One step, as the subject of a sentence. */
  step: string;
}

export const FACTORS: Record<string, Factor> = {
  dimension: { title: 'Dimension', unit: 'doubling', step: 'doubling the dimension' },
  'dimension-same-ratio': {
    title: 'Dimension and FFN',
    unit: 'doubling',
    step: 'doubling dimension and hidden size',
  },
  depth: { title: 'Layers', unit: 'layer', step: 'one more layer' },
  heads: { title: 'Heads', unit: 'doubling', step: 'doubling the heads' },
  ffn: { title: 'FFN ratio', unit: 'doubling', step: 'doubling the hidden size' },
  vocabulary: { title: 'Vocabulary', unit: 'doubling', step: 'doubling the vocabulary' },
};

/**
 * By factor, base point and value. The name of a rung is FACTOR-BASE-VALUE, and with `+one-head` behind where its heads are ignored.
 * @param heads `one`: as the original computes, with a single head whatever number is named
 */
export const rungsOf = (ladders: readonly StudyRow[], heads: StudyRow['heads'] = 'split'): Rung[] =>
  measuredRows(ladders)
    .filter((row) => row.heads === heads || (row.shape.heads === 1 && !row.name.endsWith(ONE_HEAD)))
    .map((row) => {
      const [, base, value] = row.name.replace(ONE_HEAD, '').split('-');
      return {
        factor: row.set,
        base: base!,
        value: Number(value),
        cycles: meanCycles(row),
        inSram: allInSram(row),
      };
    })
    .sort((a, b) => a.value - b.value);

/** The share lost for each doubling of `from` to `to`, or for each unit added. */
const shareLost = (speedRatio: number, from: number, to: number, unit: FactorLoss['unit']): number =>
  1 - speedRatio ** (1 / (unit === 'layer' ? to - from : Math.log2(to / from)));

/** @returns nothing for factors without two rungs; means are over the steps within SRAM */
export const factorLosses = (
  ladders: readonly StudyRow[],
  heads: StudyRow['heads'] = 'split',
): FactorLoss[] => {
  const rungs = rungsOf(ladders, heads);
  return Object.entries(FACTORS).flatMap(([factor, { unit }]) => {
    const bases = [...new Set(rungs.map(({ base }) => base))];
    const steps = bases.flatMap((base) => {
      const ladder = rungs.filter((rung) => rung.factor === factor && rung.base === base);
      return ladder.slice(1).map((rung, i): FactorStep => {
        const before = ladder[i]!;
        return {
          factor,
          base,
          from: before.value,
          to: rung.value,
          loss: shareLost(before.cycles / rung.cycles, before.value, rung.value, unit),
          inSram: before.inSram && rung.inSram,
        };
      });
    });
    return summarize(factor, unit, steps);
  });
};

const summarize = (factor: string, unit: FactorLoss['unit'], steps: FactorStep[]): FactorLoss[] => {
  const losses = steps.filter(({ inSram }) => inSram).map(({ loss }) => loss);
  if (losses.length === 0) return [];
  const mean = losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
  return [{ factor, unit, steps, mean, least: Math.min(...losses), most: Math.max(...losses) }];
};

type Dimensions = Pick<StudyShape, 'vocabulary' | 'dim' | 'hidden' | 'layers' | 'heads'>;

/** What must be equal for two shapes to differ in this factor alone; heads have no effect on what the original computes. */
const RIVALS: Record<string, (shape: Dimensions) => number[]> = {
  dimension: ({ vocabulary, hidden, layers }) => [vocabulary, hidden, layers],
  'dimension-same-ratio': ({ vocabulary, dim, hidden, layers }) => [vocabulary, hidden / dim, layers],
  depth: ({ vocabulary, dim, hidden }) => [vocabulary, dim, hidden],
  heads: ({ vocabulary, dim, hidden, layers }) => [vocabulary, dim, hidden, layers],
  ffn: ({ vocabulary, dim, layers }) => [vocabulary, dim, layers],
  vocabulary: ({ dim, hidden, layers }) => [dim, hidden, layers],
};

const VALUE: Record<string, (shape: Dimensions) => number> = {
  dimension: ({ dim }) => dim,
  'dimension-same-ratio': ({ dim }) => dim,
  depth: ({ layers }) => layers,
  heads: ({ heads }) => heads,
  ffn: ({ hidden }) => hidden,
  vocabulary: ({ vocabulary }) => vocabulary,
};

/** A tenth more, carried on to a doubling, would mostly carry on the rounding of the published speeds. */
const LEAST_RATIO: Record<FactorLoss['unit'], number> = { doubling: 1.5, layer: 1 };

/** From the original's own speeds of its demo, doubtful ones left out: every pair of shapes that differs in the factor alone. */
export const publishedLosses = (shapes: readonly StudyShape[]): FactorLoss[] => {
  const usable = shapes.filter(({ published }) => published?.metric === 'demo' && !published.doubtful);
  return Object.entries(FACTORS).flatMap(([factor, { unit }]) => {
    const value = VALUE[factor]!;
    const key = (shape: StudyShape) => RIVALS[factor]!(shape).join();
    const steps = usable.flatMap((a) =>
      usable
        .filter((b) => value(b) >= LEAST_RATIO[unit] * value(a) && value(b) > value(a) && key(a) === key(b))
        .map(
          (b): FactorStep => ({
            factor,
            base: `${a.name} to ${b.name}`,
            from: value(a),
            to: value(b),
            loss: shareLost(
              b.published!.tokensPerSecond / a.published!.tokensPerSecond,
              value(a),
              value(b),
              unit,
            ),
            inSram: true,
          }),
        ),
    );
    return summarize(factor, unit, steps);
  });
};
