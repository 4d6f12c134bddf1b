import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readStudy } from '../../../bench/study/journal.ts';
import { ladderShapes } from '../../../bench/study/ladders.ts';
import { measureCase } from '../../../bench/study/measure.ts';
import { hashCases } from '../../../bench/study/row.ts';
import { casesOfSets, ORIGINAL_SHAPES, readShapes, type StudyCase } from '../../../bench/study/shapes.ts';
import { TIMING_VERSION } from '../../../emulator/timing/table.ts';
import { buildFirmware } from '../../../firmware/build.ts';
import { Rng } from '../../../models/reference/rng.ts';

const FOLDER = new URL('../../../fixtures/study/', import.meta.url);
const SAMPLE = 3;
/** Small shapes, so that the sample takes seconds. */
const MOST_PARAMETERS = 5000;

const casesOf = (file: string): StudyCase[] =>
  file.startsWith('ladders')
    ? casesOfSets(ladderShapes(), 'all')
    : casesOfSets(readShapes(ORIGINAL_SHAPES), file.replace(/\.jsonl$/, ''));

const files = readdirSync(FOLDER).filter((file) => file.endsWith('.jsonl'));

describe.each(files)('the committed results %s', (file) => {
  const { head, rows } = readStudy(fileURLToPath(new URL(file, FOLDER)));
  const cases = casesOf(file);

  it('are of every case there is, in order', () => {
    expect(head.casesSha256).toBe(hashCases(cases));
    expect(rows.map(({ name }) => name)).toEqual(cases.map(({ name }) => name));
    expect(rows.filter(({ status }) => status === 'failed' || status === 'invalid')).toEqual([]);
  });

  it('reproduce to the cycle in a sample, with the firmware that they are of', async (context) => {
    const firmware = await buildFirmware();
    if (firmware.sha256 !== head.firmwareSha256 || String(TIMING_VERSION) !== head.timingVersion) {
      context.skip(`${file} is of another firmware; run starmind study again and commit it`);
    }
    const rng = new Rng(Number.parseInt(firmware.sha256.slice(0, 8), 16));
    const small = rows.filter(({ status, parameters }) => status === 'ok' && parameters <= MOST_PARAMETERS);
    const sample = Array.from({ length: SAMPLE }, () => small[rng.next() % small.length]!);
    const { format, placement, cores } = head;
    for (const row of sample) {
      const one = cases.find(({ name }) => name === row.name)!;
      const again = await measureCase(firmware, one, { format, placement, cores });
      expect(JSON.parse(JSON.stringify(again))).toEqual(row);
    }
  });
});
