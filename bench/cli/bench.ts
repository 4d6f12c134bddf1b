/** `starmind bench`: the gate. Right tokens, and every cycle where it was. */

import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import type { Command } from 'commander';
import type { GateResult } from '../gate/gate.ts';
import type { FirmwareFiles } from '../gate/pool.ts';
import type { NamedScenario } from '../gate/scenarios.ts';
import { EXIT, type ExitCode, usageError } from './exit.ts';
import { checkFolderOf, writeWhole } from './files.ts';
import { readCount } from './numbers.ts';
import { startProgress } from './progress.ts';
import { note, painterFor, print } from './terminal.ts';

interface BenchFlags {
  check?: boolean;
  update?: boolean;
  json?: boolean;
  scenarios?: string;
  baselines?: string;
  workers: number;
  firmware?: string;
  markdown?: string;
  junit?: string;
  smallerIsBetter?: string;
}

const EXAMPLES = `
Examples:
  starmind bench                       run every scenario and print its cycles
  starmind bench --check               and fail when one differs from its baseline
  starmind bench story-90k-once --check
  starmind bench --update              accept the present cycles as the new baselines`;

export const addBench = (program: Command): Command => {
  addOptions(program.command('bench'))
    .summary('run the gated scenarios, measure them, hold them against their baselines')
    .description(DESCRIPTION)
    .option('--check', 'fail when tokens or cycles are not those of the baselines')
    .option('--update', 'write the present cycles as baselines; never in CI')
    .addHelpText('after', EXAMPLES)
    .action((names: string[], flags: BenchFlags) => bench(names, flags));
  return program;
};

/** The same as `starmind bench --check`. */
export const addCheck = (program: Command): Command => {
  addOptions(program.command('check'))
    .summary('fail when a token is wrong or its cycles moved (bench --check)')
    .description(DESCRIPTION)
    .action((names: string[], flags: BenchFlags) => bench(names, { ...flags, check: true }));
  return program;
};

const DESCRIPTION =
  'Runs the scenarios of bench/scenarios.json on the emulator and on the host. A check exits with 1 when a token is ' +
  "wrong and with 3 when any token's cycles moved; faster ones count as moved.";

const addOptions = (command: Command): Command =>
  command
    .argument('[scenario...]', 'names of scenarios (default: all)')
    .option('--json', 'print one JSON object')
    .option('--scenarios <file>', 'another scenario file')
    .option('--baselines <folder>', 'another folder of baselines')
    .option('--firmware <elf>', 'measure this build instead of the present sources')
    .option('--workers <count>', 'scenarios that run at a time', readCount, 2)
    .option('--markdown <file>', 'write a report for a job summary or a pull request')
    .option('--junit <file>', 'write JUnit XML')
    .option('--smaller-is-better <file>', "write github-action-benchmark's customSmallerIsBetter JSON");

const bench = async (names: string[], flags: BenchFlags): Promise<void> => {
  if (flags.update && process.env.CI) {
    throw usageError(
      '--update writes baselines, and CI never does.',
      'Run it on your machine and commit the result.',
    );
  }
  const { readScenarios } = await import('../gate/scenarios.ts');
  const all = readScenarios(flags.scenarios);
  const chosen = select(all, names);
  for (const file of [flags.markdown, flags.junit, flags.smallerIsBetter]) checkFolderOf(file);
  await inTurn(flags, () => measureAndReport(all, chosen, flags));
};

/** One that writes baselines has them to itself; others wait until it is done. */
const inTurn = async ({ update, baselines }: BenchFlags, work: () => Promise<void>): Promise<void> => {
  const { BASELINE_FOLDER } = await import('../gate/baseline.ts');
  const { whenUnlocked, withLock } = await import('../../firmware/lock.ts');
  const folder = baselines ?? BASELINE_FOLDER;
  const onWait = (pid: number | undefined) =>
    note(`waiting: another starmind${pid === undefined ? '' : ` (process ${pid})`} updates ${folder}`);
  if (update) {
    mkdirSync(folder, { recursive: true });
    await withLock(folder, work, { onWait });
  } else {
    await whenUnlocked(folder, { onWait });
    await work();
  }
};

