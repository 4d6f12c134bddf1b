import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { starmind, startStarmind } from '../../end-to-end/support/cli.ts';

const folder = mkdtempSync(join(tmpdir(), 'starmind-study-kill-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const COUNT = 8;
const table = join(folder, 'table.csv');
const shapes = Array.from({ length: COUNT }, (_, i) => `t,shape-${i},${16 + i},8,16,2,1,24`);
writeFileSync(table, ['set,name,vocabulary,dim,hidden,layers,heads,context', ...shapes, ''].join('\n'));
const argv = (out: string) => ['study', '--shapes', table, '--workers', '1', '--out', join(folder, out)];

/** Whole lines of a file below its head. */
const rowsOf = (out: string): string[] => {
  const path = join(folder, out);
  return existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(1, -1) : [];
};

const untilRows = (out: string, count: number) =>
  expect.poll(() => rowsOf(out).length, { timeout: 60_000, interval: 20 }).toBeGreaterThanOrEqual(count);

describe('a study that is stopped', () => {
  it('by Ctrl-C says how to go on', async () => {
    const study = startStarmind(argv('killed.jsonl'));
    await untilRows('killed.jsonl', 1);
    study.kill('SIGINT');
    const { exitCode, stderr } = await study;
    expect(exitCode).toBe(130);
    expect(stderr).toContain('rows that are done are kept');
  });

  it('or killed, goes on with the rows it had, measures only the others, and ends as if it had never stopped', async () => {
    const before = rowsOf('killed.jsonl').length;
    const study = startStarmind(argv('killed.jsonl'));
    await untilRows('killed.jsonl', before + 1);
    study.kill('SIGKILL');
    const { signal, stderr } = await study;
    expect(signal).toBe('SIGKILL');
    expect(stderr).toContain(`goes on with ${before} of ${COUNT} rows`);
    const kept = rowsOf('killed.jsonl');
    expect(kept.length).toBeLessThan(COUNT);

    const again = await starmind(argv('killed.jsonl'));
    expect(again.exitCode).toBe(0);
    expect(again.stderr).toContain(`goes on with ${kept.length} of ${COUNT} rows`);
    expect(again.stdout).toContain(`${COUNT} of ${COUNT} cases measured`);
    expect(rowsOf('killed.jsonl')).toEqual(expect.arrayContaining(kept));

    await starmind(argv('whole.jsonl'));
    const [killed, whole] = ['killed', 'whole'].map((name) =>
      readFileSync(join(folder, `${name}.jsonl`), 'utf8'),
    );
    expect(killed).toBe(whole);
    expect(readFileSync(join(folder, 'killed.csv'), 'utf8').trimEnd().split('\n')).toHaveLength(COUNT + 1);
  });
});
