import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { examine } from '../../../bench/doctor/examine.ts';
import { installCommand, TOOLS } from '../../../bench/doctor/tools.ts';
import { starmind } from '../../end-to-end/support/cli.ts';

let bin: string;
beforeEach(() => {
  bin = mkdtempSync(path.join(tmpdir(), 'doctor-'));
});
afterEach(() => rmSync(bin, { recursive: true }));

const pretend = (name: string, script: string): void => {
  const file = path.join(bin, name);
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
};

const tool = (name: string) => TOOLS.filter((known) => known.name === name);

describe('the doctor', () => {
  it('names a missing program, what needs it and the exact command that installs it', async () => {
    const { checks, healthy } = await examine({ env: { PATH: bin }, manager: 'apt' });
    expect(healthy).toBe(false);
    expect(checks.find(({ name }) => name === 'CMake')).toEqual({
      name: 'CMake',
      state: 'missing',
      neededFor: 'building the firmware',
      required: true,
      remedy: 'sudo apt-get install --no-install-recommends cmake',
    });
  });

  it('reads the version of what is there', async () => {
    pretend('cmake', 'echo "cmake version 3.25.1"');
    pretend('gdb-multiarch', 'echo "GNU gdb (Debian 13.1-3) 13.1"');
    const { checks } = await examine({ env: { PATH: bin }, manager: 'apt' });
    expect(checks.find(({ name }) => name === 'CMake')).toMatchObject({ state: 'ok', version: '3.25.1' });
    expect(checks.find(({ name }) => name === 'GDB for ARM')).toMatchObject({
      version: '13.1',
      path: `${bin}/gdb-multiarch`,
    });
  });

  it('calls a program that does not run unusable', async () => {
    pretend('cmake', 'exit 1');
    const { checks } = await examine({ env: { PATH: bin }, manager: 'apt' });
    expect(checks.find(({ name }) => name === 'CMake')?.state).toBe('unusable');
  });

  it('does without the optional', async () => {
    const { checks } = await examine({ env: { PATH: bin }, manager: 'dnf' });
    expect(checks.find(({ name }) => name === 'sigrok-cli')).toMatchObject({
      state: 'missing',
      required: false,
    });
  });

  it('refuses a Node that is too old', async () => {
    const { checks, healthy } = await examine({ node: '20.11.1' });
    expect(healthy).toBe(false);
    expect(checks[0].remedy).toBe('Install Node.js 20.12 or later.');
  });

  it('gives one command for all that is missing', () => {
    expect(installCommand([...tool('CMake'), ...tool('Ninja')], 'dnf')).toBe(
      'sudo dnf install cmake ninja-build',
    );
    expect(
      installCommand([...tool('GDB for ARM'), ...tool('CMake'), ...tool('objdump for ARM')], 'brew'),
    ).toBe('brew install cmake && brew install --cask gcc-arm-embedded');
  });

  it('says that a PICO_SDK_PATH leads nowhere', async () => {
    const { checks } = await examine({ env: { PATH: bin, PICO_SDK_PATH: bin } });
    expect(checks.find(({ name }) => name === 'Pico SDK')).toMatchObject({
      state: 'unusable',
      required: true,
    });
  });
});

describe('starmind doctor', () => {
  it('exits with 1 where something required is missing, and says what to type', async () => {
    const { exitCode, stdout } = await starmind(['doctor'], { PATH: bin });
    expect(exitCode).toBe(1);
    expect(stdout).toContain('missing');
    expect(stdout).toMatch(/cmake/);
  });

  it('prints one JSON object for machines', async () => {
    const { stdout } = await starmind(['doctor', '--json']);
    const { schema, checks } = JSON.parse(stdout);
    expect(schema).toBe('starmind-doctor/1');
    expect(checks[0]).toMatchObject({ name: 'Node.js', version: process.versions.node });
  });
});
