import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readStudy } from '../../../bench/study/journal.ts';
import { measureCase } from '../../../bench/study/measure.ts';
import { mergeShards } from '../../../bench/study/merge.ts';
import { type MeasuredRow, toCsv } from '../../../bench/study/row.ts';
import { type RunStudyOptions, runStudy } from '../../../bench/study/run.ts';
import { parseShapes, toCases } from '../../../bench/study/shapes.ts';
import { buildFirmware, type Firmware } from '../../../firmware/build.ts';

const TABLE = `set,name,vocabulary,dim,hidden,layers,heads,context
t,tiny,16,4,8,1,2,10
t,ignored-heads,12,3,7,1,2,9
t,does-not-fit,8,4,65536,1,1,16
t,far-too-big,2048,640,65536,4,1,16`;
const cases = toCases(parseShapes(TABLE, 'table.csv'));
const settings = { format: 'int8', placement: 'auto', cores: 2 } as const;
const folder = mkdtempSync(join(tmpdir(), 'starmind-study-'));
const firmware: { current?: Firmware } = {};

beforeAll(async () => {
  firmware.current = await buildFirmware();
});
afterAll(() => rmSync(folder, { recursive: true }));

const study = (file: string, change: Partial<RunStudyOptions> = {}) => {
  const done: string[] = [];
  const fractions: number[] = [];
  const options: RunStudyOptions = {
    firmware: firmware.current!,
    cases,
    shard: { index: 1, of: 1 },
    settings,
    workers: 2,
    out: join(folder, file),
    onProgress: ({ name, fraction }) => {
      done.push(name);
      fractions.push(fraction);
    },
    ...change,
  };
  return runStudy(options).then((result) => ({
    ...result,
    done,
    fractions,
    text: readFileSync(options.out, 'utf8'),
  }));
};

describe('a study', () => {
  it('has a row for each case in order, and goes on past shapes that do not fit, saying why', async () => {
    const { rows, fractions } = await study('whole.jsonl');
    expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
    expect(fractions.at(-1)).toBeCloseTo(1, 10);
    expect(rows.map(({ name, status }) => [name, status])).toEqual([
      ['tiny', 'ok'],
      ['tiny+one-head', 'ok'],
      ['ignored-heads+one-head', 'ok'],
      ['does-not-fit', 'does-not-fit'],
      ['far-too-big', 'does-not-fit'],
    ]);
    expect(rows[3]!.reason).toMatch(/^too-big-for-sram: does-not-fit needs [\d,]+ bytes of SRAM/);
    expect(rows[4]!.reason).toMatch(/^too-big-for-flash: the weights alone take 343408640 bytes/);
    const csv = toCsv(rows).trimEnd().split('\n');
    expect(csv.length).toBe(6);
    expect(csv[4]).toContain('does-not-fit,,,');
  });

  it('measures the same cycles again, alone and in this thread, and phases that add up to them', async () => {
    const { rows } = readStudy(join(folder, 'whole.jsonl'));
    const again = await measureCase(firmware.current!, cases[0]!, settings);
    expect(again).toEqual({ ...rows[0] });
    const { positions, decodeCycles, phases, contextCycles, prefillCycles } = again as MeasuredRow;
    expect(positions).toEqual([0, 8, 9]);
    const sums = positions.map((_, i) => Object.values(phases).reduce((all, of) => all + of[i]!, 0));
    expect(sums).toEqual(decodeCycles);
    expect(contextCycles).toBeGreaterThan(decodeCycles[0]! + decodeCycles[1]! + decodeCycles[2]!);
    expect(prefillCycles.length).toBe(5);
  });

  it('goes on after a kill without redoing rows, and ends with the same bytes', async () => {
    const whole = readFileSync(join(folder, 'whole.jsonl'), 'utf8');
    const [head, first, second, ...rest] = whole.split('\n');
    const killed = join(folder, 'killed.jsonl');
    // Rows come in the order they are done; the last was being written.
    writeFileSync(killed, `${head}\n${rest[0]}\n${first}\n`);
    appendFileSync(killed, second!.slice(0, 100));
    expect(() => readStudy(killed)).toThrow('ends within a row');
    const { done, text } = await study('killed.jsonl');
    expect([...done].sort()).toEqual(['does-not-fit', 'far-too-big', 'tiny+one-head']);
    expect(text).toBe(whole);
  });

  it('in shards and merged is the study of one machine', async () => {
    const parts = await Promise.all(
      [1, 2].map(async (index) => {
        const path = `part-${index}.jsonl`;
        return { path, ...(await study(path, { shard: { index, of: 2 }, workers: 1 })) };
      }),
    );
    const { head, rows } = mergeShards(parts);
    expect({ head, rows }).toEqual(readStudy(join(folder, 'whole.jsonl')));
  });

  it('does not go on with a file of another firmware', async () => {
    const other = { ...firmware.current!, sha256: '0'.repeat(64) };
    await expect(study('whole.jsonl', { firmware: other })).rejects.toThrow(
      /whole.jsonl is of another study \(firmwareSha256 \w{12} instead of 000000000000\)/,
    );
  });
});
