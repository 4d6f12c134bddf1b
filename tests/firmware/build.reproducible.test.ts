import { cpSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildFirmware, type Firmware } from '../../firmware/build.ts';
import { parseUf2 } from '../../firmware/uf2.ts';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));

describe('two builds in different folders', () => {
  let folder: string;
  let here: Firmware;
  let there: [Firmware, Firmware];

  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'starmind-another-place-'));
    cpSync(path.join(PROJECT, 'firmware'), path.join(folder, 'firmware'), { recursive: true });
    here = await buildFirmware();
    // Twice at once, as two commands started together would.
    const options = { root: folder, sdkCache: path.join(PROJECT, '.cache/pico-sdk') };
    there = await Promise.all([buildFirmware(options), buildFirmware(options)]);
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('give the same bytes: ELF with debug information, BIN, UF2 and boot ROM', () => {
    const files = (f: Firmware) =>
      [f.elfPath, f.binPath, f.uf2Path, f.bootromPath].map((p) => readFileSync(p));
    const [a, b] = [files(here), files(there[0])];
    expect(a.map((bytes, i) => bytes.equals(b[i]))).toEqual([true, true, true, true]);
    expect(there[0].elfPath).not.toBe(here.elfPath);
  });

  test('are one build when they are asked for at once in one folder', () => {
    expect(there[0].elf.length).toBe(here.elf.length);
    expect(there[1]).toEqual(there[0]);
  });

  test('name no folder of the machine in the program', () => {
    expect(Buffer.from(there[0].elf).includes(folder)).toBe(false);
    expect(Buffer.from(here.elf).includes(PROJECT)).toBe(false);
  });
});

describe('a finished build', () => {
  test('is not touched when nothing changed', async () => {
    const first = await buildFirmware();
    const before = statSync(first.elfPath).mtimeMs;
    const lines: string[] = [];
    const second = await buildFirmware({ log: (line) => lines.push(line) });
    expect(statSync(second.elfPath).mtimeMs).toBe(before);
    expect(lines).toEqual([]);
    expect(second.sha256).toMatch(/^[0-9a-f]{64}$/);
  });

  test('has a UF2 that puts exactly the BIN at the start of flash', async () => {
    const { uf2Path, bin } = await buildFirmware();
    const [segment, ...others] = parseUf2(readFileSync(uf2Path));
    expect(others).toEqual([]);
    expect(segment.address).toBe(0x10000000);
    expect(Buffer.from(segment.data.subarray(0, bin.length)).equals(bin)).toBe(true);
  });
});
