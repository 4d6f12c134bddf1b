import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';

const firmware = fileURLToPath(new URL('..', import.meta.url));
const buildFolder = fileURLToPath(new URL('../../build/host', import.meta.url));

const warnings = ['-std=c99', '-Wall', '-Wextra', '-Werror', '-pedantic'];
const sanitizers = ['-fsanitize=address,undefined', '-fno-sanitize-recover=all', '-fno-omit-frame-pointer'];

export interface HostBuildOptions {
  /** Address and undefined-behaviour sanitizers; a report ends the process. @default true */
  sanitize?: boolean;
}

function filesOf(folder: string, ending: RegExp): string[] {
  return readdirSync(join(firmware, folder))
    .filter((name) => ending.test(name))
    .sort()
    .map((name) => join(firmware, folder, name));
}

/**
 * Compiles the engine for this machine, behind the pipe protocol of `main.c`, unless the same sources and flags already
 * were.
 * @returns the path of the executable
 * @throws when there is no C compiler, or with the compiler's messages
 */
export async function buildHost({ sanitize = true }: HostBuildOptions = {}): Promise<string> {
  const cc = process.env.CC ?? 'gcc';
  const folders = ['engine', 'kernels', 'host'];
  const sources = folders.flatMap((folder) => filesOf(folder, /\.c$/));
  const flags = [...warnings, '-O2', '-g', ...(sanitize ? sanitizers : [])];
  flags.push('-DSM_PORT_HEADER="../host/host_port.h"');

  const hash = createHash('sha256').update(JSON.stringify([cc, flags]));
  for (const file of folders.flatMap((folder) => filesOf(folder, /\.[ch]$/))) hash.update(readFileSync(file));
  const executable = join(buildFolder, `engine-${hash.digest('hex').slice(0, 16)}`);
  if (existsSync(executable)) return executable;

  mkdirSync(buildFolder, { recursive: true });
  const partial = `${executable}.${process.pid}.tmp`;
  const result = await execa(cc, [...flags, '-o', partial, ...sources], { reject: false, all: true });
  if (result.code === 'ENOENT') throw new Error(`no C compiler "${cc}": install gcc, or set CC`);
  if (result.exitCode !== 0) throw new Error(`the engine does not compile for this machine:\n${result.all}`);
  renameSync(partial, executable);
  return executable;
}
