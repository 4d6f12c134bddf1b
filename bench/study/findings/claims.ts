/**
 * The claims of the original, each with its figure, what the rows here say, and a verdict. Nothing but the original's figures
 * (original.ts) is written down: change a row, and the measurement and the verdict change.
 */

import type { StudyResults } from '../results.ts';
import { ORIGINAL_SHAPES, readShapes, type StudyShape } from '../shapes.ts';
import { checkBalanced, checkFastest, checkTemplate, checkVocabularyLimit } from './claims-of-shapes.ts';
import { checkBottleneck, checkCache, checkQuantization } from './claims-of-the-chip.ts';
import { FACTORS, type FactorLoss, factorLosses, publishedLosses } from './factors.ts';
import { ORIGINAL, type Range } from './original.ts';
import { count, percentRange, percentText } from './text.ts';

/** `not measured`: its rows are not among the results. */
export type Verdict = 'holds' | 'does not hold in C' | 'never held' | 'not measured';

export interface Claim {
  id: string;
  claim: string;
  /** The original's figure. */
  original: string;
  source: string;
  measured: string;
  verdict: Verdict;
}

/** What a check finds. */
export interface Finding {
  measured: string;
  /** It is so on this firmware. */
  here: boolean;
  /** The original's own data say so. */
  there: boolean;
}

export interface Evidence {
  results: StudyResults;
  /** The original's table, with its speeds. */
  shapes: readonly StudyShape[];
}

export const claimsOf = (results: StudyResults, shapes = readShapes(ORIGINAL_SHAPES)): Claim[] => {
  const evidence = { results, shapes };
  const { templates } = ORIGINAL;
  return [
    judge(
      'fastest',
      'The one-dimensional model is the fastest',
      `${ORIGINAL.fastest.tokensPerSecond.toFixed(1)} tokens/s`,
      ORIGINAL.fastest.source,
      checkFastest(evidence),
    ),
    judge(
      'balanced',
      'About 8,000 parameters are the best balance',
      `${ORIGINAL.balanced.tokensPerSecond.least} to ${ORIGINAL.balanced.tokensPerSecond.most} tokens/s`,
      ORIGINAL.balanced.source,
      checkBalanced(evidence),
    ),
    ...Object.entries(ORIGINAL.factors).map(([factor, claimed]) =>
      judge(
        factor,
        `${FACTORS[factor]!.title}: a constant share of speed for each ${unitOf(factor)}`,
        percentRange(claimed),
        claimed.source,
        checkFactor(factor, claimed, evidence),
      ),
    ),
    judge(
      'vocabulary-limit',
      'A larger vocabulary does not fit',
      `${ORIGINAL.vocabularyLimit.tokens} tokens at most`,
      ORIGINAL.vocabularyLimit.source,
      checkVocabularyLimit(evidence),
    ),
    judge(
      'quantization',
      'Quantized weights save memory and slow inference down',
      `${ORIGINAL.quantization.before} to ${ORIGINAL.quantization.after} tokens/s`,
      ORIGINAL.quantization.source,
      checkQuantization(evidence),
    ),
    judge(
      'bottleneck',
      'Computation limits speed, not the bandwidth of memory',
      'no figure',
      ORIGINAL.bottleneck.source,
      checkBottleneck(evidence),
    ),
    judge(
      'cache',
      'A KV cache makes several tokens as many times as fast',
      `${ORIGINAL.cache.least} to ${ORIGINAL.cache.most} times`,
      ORIGINAL.cache.source,
      checkCache(evidence),
    ),
    ...Object.entries(templates).map(([name, template]) =>
      judge(
        `template-${name}`,
        `The ${name === 'fast' ? 'maximum speed' : 'balanced production'} template (${template.text})`,
        `${template.tokensPerSecond.least} to ${template.tokensPerSecond.most} tokens/s`,
        template.source,
        checkTemplate(template, evidence),
      ),
    ),
  ];
};

const judge = (
  id: string,
  claim: string,
  original: string,
  source: string,
  finding: Finding | undefined,
): Claim => {
  if (finding === undefined) {
    return { id, claim, original, source, measured: 'no rows of it', verdict: 'not measured' };
  }
  const { measured, here, there } = finding;
  const verdict = here ? 'holds' : there ? 'does not hold in C' : 'never held';
  return { id, claim, original, source, measured, verdict };
};

const unitOf = (factor: string): string => (FACTORS[factor]!.unit === 'layer' ? 'added layer' : 'doubling');

/** A constant share is one that the mean has and most steps have. */
const checkFactor = (factor: string, claimed: Range, { results, shapes }: Evidence): Finding | undefined => {
  const ours = factorLosses(results.rows.ladders).find((loss) => loss.factor === factor);
  if (ours === undefined) return undefined;
  const theirs = publishedLosses(shapes).find((loss) => loss.factor === factor);
  const inside = stepsInside(ours, claimed);
  const steps = ours.steps.filter(({ inSram }) => inSram).length;
  return {
    measured:
      `${percentText(ours.mean)} on average, from ${percentText(ours.least)} to ${percentText(ours.most)}; ` +
      `${inside} of ${count(steps, 'step')} within the original's range` +
      ignoredText(factor, results) +
      (theirs === undefined
        ? ''
        : `. Its own speeds: ${percentText(theirs.mean)} on average, ${stepsInside(theirs, claimed)} of ${count(theirs.steps.length, 'pair')} within it`),
    here: isConstant(ours, claimed),
    there: theirs !== undefined && isConstant(theirs, claimed),
  };
};

/** Heads that are read and not used, as in the original. */
const ignoredText = (factor: string, { rows }: StudyResults): string => {
  const ignored = factorLosses(rows.ladders, 'one').find((loss) => loss.factor === factor);
  return factor !== 'heads' || ignored === undefined
    ? ''
    : `; ${percentText(ignored.mean)} where heads are ignored, as it ignores them`;
};

/** As whole percents, as the claims are. */
const within = (share: number, { least, most }: Range): boolean =>
  Math.round(100 * share) >= Math.round(100 * least) && Math.round(100 * share) <= Math.round(100 * most);

const stepsInside = ({ steps }: FactorLoss, claimed: Range): number =>
  steps.filter(({ inSram, loss }) => inSram && within(loss, claimed)).length;

const isConstant = (loss: FactorLoss, claimed: Range): boolean =>
  within(loss.mean, claimed) &&
  stepsInside(loss, claimed) > loss.steps.filter(({ inSram }) => inSram).length / 2;
