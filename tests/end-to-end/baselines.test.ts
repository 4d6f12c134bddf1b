import { describe, expect, it } from 'vitest';
import { readBaseline } from '../../bench/gate/baseline.ts';
import { readScenarios } from '../../bench/gate/scenarios.ts';
import { starmind } from './support/cli.ts';

describe('the committed baselines', () => {
  it('exist for every scenario', () => {
    const without = readScenarios().filter(({ name }) => readBaseline(name) === undefined);
    expect(without.map(({ name }) => name)).toEqual([]);
  });

  it('are what the firmware costs today, to the cycle', async () => {
    const { exitCode, stdout } = await starmind(['check']);
    // When a change of cost is meant: npx starmind bench --update, and commit fixtures/baselines with the change.
    expect([exitCode, stdout]).toEqual([0, expect.stringMatching(/every cycle as in the baseline/)]);
  });
});
