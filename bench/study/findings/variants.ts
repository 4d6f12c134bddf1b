/** The same shapes in other formats, placements and numbers of cores. Which there are, the rows say. */
import { measuredRows } from '../results.ts';
import type { MeasuredRow, StudyRow, StudySettings } from '../row.ts';
import { meanCycles } from './metrics.ts';

export interface Variant extends StudySettings {
  /** The shape's name. */
  shape: string;
  row: MeasuredRow;
  cycles: number;
}

export const variantsOf = (rows: readonly StudyRow[]): Variant[] =>
  measuredRows(rows).map((row) => ({
    ...(row.settings as StudySettings),
    shape: row.set,
    row,
    cycles: meanCycles(row),
  }));

/** Each shape's pair of variants that differ in one setting alone, as the ratio of cycles of the second to the first. */
export const ratios = <Key extends keyof StudySettings>(
  variants: readonly Variant[],
  key: Key,
  first: StudySettings[Key],
  second: StudySettings[Key],
): { first: Variant; second: Variant; ratio: number }[] => {
  const same = (a: Variant, b: Variant) =>
    a.shape === b.shape &&
    (['format', 'placement', 'cores'] as const).every((other) => other === key || a[other] === b[other]);
  return variants
    .filter((variant) => variant[key] === first)
    .flatMap((a) =>
      variants
        .filter((b) => b[key] === second && same(a, b))
        .map((b) => ({ first: a, second: b, ratio: b.cycles / a.cycles })),
    );
};

/** int8 on two cores, in SRAM what fits: as the rows are that say nothing of their settings. */
export const usualVariants = (rows: readonly StudyRow[]): Variant[] =>
  variantsOf(rows).filter(
    ({ format, placement, cores, arenaLimit }) =>
      format === 'int8' && placement === 'auto' && cores === 2 && arenaLimit === undefined,
  );
