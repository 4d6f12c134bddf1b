/** A fitted cost model as a table for people. */
import { alignColumns, percent } from '../report/format.ts';
import type { CostFit, FitError } from './cost-model.ts';
import { StudyError } from './errors.ts';
import { differingFields } from './journal.ts';
import type { NamedStudy } from './merge.ts';

/** @throws StudyError when the files were not measured alike: their cycles are not of one chip and program */
export const sameFirmware = (files: readonly NamedStudy[]): void => {
  const [first, ...others] = files;
  for (const { path, head } of others) {
    const differs = differingFields(head, first!.head, ['shard', 'cases', 'casesSha256']);
    if (differs.length > 0) {
      throw new StudyError(`${path} and ${first!.path} were not measured alike: ${differs.join(', ')}`);
    }
  }
};

export const fitLines = ({ model, fitted, heldOut }: Omit<CostFit, 'predictions'>): string[] => {
  const rows = Object.entries(model.coefficients).flatMap(([phase, counts]) =>
    Object.entries(counts).map(([count, cycles]) => [phase, count, cycles.toFixed(2)]),
  );
  return [
    ...alignColumns([['phase', 'for each', 'cycles'], ...rows], 'llr'),
    '',
    `on the shapes fitted:   ${errorText(fitted)}`,
    `on the shapes held out: ${errorText(heldOut)}`,
  ];
};

const errorText = ({ points, median, p95, worst }: FitError): string =>
  `error ${percent(median, 1)} median, ${percent(p95, 1)} at most for 95 % of tokens, ${percent(worst, 1)} at worst (${points} tokens)`;
