/**
 * Finds the Raspberry Pi Pico SDK: `PICO_SDK_PATH` first, otherwise the copy in the project's ignored cache folder,
 * which on Debian-like systems is fetched from the distribution's own archive (two source packages, 64 MB unpacked).
 *
 * The packages are named by version and SHA-256, and apt verifies the archive's signature as well. Nothing is installed
 * into the system: a private apt configuration adds the suite that carries them, from the mirror the system already uses.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { execa } from 'execa';
import { DownloadError, explainWriteFailure, SdkMissingError } from './errors.ts';
import { findOnPath, isDebianLike, lastLines } from './tools.ts';

export const SDK_VERSION = '2.1.1';
const SUITE = 'trixie';
const PACKAGES = [
  {
    name: 'pico-sdk-source',
    version: '2.1.1-1',
    sha256: '507a3ca37636641bc90239d7c04dc9dc28c5008087a8162102ea94d2273153d3',
  },
  {
    name: 'tinyusb-source',
    version: '0.18.0+dfsg-1',
    sha256: '01ce2c645df68f14a8a7dcfc8fb355713152543757955820479a87949a61154e',
  },
];
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

export interface Sdk {
  path: string;
  /** As the SDK itself states it, for example `2.1.1`. */
  version: string;
}

export interface SdkOptions {
  /** Where a fetched SDK lives, normally `<project>/.cache/pico-sdk`. */
  cacheFolder: string;
  /** @default process.env */
  env?: NodeJS.ProcessEnv;
  log?: (line: string) => void;
  /** Whether it may be fetched. @default true */
  mayFetch?: boolean;
}

const OWN_SDK_HELP =
  `Get Pico SDK ${SDK_VERSION} (the raspberrypi/pico-sdk repository at tag ${SDK_VERSION}, with its submodule ` +
  'lib/tinyusb) and set PICO_SDK_PATH to its folder.';

/**
 * @throws SdkMissingError when PICO_SDK_PATH is wrong or fetching is impossible here
 * @throws DownloadError when fetching fails
 * @throws ReadOnlyFolderError when the cache folder cannot be written
 */
export async function findSdk(options: SdkOptions): Promise<Sdk> {
  const { cacheFolder, env = process.env, log = () => {}, mayFetch = true } = options;
  if (env.PICO_SDK_PATH) return checkedSdk(env.PICO_SDK_PATH);
  const unpacked = path.join(cacheFolder, SDK_VERSION, 'usr/src/pico-sdk');
  if (existsSync(unpacked)) return checkedSdk(unpacked);
  if (!mayFetch) throw new SdkMissingError(`No Pico SDK in ${cacheFolder}. ${OWN_SDK_HELP}`);
  await fetchSdk(cacheFolder, env, log);
  return checkedSdk(unpacked);
}

function checkedSdk(folder: string): Sdk {
  const versionFile = path.join(folder, 'pico_sdk_version.cmake');
  if (!existsSync(path.join(folder, 'external/pico_sdk_import.cmake')) || !existsSync(versionFile)) {
    throw new SdkMissingError(
      `${folder} is not a Pico SDK (no external/pico_sdk_import.cmake in it). ${OWN_SDK_HELP}`,
    );
  }
  const text = readFileSync(versionFile, 'utf8');
  const part = (name: string) => new RegExp(`PICO_SDK_VERSION_${name}\\s+(\\d+)`).exec(text)?.[1] ?? '?';
  return { path: path.resolve(folder), version: `${part('MAJOR')}.${part('MINOR')}.${part('REVISION')}` };
}

