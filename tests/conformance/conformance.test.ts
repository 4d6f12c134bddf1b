import { beforeAll, describe, expect, test } from 'vitest';
import { type Conformance, compare, conformanceJson } from '../../bench/conformance/compare.ts';
import { type EmulatorOutcome, measureOnEmulator } from '../../bench/conformance/measure.ts';
import { conformanceRows } from '../../bench/conformance/rows.ts';
import { conformanceSummary, conformanceTable, failures } from '../../bench/conformance/table.ts';
import { TIMING_VERSION } from '../../emulator/timing/table.ts';
import { buildFirmware } from '../../firmware/build.ts';
import { buildConformance } from '../../firmware/conformance/build.ts';

let elfPath: string;
let bootrom: Uint8Array;
let outcome: EmulatorOutcome;
let result: Conformance;

beforeAll(async () => {
  ({ elfPath } = await buildConformance());
  ({ bootrom } = await buildFirmware());
  outcome = measureOnEmulator({ elfPath, bootrom });
  result = compare('the emulator', outcome.table);
}, 300_000);

describe('the conformance table of the emulator', () => {
  test('the program comes to its end and prints every row once', () => {
    expect(outcome).toMatchObject({ end: 'text', fault: undefined });
    const names = outcome.table.rows.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(result.unknown).toEqual([]);
    expect(names.length).toBe(conformanceRows.length);
    expect(names.length).toBeGreaterThan(80);
  });

  test('every row with an exact documented value measures exactly that', () => {
    const wrong = result.rows.filter(
      (row) => row.documented !== null && !row.approximate && row.measured !== row.documented,
    );
    expect(wrong.map(({ name, measured, documented }) => ({ name, measured, documented }))).toEqual([]);
    expect(failures(result)).toEqual([]);
  });

  test('every row measures what the timing table predicts', () => {
    const differing = result.rows.filter((row) => row.measured !== row.expected);
    expect(differing.map(({ name, measured, expected }) => ({ name, measured, expected }))).toEqual([]);
  });

  test('units are those of the rows', () => {
    const units = new Map(outcome.table.rows.map(({ name, unit }) => [name, unit]));
    for (const { name, unit } of conformanceRows) expect(units.get(name), name).toBe(unit);
  });

  test('a second run prints the same bytes', () => {
    expect(measureOnEmulator({ elfPath, bootrom }).text).toBe(outcome.text);
  });

  test('run in slices of an odd length it prints the same bytes', () => {
    expect(measureOnEmulator({ elfPath, bootrom, sliceCycles: 7_919 }).text).toBe(outcome.text);
  });

  test('JSON carries schema, timing version and the named fields of every row', () => {
    const json = conformanceJson(result);
    expect(json).toMatchObject({ schema: 'starmind-conformance/1', timingVersion: TIMING_VERSION });
    expect(json.rows).toHaveLength(conformanceRows.length);
    for (const row of json.rows) {
      expect(typeof row.measured).toBe('number');
      expect(row.confidence).toMatch(/^[HML]$/);
      expect(row.source).not.toBe('');
    }
  });

  test('the table has a line for each row, and the summary says how many agree', () => {
    expect(conformanceTable(result)).toHaveLength(conformanceRows.length + 1);
    expect(conformanceSummary(result).join('\n')).toMatch(/measure it, 0 do not/);
  });
});
