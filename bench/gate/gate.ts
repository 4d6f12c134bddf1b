/** Runs scenarios, proves their tokens against the host reference, and holds their cycles against the baselines. */
import { Profiler } from '../profile/profiler.ts';
import type { LoadedModel, LoadOptions } from '../target/model.ts';
import type { Scenario, ScenarioResult, Target } from '../target/scenario.ts';
import { type Baseline, listBaselines, readBaseline, toBaseline, writeBaseline } from './baseline.ts';
import { changedParts, compareBaselines, type Finding, isAllowed } from './compare.ts';
import { functionChanges, type PhaseFunctionChange, phaseFunctions } from './functions.ts';
import { applyLimits } from './limits.ts';
import { modelOptions, type NamedScenario } from './scenarios.ts';

export interface GateTools {
  /** Says which tokens are right. */
  reference: Target;
  /** Is measured. */
  measured: Target;
  loadModel: (name: string, options?: LoadOptions) => LoadedModel | Promise<LoadedModel>;
  /** @default fixtures/baselines */
  baselineFolder?: string;
  /** Called with each token of the measured run. */
  onToken?: (index: number) => void;
}

export interface GateResult {
  scenario: NamedScenario;
  result: ScenarioResult;
  /** Index of the first token that differs from the host reference's. */
  firstWrongToken: number | undefined;
  head: Baseline;
  base: Baseline | undefined;
  findings: Finding[];
  changed: string[];
  /** Functions whose cycles are not those of the baseline; empty when it has none, or the target tells none. */
  functionChanges: PhaseFunctionChange[];
}

export const runGate = async (scenario: NamedScenario, tools: GateTools): Promise<GateResult> => {
  const { prompt, tokens, sampler, cores, clockHz } = scenario;
  const base = readBaseline(scenario.name, tools.baselineFolder);
  const model = await tools.loadModel(scenario.model, modelOptions(scenario));
  const asked: Scenario = { model, prompt, tokens, sampler, cores, clockHz };
  const expected = await tools.reference.run(asked);
  // Profiling changes no cycle, and a failing gate can then say which function moved.
  const profiler = new Profiler();
  const result = await tools.measured.run(asked, {
    observer: profiler,
    onToken: ({ index }) => tools.onToken?.(index),
  });
  const functions = profiler.isConnected ? phaseFunctions(profiler) : undefined;
  const head = toBaseline(scenario.name, model.sha256, result, functions);
  return {
    scenario,
    result,
    firstWrongToken: firstDifference(expected.tokens, result.tokens),
    head,
    base,
    findings: applyLimits(compareBaselines(base, head), head, scenario, base?.limits),
    changed: changedParts(base, head),
    functionChanges: functionChanges(base?.functions, head.functions),
  };
};

/** Index of the first element that differs, the shorter length when one goes on, `undefined` when they are equal. */
export const firstDifference = (a: ArrayLike<number>, b: ArrayLike<number>): number | undefined => {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return i;
  return a.length === b.length ? undefined : length;
};

/**
 * `wrong`: tokens that are not the reference's, or that the same model did not give before. `moved`: right tokens, at
 * other cycles or of another model than the baseline's.
 */
export type Verdict = 'same' | 'moved' | 'wrong';

export const verdict = ({ firstWrongToken, findings, changed }: GateResult): Verdict => {
  if (firstWrongToken !== undefined) return 'wrong';
  if (findings.some(({ kind }) => kind === 'other-token') && !changed.includes('model')) return 'wrong';
  return findings.every(isAllowed) ? 'same' : 'moved';
};

/** Baselines whose scenario is no longer in the list. */
export const obsoleteBaselines = (scenarios: readonly NamedScenario[], folder?: string): string[] => {
  const known = new Set(scenarios.map(({ name }) => name));
  return listBaselines(folder).filter((name) => !known.has(name));
};

/**
 * Accepts a run as the new baseline. A run whose tokens are not the reference's is never accepted.
 * @returns whether a file was written
 */
export const updateBaseline = (gate: GateResult, folder?: string): boolean => {
  if (gate.firstWrongToken !== undefined) return false;
  const hasFunctions = gate.base?.functions !== undefined || gate.head.functions === undefined;
  const same = gate.findings.length === 0 && gate.changed.length === 0 && hasFunctions;
  const limits = gate.base?.limits;
  if (!same) writeBaseline(limits === undefined ? gate.head : { ...gate.head, limits }, folder);
  return !same;
};
