import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { buildFirmware } from '../../firmware/build.ts';
import {
  BuildFailedError,
  CompilerMissingError,
  DownloadError,
  ReadOnlyFolderError,
  SdkMissingError,
  ToolchainError,
} from '../../firmware/toolchain/errors.ts';
import { findSdk } from '../../firmware/toolchain/sdk.ts';
import { findOnPath, findTools, isDebianLike } from '../../firmware/toolchain/tools.ts';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
const onDebian = isDebianLike();

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'starmind-errors-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A PATH with only these of the system's programs, and scripts in place of others. */
function pathWith(programs: string[], scripts: Record<string, string> = {}): NodeJS.ProcessEnv {
  const bin = path.join(folder, 'bin');
  mkdirSync(bin);
  for (const name of programs) symlinkSync(findOnPath([name], process.env) as string, path.join(bin, name));
  for (const [name, body] of Object.entries(scripts)) {
    writeFileSync(path.join(bin, name), `#!/bin/sh\n${body}\n`);
    chmodSync(path.join(bin, name), 0o755);
  }
  return { PATH: bin };
}

describe('without a compiler', () => {
  test('an empty PATH names every missing program and the one command or the packages to install', async () => {
    const attempt = buildFirmware({ env: { PATH: '' } });
    await expect(attempt).rejects.toThrow(CompilerMissingError);
    await expect(attempt).rejects.toThrow(/arm-none-eabi-gcc, cmake, ninja, python3/);
    if (onDebian)
      await expect(attempt).rejects.toThrow(/sudo apt-get install .*gcc-arm-none-eabi.* ninja-build/);
  });

  test('only what is missing is asked for', async () => {
    const attempt = findTools({
      env: pathWith(['arm-none-eabi-gcc', 'cmake', 'python3']),
      mayInstall: false,
    });
    await expect(attempt).rejects.toThrow(/needs ninja, not found on PATH/);
  });

  test('a compiler without its C library is told apart', async () => {
    const env = pathWith(['cmake', 'ninja', 'python3'], { 'arm-none-eabi-gcc': 'echo nosys.specs' });
    await expect(findTools({ env, mayInstall: false })).rejects.toThrow(/without its C library/);
  });
});

describe('without an SDK', () => {
  test('a PICO_SDK_PATH that is no SDK is named, with what to do', async () => {
    const attempt = buildFirmware({ env: { ...process.env, PICO_SDK_PATH: folder } });
    await expect(attempt).rejects.toThrow(SdkMissingError);
    await expect(attempt).rejects.toThrow(`${folder} is not a Pico SDK`);
    await expect(attempt).rejects.toThrow(/2\.1\.1.*set PICO_SDK_PATH/);
  });

  test('a system without apt is told how to get one', async () => {
    const attempt = findSdk({ cacheFolder: folder, env: { PATH: '' } });
    await expect(attempt).rejects.toThrow(SdkMissingError);
    await expect(attempt).rejects.toThrow(/cannot fetch the Pico SDK by itself.*PICO_SDK_PATH/s);
  });

  test.runIf(onDebian)("a failed download gives apt's own words and leaves nothing behind", async () => {
    const script =
      '[ "$1" = indextargets ] && echo "mirror main stable" && exit 0\necho no route to mirror\nexit 100';
    const cacheFolder = path.join(folder, 'cache');
    const attempt = findSdk({ cacheFolder, env: pathWith(['dpkg'], { 'apt-get': script }) });
    await expect(attempt).rejects.toThrow(DownloadError);
    await expect(attempt).rejects.toThrow(/no route to mirror/);
    expect(findOnPath(['tree'], { PATH: cacheFolder })).toBeUndefined();
  });

  test.runIf(onDebian)('a package with other bytes than expected is not unpacked', async () => {
    const script = `[ "$1" = indextargets ] && echo "mirror main stable" && exit 0
echo other > pico-sdk-source_2.1.1-1_all.deb`;
    const attempt = findSdk({ cacheFolder: folder, env: pathWith(['dpkg'], { 'apt-get': script }) });
    await expect(attempt).rejects.toThrow(DownloadError);
    await expect(attempt).rejects.toThrow(/SHA-256 .* expected 507a3ca3.*Nothing was unpacked/s);
  });
});

describe('a folder that cannot be written', () => {
  // Root may write anywhere but here.
  test.runIf(process.platform === 'linux')('is named', async () => {
    const sdkCache = path.join(PROJECT, '.cache/pico-sdk');
    const attempt = buildFirmware({ root: '/sys/kernel', sdkCache });
    await expect(attempt).rejects.toThrow(ReadOnlyFolderError);
    await expect(attempt).rejects.toThrow(
      /Cannot write to \/sys\/kernel\/build\/firmware .*Make the folder writable/,
    );
  });
});

describe('sources that do not compile', () => {
  test('give the complaints of the compiler and keep no half build', async () => {
    for (const name of ['engine', 'kernels', 'pico', 'bootrom'])
      mkdirSync(path.join(folder, 'firmware', name), { recursive: true });
    writeFileSync(path.join(folder, 'firmware/CMakeLists.txt'), 'message(FATAL_ERROR "error: not today")\n');
    const attempt = buildFirmware({ root: folder, sdkCache: path.join(PROJECT, '.cache/pico-sdk') });
    await expect(attempt).rejects.toThrow(BuildFailedError);
    await expect(attempt).rejects.toThrow(/does not build:.*not today/s);
    await expect(attempt).rejects.toThrow(ToolchainError);
  });
});
