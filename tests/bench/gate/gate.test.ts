import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { baselinePath, readBaseline } from '../../../bench/gate/baseline.ts';
import {
  firstDifference,
  type GateResult,
  obsoleteBaselines,
  runGate,
  updateBaseline,
  verdict,
} from '../../../bench/gate/gate.ts';
import { gateLines } from '../../../bench/report/gateReport.ts';
import type { ScenarioResult } from '../../../bench/target/scenario.ts';
import { fakeModel, fakeTarget, SCENARIO } from './fakeTarget.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gate-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const gate = (change?: (result: ScenarioResult) => void): Promise<GateResult> =>
  runGate(SCENARIO, {
    reference: fakeTarget(),
    measured: fakeTarget(change),
    loadModel: fakeModel,
    baselineFolder: folder,
  });

const accept = async (): Promise<void> => {
  updateBaseline(await gate(), folder);
};

/** One attention cycle more, or fewer, in token 1. */
const moveBy = (cycles: number) => (result: ScenarioResult) => {
  result.measured!.cyclesPerToken[1]! += cycles;
  result.measured!.phasesPerToken[1]![4]! += cycles;
};

describe('the gate', () => {
  it('passes a run that costs what the baseline says', async () => {
    await accept();
    const same = await gate();
    expect(verdict(same)).toBe('same');
    expect(gateLines(same)).toEqual(['small: 3 tokens, every cycle as in the baseline']);
  });

  it.each([1, -1])('fails when one phase of one token moves by %i cycle', async (cycles) => {
    await accept();
    const moved = await gate(moveBy(cycles));
    expect(verdict(moved)).toBe('moved');
    const sign = cycles > 0 ? '+' : '-';
    expect(gateLines(moved)).toEqual([
      `small: cycles moved, ${sign}1 cycles over 3 tokens`,
      `  token 1: 190 -> ${190 + cycles} (${sign}1 cycles); attention ${sign}1 cycles`,
    ]);
  });

  it('fails when the cost of a prompt token moves', async () => {
    await accept();
    const moved = await gate((result) => result.measured!.prefillCycles[0]!++);
    expect(moved.findings).toEqual([
      {
        kind: 'cycles',
        where: 'prompt token 0',
        row: '000',
        isPrompt: true,
        base: 150,
        head: 151,
        phases: [],
      },
    ]);
  });

  it('fails without a baseline, and says how to get one', async () => {
    const first = await gate();
    expect(verdict(first)).toBe('moved');
    expect(gateLines(first).join('\n')).toContain('--update');
  });

  it("calls a token that is not the reference's wrong, whatever its cycles", async () => {
    await accept();
    const wrong = await gate((result) => (result.tokens[2] = 9));
    expect(verdict(wrong)).toBe('wrong');
    expect(wrong.firstWrongToken).toBe(2);
  });

  it('calls tokens wrong that agree with the reference but not with the baseline of the same model', async () => {
    await accept();
    const change = (result: ScenarioResult): void => {
      result.tokens[0] = 8;
    };
    const tools = { reference: fakeTarget(change), measured: fakeTarget(change), loadModel: fakeModel };
    const wrong = await runGate(SCENARIO, { ...tools, baselineFolder: folder });
    expect(wrong.firstWrongToken).toBeUndefined();
    expect(verdict(wrong)).toBe('wrong');
  });

  it('calls the tokens of another model right, and the baseline out of date', async () => {
    await accept();
    const other = (result: ScenarioResult): void => {
      result.tokens[0] = 8;
    };
    const tools = { reference: fakeTarget(other), measured: fakeTarget(other), baselineFolder: folder };
    const loadModel = async (name: string) => ({ ...(await fakeModel(name)), sha256: 'other-model' });
    const moved = await runGate(SCENARIO, { ...tools, loadModel });
    expect(verdict(moved)).toBe('moved');
    expect(gateLines(moved)).toEqual([
      'small: right tokens, but the baseline is of another model',
      '  token 0 was 5, is 8',
      '  changed since the baseline: model',
    ]);
  });

  it('names what else is not as it was when cycles move', async () => {
    await accept();
    const moved = await gate((result) => {
      moveBy(3)(result);
      result.measured!.firmwareSha256 = 'other';
      result.measured!.timingVersion = '2';
    });
    expect(gateLines(moved).at(-1)).toBe('  changed since the baseline: firmware, timing table');
  });

  it('passes another firmware that costs the same', async () => {
    await accept();
    expect(verdict(await gate((result) => (result.measured!.firmwareSha256 = 'other')))).toBe('same');
  });
});

