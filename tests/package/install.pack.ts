/** What `npm pack` makes, installed into an empty project, as a user has it: the example runs there, and its types check. */
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findSdk } from '../../firmware/toolchain/sdk.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const VITEST: string = JSON.parse(
  readFileSync(path.join(ROOT, 'node_modules/vitest/package.json'), 'utf8'),
).version;

/** As in bench/vitest/README.md, with a program that is there. */
const EXAMPLE = `import { expect, test } from 'vitest';
import { pico, scenario } from 'starmind-pico/test';

test('the story and its cost are what they were', async () => {
  const story = await scenario({ model: 'story-90k', prompt: 'Once upon a time', tokens: 4 });
  expect(story).toMatchReference();
  expect(story).toGenerate(/\\w+/);
  expect(story).toTakeCycles({ atMost: 20_000_000, perToken: true });
  expect(story).toTakeCycles();
}, 300_000);

test('our own firmware greets and does not fault', async () => {
  const run = await pico('node_modules/starmind-pico/build/firmware/starmind.uf2', { until: '> ' });
  expect(run).toPrint('Starmind Pico');
  expect(run).not.toFault();
}, 60_000);
`;

let work: string;
let project: string;
const env = async () => {
  const sdk = await findSdk({ cacheFolder: path.join(ROOT, '.cache/pico-sdk') });
  return { PICO_SDK_PATH: sdk.path, CI: undefined, NO_COLOR: '1' };
};

/** Packed in a copy of the project, so that no compiled build lies about in the working tree. */
const pack = async (): Promise<string> => {
  const copy = path.join(work, 'source');
  const { stdout } = await execa('git', ['ls-files', '-z'], { cwd: ROOT });
  for (const file of stdout.split('\0').filter((name) => name !== '' && existsSync(path.join(ROOT, name))))
    cpSync(path.join(ROOT, file), path.join(copy, file));
  symlinkSync(path.join(ROOT, 'node_modules'), path.join(copy, 'node_modules'));
  await execa('npm', ['pack', '--silent', '--pack-destination', work], { cwd: copy });
  const { version } = JSON.parse(readFileSync(path.join(copy, 'package.json'), 'utf8'));
  return path.join(work, `starmind-pico-${version}.tgz`);
};

describe('the package', () => {
  beforeAll(async () => {
    work = mkdtempSync(path.join(tmpdir(), 'starmind-package-'));
    project = path.join(work, 'project');
    mkdirSync(project);
    writeFileSync(
      path.join(project, 'package.json'),
      '{ "name": "mine", "private": true, "type": "module" }\n',
    );
    const install = ['install', '--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts'];
    await execa('npm', [...install, '--save-dev', await pack(), `vitest@${VITEST}`, 'typescript@5.9.3'], {
      cwd: project,
    });
  });
  afterAll(() => rmSync(work, { recursive: true, force: true }));

  it('brings the starmind command, compiled', async () => {
    expect(existsSync(path.join(project, 'node_modules/starmind-pico/dist/bench/cli/main.js'))).toBe(true);
    const { stdout } = await execa('npx', ['--offline', 'starmind', 'models', '--json'], { cwd: project });
    expect(JSON.parse(stdout).models.some(({ trained }: { trained: boolean }) => trained)).toBe(true);
  });

  it('runs the example of the README, twice with the same cycles', async () => {
    writeFileSync(path.join(project, 'story.test.ts'), EXAMPLE);
    const run = async (extra: Record<string, string>) =>
      execa('npx', ['--offline', 'vitest', 'run'], {
        cwd: project,
        env: { ...(await env()), ...extra },
        reject: false,
        all: true,
      });
    const first = await run({});
    expect(first.all).toMatch(/2 passed/);
    expect(first.all).toMatch(/1 written/);
    const second = await run({ CI: '1' });
    expect(second.all).toMatch(/2 passed/);
    const snapshot = path.join(project, '__snapshots__/story.test.ts.snap');
    writeFileSync(snapshot, readFileSync(snapshot, 'utf8').replace(/"cycles": \d+/, '"cycles": 1'));
    const moved = await run({ CI: '1' });
    expect(moved.exitCode).toBe(1);
    expect(moved.all).toContain('the cycles are not those of the baseline (vitest -u accepts them)');
  });

  it('has types for the example', async () => {
    const options = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext', '--target', 'es2022'];
    const { all } = await execa('npx', ['--offline', 'tsc', ...options, 'story.test.ts'], {
      cwd: project,
      reject: false,
      all: true,
    });
    expect(all).toBe('');
  });
});
