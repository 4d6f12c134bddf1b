import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { shardFromEnvironment } from '../../../bench/study/shard.ts';

const recipe = (name: string): string =>
  fileURLToPath(new URL(`../../../bench/study/recipes/${name}`, import.meta.url));
const textOf = (name: string): string => readFileSync(recipe(name), 'utf8');
const folder = mkdtempSync(join(tmpdir(), 'starmind-recipes-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Stands for npx, and tells how it was called. */
const npx = join(folder, 'npx');
writeFileSync(npx, '#!/bin/sh\nprintf "%s\\n" "$@"\n');
chmodSync(npx, 0o755);

/** What a scheduler's shell makes of a command: the arguments of `npx`. */
const argumentsOf = (command: readonly string[], env: Record<string, string>): string[] =>
  execFileSync('/bin/sh', command, { env: { PATH: `${folder}:/usr/bin:/bin`, ...env }, encoding: 'utf8' })
    .trim()
    .split('\n');

/** Every job of a recipe: the file it writes, and the shard that its variables say. */
const jobs = (command: readonly string[], environments: Record<string, string>[]) =>
  environments.map((env) => {
    const argv = argumentsOf(command, env);
    expect(argv.slice(0, 2)).toEqual(['starmind', 'study']);
    return { out: argv[argv.indexOf('--out') + 1]!, shard: shardFromEnvironment(env)! };
  });

const expectWhole = (made: ReturnType<typeof jobs>, count: number) => {
  expect(made.map(({ shard }) => shard)).toEqual(
    Array.from({ length: count }, (_, i) => ({ index: i + 1, of: count })),
  );
  expect(new Set(made.map(({ out }) => out)).size).toBe(count);
  for (const { out } of made) expect(out).toMatch(/part-\d+\.jsonl$/);
};

const numbers = (first: number, count: number) => Array.from({ length: count }, (_, i) => first + i);

describe('the recipe for', () => {
  it('GitHub Actions runs every shard once, each to a file of its own', () => {
    const text = textOf('github-actions.yml');
    const shards = /shard: \[([\d, ]+)\]/.exec(text)![1]!.split(',').map(Number);
    const count = /STARMIND_SHARD_COUNT: (\d+)/.exec(text)![1]!;
    const run = /run: (npx starmind study --set.*)/.exec(text)![1]!;
    const made = shards.flatMap((shard) =>
      jobs(
        ['-c', run.replace(/\$\{\{ matrix\.shard \}\}/g, String(shard))],
        [{ STARMIND_SHARD_INDEX: String(shard), STARMIND_SHARD_COUNT: count }],
      ),
    );
    expectWhole(made, shards.length);
    expect(text).toContain('npx starmind study merge part-*.jsonl --out whole.jsonl');
  });

  it('Slurm runs every shard once, wherever the array begins', () => {
    const [, first, last] = /--array=(\d+)-(\d+)/.exec(textOf('slurm.sh'))!.map(Number) as number[];
    for (const shift of [0, -1]) {
      const count = last! - first! + 1;
      const environments = numbers(first! + shift, count).map((id) => ({
        SLURM_ARRAY_TASK_ID: String(id),
        SLURM_ARRAY_TASK_MIN: String(first! + shift),
        SLURM_ARRAY_TASK_COUNT: String(count),
      }));
      expectWhole(jobs([recipe('slurm.sh')], environments), count);
    }
  });

  it('Kubernetes runs every shard once, with as many completions as shards', () => {
    const text = textOf('kubernetes.yaml');
    const completions = Number(/completions: (\d+)/.exec(text)![1]);
    const count = /STARMIND_SHARD_COUNT, value: '(\d+)'/.exec(text)![1]!;
    const command = /command: \[sh, -c, '(.*)'\]/.exec(text)![1]!;
    const environments = numbers(0, completions).map((index) => ({
      JOB_COMPLETION_INDEX: String(index),
      STARMIND_SHARD_COUNT: count,
    }));
    expectWhole(jobs(['-c', command], environments), completions);
  });
});
