import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';

const firmware = fileURLToPath(new URL('..', import.meta.url));
const buildFolder = fileURLToPath(new URL('../../build/host', import.meta.url));

/** As the firmware compiles the engine: no library calls or jump tables on a token's path, which would lie in flash. */
export const engineFlags = [
  '-O3',
  '-fno-jump-tables',
  '-fno-tree-loop-distribute-patterns',
  '-mcpu=cortex-m0plus',
  '-mthumb',
];
const warnings = ['-std=gnu99', '-Wall', '-Wextra', '-Werror'];

export interface M0BuildOptions {
  /** Use the hand-written kernels. @default false */
  kernels?: boolean;
  /** Link what compares every kernel with its portable twin (twins/twins.c); needs `kernels`. @default false */
  twins?: boolean;
}

/**
 * Links the engine alone for a Cortex-M0+ in SRAM at 0x20000000, without the SDK, so that tests can call its functions one by
 * one in an emulated core.
 * @returns the path of the ELF
 * @throws when there is no arm-none-eabi-gcc, or with its messages
 */
export async function buildM0({ kernels = false, twins = false }: M0BuildOptions = {}): Promise<string> {
  const cc = 'arm-none-eabi-gcc';
  const files = ['engine', 'kernels'].flatMap((folder) =>
    readdirSync(join(firmware, folder))
      .filter((name) => /\.[chS]$/.test(name))
      .sort()
      .map((name) => join(firmware, folder, name)),
  );
  const script = join(firmware, 'host', 'm0.ld');
  const support = join(firmware, 'host', 'm0_support.S');
  if (twins) files.push(join(firmware, 'host', 'twins', 'twins.c'));
  const flags = [...warnings, ...engineFlags, `-DSM_KERNELS_M0=${kernels ? 1 : 0}`];
  flags.push('-nostartfiles', `-Wl,-T,${script}`, '-Wl,--no-warn-rwx-segments', '-Wl,--entry=sm_engine_step');

  const hash = createHash('sha256').update(JSON.stringify(flags));
  for (const file of [...files, script, support]) hash.update(readFileSync(file));
  const elf = join(buildFolder, `m0-${hash.digest('hex').slice(0, 16)}.elf`);
  if (existsSync(elf)) return elf;

  mkdirSync(buildFolder, { recursive: true });
  const partial = `${elf}.${process.pid}.tmp`;
  const sources = [...files.filter((file) => !file.endsWith('.h')), support];
  const result = await execa(cc, [...flags, '-o', partial, ...sources], { reject: false, all: true });
  if (result.code === 'ENOENT') throw new Error(`no ${cc}: install gcc-arm-none-eabi`);
  if (result.exitCode !== 0)
    throw new Error(`the engine does not compile for the Cortex-M0+:\n${result.all}`);
  renameSync(partial, elf);
  return elf;
}
