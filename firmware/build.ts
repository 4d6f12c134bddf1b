/**
 * Builds the firmware and its boot ROM: ELF, BIN and UF2 under `build/firmware/`. The same sources, compiler and SDK give
 * the same bytes in any folder; nothing is done when they have not changed. Two processes may call it at once.
 */
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { withLock } from './lock.ts';
import { BuildFailedError, explainWriteFailure } from './toolchain/errors.ts';
import { findSdk, type Sdk } from './toolchain/sdk.ts';
import { findTools, lastLines, type Tools } from './toolchain/tools.ts';
import { packUf2 } from './uf2.ts';

export { ToolchainError } from './toolchain/errors.ts';

export interface Firmware {
  elfPath: string;
  binPath: string;
  uf2Path: string;
  bootromPath: string;
  /** The program with its symbols. */
  elf: Uint8Array;
  /** What lies in flash from 0x10000000. */
  bin: Uint8Array;
  /** The boot ROM, 16 KB at most, for address 0. */
  bootrom: Uint8Array;
  /** SHA-256 of `bin`, hexadecimal: which firmware this is. */
  sha256: string;
}

export interface BuildOptions {
  /** Progress for people; nothing is said when nothing is to be done. */
  log?: (line: string) => void;
  /** The folder that holds `firmware/`. @default the project this file belongs to */
  root?: string;
  /** @default process.env */
  env?: NodeJS.ProcessEnv;
  /** Shows the present phase of a token on GPIO 2 to 5, at 6 cycles a phase; built beside the other. @default false */
  phasePins?: boolean;
  /** Name of a board that its flash size does not tell, for example `pico_w`: letters, digits, `_` and `-`. */
  board?: string;
  /** Divider of the flash clock for slow flash, an even number; built beside the other. @default 2 */
  flashDivider?: number;
  /** Where a fetched SDK lives. @default `<root>/.cache/pico-sdk` */
  sdkCache?: string;
}

/** Binary info embeds a date; this one, so that builds are alike. 2025-01-01. */
const SOURCE_DATE_EPOCH = '1735689600';
export const FLASH_ADDRESS = 0x10000000;
const SOURCE_FOLDERS = ['engine', 'kernels', 'pico', 'bootrom'];

/**
 * @throws ToolchainError (its subclasses name the kind): no compiler, no SDK, a read-only folder, a failed download, or
 * sources that do not compile. The message is for people.
 */
export async function buildFirmware(options: BuildOptions = {}): Promise<Firmware> {
  const { log = () => {}, root = projectRoot(), env = process.env } = options;
  const tools = await findTools({ env, log });
  const sdk = await findSdk({
    cacheFolder: options.sdkCache ?? path.join(root, '.cache/pico-sdk'),
    env,
    log,
  });
  const { suffix, definitions } = variant(options);
  const out = path.join(root, `build/firmware${suffix}`);
  makeFolder(out);
  const keyOfSources = () => sourceKey({ root, files: firmwareSources(root), tools, sdk, definitions });
  const key = keyOfSources();
  return existing(out, key) ?? withLock(out, async () => existing(out, key) ?? build());

  async function build(): Promise<Firmware> {
    log('Building the firmware');
    const cmakeFolder = path.join(out, 'cmake');
    await runCmake({ root, source: 'firmware', cmakeFolder, tools, sdk, env, definitions });
    // Sources that were changed meanwhile may or may not be in it: the next call builds again.
    publish(cmakeFolder, out, keyOfSources() === key ? key : 'unknown');
    log('The firmware is built');
    return read(out);
  }
}