describe('updating a baseline', () => {
  it('writes one number on a line, keys sorted, and the same bytes for the same run', async () => {
    await accept();
    const text = readFileSync(baselinePath('small', folder), 'utf8');
    const lines = text.split('\n').map((line) => line.trim());
    expect(lines.every((line) => (line.match(/: \d+/g) ?? []).length <= 1)).toBe(true);
    expect(Object.keys(JSON.parse(text))).toEqual(Object.keys(JSON.parse(text)).sort());
    expect(lines).toContain('"attention": 110,');
    expect(updateBaseline(await gate(), folder)).toBe(false);
    expect(readFileSync(baselinePath('small', folder), 'utf8')).toBe(text);
  });

  it('leaves no draft behind', async () => {
    await accept();
    expect(readdirSync(folder)).toEqual(['small.json']);
  });

  it("refuses tokens that are not the reference's", async () => {
    const wrong = await gate((result) => (result.tokens[0] = 0));
    expect(updateBaseline(wrong, folder)).toBe(false);
    expect(readBaseline('small', folder)).toBeUndefined();
  });

  it('makes the moved run the new baseline', async () => {
    await accept();
    updateBaseline(await gate(moveBy(5)), folder);
    expect(verdict(await gate(moveBy(5)))).toBe('same');
    expect(verdict(await gate())).toBe('moved');
  });
});

describe('limits of single rows', () => {
  /** Writes limits into the baseline, as a person would. */
  const allow = async (limits: object): Promise<void> => {
    await accept();
    const file = baselinePath('small', folder);
    writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), limits }));
  };

  it.each([
    [{ tokens: { '001': { softPercent: 5 } } }, 9, 'same'],
    [{ tokens: { '001': { softPercent: 5 } } }, -9, 'same'],
    [{ tokens: { '001': { softPercent: 5 } } }, 10, 'moved'],
    [{ tokens: { '002': { softPercent: 50 } } }, 1, 'moved'],
    [{ phases: { attention: { softPercent: 10 } } }, 11, 'same'],
    [{ phases: { attention: { softPercent: 10 } } }, 12, 'moved'],
    [{ phases: { ffn: { softPercent: 50 } } }, 1, 'moved'],
    [{ tokens: { '001': { softPercent: 50, hardLimit: 195 } } }, 6, 'moved'],
    [{ phases: { attention: { softPercent: 50, hardLimit: 119 } } }, 1, 'moved'],
  ] as const)('%j and %i cycles in the attention of token 1: %s', async (limits, cycles, expected) => {
    await allow(limits);
    expect(verdict(await gate(moveBy(cycles)))).toBe(expected);
  });

  it('hold for prompt tokens too', async () => {
    await allow({ prefill: { '000': { softPercent: 2, hardLimit: 152 } } });
    const by = (cycles: number) =>
      gate((result) => {
        result.measured!.prefillCycles[0]! += cycles;
      });
    expect(verdict(await by(2))).toBe('same');
    expect(gateLines(await by(3))).toContain('  prompt token 0: 153 cycles, above the limit of 152');
  });

  it('say which row is above its hard limit', async () => {
    await allow({ phases: { attention: { hardLimit: 119 } } });
    expect(gateLines(await gate())).toContain('  token 2, attention: 120 cycles, above the limit of 119');
  });

  it('stay when the baseline is updated', async () => {
    const limits = { tokens: { '001': { softPercent: 5 } } };
    await allow(limits);
    expect(updateBaseline(await gate(moveBy(20)), folder)).toBe(true);
    expect(readBaseline('small', folder)).toMatchObject({ limits, tokens: { '001': { cycles: 210 } } });
  });

  it.each([
    [{ tokens: { one: {} } }],
    [{ phases: { lunch: {} } }],
    [{ rows: {} }],
    [{ tokens: { '001': { soft: 3 } } }],
    [{ tokens: { '001': { hardLimit: -1 } } }],
  ])('that make no sense are refused: %j', async (limits) => {
    await allow(limits);
    await expect(gate()).rejects.toThrow(/small\.json: "limits" has prefill, tokens and phases/);
  });
});

describe('a baseline file', () => {
  it('is refused by name when it is no JSON, or of another shape', async () => {
    writeFileSync(baselinePath('small', folder), '{"schemaVersion": 1, "tok');
    await expect(gate()).rejects.toThrow(/small\.json is no JSON/);
    writeFileSync(baselinePath('small', folder), '{"schemaVersion": 99}');
    await expect(gate()).rejects.toThrow(/small\.json is not a baseline of schema version 1/);
  });

  it('is obsolete when its scenario is gone', async () => {
    await accept();
    expect(obsoleteBaselines([SCENARIO], folder)).toEqual([]);
    expect(obsoleteBaselines([], folder)).toEqual(['small']);
  });
});

describe('firstDifference', () => {
  it('finds the place, or the end of the shorter one, or nothing', () => {
    expect(firstDifference([1, 2, 3], [1, 9, 3])).toBe(1);
    expect(firstDifference([1, 2], [1, 2, 3])).toBe(2);
    expect(firstDifference([1, 2], [1, 2])).toBeUndefined();
  });
});
