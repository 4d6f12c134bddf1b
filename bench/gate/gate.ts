/** Runs scenarios, proves their tokens against the host reference, and holds their cycles against the baselines. */
import type { LoadedModel } from '../target/model.ts';
import type { Scenario, ScenarioResult, Target } from '../target/scenario.ts';
import { type Baseline, listBaselines, readBaseline, toBaseline, writeBaseline } from './baseline.ts';
import { changedParts, compareBaselines, type Finding } from './compare.ts';
import type { NamedScenario } from './scenarios.ts';

export interface GateTools {
  /** Says which tokens are right. */
  reference: Target;
  /** Is measured. */
  measured: Target;
  loadModel: (name: string) => LoadedModel | Promise<LoadedModel>;
  /** @default fixtures/baselines */
  baselineFolder?: string;
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
}

export const runGate = async (scenario: NamedScenario, tools: GateTools): Promise<GateResult> => {
  const model = await tools.loadModel(scenario.model);
  const { prompt, tokens, sampler } = scenario;
  const asked: Scenario = { model, prompt, tokens, sampler };
  const expected = await tools.reference.run(asked);
  const result = await tools.measured.run(asked);
  const head = toBaseline(scenario.name, model.sha256, result);
  const base = readBaseline(scenario.name, tools.baselineFolder);
  return {
    scenario,
    result,
    firstWrongToken: firstDifference(expected.tokens, result.tokens),
    head,
    base,
    findings: compareBaselines(base, head),
    changed: changedParts(base, head),
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
  return findings.length > 0 ? 'moved' : 'same';
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
  const same = gate.findings.length === 0 && gate.changed.length === 0;
  if (!same) writeBaseline(gate.head, folder);
  return !same;
};
