import { execa } from 'execa';
import { expect, test } from 'vitest';

const starmind = (...args: string[]) =>
  execa('node', ['bin/starmind.mjs', 'conformance', ...args], { reject: false, env: { NO_COLOR: '1' } });

test('--json prints one object with every row, and the exit code is 0', async () => {
  const { stdout, exitCode } = await starmind('--json');
  const { schema, timingVersion, rows } = JSON.parse(stdout);
  expect({ schema, exitCode }).toEqual({ schema: 'starmind-conformance/1', exitCode: 0 });
  expect(timingVersion).toBeGreaterThan(0);
  expect(rows.length).toBeGreaterThan(80);
  for (const row of rows) {
    for (const key of ['name', 'expected', 'measured', 'documented', 'confidence', 'source'])
      expect(row, row.name).toHaveProperty(key);
  }
}, 60_000);

test('a port that is none is a wrong command line, with where to look', async () => {
  const { stderr, exitCode } = await starmind('--target', 'board', '--port', '/dev/no-such-port');
  expect(exitCode).toBe(2);
  expect(stderr).toMatch(/there is no port \/dev\/no-such-port[\s\S]*board list/);
}, 60_000);

test('the stock core ends with a reason, not with a stack trace', async () => {
  const { stderr, exitCode } = await starmind('--core', 'rp2040js');
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(/ended before its first row/);
  expect(stderr).not.toMatch(/at .*\.ts:\d+/);
}, 60_000);
