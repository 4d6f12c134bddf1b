import { beforeAll, describe, expect, test } from 'vitest';
import { type Conformance, compare, conformanceJson } from '../../bench/conformance/compare.ts';
import { type EmulatorOutcome, measureOnEmulator } from '../../bench/conformance/measure.ts';
import { conformanceRows } from '../../bench/conformance/rows.ts';
import { conformanceSummary, conformanceTable, failures } from '../../bench/conformance/table.ts';
import { TIMING_VERSION } from '../../emulator/timing/table.ts';
import { buildFirmware } from '../../firmware/build.ts';
import { buildConformance } from '../../firmware/conformance/build.ts';

let elfPath: string;
let uf2Path: string;
let bootrom: Uint8Array;
let outcome: EmulatorOutcome;
let result: Conformance;

beforeAll(async () => {
  ({ elfPath, uf2Path } = await buildConformance());
  ({ bootrom } = await buildFirmware());
  outcome = measureOnEmulator({ programPath: elfPath, bootrom });
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
    const differing = result.rows.filter((row) => row.expected !== null && row.measured !== row.expected);
    expect(differing.map(({ name, measured, expected }) => ({ name, measured, expected }))).toEqual([]);
  });

  test('only compiled code is without a prediction, and published figures stand beside it', () => {
    const unpredictable = result.rows.filter((row) => row.expected === null);
    expect(unpredictable.map(({ name }) => name)).toEqual([
      'published.gpio-edge-to-sdk-callback',
      'published.thirteen-pins-on-off',
      'published.two-cores-log-mean',
      'published.two-cores-log-least',
      'published.two-cores-log-most',
    ]);
    for (const row of unpredictable)
      expect(row.deviation).toBe(Number(row.measured) - Number(row.documented));
  });

  test.each([
    ['1, two reads of SysTick', 'systick-read-twice', 2, 0],
    ['2, SysTick to handler', 'systick-wrap-to-handler', 22, 3],
    ['3, edge to SDK callback', 'gpio-edge-to-sdk-callback', 200, 60],
    ['4, edge to tight handler', 'gpio-edge-to-toggle', 25, 5],
    ['5, PIO and two channels', 'pio-dma-dma-loop', 11, 2],
    ['6, one pin on and off', 'sio-toggle-loop', 6, 0],
    ['7, thirteen pins on and off', 'thirteen-pins-on-off', 63, 6],
    ['8, two cores, mean', 'two-cores-log-mean', 20, 2],
    ['8, two cores, least', 'two-cores-log-least', 18, 2],
    ['8, two cores, most', 'two-cores-log-most', 22, 4],
    ['9, busy wait', 'busy-wait-pass', 3, 0],
    ['17, DMA control block', 'dma-control-block', 15.6, 2],
    ['19, quad read', 'flash-read-quad-div2', 40, 14],
    ['19, serial read', 'flash-read-serial-div4', 250, 20],
    ['22, counting loop', 'counting-loop', 12, 2],
  ])('published figure %s: within its band', (_row, name, documented, band) => {
    const row = result.rows.find((one) => one.name === `published.${name}`);
    expect(row?.documented).toBe(documented);
    expect(Math.abs(row?.deviation as number)).toBeLessThanOrEqual(band);
  });

  test('units are those of the rows', () => {
    const units = new Map(outcome.table.rows.map(({ name, unit }) => [name, unit]));
    for (const { name, unit } of conformanceRows) expect(units.get(name), name).toBe(unit);
  });

  test('a second run prints the same bytes', () => {
    expect(measureOnEmulator({ programPath: elfPath, bootrom }).text).toBe(outcome.text);
  });

  test('run in slices of an odd length it prints the same bytes', () => {
    expect(measureOnEmulator({ programPath: elfPath, bootrom, sliceCycles: 7_919 }).text).toBe(outcome.text);
  });

  test('the UF2 that goes on a board prints the same bytes', () => {
    expect(measureOnEmulator({ programPath: uf2Path, bootrom }).text).toBe(outcome.text);
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

describe('two masters on the bus', () => {
  const value = (name: string): number => {
    const row = result.rows.find((one) => one.name === name);
    if (row?.measured == null) throw new Error(`${name} was not measured`);
    return row.measured;
  };
  const ALONE = { ldm: 16 * 5, stm: 16 * 5, ldr: 32 * 2, code: 64 + 4 };

  test.each([
    ['ldm-same-bank', ALONE.ldm, ALONE.ldm],
    ['ldm-different-banks', ALONE.ldm, ALONE.ldm],
    ['ldm-striped', ALONE.ldm, ALONE.ldm],
    ['stm-same-bank', ALONE.stm, ALONE.stm],
    ['ldr-same-bank', ALONE.ldr, ALONE.ldr],
    ['ldm-and-ldr-same-bank', ALONE.ldm, ALONE.ldr],
    ['ldm-core0-first', ALONE.ldm, ALONE.ldm],
    ['ldm-core1-first', ALONE.ldm, ALONE.ldm],
    ['code-same-bank', ALONE.code, ALONE.code],
    ['code-different-banks', ALONE.code, ALONE.code],
    ['code-xip-hit', ALONE.code, ALONE.code],
  ])('%s: the bus counters count every cycle that the two cores lost', (name, alone0, alone1) => {
    const lost = value(`pair.${name}-core0`) - alone0 + value(`pair.${name}-core1`) - alone1;
    expect(value(`pair.${name}-contested`)).toBe(lost);
  });

  test('a core of high priority loses nothing', () => {
    expect(value('pair.ldm-core0-first-core0')).toBe(ALONE.ldm);
    expect(value('pair.ldm-core1-first-core1')).toBe(ALONE.ldm);
  });

  test('different banks are free of conflicts', () => {
    expect(value('pair.ldm-different-banks-contested')).toBe(0);
    expect(value('pair.code-different-banks-contested')).toBe(0);
    expect(value('pair.ldm-dma-elsewhere')).toBe(ALONE.ldm);
  });

  test('a core that moves blocks beside DMA on its bank gets every other cycle', () => {
    expect(value('pair.ldm-dma-reads-bank') - ALONE.ldm).toBe(48);
  });
});
