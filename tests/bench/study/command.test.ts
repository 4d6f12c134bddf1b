import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { BEGIN, END } from '../../../bench/report/study/markdown.ts';
import { formatStudy, readStudy } from '../../../bench/study/journal.ts';
import { formatShard, takeShard } from '../../../bench/study/shard.ts';
import { starmind } from '../../end-to-end/support/cli.ts';
import { writeExample } from './example.ts';

const folder = mkdtempSync(join(tmpdir(), 'starmind-study-command-'));
const results = join(folder, 'results');
const file = (name: string) => join(folder, name);
const out = file('x.jsonl');

beforeAll(() => writeExample(results));
afterEach(() => rmSync(out, { force: true }));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('starmind study with bad input', () => {
  it('says what is wrong and exits with 2, before anything runs', async () => {
    for (const [argv, message] of [
      [['--shard', '3/2'], '"3/2" is no shard'],
      [['--set', '9K'], 'has no set "9K"; it has 1K, 3K'],
      [['--out', 'results.txt'], '--out results.txt must end in .jsonl'],
      [['--shapes', file('none.csv')], 'there is no such file'],
      [['merge', file('none.jsonl'), '--out', out], 'there is no such file'],
      [['merge', file('none.jsonl')], 'merge needs --out'],
      [['reproduce', 'everything'], 'there is no experiment "everything"; there are counted, published'],
      [['report', '--results', file('none')], 'has no results; make them with  starmind study reproduce'],
    ] as const) {
      const { exitCode, stderr, stdout } = await starmind(['study', ...argv]);
      expect(stderr).toContain(message);
      expect(exitCode).toBe(2);
      expect(stdout).toBe('');
    }
  });

  it('does not merge a file that is none', async () => {
    const path = file('broken.jsonl');
    writeFileSync(path, '{"schema":"starmind-study/0"}\n');
    const { exitCode, stderr } = await starmind(['study', 'merge', path, '--out', out]);
    expect(stderr).toContain('its schema is starmind-study/0; this version reads starmind-study/1');
    expect(exitCode).toBe(2);
  });
});

describe('starmind study merge', () => {
  const whole = () => readStudy(join(results, 'cost.jsonl'));
  /** Writes a shard of the example's `cost`, as its machine would have left it. */
  const part = (name: string, index: number, of: number, firmware?: string): string => {
    const { head, rows } = whole();
    const shard = { index, of };
    const own = { ...head, shard: formatShard(shard), ...(firmware && { firmwareSha256: firmware }) };
    writeFileSync(file(name), formatStudy({ head: own, rows: takeShard(rows, shard) }));
    return file(name);
  };

  it('makes one study of its shards, with a CSV beside', async () => {
    const parts = [part('b.jsonl', 2, 2), part('a.jsonl', 1, 2)];
    const { exitCode, stdout } = await starmind(['study', 'merge', ...parts, '--out', out]);
    expect(exitCode).toBe(0);
    expect(stdout).toContain('100 of 100 cases measured');
    expect(readStudy(out)).toEqual(whole());
    expect(readFileSync(file('x.csv'), 'utf8').trimEnd().split('\n')).toHaveLength(101);
  });

  it('refuses a shard that ran twice, or with another firmware, and writes nothing', async () => {
    const first = part('a.jsonl', 1, 2);
    for (const [second, message] of [
      [part('again.jsonl', 1, 2), 'are both shard 1/2: it ran twice'],
      [
        part('other.jsonl', 2, 2, '0'.repeat(64)),
        'are not of one study: firmwareSha256 000000000000 instead of',
      ],
    ] as const) {
      const { exitCode, stderr } = await starmind(['study', 'merge', first, second, '--out', out]);
      expect(stderr).toContain(message);
      expect(exitCode).toBe(2);
      expect(existsSync(out)).toBe(false);
    }
  });
});

describe('starmind study fit', () => {
  const files = ['counted', 'ladders'].map((name) => join(results, `${name}.jsonl`));

  it('tells coefficients by phase and the error on shapes held out, as text and as JSON', async () => {
    const { exitCode, stdout } = await starmind(['study', 'fit', ...files]);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^phase\s+for each\s+cycles\n/);
    expect(stdout).toMatch(
      /on the shapes held out: error [\d.]+ % median, [\d.]+ % at most for 95 % of tokens/,
    );
    const json = JSON.parse((await starmind(['study', 'fit', ...files, '--json'])).stdout);
    expect(json).toMatchObject({
      schema: 'starmind-study-fit/1',
      model: { settings: { format: 'int8', cores: 2 } },
    });
    expect(json.heldOut.points).toBeGreaterThan(100);
  });
});

describe('starmind study report', () => {
  it('writes page, charts and the section of a README where it is told', async () => {
    const readme = file('README.md');
    writeFileSync(readme, `${BEGIN}\n${END}\n`);
    const [page, svg] = [file('page/report.html'), file('svg')];
    mkdirSync(svg);
    const argv = ['--results', results, '--out', page, '--svg', svg, '--readme', readme];
    const { exitCode, stdout } = await starmind(['study', 'report', ...argv]);
    expect(exitCode).toBe(0);
    expect(stdout).toBe(`${page} with 11 charts in ${svg}\n`);
    expect(readFileSync(page, 'utf8')).toMatch(/^<!doctype html>/);
    expect(readdirSync(svg)).toHaveLength(11);
    expect(readFileSync(readme, 'utf8')).toContain('](svg/original-and-here.svg)');
  });
});
