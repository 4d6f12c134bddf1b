import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterAll, expect, test } from 'vitest';
import { stress } from './link-stress.ts';

const here = fileURLToPath(new URL('.', import.meta.url));
const firmware = path.join(here, '../../firmware');
const folder = mkdtempSync(path.join(tmpdir(), 'starmind-stress-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The same with 100,000 frames: `node --import tsx tests/firmware/link-stress.ts 100000`. */
test('hundreds of senseless, damaged, cut and doubled frames at both ports: the device answers after each, and is whole', async () => {
  const { frames, answers, kinds } = await stress(480, 20261130);
  expect(frames).toBeGreaterThanOrEqual(480);
  expect(Object.keys(kinds).length).toBeGreaterThanOrEqual(12);
  for (const name of ['ok', 'bad-frame', 'bad-cbor', 'bad-argument', 'unknown-op'])
    expect(answers[name]).toBeGreaterThan(5);
});

test('200,000 frames into the receiver of both ports, with sanitizers: none reads outside, none that follows noise is lost', async () => {
  const program = path.join(folder, 'fuzz-input');
  const sources = ['pico/input.c', 'pico/frame.c', 'engine/crc32.c'].map((name) => path.join(firmware, name));
  await execa('gcc', [
    ...[
      '-std=c11',
      '-O1',
      '-g',
      '-Wall',
      '-Wextra',
      '-fsanitize=address,undefined',
      '-fno-sanitize-recover=all',
    ],
    ...['-I', path.join(here, 'fuzz-include'), path.join(here, 'fuzz-input.c'), ...sources, '-o', program],
  ]);
  const { stdout } = await execa(program, ['200000', '7']);
  const { frames, delivered, lost, long } = JSON.parse(stdout);
  expect(frames).toBeGreaterThanOrEqual(200_000);
  expect(lost).toBe(0);
  expect(delivered).toBeGreaterThan(60_000);
  expect(long).toBeGreaterThan(500);
});
