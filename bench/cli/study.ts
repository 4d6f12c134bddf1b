/** `starmind study`: every architecture of a table on the emulated Pico; `starmind study merge`: its shards in one file. */
import { rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { type Command, Option } from 'commander';
import type { WeightFormat } from '../../models/quantized.ts';
import { PLANNED, type Placement } from '../target/model.ts';
import { usageError } from './exit.ts';
import { formatOption, placementOption } from './format.ts';
import { readCount } from './numbers.ts';
import { startProgress } from './progress.ts';
import { goesOn, whileInterruptible, withUsageErrors } from './study-errors.ts';
import { addStudyResults } from './study-results.ts';
import { note, print } from './terminal.ts';

interface StudyFlags {
  set?: string;
  ladders?: boolean;
  shapes?: string;
  shard?: string;
  workers: number;
  cores: '1' | '2';
  format?: WeightFormat;
  placement?: Placement;
  out?: string;
  fresh?: boolean;
  json?: boolean;
}

const EXAMPLES = `
Examples:
  starmind study                                  the tables that the original counts, in a few minutes
  starmind study --set all --placement streamed --out all.jsonl      every table, up to what fits flash
  starmind study --shard 2/8 --out part-2.jsonl   every eighth case from the second
  starmind study merge part-*.jsonl --out whole.jsonl
  starmind study reproduce --fresh && starmind study report      everything the report shows, and the report

A study that was stopped goes on with the same command. Without --shard it is taken from the scheduler:
SLURM_ARRAY_TASK_ID and SLURM_ARRAY_TASK_COUNT; JOB_COMPLETION_INDEX of Kubernetes with STARMIND_SHARD_COUNT;
STARMIND_SHARD_INDEX and STARMIND_SHARD_COUNT, from 1, for the jobs of a matrix.`;

export const addStudy = (program: Command): Command => {
  const command = program
    .command('study')
    .summary('measure every architecture of the original, each in its exact shape')
    .description(
      'Builds an image of each shape, with random weights seeded by its name, and decodes its whole context on the ' +
        'emulated Pico: cycles by position and phase, SRAM, flash. Twice where it names several heads: with these and, as ' +
        'the original computes, with one. Results are JSONL, with a CSV beside.',
    )
    .option('--set <name>', 'a set of the table, or "all" (default: "counted", what the original counts)')
    .addOption(new Option('--ladders', 'shapes that move one factor at a time').conflicts('shapes'))
    .option('--shapes <file>', 'another table of shapes (CSV)')
    .option('--shard <k/n>', 'only every n-th case, from the k-th')
    .option(
      '-j, --workers <count>',
      'cases to run at once',
      readCount,
      Math.max(1, Math.min(64, availableParallelism())),
    )
    .addOption(
      new Option('--cores <count>', 'cores of the Pico that compute').choices(['1', '2']).default('2'),
    )
    .addOption(formatOption())
    .addOption(placementOption())
    .option('-o, --out <file>', 'where results go (default: build/study/<set>.jsonl)')
    .option('--fresh', 'start over instead of going on')
    .option('--json', 'print one JSON object with counts instead of text')
    .addHelpText('after', EXAMPLES)
    .action(study);
  command
    .command('merge')
    .summary('put the shards of one study together')
    .description('Refuses a shard that is there twice, missing, unfinished, or of another firmware or table.')
    .argument('<files...>', 'the results of all shards (JSONL)')
    .option('-o, --out <file>', 'where the whole goes; a CSV beside it')
    .action((files: string[], _own: unknown, self: Command) => merge(files, self.optsWithGlobals().out));
  command
    .command('fit')
    .summary('fit a cost model to results: cycles from operation counts')
    .description('Every fourth shape is held out; the error on these is told beside the error on the others.')
    .argument('<files...>', 'results (JSONL) of one firmware')
    .option('--json', 'print one JSON object')
    .action((files: string[], _own: unknown, self: Command) => fitModel(files, self.optsWithGlobals().json));
  addStudyResults(command);
  return command;
};

const study = (flags: StudyFlags): Promise<void> =>
  withUsageErrors(() => whileInterruptible(() => run(flags)));

const run = async (flags: StudyFlags): Promise<void> => {
  const { casesOfSets, ORIGINAL_SHAPES, readShapes } = await import('../study/shapes.ts');
  const { parseShard, shardFromEnvironment, WHOLE } = await import('../study/shard.ts');
  const { runStudy } = await import('../study/run.ts');
  const { prepareFirmware } = await import('./setup.ts');
  const shard = flags.shard === undefined ? shardFromEnvironment(process.env) : parseShard(flags.shard);
  const { ladderShapes } = await import('../study/ladders.ts');
  const shapes = flags.ladders ? ladderShapes() : readShapes(flags.shapes ?? ORIGINAL_SHAPES);
  const set = flags.set ?? (flags.ladders || flags.shapes ? 'all' : 'counted');
  const cases = casesOfSets(shapes, set);
  const out = flags.out ?? defaultOut(flags.ladders ? `ladders-${set}` : set, shard);
  if (!out.endsWith('.jsonl'))
    throw usageError(`--out ${out} must end in .jsonl: a .csv is written beside it.`);
  if (flags.fresh) rmSync(out, { force: true });
  const firmware = await prepareFirmware();
  const progress = startProgress('study');
  try {
    const { rows } = await runStudy({
      firmware,
      cases,
      shard: shard ?? WHOLE,
      settings: toSettings(flags),
      workers: flags.workers,
      out,
      onProgress: ({ done, of, fraction, name }) => progress.report(fraction, `${done} of ${of}  ${name}`),
      onResume: goesOn,
    });
    progress.end();
    await conclude(out, rows, flags);
  } finally {
    progress.end();
  }
};

const defaultOut = (set: string, shard: { index: number; of: number } | undefined): string =>
  `build/study/${set}${shard === undefined ? '' : `-${shard.index}-of-${shard.of}`}.jsonl`;

const toSettings = ({ format = 'int8', placement, cores }: StudyFlags) => ({
  format,
  placement: PLANNED[placement ?? 'pinned'],
  cores: cores === '1' ? (1 as const) : (2 as const),
});

type Rows = import('../study/row.ts').StudyRow[];

const conclude = async (out: string, rows: Rows, { json }: Pick<StudyFlags, 'json'> = {}): Promise<void> => {
  const csv = await writeCsv(out, rows);
  const unmeasured = rows.filter(({ status }) => status !== 'ok');
  const counts = { rows: rows.length, measured: rows.length - unmeasured.length };
  if (json) {
    print(`${JSON.stringify({ schema: 'starmind-study-run/1', ...counts, jsonl: out, csv })}\n`);
    return;
  }
  for (const { name, status, reason } of unmeasured) note(`${status}: ${name}: ${reason}`);
  print(`${counts.measured} of ${counts.rows} cases measured: ${out}, ${csv}\n`);
};

const writeCsv = async (out: string, rows: Rows): Promise<string> => {
  const { toCsv } = await import('../study/row.ts');
  const { writeWhole } = await import('./files.ts');
  const csv = out.replace(/\.jsonl$/, '.csv');
  writeWhole(csv, toCsv(rows));
  return csv;
};

/** Commander gives an option that `study` has too to `study`, wherever it is written: hence optsWithGlobals. */
const merge = (files: string[], out: string | undefined): Promise<void> =>
  withUsageErrors(async () => {
    if (out === undefined) throw usageError('merge needs --out, the file that the whole goes to.');
    if (!out.endsWith('.jsonl'))
      throw usageError(`--out ${out} must end in .jsonl: a .csv is written beside it.`);
    const { formatStudy, readStudy } = await import('../study/journal.ts');
    const { mergeShards } = await import('../study/merge.ts');
    const { writeWhole } = await import('./files.ts');
    const whole = mergeShards(files.map((path) => ({ path, ...readStudy(path) })));
    writeWhole(out, formatStudy(whole));
    await conclude(out, whole.rows);
  });

const fitModel = (files: string[], json: boolean | undefined): Promise<void> =>
  withUsageErrors(async () => {
    const { readStudy } = await import('../study/journal.ts');
    const { fitCostModel } = await import('../study/cost-model.ts');
    const { fitLines, sameFirmware } = await import('../study/fit-report.ts');
    const studies = files.map((path) => ({ path, ...readStudy(path) }));
    sameFirmware(studies);
    const { predictions: _, ...fitted } = fitCostModel(
      studies.flatMap(({ rows }) => rows),
      studies[0]!.head,
    );
    if (json) print(`${JSON.stringify({ schema: 'starmind-study-fit/1', ...fitted })}\n`);
    else for (const line of fitLines(fitted)) print(`${line}\n`);
  });
