import type { NamedScenario } from '../../../bench/gate/scenarios.ts';
import { PHASES } from '../../../bench/link/index.ts';
import type { LoadedModel } from '../../../bench/target/model.ts';
import { GREEDY, type ScenarioResult, type Target } from '../../../bench/target/scenario.ts';

export const SCENARIO: NamedScenario = { name: 'small', model: 'm', prompt: 'a', tokens: 3, sampler: GREEDY };

/** Just what a gate looks at. */
export const fakeModel = async (name: string): Promise<LoadedModel> =>
  ({ name, sha256: 'model-hash' }) as unknown as LoadedModel;

const phases = (attention: number): number[] =>
  PHASES.map((phase) => (phase === 'attention' ? attention : 10));

export const measuredResult = (): ScenarioResult => ({
  target: 'emulator',
  promptTokens: [1, 7],
  tokens: [5, 6, 7],
  pieces: [],
  logits: [],
  reason: 'length',
  measured: {
    clockHz: 125_000_000,
    cyclesPerToken: [180, 190, 200],
    phasesPerToken: [phases(100), phases(110), phases(120)],
    prefillCycles: [150],
    sramBytes: 1000,
    flashBytes: 2000,
    timingVersion: '1',
    firmwareSha256: 'firmware-hash',
  },
});

/** A target that gives the same result each time, after `change` has had its way with it. */
export const fakeTarget = (change: (result: ScenarioResult) => void = () => {}): Target => ({
  name: 'emulator',
  run: async () => {
    const result = measuredResult();
    change(result);
    return result;
  },
});
