import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readScenarios } from '../../../bench/gate/scenarios.ts';

const folder = mkdtempSync(join(tmpdir(), 'scenarios-'));
afterAll(() => rmSync(folder, { recursive: true }));

const read = (scenarios: unknown[]) => {
  const file = join(folder, 'list.json');
  writeFileSync(file, JSON.stringify({ schemaVersion: 1, scenarios }));
  return readScenarios(file);
};

const GOOD = { name: 'fox', model: 'story-90k', prompt: 'The fox', tokens: 8 };

describe('the scenario file', () => {
  it('turns what people write into the integers of the sampler', () => {
    const [greedy, sampled] = read([
      GOOD,
      { ...GOOD, name: 'warm', temperature: 0.8, topK: 40, topP: 0.9, seed: 7 },
    ]);
    expect(greedy).toEqual({ ...GOOD, sampler: { temperature: 0, topK: 0, topP: 65536, seed: 0 } });
    expect(sampled!.sampler).toEqual({ temperature: 52429, topK: 40, topP: 58982, seed: 7 });
  });

  it.each([
    [{ ...GOOD, name: 'A B' }, /scenario 1: "name" must be/],
    [{ ...GOOD, tokens: 0 }, /scenario 1: "tokens" must be/],
    [{ ...GOOD, model: 7 }, /scenario 1: "model" must be/],
    [{ ...GOOD, prompt: undefined }, /scenario 1: "prompt" must be/],
    [{ ...GOOD, temperature: 1000 }, /scenario 1: temperature/],
    [{ ...GOOD, topP: 0 }, /scenario 1: top-p/],
    [null, /scenario 1: "name" must be/],
  ])('says which entry is wrong and how: %j', (entry, message) => {
    expect(() => read([entry])).toThrow(message);
  });

  it('refuses two scenarios of one name', () => {
    expect(() => read([GOOD, GOOD])).toThrow(/two scenarios are called "fox"/);
  });

  it('says that a file is missing or is none', () => {
    expect(() => readScenarios(join(folder, 'none.json'))).toThrow(/none\.json: ENOENT/);
    writeFileSync(join(folder, 'other.json'), '[]');
    expect(() => readScenarios(join(folder, 'other.json'))).toThrow(/not a scenario file/);
  });

  it('of the repository is readable', () => {
    expect(readScenarios().length).toBeGreaterThan(0);
  });
});
