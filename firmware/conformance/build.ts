/** Builds the conformance program under `build/conformance/`, with the same reproducibility as the firmware. */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import {
  type BuildOptions,
  copyWhole,
  FLASH_ADDRESS,
  makeFolder,
  projectRoot,
  runCmake,
  sourceKey,
  sources,
  writeWhole,
} from '../build.ts';
import { withLock } from '../lock.ts';
import { findSdk } from '../toolchain/sdk.ts';
import { findTools } from '../toolchain/tools.ts';
import { packUf2 } from '../uf2.ts';

export interface ConformanceProgram {
  elfPath: string;
  /** For a board in BOOTSEL mode. */
  uf2Path: string;
}

/** Does nothing when sources, compiler and SDK are those of the last build. @throws ToolchainError, for people */
export async function buildConformance(
  options: Omit<BuildOptions, 'phasePins'> = {},
): Promise<ConformanceProgram> {
  const { log = () => {}, root = projectRoot(), env = process.env } = options;
  const tools = await findTools({ env, log });
  const sdk = await findSdk({
    cacheFolder: options.sdkCache ?? path.join(root, '.cache/pico-sdk'),
    env,
    log,
  });
  const out = path.join(root, 'build/conformance');
  const program = { elfPath: path.join(out, 'conformance.elf'), uf2Path: path.join(out, 'conformance.uf2') };
  const keyFile = path.join(out, 'key');
  const key = () =>
    sourceKey({ root, files: sources(root, 'conformance'), tools, sdk, definitions: ['conformance'] });
  makeFolder(out);
  await withLock(out, async () => {
    const before = key();
    if (existsSync(keyFile) && readFileSync(keyFile, 'utf8') === before) return;
    log('Building the conformance program');
    const cmakeFolder = path.join(out, 'cmake');
    await runCmake({ root, source: 'firmware/conformance', cmakeFolder, tools, sdk, env, definitions: [] });
    rmSync(keyFile, { force: true });
    copyWhole(path.join(cmakeFolder, 'conformance.elf'), program.elfPath);
    const bin = readFileSync(path.join(cmakeFolder, 'conformance.bin'));
    writeWhole(program.uf2Path, packUf2([{ address: FLASH_ADDRESS, data: bin }]));
    if (key() === before) writeWhole(keyFile, before);
  });
  return program;
}
