import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { modelFromCheckpoint } from '../../bench/target/model.ts';
import { starmind, starmindProcess } from './support/cli.ts';
import { syntheticCheckpoint } from './support/synthetic.ts';

const folder = mkdtempSync(join(tmpdir(), 'gate-'));
const baselines = join(folder, 'baselines');
const baseline = join(baselines, 'tiny.json');
const options = ['--scenarios', join(folder, 'scenarios.json'), '--baselines', baselines];
afterAll(() => rmSync(folder, { recursive: true }));

beforeAll(async () => {
  const model = join(folder, 'tiny.smp');
  writeFileSync(model, modelFromCheckpoint(syntheticCheckpoint('maximum-speed')).image);
  const scenarios = [{ name: 'tiny', model, prompt: 'Once upon', tokens: 6, temperature: 0.9, seed: 5 }];
  writeFileSync(join(folder, 'scenarios.json'), JSON.stringify({ schemaVersion: 1, scenarios }));
  const { exitCode, stderr } = await starmind(['bench', ...options, '--update']);
  expect(stderr).toMatch(/updated: tiny/);
  expect(exitCode).toBe(0);
});

/** Runs `change` on the baseline for the length of one check. */
const checkWith = async (change: (tokens: Record<string, Record<string, number>>) => void) => {
  const good = readFileSync(baseline, 'utf8');
  const moved = JSON.parse(good);
  change(moved.tokens);
  writeFileSync(baseline, JSON.stringify(moved));
  try {
    return await starmind(['bench', ...options, '--check']);
  } finally {
    writeFileSync(baseline, good);
  }
};

describe('starmind bench --check', () => {
  it('passes when nothing moved', async () => {
    const { exitCode, stdout } = await starmind(['check', ...options]);
    expect(stdout).toMatch(/tiny: 6 tokens, every cycle as in the baseline/);
    expect(exitCode).toBe(0);
  });

  it.each([1, -1])('exits with 3 when one phase of one token moved by %i cycle', async (cycles) => {
    const { exitCode, stdout } = await checkWith((tokens) => {
      tokens['003']!['ffn']! += cycles;
      tokens['003']!['cycles']! += cycles;
    });
    const sign = cycles > 0 ? '-' : '\\+';
    expect(stdout).toMatch(new RegExp(`token 3: .*\\(${sign}1 cycles\\); ffn ${sign}1 cycles`));
    expect(exitCode).toBe(3);
  });

  it('exits with 1 when a token is another', async () => {
    const { exitCode, stdout } = await checkWith((tokens) => {
      tokens['002']!['token']! ^= 1;
    });
    expect(stdout).toMatch(/tiny: wrong tokens\n {2}token 2 was \d+, is \d+/);
    expect(exitCode).toBe(1);
  });

  it('exits with 3 when there is no baseline, and with 1 when it is broken', async () => {
    const without = await starmind([
      'bench',
      ...options.slice(0, 2),
      '--baselines',
      join(folder, 'none'),
      '--check',
    ]);
    expect(without).toMatchObject({
      exitCode: 3,
      stdout: expect.stringMatching(/accept this run with --update/),
    });
    const good = readFileSync(baseline, 'utf8');
    writeFileSync(baseline, good.slice(0, 100));
    const broken = await starmind(['bench', ...options, '--check']);
    writeFileSync(baseline, good);
    expect(broken).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(/tiny\.json is no JSON/) });
  });

  it('updates one after the other: the second one says what it waits for, and no file is half-written', async () => {
    const other = join(folder, 'two');
    const update = () => starmindProcess(['bench', ...options.slice(0, 2), '--baselines', other, '--update']);
    const results = await Promise.all([update(), update()]);
    for (const { exitCode } of results) expect(exitCode).toBe(0);
    const said = results.map(({ stderr }) => stderr).join('');
    expect(said).toMatch(/waiting: another starmind \(process \d+\) updates .*two/);
    expect(said.match(/updated: tiny/g)).toHaveLength(1);
    expect(readFileSync(join(other, 'tiny.json'), 'utf8')).toBe(readFileSync(baseline, 'utf8'));
    expect(readdirSync(other)).toEqual(['tiny.json']);
  });

  it('finds out at once that a report cannot be written', async () => {
    const file = join(folder, 'nowhere', 'junit.xml');
    const { exitCode, stderr, stdout } = await starmind(['bench', ...options, '--junit', file]);
    expect(stderr).toContain(`${file}: there is no such file or folder`);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
  });

  it('never writes in CI, and exits with 3 from a process of its own', async () => {
    const before = readFileSync(baseline, 'utf8');
    const refused = await starmindProcess(['bench', ...options, '--update'], { CI: 'true' });
    expect(refused).toMatchObject({ exitCode: 2, stdout: '' });
    const other = join(folder, 'empty');
    const missing = await starmindProcess(
      ['bench', ...options.slice(0, 2), '--baselines', other, '--check'],
      { CI: '1' },
    );
    expect(missing.exitCode).toBe(3);
    expect(readFileSync(baseline, 'utf8')).toBe(before);
    expect(readdirSync(folder).sort()).toEqual(['baselines', 'scenarios.json', 'tiny.smp', 'two']);
  });

  it('prints one JSON object with the spread of the cycles', async () => {
    const { stdout } = await starmind(['bench', ...options, '--json']);
    const { schema, scenarios } = JSON.parse(stdout);
    expect(schema).toBe('starmind-bench/1');
    expect(scenarios).toHaveLength(1);
    const [{ name, clockHz, identicalToReference, cyclesPerToken, phases, verdict }] = scenarios;
    expect({ name, clockHz, identicalToReference, verdict }).toEqual({
      name: 'tiny',
      clockHz: 125_000_000,
      identicalToReference: true,
      verdict: 'same',
    });
    expect(cyclesPerToken.median).toBeLessThanOrEqual(cyclesPerToken.worst);
    expect(phases.ffn).toBeGreaterThan(0);
  });
});
