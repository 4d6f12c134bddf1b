/**
 * Finds the programs that a firmware build needs, and on Debian-like systems installs the missing ones from the
 * system's own package archive. What is installed already is always used first.
 */
import { accessSync, constants, existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { execa } from 'execa';
import { CompilerMissingError } from './errors.ts';

export interface Tools {
  gcc: string;
  cmake: string;
  ninja: string;
  python: string;
  /** First line of `arm-none-eabi-gcc --version` and of `cmake --version`: part of what the build's bytes depend on. */
  versions: string[];
}

export interface ToolOptions {
  /** @default process.env */
  env?: NodeJS.ProcessEnv;
  /** Progress for people. */
  log?: (line: string) => void;
  /** Whether missing packages may be installed. @default true */
  mayInstall?: boolean;
}

interface Need {
  names: string[];
  packages: string[];
}

const NEEDS: Record<'gcc' | 'cmake' | 'ninja' | 'python', Need> = {
  gcc: {
    names: ['arm-none-eabi-gcc'],
    packages: ['gcc-arm-none-eabi', 'libnewlib-arm-none-eabi', 'libstdc++-arm-none-eabi-newlib'],
  },
  cmake: { names: ['cmake'], packages: ['cmake'] },
  ninja: { names: ['ninja', 'ninja-build'], packages: ['ninja-build'] },
  python: { names: ['python3', 'python'], packages: ['python3'] },
};

/** The first executable file with one of these names on `env.PATH`, or undefined. */
export function findOnPath(names: string[], env: NodeJS.ProcessEnv): string | undefined {
  const suffixes = process.platform === 'win32' ? ['.exe', '.cmd', ''] : [''];
  for (const name of names) {
    for (const folder of (env.PATH ?? '').split(path.delimiter)) {
      if (folder === '') continue;
      for (const suffix of suffixes) {
        const file = path.join(folder, name + suffix);
        if (isExecutable(file)) return file;
      }
    }
  }
  return undefined;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

/** Packages still to be installed, empty when everything is there. */
async function missingPackages(env: NodeJS.ProcessEnv): Promise<string[]> {
  const missing: string[] = [];
  for (const need of Object.values(NEEDS)) {
    if (!findOnPath(need.names, env)) missing.push(...need.packages);
  }
  const gcc = findOnPath(NEEDS.gcc.names, env);
  if (gcc && !(await hasNewlib(gcc))) missing.push(...NEEDS.gcc.packages.slice(1));
  return missing;
}

/** A bare compiler without a C library cannot link the SDK; gcc then echoes the name it was asked for. */
async function hasNewlib(gcc: string): Promise<boolean> {
  const { stdout } = await execa(gcc, ['-print-file-name=nosys.specs'], { reject: false });
  return stdout !== undefined && path.isAbsolute(stdout.trim());
}

/**
 * Locates the tools, installing them where that is possible without asking.
 * @throws CompilerMissingError with the one command, or the packages, that this system needs.
 */
export async function findTools(options: ToolOptions = {}): Promise<Tools> {
  const { env = process.env, log = () => {}, mayInstall = true } = options;
  const missing = await missingPackages(env);
  if (missing.length > 0) {
    if (mayInstall) await installWithApt(missing, env, log);
    const still = await missingPackages(env);
    if (still.length > 0) throw new CompilerMissingError(howToInstall(still, env));
  }
  const find = (need: Need) => findOnPath(need.names, env) as string;
  const gcc = find(NEEDS.gcc);
  const cmake = find(NEEDS.cmake);
  const versions = await Promise.all([firstLine(gcc), firstLine(cmake)]);
  return { gcc, cmake, ninja: find(NEEDS.ninja), python: find(NEEDS.python), versions };
}

async function firstLine(program: string): Promise<string> {
  const { stdout } = await execa(program, ['--version'], { reject: false });
  return (stdout ?? '').split('\n')[0].trim();
}

/** Root, or sudo that asks nothing: the only ways a build may install packages by itself. */
async function elevation(env: NodeJS.ProcessEnv): Promise<string[] | undefined> {
  if (process.getuid?.() === 0) return [];
  const sudo = findOnPath(['sudo'], env);
  if (!sudo) return undefined;
  const { failed } = await execa(sudo, ['-n', 'true'], { reject: false });
  return failed ? undefined : [sudo, '-n'];
}

async function installWithApt(packages: string[], env: NodeJS.ProcessEnv, log: (line: string) => void) {
  const apt = findOnPath(['apt-get'], env);
  if (!apt || !isDebianLike()) return;
  const prefix = await elevation(env);
  if (!prefix) return;
  log(`Installing ${packages.join(', ')} from the system's package archive`);
  const run = (args: string[]) => {
    const [program, ...rest] = [...prefix, apt, ...args];
    return execa(program, rest, {
      env: { ...env, DEBIAN_FRONTEND: 'noninteractive' },
      stdin: 'ignore',
      all: true,
      reject: false,
    });
  };
  await run(['update', '-q']);
  const { failed, all } = await run(['install', '-y', '-q', '--no-install-recommends', ...packages]);
  if (failed) {
    throw new CompilerMissingError(
      `apt-get could not install ${packages.join(' ')}:\n${lastLines(all)}\n${howToInstall(packages, env)}`,
    );
  }
}

/** The end of a program's output, where the reason usually is. */
export function lastLines(text: string | undefined, count = 12): string {
  return (text ?? '').trim().split('\n').slice(-count).join('\n');
}

export function isDebianLike(): boolean {
  return existsSync('/etc/debian_version') && !/^ID=.*nixos/m.test(osRelease());
}

function osRelease(): string {
  return existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : '';
}

/** Says exactly what to install, for the system this runs on. */
function howToInstall(packages: string[], env: NodeJS.ProcessEnv): string {
  const missing = Object.values(NEEDS)
    .filter((need) => !findOnPath(need.names, env))
    .map((need) => need.names[0]);
  const what =
    missing.length > 0
      ? `The firmware build needs ${missing.join(', ')}, not found on PATH.`
      : 'arm-none-eabi-gcc is installed without its C library (newlib).';
  return `${what}\n${installCommand(packages)}`;
}

function installCommand(packages: string[]): string {
  if (isDebianLike()) return `Run:  sudo apt-get install --no-install-recommends ${packages.join(' ')}`;
  if (process.platform === 'darwin') {
    return 'Run:  brew install cmake ninja python && brew install --cask gcc-arm-embedded';
  }
  if (process.platform === 'win32') {
    return (
      'Install the Arm GNU Toolchain (arm-none-eabi), CMake, Ninja and Python 3 (winget packages ' +
      'Arm.GnuArmEmbeddedToolchain, Kitware.CMake, Ninja-build.Ninja, Python.Python.3.12), then open a new terminal.'
    );
  }
  return (
    "Install the Arm GNU Toolchain for arm-none-eabi with newlib, CMake, Ninja and Python 3 with your system's " +
    'package manager (Fedora: arm-none-eabi-gcc-cs arm-none-eabi-newlib cmake ninja-build python3; ' +
    'Arch: arm-none-eabi-gcc arm-none-eabi-newlib cmake ninja python).'
  );
}