/** What makes a build another one than the usual, and a folder for it. */
function variant({ phasePins, board, flashDivider }: BuildOptions) {
  if (board !== undefined && !/^[\w-]{1,24}$/.test(board)) {
    throw new BuildFailedError(`"${board}" is no name for a board: letters, digits, _ and -, 24 at most.`);
  }
  if (flashDivider !== undefined && !(flashDivider >= 2 && flashDivider <= 254 && flashDivider % 2 === 0)) {
    throw new BuildFailedError(`The flash divider is an even number from 2 to 254; ${flashDivider} is not.`);
  }
  const choices: [string, string][] = [];
  if (phasePins) choices.push(['-phase-pins', '-DSTARMIND_PHASE_PINS=ON']);
  if (board !== undefined) choices.push([`-${board}`, `-DSTARMIND_BOARD=${board}`]);
  if (flashDivider !== undefined)
    choices.push([`-divider-${flashDivider}`, `-DSTARMIND_FLASH_DIVIDER=${flashDivider}`]);
  return {
    suffix: choices.map(([name]) => name).join(''),
    definitions: choices.map(([, definition]) => definition),
  };
}

/** The folder that holds `firmware/`. */
export function projectRoot(): string {
  let folder = path.dirname(fileURLToPath(import.meta.url));
  while (!existsSync(path.join(folder, 'firmware/CMakeLists.txt'))) {
    const parent = path.dirname(folder);
    if (parent === folder)
      throw new BuildFailedError('The firmware sources are missing from this installation.');
    folder = parent;
  }
  return folder;
}

/** @throws ReadOnlyFolderError and its like, for people */
export function makeFolder(folder: string) {
  try {
    mkdirSync(folder, { recursive: true });
    const probe = path.join(folder, `.probe-${process.pid}`);
    writeFileSync(probe, '');
    rmSync(probe);
  } catch (error) {
    explainWriteFailure(error, folder);
  }
}

/** What a program is made of. */
export interface Ingredients {
  root: string;
  /** Relative to `firmware/`. */
  files: string[];
  tools: Tools;
  sdk: Sdk;
  definitions: string[];
}

/** Hash of everything the output depends on. */
export function sourceKey({ root, files, tools, sdk, definitions }: Ingredients): string {
  const hash = createHash('sha256');
  hash.update(
    JSON.stringify([
      'starmind-firmware/1',
      tools.versions,
      sdk.version,
      sdk.path,
      SOURCE_DATE_EPOCH,
      definitions,
    ]),
  );
  for (const file of files) {
    const bytes = readFileSync(path.join(root, 'firmware', file));
    hash.update(`${file}\0${bytes.length}\0`).update(bytes);
  }
  return hash.digest('hex');
}

function firmwareSources(root: string): string[] {
  return ['CMakeLists.txt', ...SOURCE_FOLDERS.flatMap((folder) => sources(root, folder))];
}

