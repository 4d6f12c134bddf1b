import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { starmindProcess } from '../end-to-end/support/cli.ts';
import { emulate, scratchFolder } from './support.ts';

// Several processes emulate at a time; on a busy machine each gets a small part of it.
vi.setConfig({ testTimeout: 600_000, hookTimeout: 600_000 });

const folder = scratchFolder();
const PORT = join(folder, 'pico');
const file = (name: string): string => join(folder, name);

/** Every parameter that a row shows, off its value in the table. */
const MISTIMED = {
  wake: 1,
  svc: 2,
  exceptionReturn: 12,
  tailChain: 8,
  xipRegister: 5,
  xipRegisterStore: 6,
  xipOverhead: 7,
  xipBypassOverhead: 11,
  xipFlush: 1030,
  xipStreamOverhead: 2,
  dmaStart: 3,
  dmaChain: 2,
  dmaDreqLatency: 2,
};

const timingFile = (parameters: Record<string, unknown>) =>
  JSON.stringify({ schema: 'starmind-timing/1', timingVersion: 1, parameters });

it('a mis-timed chip behind a pseudo-terminal gives away every parameter, and the emulator then measures all rows as it does', async () => {
  writeFileSync(file('chip.json'), timingFile(MISTIMED));
  const board = await emulate(['--conformance', '--timing', file('chip.json'), '--pty', PORT]);
  const args = ['board', 'calibrate', '--port', PORT, '--timeout', '60', '--emulated', '--json'];
  const { exitCode, stdout } = await starmindProcess([...args, '--out', file('measured.json')]);
  await board.kill();
  expect(exitCode).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ schema: 'starmind-board-calibrate/1', differing: [] });
  const measured = JSON.parse(readFileSync(file('measured.json'), 'utf8'));
  expect(measured).toMatchObject({ origin: 'emulated', timingVersion: 1 });
  expect(measured.parameters).toEqual({ ...MISTIMED, sioMultiple: 1 });
  expect(measured.unmeasured).toContain('exceptionStackAt');
});

it('conformance --target board reads the same table', async () => {
  const board = await emulate(['--conformance', '--pty', PORT]);
  const args = ['conformance', '--target', 'board', '--port', PORT, '--timeout', '60', '--json'];
  const { exitCode, stdout } = await starmindProcess(args);
  await board.kill();
  const { target, rows } = JSON.parse(stdout);
  expect({ exitCode, target }).toEqual({ exitCode: 0, target: 'the board' });
  expect(
    rows.filter(({ verdict }: { verdict: string }) => verdict === 'wrong' || verdict === 'missing'),
  ).toEqual([]);
});

it.each([
  ['no JSON', 'x', /is no JSON/],
  ['another schema', '{"schema":"other/1"}', /is not a timing file/],
  [
    'another table',
    '{"schema":"starmind-timing/1","timingVersion":0,"parameters":{}}',
    /version 0 of the timing table/,
  ],
  ['an unknown rule', timingFile({ wakeup: 1 }), /no timing rule "wakeup"/],
  ['a rule that a document fixes', timingFile({ load: 3 }), /load is fixed at 2 by TRM table 3-1/],
  ['half a cycle', timingFile({ wake: 0.5 }), /wake must be a whole number of cycles/],
])('a timing file with %s is refused', async (_, content, message) => {
  writeFileSync(file('bad.json'), content);
  const { exitCode, stdout, stderr } = await starmindProcess(['run', '--timing', file('bad.json')]);
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
  expect(stderr).toMatch(message);
});

it('baselines cannot be updated with a calibration', async () => {
  writeFileSync(file('chip.json'), timingFile({ wake: 1 }));
  const { exitCode, stderr } = await starmindProcess(['bench', '--update', '--timing', file('chip.json')]);
  expect(exitCode).toBe(2);
  expect(stderr).toMatch(/--update with --timing/);
});
