import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { modelFromCheckpoint } from '../../bench/target/model.ts';
import { firmware } from './support/bench.ts';
import { starmind, starmindProcess } from './support/cli.ts';
import { syntheticCheckpoint } from './support/synthetic.ts';

const folder = mkdtempSync(join(tmpdir(), 'run-'));
const MODEL = join(folder, 'story.smp');
afterAll(() => rmSync(folder, { recursive: true }));
beforeAll(() => writeFileSync(MODEL, modelFromCheckpoint(syntheticCheckpoint('story-8k')).image));

const RUN = ['run', '--model', MODEL, '--prompt', 'Once upon a time', '--tokens', '12'];

describe('starmind run', () => {
  it('prints one JSON object whose tokens are those of the host', async () => {
    const [emulator, host] = [
      JSON.parse((await starmind([...RUN, '--json'])).stdout),
      JSON.parse((await starmind([...RUN, '--json', '--target', 'host'])).stdout),
    ];
    expect(emulator.tokens).toEqual(host.tokens);
    expect(emulator.text).toBe(host.text);
    expect(emulator.text.startsWith('Once upon a time')).toBe(true);
    expect(emulator).toMatchObject({
      schema: 'starmind-run/1',
      target: 'emulator',
      clockHz: 125_000_000,
      identicalToReference: true,
      firmwareSha256: (await firmware()).sha256,
    });
    expect(emulator.cyclesPerToken).toHaveLength(12);
    expect(emulator.modelSha256).toMatch(/^[0-9a-f]{64}$/);
    const phases = Object.values<number>(emulator.phases).reduce((all, cycles) => all + cycles, 0);
    expect(phases).toBe(emulator.cyclesPerToken.reduce((all: number, cycles: number) => all + cycles, 0));
  });

  it('gives the same story for the same seed, and the one of the reference for another', async () => {
    const sampled = async (seed: string) => {
      const { stdout } = await starmind([
        ...RUN,
        '--json',
        '--temperature',
        '1',
        '--top-p',
        '0.95',
        '--seed',
        seed,
      ]);
      return JSON.parse(stdout);
    };
    const [first, again, other] = [await sampled('1'), await sampled('1'), await sampled('2')];
    expect(again).toEqual(first);
    expect(other.tokens).not.toEqual(first.tokens);
    expect(other.identicalToReference).toBe(true);
  });

  it('ends with the summary', async () => {
    const { exitCode, stdout, stderr } = await starmindProcess(RUN);
    expect(stdout).toMatch(/^Once upon a time/);
    expect(stdout).toMatch(/^cycles per token +[\d,]+ median, [\d,]+ 95th percentile, [\d,]+ worst$/m);
    expect(stdout).toMatch(/^tokens per second +[\d,.]+ at 125 MHz$/m);
    expect(stdout).toMatch(/identical to the host reference: 12 of 12 tokens\n?$/);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  });

  it('reports the clock that it was asked to set', async () => {
    const { stdout } = await starmind([...RUN, '--clock', '200MHz', '--json']);
    expect(JSON.parse(stdout).clockHz).toBe(200_000_000);
  });

  it('ends quietly when its reader leaves', async () => {
    const pipeline = `node bin/starmind.mjs run --model '${MODEL}' --tokens 40 | head -c 4; exit \${PIPESTATUS[0]}`;
    const { stdout, stderr, exitCode } = await execa({ shell: '/bin/bash', reject: false })(pipeline);
    expect({ stdout, stderr, exitCode }).toEqual({ stdout: 'Once', stderr: '', exitCode: 0 });
  });
});

describe('starmind exec', () => {
  it('shows what the program prints and ends when the text expected has come', async () => {
    const { elfPath, uf2Path, binPath } = await firmware();
    for (const file of [elfPath, uf2Path, binPath]) {
      const { exitCode, stdout, stderr } = await starmind(['exec', file, '--expect', '> ']);
      expect(stdout).toMatch(/Starmind Pico .* at 125 MHz/);
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    }
  });

  it('takes the same cycles each time', async () => {
    const { uf2Path } = await firmware();
    const run = async () =>
      JSON.parse((await starmind(['exec', uf2Path, '--expect', 'MHz', '--json'])).stdout);
    const [first, second] = [await run(), await run()];
    expect(first).toMatchObject({
      schema: 'starmind-exec/1',
      end: 'expect-text',
      exitCode: 0,
      expectMissing: false,
    });
    expect(first.cycles).toBeGreaterThan(100_000);
    expect(second).toEqual(first);
  });
});

describe('starmind image', () => {
  it('writes a UF2 that puts the model where the firmware finds it', async () => {
    const target = join(folder, 'story.uf2');
    const { exitCode } = await starmind(['image', MODEL, target]);
    expect(exitCode).toBe(0);
    const { stdout } = await starmind(['exec', target, '--json']);
    // A model without a firmware does not boot: the boot ROM says so by name.
    expect(JSON.parse(stdout).faultReport).toMatch(/bootrom:no-boot2/);
  });
});