/** Sources of one folder of `firmware/`, relative to `firmware/`. */
export function sources(root: string, folder: string): string[] {
  return readdirSync(path.join(root, 'firmware', folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(c|h|S|inc|ld|cmake|txt)$/.test(name))
    .map((name) => `${folder}/${name.replaceAll(path.sep, '/')}`)
    .sort();
}

function outputs(out: string) {
  const file = (name: string) => path.join(out, name);
  return {
    elfPath: file('starmind.elf'),
    binPath: file('starmind.bin'),
    uf2Path: file('starmind.uf2'),
    bootromPath: file('bootrom.bin'),
  };
}

function existing(out: string, key: string): Firmware | undefined {
  try {
    return readFileSync(path.join(out, 'key'), 'utf8') === key ? read(out) : undefined;
  } catch {
    return undefined; // never built, or half of it was deleted
  }
}

function read(out: string): Firmware {
  const paths = outputs(out);
  const bin = readFileSync(paths.binPath);
  return {
    ...paths,
    elf: readFileSync(paths.elfPath),
    bin,
    bootrom: readFileSync(paths.bootromPath),
    sha256: createHash('sha256').update(bin).digest('hex'),
  };
}

export interface CmakeRun {
  root: string;
  /** Folder with the CMakeLists.txt, relative to `root`. */
  source: string;
  cmakeFolder: string;
  tools: Tools;
  sdk: Sdk;
  env: NodeJS.ProcessEnv;
  /** `-D` arguments that make this build another program. */
  definitions: string[];
}

/** Configures where that is needed, and builds. @throws BuildFailedError with the compiler's complaints */
export async function runCmake(request: CmakeRun) {
  const { root, source, cmakeFolder, tools, sdk, env, definitions } = request;
  const compile = { ...env, ...reproducibleFlags(root, sdk), SOURCE_DATE_EPOCH };
  // A folder configured for another place or SDK cannot be taken over.
  const settings = JSON.stringify([root, source, sdk, tools, definitions]);
  const settingsFile = path.join(cmakeFolder, 'settings.json');
  if (!existsSync(settingsFile) || readFileSync(settingsFile, 'utf8') !== settings) {
    rmSync(cmakeFolder, { recursive: true, force: true });
    mkdirSync(cmakeFolder, { recursive: true });
    await run(tools.cmake, configureArguments(request), compile);
    writeFileSync(settingsFile, settings);
  }
  await run(tools.cmake, ['--build', cmakeFolder], compile);
}

function configureArguments({ root, source, cmakeFolder, tools, sdk, definitions }: CmakeRun): string[] {
  return [
    ...['-S', path.join(root, source), '-B', cmakeFolder, '-G', 'Ninja'],
    `-DCMAKE_MAKE_PROGRAM=${tools.ninja}`,
    `-DPython3_EXECUTABLE=${tools.python}`,
    `-DPICO_TOOLCHAIN_PATH=${path.dirname(tools.gcc)}`,
    `-DPICO_SDK_PATH=${sdk.path}`,
    '-DPICO_BOARD=pico',
    '-DPICO_NO_PICOTOOL=1', // it would be cloned from the network; uf2.ts packs instead
    '-DCMAKE_BUILD_TYPE=Release',
    ...definitions,
  ];
}

/** Paths in debug information and `__FILE__` are made the same everywhere. The SDK's toolchain adds its own flags to these. */
function reproducibleFlags(root: string, sdk: Sdk): Record<'CFLAGS' | 'CXXFLAGS' | 'ASMFLAGS', string> {
  // The later map wins where both fit: a fetched SDK lies inside the project.
  const maps = [`${root}=/build`, `${sdk.path}=/pico-sdk`];
  const compiler = maps.map((map) => `-ffile-prefix-map=${map}`).join(' ');
  const assembler = maps.map((map) => `-Wa,--debug-prefix-map=${map}`).join(' ');
  return { CFLAGS: compiler, CXXFLAGS: compiler, ASMFLAGS: `${compiler} ${assembler}` };
}

async function run(program: string, args: string[], env: NodeJS.ProcessEnv) {
  const { failed, all } = await execa(program, args, {
    env,
    extendEnv: false,
    all: true,
    reject: false,
    stdin: 'ignore',
  });
  if (failed) throw new BuildFailedError(`The firmware does not build:\n${explain(all)}`);
}

/** The compiler's complaints without the command lines; the end of the output when there are none. */
function explain(output: string | undefined): string {
  const complaints = (output ?? '')
    .split('\n')
    .filter((line) => /\b(error|warning): |undefined reference|overflowed/i.test(line));
  return complaints.length > 0 ? complaints.slice(0, 20).join('\n') : lastLines(output, 20);
}

/** Each file replaces its forerunner as a whole; the key comes last, so that it never vouches for half a build. */
function publish(cmakeFolder: string, out: string, key: string) {
  const { elfPath, binPath, uf2Path, bootromPath } = outputs(out);
  rmSync(path.join(out, 'key'), { force: true });
  copyWhole(path.join(cmakeFolder, 'pico/starmind.elf'), elfPath);
  copyWhole(path.join(cmakeFolder, 'pico/starmind.bin'), binPath);
  copyWhole(path.join(cmakeFolder, 'bootrom/bootrom.bin'), bootromPath);
  copyWhole(path.join(cmakeFolder, 'bootrom/bootrom.elf'), path.join(out, 'bootrom.elf'));
  writeWhole(uf2Path, packUf2([{ address: FLASH_ADDRESS, data: readFileSync(binPath) }]));
  writeWhole(path.join(out, 'key'), key);
}

export function copyWhole(from: string, to: string) {
  cpSync(from, `${to}.new`);
  renameSync(`${to}.new`, to);
}

export function writeWhole(file: string, data: Uint8Array | string) {
  writeFileSync(`${file}.new`, data);
  renameSync(`${file}.new`, file);
}
