/** A call profile summed up by function. */
import { type CallProfile, STALL_NAMES, type StallCause } from '../../emulator/index.ts';
import { sum } from '../report/statistics.ts';
import { CONTEXTS, type ContextName } from './profiler.ts';

/** Cycles by what a core did: it executed (`issue`), or could not go on. */
export type CycleCauses = Record<'issue' | StallCause, number>;

export const CAUSES = ['issue', ...STALL_NAMES] as const;

export const noCycles = (): CycleCauses => ({ issue: 0, bus: 0, xip: 0, divider: 0, wait: 0 });

export interface FunctionCycles {
  name: string;
  /** Cycles that its own instructions took, in all and on each core. */
  self: number;
  selfByCore: [number, number];
  /** Cycles of it and everything that it called; of a recursion counted once. */
  total: number;
  /** Own cycles of each core by cause; their sum is `selfByCore`. */
  causesByCore: [CycleCauses, CycleCauses];
  /** Own cycles by phase; phases without any are left out. */
  phases: Partial<Record<ContextName, number>>;
}

/** Name of code that ran before any call was seen. */
const OUTSIDE = '(before the first call)';

export const nodeName = (profile: CallProfile, node: number): string => {
  const { function: number, core } = profile.nodes[node]!;
  return number < 0 ? `core ${core}` : profile.functions.names[number]!;
};

/** Names from the outermost function to a node's own, with the core first. */
export const stackOf = (profile: CallProfile, node: number): string[] => {
  const names: string[] = [];
  for (let at = node; at >= 0; at = profile.nodes[at]!.parent) names.push(nodeName(profile, at));
  return names.reverse();
};

export const selfCyclesOf = (profile: CallProfile, node: number): number =>
  sum(CONTEXTS.map((_, context) => profile.selfCycles(node, context)));

/** A node's own cycles by cause. */
export const causesOf = (profile: CallProfile, node: number): CycleCauses => {
  const causes = noCycles();
  causes.issue = selfCyclesOf(profile, node);
  for (const cause of STALL_NAMES) {
    causes[cause] = sum(CONTEXTS.map((_, context) => profile.stalledCycles(node, context, cause)));
    causes.issue -= causes[cause];
  }
  return causes;
};

export const addCauses = (to: CycleCauses, cycles: CycleCauses): void => {
  for (const cause of CAUSES) to[cause] += cycles[cause];
};

/** Cycles of each node with everything below it. A node's children always come after it. */
export const subtreeCycles = (profile: CallProfile): Float64Array => {
  const cycles = Float64Array.from(profile.nodes, (_, node) => selfCyclesOf(profile, node));
  for (let node = cycles.length - 1; node >= 0; node--) {
    const { parent } = profile.nodes[node]!;
    if (parent >= 0) cycles[parent]! += cycles[node]!;
  }
  return cycles;
};

/** Every function that spent cycles or called one that did, the costliest first. */
export const functionCycles = (profile: CallProfile): FunctionCycles[] => {
  const functions = new Map<string, FunctionCycles>();
  const subtree = subtreeCycles(profile);
  for (const [node, { core, function: number }] of profile.nodes.entries()) {
    const name = number < 0 ? OUTSIDE : nodeName(profile, node);
    const self = selfCyclesOf(profile, node);
    if (number < 0 ? self === 0 : subtree[node] === 0) continue;
    const entry = functions.get(name) ?? emptyEntry(name);
    functions.set(name, entry);
    entry.self += self;
    entry.selfByCore[core] += self;
    addCauses(entry.causesByCore[core], causesOf(profile, node));
    if (number < 0) entry.total += self;
    else if (!isBelowItself(profile, node)) entry.total += subtree[node]!;
    for (const [context, phase] of CONTEXTS.entries()) {
      const cycles = profile.selfCycles(node, context);
      if (cycles !== 0) entry.phases[phase] = (entry.phases[phase] ?? 0) + cycles;
    }
  }
  return [...functions.values()].sort((a, b) => b.self - a.self || b.total - a.total);
};

const emptyEntry = (name: string): FunctionCycles => ({
  name,
  self: 0,
  selfByCore: [0, 0],
  total: 0,
  causesByCore: [noCycles(), noCycles()],
  phases: {},
});

const isBelowItself = (profile: CallProfile, node: number): boolean => {
  const own = profile.nodes[node]!.function;
  for (let at = profile.nodes[node]!.parent; at >= 0; at = profile.nodes[at]!.parent) {
    if (profile.nodes[at]!.function === own) return true;
  }
  return false;
};
