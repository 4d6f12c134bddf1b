/** Looks at what is installed and changes nothing: nothing is downloaded, built or written. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { execa } from 'execa';
import { projectRoot } from '../../firmware/build.ts';
import { findSdk } from '../../firmware/toolchain/sdk.ts';
import { findOnPath, isDebianLike } from '../../firmware/toolchain/tools.ts';
import { checkpointNames, checkpointsFolder } from '../../models/index.ts';
import { installCommand, type PackageManager, TOOLS, type ToolNeed } from './tools.ts';

export interface Check {
  name: string;
  state: 'ok' | 'missing' | 'unusable';
  version?: string;
  path?: string;
  neededFor: string;
  required: boolean;
  /** The exact command that mends it, or what to do where there is no command. */
  remedy?: string;
}

export interface Examination {
  checks: Check[];
  /** Nothing that is required is missing. */
  healthy: boolean;
  /** One command for all missing packages. */
  install?: string;
}

export interface ExamineOptions {
  /** @default process.env */
  env?: NodeJS.ProcessEnv;
  /** Node's version without `v`. @default the one that runs this */
  node?: string;
  /** @default what this system has */
  manager?: PackageManager;
}

const OLDEST_NODE = [20, 12] as const;

export const examine = async (options: ExamineOptions = {}): Promise<Examination> => {
  const { env = process.env, node = process.versions.node } = options;
  const manager = options.manager ?? packageManager(env);
  const tools = await Promise.all(TOOLS.map((tool) => checkTool(tool, env, manager)));
  const checks = [checkNode(node), ...tools, await checkSdk(env), checkFirmware(), checkCheckpoints()];
  const missing = TOOLS.filter((_, i) => tools[i].state !== 'ok');
  return {
    checks,
    healthy: checks.every(({ required, state }) => !required || state === 'ok'),
    install: missing.length > 0 && manager !== undefined ? installCommand(missing, manager) : undefined,
  };
};

const packageManager = (env: NodeJS.ProcessEnv): PackageManager | undefined => {
  if (isDebianLike()) return 'apt';
  return (['dnf', 'pacman', 'brew'] as const).find((name) => findOnPath([name], env) !== undefined);
};

const checkNode = (version: string): Check => {
  const [major, minor] = version.split('.').map(Number);
  const good = major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1]);
  return {
    name: 'Node.js',
    state: good ? 'ok' : 'unusable',
    version,
    neededFor: 'everything',
    required: true,
    remedy: good ? undefined : `Install Node.js ${OLDEST_NODE.join('.')} or later.`,
  };
};

const checkTool = async (
  tool: ToolNeed,
  env: NodeJS.ProcessEnv,
  manager: PackageManager | undefined,
): Promise<Check> => {
  const { name, neededFor, required } = tool;
  const file = findOnPath(tool.programs, env);
  const remedy =
    manager === undefined
      ? `Install ${tool.programs.join(' or ')} with your system's package manager.`
      : installCommand([tool], manager);
  if (file === undefined) return { name, state: 'missing', neededFor, required, remedy };
  const { stdout, failed } = await execa(file, tool.versionArguments, {
    reject: false,
    timeout: 20_000,
    stdin: 'ignore',
    env,
  });
  if (failed) return { name, state: 'unusable', path: file, neededFor, required, remedy };
  return { name, state: 'ok', version: versionIn(stdout), path: file, neededFor, required };
};

/** The last dotted number of the first line: what comes before it is often the name of a distribution. */
const versionIn = (text: string): string | undefined =>
  text
    .split('\n')[0]
    .match(/\d+(\.\d+)+/g)
    ?.at(-1);

const checkSdk = async (env: NodeJS.ProcessEnv): Promise<Check> => {
  const known = { name: 'Pico SDK', neededFor: 'building the firmware' };
  const cacheFolder = path.join(projectRoot(), '.cache/pico-sdk');
  try {
    const sdk = await findSdk({ cacheFolder, env, mayFetch: false });
    return { ...known, state: 'ok', version: sdk.version, path: sdk.path, required: true };
  } catch (error) {
    if (env.PICO_SDK_PATH)
      return { ...known, state: 'unusable', required: true, remedy: (error as Error).message };
    // The first build fetches it where the system's archive carries it.
    const fetched = isDebianLike();
    return {
      ...known,
      state: 'missing',
      required: !fetched,
      remedy: fetched ? 'starmind build  (fetches it)' : (error as Error).message,
    };
  }
};

const checkFirmware = (): Check => {
  const elf = path.join(projectRoot(), 'build/firmware/starmind.elf');
  const built = existsSync(elf);
  return {
    name: 'Firmware',
    state: built ? 'ok' : 'missing',
    path: built ? elf : undefined,
    neededFor: 'the emulator target',
    required: false,
    remedy: built ? undefined : 'starmind build',
  };
};

const checkCheckpoints = (): Check => {
  const there = checkpointNames().length > 0;
  return {
    name: 'Trained models',
    state: there ? 'ok' : 'missing',
    path: there ? checkpointsFolder : undefined,
    neededFor: 'stories',
    required: true,
    remedy: there ? undefined : 'This installation is incomplete: get the whole project again.',
  };
};