async function fetchSdk(cacheFolder: string, env: NodeJS.ProcessEnv, log: (line: string) => void) {
  const apt = findOnPath(['apt-get'], env);
  const dpkg = findOnPath(['dpkg'], env);
  if (!apt || !dpkg || !isDebianLike()) {
    throw new SdkMissingError(`This system cannot fetch the Pico SDK by itself. ${OWN_SDK_HELP}`);
  }
  let work: string;
  try {
    mkdirSync(cacheFolder, { recursive: true });
    work = mkdtempSync(path.join(cacheFolder, 'fetch-'));
  } catch (error) {
    explainWriteFailure(error, cacheFolder);
  }
  try {
    log(`Fetching Pico SDK ${SDK_VERSION} into ${cacheFolder} (about 20 MB to download)`);
    const debs = await downloadPackages(apt, work, env);
    const tree = path.join(work, 'tree');
    for (const deb of debs) await execa(dpkg, ['-x', deb, tree]);
    moveIntoPlace(tree, path.join(cacheFolder, SDK_VERSION));
    log(`Pico SDK ${SDK_VERSION} is ready`);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Two processes may fetch at once: the rename is atomic, and whoever comes second keeps the first one's tree. */
function moveIntoPlace(from: string, to: string) {
  try {
    renameSync(from, to);
  } catch (error) {
    if (!existsSync(to)) throw error;
  }
}

async function downloadPackages(apt: string, work: string, env: NodeJS.ProcessEnv): Promise<string[]> {
  const mirror = await systemMirror(apt, env);
  mkdirSync(path.join(work, 'lists/partial'), { recursive: true });
  mkdirSync(path.join(work, 'cache/archives/partial'), { recursive: true });
  const signedBy = existsSync(KEYRING) ? `[signed-by=${KEYRING}] ` : '';
  writeFileSync(path.join(work, 'sources.list'), `deb ${signedBy}${mirror} ${SUITE} main\n`);
  const settings = [
    `Dir::Etc::sourcelist=${work}/sources.list`,
    'Dir::Etc::sourceparts=-',
    `Dir::State::Lists=${work}/lists`,
    `Dir::Cache=${work}/cache`,
    'APT::Sandbox::User=root',
    'Acquire::Languages=none',
    'Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false',
  ].flatMap((setting) => ['-o', setting]);
  const run = async (args: string[]) => {
    const { failed, all } = await execa(apt, [...settings, ...args], {
      cwd: work,
      env,
      all: true,
      reject: false,
    });
    if (failed)
      throw new DownloadError(`Could not fetch the Pico SDK packages:\n${lastLines(all)}\n${OWN_SDK_HELP}`);
  };
  await run(['update', '-q']);
  await run(['download', '-q', ...PACKAGES.map((p) => `${p.name}=${p.version}`)]);
  return PACKAGES.map((p) => checkedPackage(work, p));
}

function checkedPackage(folder: string, wanted: (typeof PACKAGES)[number]): string {
  const file = path.join(folder, `${wanted.name}_${wanted.version}_all.deb`);
  if (!existsSync(file)) throw new DownloadError(`apt-get gave no ${path.basename(file)}. ${OWN_SDK_HELP}`);
  const sha256 = createHash('sha256').update(readFileSync(file)).digest('hex');
  if (sha256 !== wanted.sha256) {
    throw new DownloadError(
      `${path.basename(file)} has SHA-256 ${sha256}, expected ${wanted.sha256}. Nothing was unpacked. ${OWN_SDK_HELP}`,
    );
  }
  return file;
}

/** The main archive the system itself is set up to use; never a host name of our own. */
async function systemMirror(apt: string, env: NodeJS.ProcessEnv): Promise<string> {
  const { stdout, failed } = await execa(
    apt,
    ['indextargets', '--format', '$(REPO_URI) $(COMPONENT) $(RELEASE)', 'Created-By: Packages'],
    { env, reject: false },
  );
  const targets = failed ? [] : stdout.split('\n').map((line) => line.trim().split(' '));
  const main = targets.find(
    ([uri, component, release]) => uri && component === 'main' && !/security|updates|backports/.test(release),
  );
  if (!main) {
    throw new DownloadError(
      `This system's apt configuration names no archive to fetch the Pico SDK from. ${OWN_SDK_HELP}`,
    );
  }
  return main[0];
}
