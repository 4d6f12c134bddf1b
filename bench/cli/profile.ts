/** `starmind profile`: where the cycles of a story went, function by function. */
import { readFileSync } from 'node:fs';
import { type Command, Option } from 'commander';
import type { WeightFormat } from '../../models/quantized.ts';
import type { ProfiledRun } from '../profile/report.ts';
import type { RunObserver, Scenario } from '../target/scenario.ts';
import { writeWhole } from './files.ts';
import { formatOption } from './format.ts';
import { readClock, readCount } from './numbers.ts';
import { startProgress } from './progress.ts';
import { note, print } from './terminal.ts';

interface ProfileFlags {
  model: string;
  prompt: string;
  tokens: number;
  cores?: '1' | '2';
  clock?: number;
  format?: WeightFormat;
  rows: number;
  collapsed?: string;
  speedscope?: string;
  perfetto?: string;
  diff?: string;
  json?: boolean;
  annotate?: string;
}

const EXAMPLES = `
Examples:
  starmind profile                                    a table of functions
  starmind profile --perfetto story.json --tokens 4   a time line for ui.perfetto.dev
  starmind profile --speedscope story.speedscope.json
  starmind profile --collapsed story.txt              for flamegraph.pl
  starmind profile --annotate sm_matvec_int8_m0 --tokens 2
  starmind profile --json > before.json               then change a kernel, and
  starmind profile --diff before.json                 see which functions changed`;

export const addProfile = (program: Command): Command =>
  program
    .command('profile')
    .summary('attribute every cycle of a story to a function, on both cores')
    .description(
      'Tells a story on the emulated Pico and charges every cycle of both cores to the function that spent it, by ' +
        'shadow call stack. No cycle changes by it.',
    )
    .option(
      '-m, --model <name>',
      'a model of "starmind models", or the path of a checkpoint or image',
      'story-90k',
    )
    .option('-p, --prompt <text>', 'how the story begins', 'Once upon a time')
    .option('-n, --tokens <count>', 'tokens to generate at most', readCount, 64)
    .addOption(new Option('--cores <count>', 'how many compute').choices(['1', '2']))
    .option('--clock <mhz>', 'clk_sys of the Pico: 125, 133 or 200', readClock)
    .addOption(formatOption())
    .option('--rows <count>', 'functions in the table', readCount, 30)
    .option('--collapsed <file>', 'write collapsed stacks')
    .option('--speedscope <file>', 'write a speedscope profile')
    .option('--perfetto <file>', 'write a time line in the Chrome trace format')
    .option('--diff <base>', 'show what changed since a profile that --json printed')
    .option(
      '--annotate <function>',
      'print the cycles of each instruction of a function beside its disassembly',
    )
    .option('--json', 'print one JSON object')
    .addHelpText('after', EXAMPLES)
    .action(profile);

const profile = async (flags: ProfileFlags): Promise<void> => {
  if (flags.annotate !== undefined) return annotate(flags.annotate, flags);
  const { parseProfile, profileReport, profileTable, diffTable } = await import('../profile/report.ts');
  const base =
    flags.diff === undefined ? undefined : parseProfile(readFileSync(flags.diff, 'utf8'), flags.diff);
  const { run, names } = await profiledRun(flags);
  await writeFiles(run, names, flags);
  const report = profileReport(run);
  if (flags.json) {
    print(`${JSON.stringify(report)}\n`);
    return;
  }
  for (const line of base ? diffTable(base, report) : profileTable(report, flags.rows)) print(`${line}\n`);
};

const annotate = async (name: string, flags: ProfileFlags): Promise<void> => {
  const { annotatedListing, InstructionObserver } = await import('../profile/annotate.ts');
  const observer = new InstructionObserver(name);
  const { firmware } = await tell(flags, observer);
  for (const line of annotatedListing(observer.profile, firmware.elfPath)) print(`${line}\n`);
};

/** Tells the story to somebody who looks on. */
const tell = async (flags: ProfileFlags, observer: RunObserver) => {
  const { loadModel } = await import('../target/model.ts');
  const { GREEDY } = await import('../target/scenario.ts');
  const { emulatorTarget } = await import('../target/emulator.ts');
  const { prepareFirmware } = await import('./setup.ts');
  const model = loadModel(flags.model, { format: flags.format });
  const cores = flags.cores === undefined ? undefined : flags.cores === '1' ? 1 : 2;
  const { prompt, tokens, clock } = flags;
  const scenario: Scenario = { model, prompt, tokens, sampler: GREEDY, cores, clockHz: clock };
  const firmware = await prepareFirmware();
  const progress = startProgress(`profiling ${model.name}`);
  try {
    const result = await emulatorTarget(firmware).run(scenario, {
      observer,
      onToken: ({ index }) => progress.report((index + 1) / tokens, `token ${index + 1} of ${tokens}`),
    });
    return { model, cores, firmware, result };
  } finally {
    progress.end();
  }
};

const profiledRun = async (flags: ProfileFlags): Promise<{ run: ProfiledRun; names: string[] }> => {
  const { Profiler } = await import('../profile/profiler.ts');
  const profiler = new Profiler({ timeline: flags.perfetto !== undefined });
  const { model, cores, result } = await tell(flags, profiler);
  const names = [
    ...result.promptTokens.slice(1).map((_, i) => `prompt ${i}`),
    ...result.tokens.map((token, i) => `token ${i} ${JSON.stringify(model.decode([token]))}`),
  ];
  const measured = result.measured!;
  return { run: { model, cores, tokens: result.tokens.length, measured, profiler }, names };
};

const writeFiles = async (run: ProfiledRun, names: string[], flags: ProfileFlags): Promise<void> => {
  const { profiler, model } = run;
  const write = (file: string, content: string) => {
    writeWhole(file, content);
    note(`wrote ${file}`);
  };
  if (flags.collapsed !== undefined || flags.speedscope !== undefined) {
    const { collapsedStacks, speedscope } = await import('../profile/flame.ts');
    if (flags.collapsed) write(flags.collapsed, collapsedStacks(profiler.profile));
    if (flags.speedscope)
      write(
        flags.speedscope,
        JSON.stringify(speedscope(profiler.profile, `${model.name}, ${run.tokens} tokens`)),
      );
  }
  if (flags.perfetto !== undefined) {
    const { perfettoTrace } = await import('../profile/perfetto.ts');
    write(flags.perfetto, JSON.stringify(perfettoTrace(profiler, names)));
  }
};
