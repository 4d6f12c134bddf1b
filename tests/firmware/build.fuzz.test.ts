import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterAll, expect, test } from 'vitest';

const here = fileURLToPath(new URL('.', import.meta.url));
const firmware = path.join(here, '../../firmware');
const folder = mkdtempSync(path.join(tmpdir(), 'starmind-fuzz-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('random and damaged bytes never make the link read outside them, and damage is noticed', async () => {
  const program = path.join(folder, 'fuzz-link');
  const sources = ['pico/cbor.c', 'pico/frame.c', 'engine/crc32.c'].map((name) => path.join(firmware, name));
  const checks = ['-fsanitize=address,undefined', '-fno-sanitize-recover=all'];
  await execa('gcc', [
    '-std=c11',
    '-O1',
    '-g',
    '-Wall',
    '-Wextra',
    ...checks,
    path.join(here, 'fuzz-link.c'),
    ...sources,
    '-o',
    program,
  ]);
  const { stdout } = await execa(program, ['50000', '7']);
  const { cborAccepted, undetected } = JSON.parse(stdout);
  expect(undetected).toBe(0);
  // Every unharmed request, and some that were changed inside a value.
  expect(cborAccepted).toBeGreaterThan(10_000);
  expect(cborAccepted).toBeLessThan(50_000);
});
