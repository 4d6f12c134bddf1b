/** The cost model of the results: fitted to every row of the usual settings. */
import { type CostFit, fitCostModel } from '../cost-model.ts';
import { StudyError } from '../errors.ts';
import type { StudyResults } from '../results.ts';

/** `undefined` where there are too few rows to fit. */
export const costFitOf = ({ rows }: StudyResults): CostFit | undefined => {
  try {
    return fitCostModel([...rows.counted, ...rows.published, ...rows.ladders]);
  } catch (error) {
    if (error instanceof StudyError) return undefined;
    throw error;
  }
};
