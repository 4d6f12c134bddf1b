import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { compareVerdict } from '../../bench/board/compare.ts';
import { decodeRecording } from '../../bench/board/recording.ts';
import { openPort } from '../../bench/link/index.ts';
import { modelFromCheckpoint } from '../../bench/target/model.ts';
import { loadCheckpoint } from '../../models/index.ts';
import { firmware, onHost } from '../end-to-end/support/bench.ts';
import { starmind, starmindProcess, startStarmind } from '../end-to-end/support/cli.ts';
import { type Emulated, emulate, MODEL, scratchFolder } from './support.ts';

// Several processes emulate at a time; on a busy machine each gets a small part of it.
vi.setConfig({ testTimeout: 600_000, hookTimeout: 600_000 });

const folder = scratchFolder();
const PORT = join(folder, 'pico');
/** The machine that tests run on may be busy: silence means something only when it is long. */
const PATIENT = ['--port', PORT, '--timeout', '60'];
const model = modelFromCheckpoint(loadCheckpoint(MODEL));

let board: Emulated;
beforeAll(async () => {
  await firmware();
  board = await emulate(['--pty', PORT, '--model', MODEL]);
});
afterAll(() => board.kill());

describe('an emulated Pico behind a pseudo-terminal, opened by the serialport library', () => {
  it('tells the story of the host reference, and finds out which model it has', async () => {
    const { exitCode, stdout, stderr } = await starmind(['board', 'run', ...PATIENT, '-n', '8', '--json']);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: expect.stringMatching(/board: pico/) });
    const { tokens } = await onHost(model, { prompt: 'Once upon a time', tokens: 8 });
    expect(JSON.parse(stdout)).toMatchObject({
      schema: 'starmind-run/1',
      target: 'board',
      model: MODEL,
      tokens,
      identicalToReference: true,
      timingVersion: 'board',
      firmwareSha256: (await firmware()).sha256,
    });
  });

  it('does the same at 3,000,000 baud, sampling, on one core at 200 MHz', async () => {
    const asked = ['-n', '4', '--seed', '3', '--cores', '1', '--clock', '200', '--fast', '3000000'];
    const { exitCode, stdout } = await starmind(['board', 'run', ...PATIENT, ...asked, '--json']);
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ identicalToReference: true, clockHz: 200_000_000 });
  });

  it('costs exactly what the emulator says, in every phase of every token', async () => {
    const { exitCode, stdout } = await starmind([
      'board',
      'compare',
      ...PATIENT,
      '-n',
      '4',
      '--clock',
      '125',
      '--json',
    ]);
    const { firstWrongToken, phases, total, deviating, firstDeviatingToken } = JSON.parse(stdout);
    expect({ exitCode, firstWrongToken, deviating, firstDeviatingToken }).toEqual({
      exitCode: 0,
      firstWrongToken: null,
      deviating: [],
      firstDeviatingToken: null,
    });
    expect(phases.map(({ deviationPercent }: { deviationPercent: number }) => deviationPercent)).toEqual(
      Array(9).fill(0),
    );
    expect(total.boardCycles).toBeGreaterThan(0);
  });

  it('names the phase when the emulator that it is compared with is mis-timed', async () => {
    const mistimed = join(folder, 'mistimed.json');
    const { writeFileSync } = await import('node:fs');
    writeFileSync(
      mistimed,
      JSON.stringify({ schema: 'starmind-timing/1', timingVersion: 1, parameters: { wake: 4 } }),
    );
    const args = ['board', 'compare', ...PATIENT, '-n', '2', '--clock', '125', '--timing', mistimed];
    const { exitCode, stdout } = await starmindProcess([...args, '--json']);
    const { deviating, phases, firstWrongToken, emulator } = JSON.parse(stdout);
    expect({ exitCode, firstWrongToken }).toEqual({ exitCode: 3, firstWrongToken: null });
    const apart = phases
      .map(({ phase, emulatorCycles, boardCycles }: Record<string, number>) => [
        phase,
        Math.abs(boardCycles! - emulatorCycles!),
      ])
      .filter(([, cycles]: [string, number]) => cycles > 0)
      .sort(([, a]: [string, number], [, b]: [string, number]) => b - a);
    expect(apart.length).toBeGreaterThan(0);
    expect(deviating[0]).toBe(apart[0][0]);
    expect(emulator.timingVersion).toMatch(/^1\+[0-9a-f]{12}$/);
    expect(compareVerdict(JSON.parse(stdout)).at(-1)).toMatch(new RegExp(`^DEVIATES in ${deviating[0]}: `));
    const tolerant = await starmindProcess([...args, '--tolerance', '50']);
    expect(tolerant).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/within 50 %/) });
  });

  it('records a session that replays as the board told it', async () => {
    const file = join(folder, 'session.cbor');
    const recorded = await starmind([
      'board',
      'record',
      file,
      ...PATIENT,
      '-n',
      '3',
      '--clock',
      '125',
      '--logits',
    ]);
    expect(recorded).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/emulated, \d+ pieces, 3 tokens/),
    });
    const { head } = decodeRecording(readFileSync(file), file);
    expect(head).toMatchObject({
      origin: 'emulated',
      firmwareSha256: (await firmware()).sha256,
      modelSha256: model.sha256,
      timingVersion: '1',
    });
    const replayed = await starmind(['board', 'run', '--port', `replay:${file}`, '--json']);
    expect(JSON.parse(replayed.stdout)).toMatchObject({ identicalToReference: true, reason: 'length' });
    const compared = await starmind(['board', 'compare', '--port', `replay:${file}`, '--json']);
    expect(JSON.parse(compared.stdout)).toMatchObject({ deviating: [], firstWrongToken: null });
  });

  it('talks to a person in a terminal program too', async () => {
    const { pieces } = await onHost(model, { prompt: 'One day', tokens: 64 });
    const story = Buffer.concat(pieces).toString().replaceAll('\0', '').replaceAll('\n', '\r\n');
    const said = await typed(PORT, '\x15/help\rOne day\r', 'tokens/s');
    expect(said).toContain('/clock');
    expect(said).toContain(story);
  });

  it('can be held by one program at a time', async () => {
    const first = await openPort(PORT);
    const { exitCode, stderr } = await starmind(['board', 'run', ...PATIENT]);
    await first.close();
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/pico is in use by another program[\s\S]*terminal program/);
  });

  it('refuses a scenario for a model that is not on it', async () => {
    const other = ['--model', MODEL, '--format', 'int4', '-n', '2'];
    const { exitCode, stderr } = await starmind(['board', 'run', ...PATIENT, ...other]);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(
      /has another model \(balanced-production, int8, CRC [0-9a-f]{8}\) than balanced-production, CRC/,
    );
    expect(stderr).toMatch(/flash --model balanced-production/);
  });

  it('is told to measure something else by who takes it for the conformance program', async () => {
    const { exitCode, stderr } = await starmind([
      'board',
      'calibrate',
      ...PATIENT,
      '--out',
      join(folder, 'none.json'),
    ]);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/the firmware runs at .*, not the conformance program[\s\S]*flash --conformance/);
  });
});

describe('a board that goes away in mid-story', () => {
  it('is missed at once, with the number of tokens it had told', async () => {
    const port = join(folder, 'leaving');
    const leaving = await emulate(['--pty', port, '--model', MODEL]);
    const client = startStarmind([
      'board',
      'run',
      '--port',
      port,
      '--timeout',
      '60',
      '-n',
      '100',
      '--temperature',
      '1',
    ]);
    // One token on stdout is enough to know that the story is being told.
    client.stdout.once('data', () => void leaving.kill());
    const { exitCode, stderr } = await client;
    await leaving.kill();
    expect(exitCode).not.toBe(0);
    expect(stderr).toMatch(/was disconnected/);
    expect(stderr).not.toMatch(/\n\s+at .*:\d+/);
  });
});

/** Types into the port with socat, as `screen` would, and reads until the text comes. */
const typed = (port: string, keys: string, until: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const terminal = spawn('socat', ['-', `${port},raw,echo=0`]);
    let said = '';
    terminal.stdout.on('data', (bytes: Buffer) => {
      said += bytes.toString();
      if (!said.includes(until)) return;
      terminal.kill();
      resolve(said);
    });
    terminal.on('error', reject);
    terminal.stdin.write(keys);
  });