const measureAndReport = async (
  all: NamedScenario[],
  chosen: NamedScenario[],
  flags: BenchFlags,
): Promise<void> => {
  const { check = false } = flags;
  const { obsoleteBaselines } = await import('../gate/gate.ts');
  const gates = await runAll(chosen, await firmwareFiles(flags.firmware), flags);
  const obsolete = chosen.length < all.length ? [] : obsoleteBaselines(all, flags.baselines);
  await writeReports(gates, flags);
  await show(gates, obsolete, flags, check);
  if (flags.update) await update(gates, flags.baselines);
  else if (check) process.exitCode = await exitCode(gates, obsolete);
};

const select = (all: NamedScenario[], names: string[]): NamedScenario[] => {
  const unknown = names.find((name) => !all.some((scenario) => scenario.name === name));
  if (unknown !== undefined) {
    throw usageError(
      `there is no scenario "${unknown}"`,
      `There are: ${all.map(({ name }) => name).join(', ')}`,
    );
  }
  return names.length === 0 ? all : all.filter(({ name }) => names.includes(name));
};

/** The firmware of the present sources, or another build of it on the same boot ROM. */
const firmwareFiles = async (elf: string | undefined): Promise<FirmwareFiles> => {
  const { prepareFirmware } = await import('./setup.ts');
  if (elf === undefined) return prepareFirmware();
  const sha256 = createHash('sha256').update(readFileSync(elf)).digest('hex');
  return { elfPath: elf, bootromPath: (await prepareFirmware()).bootromPath, sha256 };
};

const runAll = async (
  scenarios: NamedScenario[],
  { elfPath, bootromPath, sha256 }: FirmwareFiles,
  { workers, baselines }: BenchFlags,
): Promise<GateResult[]> => {
  const { runGates } = await import('../gate/pool.ts');
  const progress = startProgress('bench');
  try {
    return await runGates(scenarios, {
      firmware: { elfPath, bootromPath, sha256 },
      baselineFolder: baselines,
      workers,
      onProgress: (fraction, name) => progress.report(fraction, name),
    });
  } finally {
    progress.end();
  }
};

const writeReports = async (gates: GateResult[], flags: BenchFlags): Promise<void> => {
  if (flags.markdown !== undefined) {
    const { gateMarkdown } = await import('../report/markdown.ts');
    writeWhole(flags.markdown, gateMarkdown(gates));
  }
  if (flags.junit !== undefined) {
    const { junitXml } = await import('../report/junit.ts');
    writeWhole(flags.junit, junitXml(gates));
  }
  if (flags.smallerIsBetter !== undefined) {
    const { smallerIsBetter } = await import('../report/smallerIsBetter.ts');
    writeWhole(flags.smallerIsBetter, `${JSON.stringify(smallerIsBetter(gates), null, 2)}\n`);
  }
};

const show = async (
  gates: GateResult[],
  obsolete: string[],
  { json }: BenchFlags,
  check: boolean,
): Promise<void> => {
  const { benchJson, benchTable, gateLines } = await import('../report/gateReport.ts');
  if (json) {
    print(`${JSON.stringify(benchJson(gates))}\n`);
    return;
  }
  for (const line of benchTable(gates)) print(`${line}\n`);
  if (!check) return;
  print('\n');
  for (const gate of gates) for (const line of gateLines(gate)) print(`${line}\n`);
  for (const name of obsolete) print(`${name}: a baseline without a scenario; delete its file\n`);
};

const exitCode = async (gates: GateResult[], obsolete: string[]): Promise<ExitCode> => {
  const { verdict } = await import('../gate/gate.ts');
  const verdicts = gates.map(verdict);
  if (verdicts.includes('wrong')) return EXIT.wrongResult;
  return verdicts.includes('moved') || obsolete.length > 0 ? EXIT.cycleRegression : EXIT.ok;
};

const update = async (gates: GateResult[], folder: string | undefined): Promise<void> => {
  const { updateBaseline } = await import('../gate/gate.ts');
  const paint = painterFor(process.stderr);
  for (const gate of gates) {
    if (gate.firstWrongToken !== undefined) {
      note(`${paint('red', 'refused:')} ${gate.scenario.name}: its tokens are not the host reference's`);
      process.exitCode = EXIT.wrongResult;
    } else if (updateBaseline(gate, folder)) note(`${paint('green', 'updated:')} ${gate.scenario.name}`);
  }
};
