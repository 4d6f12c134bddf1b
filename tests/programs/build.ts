/** Builds the SDK test programs into `build/test-programs/`, once for as long as their sources and tools stay the same. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { withLock } from '../../firmware/lock.ts';
import { findSdk } from '../../firmware/toolchain/sdk.ts';
import { findTools } from '../../firmware/toolchain/tools.ts';

const SOURCES = path.dirname(fileURLToPath(import.meta.url));
const ROOT = path.resolve(SOURCES, '../..');
const OUT = path.join(ROOT, 'build/test-programs');

/** Path of the ELF of a program, by its name. @throws when there is no compiler or SDK, or a program does not compile */
export async function buildTestPrograms(): Promise<(name: string) => string> {
  const tools = await findTools({});
  const sdk = await findSdk({ cacheFolder: path.join(ROOT, '.cache/pico-sdk') });
  const key = sourceKey([...tools.versions, sdk.version, sdk.path]);
  mkdirSync(OUT, { recursive: true });
  await withLock(OUT, async () => {
    if (isBuilt(key)) return;
    const cmake = path.join(OUT, 'cmake');
    rmSync(cmake, { recursive: true, force: true });
    await execa(
      tools.cmake,
      [
        ...['-S', SOURCES, '-B', cmake, '-G', 'Ninja', `-DCMAKE_MAKE_PROGRAM=${tools.ninja}`],
        `-DPICO_TOOLCHAIN_PATH=${path.dirname(tools.gcc)}`,
        `-DPython3_EXECUTABLE=${tools.python}`,
        ...['-DPICO_BOARD=pico', '-DPICO_NO_PICOTOOL=1', '-DCMAKE_BUILD_TYPE=Release'],
      ],
      { env: { PICO_SDK_PATH: sdk.path } },
    );
    await execa(tools.cmake, ['--build', cmake]);
    writeFileSync(path.join(OUT, 'key'), key);
  });
  return (name) => path.join(OUT, 'cmake', `${name}.elf`);
}

function sourceKey(versions: string[]): string {
  const hash = createHash('sha256').update(JSON.stringify(versions));
  for (const name of readdirSync(SOURCES).sort())
    hash.update(name).update(readFileSync(path.join(SOURCES, name)));
  return hash.digest('hex');
}

function isBuilt(key: string): boolean {
  const file = path.join(OUT, 'key');
  return existsSync(file) && readFileSync(file, 'utf8') === key;
}
