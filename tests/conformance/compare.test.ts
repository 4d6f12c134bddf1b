import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { compare } from '../../bench/conformance/compare.ts';
import { conformanceRows } from '../../bench/conformance/rows.ts';
import { ConformanceOutputError, parseDeviceTable } from '../../bench/conformance/serial.ts';
import { conformanceSummary, failures } from '../../bench/conformance/table.ts';

/** What a board prints, with a boot message before it. */
const SERIAL = readFileSync(new URL('../../fixtures/conformance/serial.txt', import.meta.url), 'utf8');

test('the serial output of a device is read into rows', () => {
  expect(parseDeviceTable(SERIAL)).toEqual({
    clockHz: 125_000_000,
    rows: [
      { name: 'published.systick-read-twice', unit: 'cycles', repetitions: 1, total: 2 },
      { name: 'alu.movs-imm', unit: 'cycles', repetitions: 16, total: 16 },
      { name: 'branch.b', unit: 'cycles', repetitions: 16, total: 48 },
      { name: 'exception.svc-entry', unit: 'cycles', repetitions: 1, total: 18 },
      { name: 'published.systick-wrap-to-handler', unit: 'cycles', repetitions: 1, total: 20 },
      { name: 'published.thirteen-pins-on-off', unit: 'cycles', repetitions: 100, total: 6000 },
    ],
    complete: true,
  });
});

test('output that ends early is read as far as it goes', () => {
  const cut = SERIAL.slice(0, SERIAL.indexOf('row,branch.b') + 9);
  const table = parseDeviceTable(cut);
  expect(table.complete).toBe(false);
  expect(table.rows.map(({ name }) => name)).toEqual(['published.systick-read-twice', 'alu.movs-imm']);
});

test.each([
  ['no table at all', 'hello\n', /did not print the head/],
  ['another format', 'starmind-conformance,2,125000000\n', /prints format 2/],
  ['a broken line', 'starmind-conformance,1,125000000\nrow,alu\n', /no row: "row,alu"/],
])('%s is refused in words', (_name, text, message) => {
  expect(() => parseDeviceTable(text)).toThrow(ConformanceOutputError);
  expect(() => parseDeviceTable(text)).toThrow(message);
});

test('a row is judged by its document first, then by the timing table', () => {
  const { rows } = compare('a board', parseDeviceTable(SERIAL));
  const verdicts = new Map(rows.map((row) => [row.name, [row.verdict, row.deviation]]));
  expect(verdicts.get('alu.movs-imm')).toEqual(['exact', 0]);
  expect(verdicts.get('branch.b')).toEqual(['wrong', 1]);
  expect(verdicts.get('exception.svc-entry')).toEqual(['unpredicted', 2]);
  expect(verdicts.get('published.systick-wrap-to-handler')).toEqual(['near', -2]);
  expect(verdicts.get('published.thirteen-pins-on-off')).toEqual(['near', -3]);
  expect(verdicts.get('rom.load')).toEqual(['missing', null]);
});

test('documented deviations and missing rows fail; a row that only the timing table predicts does not', () => {
  const result = compare('a board', parseDeviceTable(SERIAL));
  const names = failures(result).map(({ name }) => name);
  expect(names).toContain('branch.b');
  expect(names).toContain('rom.load');
  expect(names).not.toContain('exception.svc-entry');
  expect(conformanceSummary(result).join('\n')).toMatch(/1 do not/);
});

test('a row that is unknown here is named', () => {
  const result = compare('a board', {
    clockHz: 1,
    complete: true,
    rows: [{ name: 'new.row', unit: 'cycles', repetitions: 1, total: 1 }],
  });
  expect(result.unknown).toEqual(['new.row']);
});

test('names are unique, every row has a source, and what no document gives is not of high confidence', () => {
  const names = conformanceRows.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  for (const { name, source, documented, confidence } of conformanceRows) {
    expect(source, name).not.toBe('');
    if (documented === null) expect(confidence, name).not.toBe('H');
  }
});

test('every kind of instruction, place and peripheral has a row', () => {
  for (const group of ['alu', 'branch', 'special', 'load', 'store', 'multiple', 'stack', 'exception'])
    expect(
      conformanceRows.some(({ name }) => name.startsWith(`${group}.`)),
      group,
    ).toBe(true);
  for (const group of ['sram', 'rom', 'xip', 'sio', 'ppb', 'apb', 'fastperi', 'dma', 'uart', 'clock'])
    expect(
      conformanceRows.some(({ name }) => name.startsWith(`${group}.`)),
      group,
    ).toBe(true);
});
