/** Cycles by phase and function beside a baseline: they say which function moved, and are not compared for themselves. */
import { functionCycles } from '../profile/functions.ts';
import type { Profiler } from '../profile/profiler.ts';

/** Own cycles of each function over all passes, both cores together, keyed by phase and name. */
export type PhaseFunctions = Record<string, Record<string, number>>;

/** What a function's cycles were and are in a phase. */
export interface PhaseFunctionChange {
  phase: string;
  name: string;
  base: number;
  head: number;
}

/** Sleep and what is between tokens are left out: both follow from the rest. */
export const phaseFunctions = (profiler: Profiler): PhaseFunctions => {
  const result: PhaseFunctions = {};
  for (const { name, phases } of functionCycles(profiler.profile)) {
    if (name === '(asleep)') continue;
    for (const [phase, cycles] of Object.entries(phases)) {
      if (phase !== 'between') result[phase] = { ...result[phase], [name]: cycles };
    }
  }
  return result;
};

/** The largest change first; none where one side has no functions. */
export const functionChanges = (
  base: PhaseFunctions | undefined,
  head: PhaseFunctions | undefined,
): PhaseFunctionChange[] => {
  if (base === undefined || head === undefined) return [];
  const changes: PhaseFunctionChange[] = [];
  for (const phase of new Set([...Object.keys(base), ...Object.keys(head)])) {
    const [was, is] = [base[phase] ?? {}, head[phase] ?? {}];
    for (const name of new Set([...Object.keys(was), ...Object.keys(is)])) {
      const change = { phase, name, base: was[name] ?? 0, head: is[name] ?? 0 };
      if (change.base !== change.head) changes.push(change);
    }
  }
  const size = ({ base: was, head: is }: PhaseFunctionChange) => Math.abs(is - was);
  return changes.sort((a, b) => size(b) - size(a) || (a.name < b.name ? -1 : 1));
};
