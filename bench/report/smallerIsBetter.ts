/** Gate results in github-action-benchmark's `customSmallerIsBetter` format. */
import type { GateResult } from '../gate/gate.ts';
import { spread } from './statistics.ts';

export interface SmallerIsBetter {
  name: string;
  unit: string;
  value: number;
  range?: string;
  extra?: string;
}

export const smallerIsBetter = (gates: readonly GateResult[]): SmallerIsBetter[] =>
  gates.flatMap(({ scenario, result }) => {
    const { cyclesPerToken, prefillCycles, firmwareSha256, timingVersion } = result.measured!;
    const extra = `firmware ${firmwareSha256}, timing rules version ${timingVersion}`;
    const { median, p95, worst } = spread(cyclesPerToken);
    const row = (name: string, value: number): SmallerIsBetter => ({
      name: `${scenario.name}: ${name}`,
      unit: 'cycles/token',
      value,
      extra,
    });
    const rows = [row('median', median), row('95th percentile', p95), row('worst', worst)];
    return prefillCycles.length === 0 ? rows : [...rows, row('prefill', spread(prefillCycles).median)];
  });
