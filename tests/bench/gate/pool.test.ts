import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { runGates } from '../../../bench/gate/pool.ts';
import { GREEDY } from '../../../bench/target/scenario.ts';

const folder = mkdtempSync(join(tmpdir(), 'pool-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A worker that does as its scenario's prompt says. */
const worker = (() => {
  const file = join(folder, 'worker.mjs');
  writeFileSync(
    file,
    `import { writeFileSync } from 'node:fs';
    process.on('message', ({ scenario }) => {
      if (scenario.prompt === 'die') process.exit(9);
      if (scenario.prompt === 'hang') {
        process.send({ kind: 'token', index: 0 });
        writeFileSync(scenario.model, String(process.pid));
        return;
      }
      if (scenario.prompt === 'fail') process.send({ kind: 'error', name: 'ModelError', message: 'no such model' });
      else {
        process.send({ kind: 'token', index: 0 });
        process.send({ kind: 'gate', gate: { name: scenario.name, process: process.pid } });
      }
    });
    process.on('disconnect', () => process.exit());`,
  );
  return pathToFileURL(file);
})();

/** A process may take its time on a machine with other work. */
const PATIENCE = { timeout: 60_000 };

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

const firmware = { elfPath: '', bootromPath: '', sha256: '' };
const scenarios = (...prompts: string[]) =>
  prompts.map((prompt, i) => ({ name: `s${i}`, model: 'm', prompt, tokens: 2, sampler: GREEDY }));

describe('gates in several processes', () => {
  it('come back in the order of the scenarios, with progress up to the end', async () => {
    const fractions: number[] = [];
    const onProgress = (fraction: number) => fractions.push(fraction);
    const gates = await runGates(scenarios('a', 'b', 'c', 'd'), { firmware, worker, onProgress, workers: 2 });
    const seen = gates as unknown as { name: string; process: number }[];
    expect(seen.map(({ name }) => name)).toEqual(['s0', 's1', 's2', 's3']);
    expect(new Set(seen.map(({ process }) => process)).size).toBe(2);
    expect(Math.max(...fractions)).toBe(1);
  });

  it('say which scenario was running when a worker dies', async () => {
    await expect(runGates(scenarios('a', 'die'), { firmware, worker })).rejects.toThrow(
      's1: its worker process ended with 9 before it had a result',
    );
  });

  it('end when a worker is killed in the middle of its work, and leave no other one behind', async () => {
    const files = ['first', 'second'].map((name) => join(folder, name));
    const two = scenarios('hang', 'hang').map((scenario, i) => ({ ...scenario, model: files[i]! }));
    const running = runGates(two, { firmware, worker, workers: 2 });
    const failed = expect(running).rejects.toThrow(
      's1: its worker process ended by SIGKILL before it had a result',
    );
    await expect
      .poll(() => files.every((file) => existsSync(file) && readFileSync(file, 'utf8') !== ''), PATIENCE)
      .toBe(true);
    const [first, second] = files.map((file) => Number(readFileSync(file, 'utf8')));
    process.kill(second!, 'SIGKILL');
    await failed;
    await expect.poll(() => isAlive(first!), PATIENCE).toBe(false);
  });

  it('hand on errors with their kind and the scenario', async () => {
    const failing = runGates(scenarios('fail'), { firmware, worker });
    await expect(failing).rejects.toMatchObject({ name: 'ModelError', message: 's0: no such model' });
  });
});
