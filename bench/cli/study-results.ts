/** What `starmind study` makes of its results: all of them again, trainings, claims, the report. */
import type { Command } from 'commander';
import type { ExperimentName } from '../study/experiments.ts';
import { usageError } from './exit.ts';
import { readCount } from './numbers.ts';
import { startProgress } from './progress.ts';
import { goesOn, whileInterruptible, withUsageErrors } from './study-errors.ts';
import { note, print } from './terminal.ts';

export const CLAIMS_SCHEMA = 'starmind-claims/1';

/** Options that `study` has too are read with optsWithGlobals: commander gives them to `study`. */
export const addStudyResults = (study: Command): void => {
  study
    .command('reproduce')
    .summary('measure everything under fixtures/study again')
    .description(
      'Runs each experiment of the report, or those that are named. One that was stopped goes on; --fresh starts over, which ' +
        'a changed firmware needs. Trainings are not among them: see "study train".',
    )
    .argument(
      '[experiments...]',
      'of counted, published, ladders, variants, cache, cost, others (default: all)',
    )
    .option('--results <folder>', 'where results lie (default: fixtures/study)')
    .action((names: string[], _own: unknown, self: Command) => reproduceAll(names, self.optsWithGlobals()));
  study
    .command('train')
    .summary('train the shapes whose quality the report shows')
    .description(
      'About a minute of one core each, one after the other, for a number of steps: the same weights each time. ' +
        'What is already in the file is not trained again.',
    )
    .argument('[shapes...]', 'names of shapes (default: all)')
    .option('--steps <n>', "instead of each shape's own number", readCount)
    .action((names: string[], _own: unknown, self: Command) => train(names, self.optsWithGlobals()));
  study
    .command('claims')
    .summary("the original's claims, each with our measurement and a verdict")
    .option('--results <folder>', 'where results lie (default: fixtures/study)')
    .option('--json', 'print one JSON object')
    .action((_own: unknown, self: Command) => claims(self.optsWithGlobals()));
  study
    .command('report')
    .summary('one page with charts, claims and all rows, and the charts as SVG files')
    .description(
      'Computed from the results alone. The page needs no network. Needs @observablehq/plot and linkedom.',
    )
    .option('--results <folder>', 'where results lie (default: fixtures/study)')
    .option('--svg <folder>', 'where the charts go (default: charts beside the page)')
    .option('-o, --out <file>', 'the page (default: build/study/report.html)')
    .option('--readme <file>', 'a README whose section of the study is written anew')
    .action((_own: unknown, self: Command) => report(self.optsWithGlobals()));
};

interface Flags {
  results?: string;
  out?: string;
  svg?: string;
  readme?: string;
  workers: number;
  fresh?: boolean;
  json?: boolean;
  steps?: number;
}

const reproduceAll = (names: string[], flags: Flags): Promise<void> =>
  withUsageErrors(() => whileInterruptible(() => reproduceNamed(names, flags)));

const reproduceNamed = async (names: string[], { results, workers, fresh }: Flags): Promise<void> => {
  const { EXPERIMENT_NAMES, EXPERIMENTS, RESULTS_FOLDER } = await import('../study/experiments.ts');
  const { reproduce } = await import('../study/reproduce.ts');
  const { prepareFirmware } = await import('./setup.ts');
  const unknown = names.find((name) => !Object.hasOwn(EXPERIMENTS, name));
  if (unknown !== undefined) {
    throw usageError(`there is no experiment "${unknown}"; there are ${EXPERIMENT_NAMES.join(', ')}`);
  }
  const experiments = names.length > 0 ? (names as ExperimentName[]) : EXPERIMENT_NAMES;
  const firmware = await prepareFirmware();
  const folder = results ?? RESULTS_FOLDER;
  for (const name of experiments) {
    note(`${name}: ${EXPERIMENTS[name].what}`);
    const progress = startProgress(name);
    try {
      const rows = await reproduce({
        firmware,
        experiments: [name],
        folder,
        workers,
        fresh,
        onProgress: (_, { fraction, done, of, name: row }) =>
          progress.report(fraction, `${done} of ${of}  ${row}`),
        onResume: goesOn,
      });
      progress.end();
      const unmeasured = rows[name]!.filter(({ status }) => status !== 'ok');
      for (const { name: row, status, reason } of unmeasured) note(`${status}: ${row}: ${reason}`);
      print(`${name}: ${rows[name]!.length - unmeasured.length} of ${rows[name]!.length} rows measured\n`);
    } finally {
      progress.end();
    }
  }
};

const train = (names: string[], { out, steps, json }: Flags): Promise<void> =>
  withUsageErrors(async () => {
    const { trainStudy } = await import('../study/train.ts');
    const { RESULTS_FOLDER } = await import('../study/experiments.ts');
    const { trainedPath } = await import('../study/results.ts');
    const controller = new AbortController();
    process.once('SIGINT', () => {
      note('stopping after this step; shapes that are done are kept');
      controller.abort();
    });
    const only = names.length > 0 ? names : undefined;
    const path = out ?? trainedPath(RESULTS_FOLDER);
    const rows = await trainStudy({ only, out: path, steps, signal: controller.signal, log: note });
    if (json) print(`${JSON.stringify({ schema: 'starmind-study-train/1', rows })}\n`);
    else print(`${rows.length} shapes trained: ${path}\n`);
  });

const claims = ({ results, json }: Flags): Promise<void> =>
  withUsageErrors(async () => {
    const { loadResults } = await import('../study/results.ts');
    const { RESULTS_FOLDER } = await import('../study/experiments.ts');
    const { claimsOf } = await import('../study/findings/claims.ts');
    const { firmwareSha256, timingVersion, ...loaded } = loadResults(results ?? RESULTS_FOLDER);
    const found = claimsOf({ firmwareSha256, timingVersion, ...loaded });
    if (json) {
      print(`${JSON.stringify({ schema: CLAIMS_SCHEMA, firmwareSha256, timingVersion, claims: found })}\n`);
      return;
    }
    for (const { claim, original, measured, verdict } of found) {
      print(`${verdict.toUpperCase()}: ${claim}\n  original: ${original}\n  measured: ${measured}\n`);
    }
  });

const report = ({ results, out = 'build/study/report.html', svg, readme }: Flags): Promise<void> =>
  withUsageErrors(async () => {
    const { writeReport } = await import('../report/study/write.ts');
    const { RESULTS_FOLDER } = await import('../study/experiments.ts');
    const written = await writeReport({ results: results ?? RESULTS_FOLDER, out, svg, readme });
    print(`${written.page} with ${written.charts.length} charts in ${written.folder}\n`);
  });
