import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { BEGIN } from '../../../bench/report/study/markdown.ts';
import { loadPlot } from '../../../bench/report/study/plot.ts';
import { chartFiles, readmeOf } from '../../../bench/report/study/write.ts';
import { EXPERIMENT_NAMES, EXPERIMENTS, RESULTS_FOLDER } from '../../../bench/study/experiments.ts';
import { claimsOf } from '../../../bench/study/findings/claims.ts';
import { costFitOf } from '../../../bench/study/findings/cost-fit.ts';
import { candidatesOf, pick } from '../../../bench/study/findings/frontier.ts';
import { comparePublished } from '../../../bench/study/findings/published.ts';
import { readStudy } from '../../../bench/study/journal.ts';
import { measureCase } from '../../../bench/study/measure.ts';
import { loadResults, resultsPath, trainedPath } from '../../../bench/study/results.ts';
import { hashCases, toCsv } from '../../../bench/study/row.ts';
import { ORIGINAL_SHAPES, readShapes, type StudyShape } from '../../../bench/study/shapes.ts';
import { readTrained } from '../../../bench/study/trained-row.ts';
import { TRAINED_SHAPES } from '../../../bench/study/trained-shapes.ts';
import { TIMING_VERSION } from '../../../emulator/timing/table.ts';
import { buildFirmware } from '../../../firmware/build.ts';
import { Rng } from '../../../models/reference/rng.ts';

const SAMPLE = 3;
/** Small shapes, so that the sample takes seconds. */
const MOST_PARAMETERS = 5000;

const committed = EXPERIMENT_NAMES.filter((name) => existsSync(resultsPath(RESULTS_FOLDER, name)));

describe.each(committed)('the committed results %s', (name) => {
  const { head, rows } = readStudy(resultsPath(RESULTS_FOLDER, name));
  const cases = EXPERIMENTS[name].cases();

  it('are of every case there is, in order', () => {
    expect(head.casesSha256).toBe(hashCases(cases));
    expect(rows.map((row) => row.name)).toEqual(cases.map((one) => one.name));
    expect(rows.filter(({ status }) => status === 'failed' || status === 'invalid')).toEqual([]);
    expect(readFileSync(join(RESULTS_FOLDER, `${name}.csv`), 'utf8')).toBe(toCsv(rows));
  });

  it('reproduce to the cycle in a sample, with the firmware that they are of', async (context) => {
    const firmware = await buildFirmware();
    if (firmware.sha256 !== head.firmwareSha256 || String(TIMING_VERSION) !== head.timingVersion) {
      context.skip(`${name} is of another firmware; run starmind study reproduce and commit it`);
    }
    const rng = new Rng(Number.parseInt(firmware.sha256.slice(0, 8), 16));
    const small = rows.filter(({ status, parameters }) => status === 'ok' && parameters <= MOST_PARAMETERS);
    // The five rows of `cache` count a whole context each.
    const count = Math.min(SAMPLE, Math.ceil(small.length / 20));
    const sample = Array.from({ length: count }, () => small[rng.next() % small.length]!);
    const { format, placement, cores } = head;
    for (const row of sample) {
      const one = cases.find((each) => each.name === row.name)!;
      const again = await measureCase(firmware, one, { format, placement, cores });
      expect(JSON.parse(JSON.stringify(again))).toEqual(row);
    }
  });
});

describe.skipIf(!existsSync(trainedPath(RESULTS_FOLDER)))('the committed trainings', () => {
  it('are at least 24 shapes of both families, from one thousand parameters to nearly a hundred thousand', () => {
    const rows = readTrained(trainedPath(RESULTS_FOLDER));
    expect(rows.length).toBeGreaterThanOrEqual(24);
    expect(new Set(rows.map(({ config }) => config.family))).toEqual(new Set(['llama', 'starmind']));
    const parameters = rows.map((row) => row.parameters);
    expect(Math.min(...parameters)).toBeLessThan(2000);
    expect(Math.max(...parameters)).toBeGreaterThan(80_000);
    for (const { name, config, steps } of rows) {
      expect(TRAINED_SHAPES.find((shape) => shape.name === name)).toMatchObject({ config, steps });
    }
  });
});

const charts = join(RESULTS_FOLDER, 'charts');
const README = fileURLToPath(new URL('../../../README.md', import.meta.url));

describe.skipIf(committed.length < EXPERIMENT_NAMES.length)('the committed results together', () => {
  it('are of one firmware, and answer every claim', () => {
    const results = loadResults(RESULTS_FOLDER);
    const open = claimsOf(results).filter(({ verdict }) => verdict === 'not measured');
    expect(open.map(({ id }) => id)).toEqual([]);
    expect(comparePublished(results)!.compared).toBeGreaterThan(85);
  });

  it('hold every architecture of the tables: all sizes, with and without its heads where the original counts it', () => {
    const sizesOf = ({
      vocabulary,
      dim,
      hidden,
      layers,
      context,
    }: Omit<StudyShape, 'heads' | 'name' | 'set'>) => [vocabulary, dim, hidden, layers, context].join();
    const { counted, published, others } = loadResults(RESULTS_FOLDER).rows;
    const there = new Set([...counted, ...published, ...others].map(({ shape }) => sizesOf(shape)));
    expect(readShapes(ORIGINAL_SHAPES).filter((shape) => !there.has(sizesOf(shape)))).toEqual([]);
  });

  it('have a shape to pick for 500 tokens/s within 64 KB', () => {
    const budget = { tokensPerSecond: 500, sramBytes: 64 * 1024, clockHz: 125_000_000 };
    const [best] = pick(candidatesOf(loadResults(RESULTS_FOLDER)), budget);
    expect(best!.bitsPerByte).toBeLessThan(1.6);
  });

  it('predict shapes held out of the cost model within 10 % for 95 % of tokens', () => {
    expect(costFitOf(loadResults(RESULTS_FOLDER))!.heldOut.p95).toBeLessThan(0.1);
  });
});

describe.skipIf(!existsSync(charts))('the committed charts', () => {
  it('are drawn from the committed results', async () => {
    const drawn = chartFiles(loadResults(RESULTS_FOLDER), await loadPlot());
    expect(readdirSync(charts).sort()).toEqual([...drawn.keys()].sort());
    for (const [file, svg] of drawn) expect(readFileSync(join(charts, file), 'utf8')).toBe(svg);
  });

  it.skipIf(!readFileSync(README, 'utf8').includes(BEGIN))('and the README say the same', () => {
    expect(readmeOf(loadResults(RESULTS_FOLDER), README, charts)).toBe(readFileSync(README, 'utf8'));
  });
});
