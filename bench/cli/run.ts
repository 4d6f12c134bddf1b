/** `starmind run`: a story, token by token, and what it cost. */
import { type Command, Option } from 'commander';
import type { ImageFormat } from '../../models/quantized.ts';
import { samplerRequest } from '../../models/reference/sampler.ts';
import type { LoadedModel, Placement } from '../target/model.ts';
import type {
  GeneratedToken,
  SamplerSettings,
  Scenario,
  ScenarioResult,
  Target,
} from '../target/scenario.ts';
import { EXIT } from './exit.ts';
import { contextOption, flashOption, imageFormatOption, placementOption } from './format.ts';
import { readClock, readCount, readNumber } from './numbers.ts';
import { startProgress } from './progress.ts';
import { note, painterFor, print } from './terminal.ts';

/** What to tell, as given on a command line; verbs of `board` take the same. */
export interface StoryFlags {
  prompt: string;
  tokens: number;
  temperature?: number;
  topK?: number;
  topP?: number;
  seed?: number;
  clock?: number;
  cores?: '1' | '2';
  format?: ImageFormat;
  placement?: Placement;
  context?: number;
  flash?: number;
}

interface RunFlags extends StoryFlags {
  model: string;
  target: 'host' | 'emulator';
  json?: boolean;
}

const EXAMPLES = `
Examples:
  starmind run
  starmind run --prompt "The little fox" --tokens 64
  starmind run --temperature 0.8 --top-p 0.9 --seed 7
  starmind run --model path/to/model.smp --target host --json
  starmind run --model stories260K.bin --format int4 --context 256`;

export const addRun = (program: Command): Command => {
  const command = program
    .command('run')
    .summary('tell a story on the emulated Pico, and say what each token cost')
    .description(
      'Boots the firmware on an emulated Pico, streams a story to stdout, proves every token equal to the host ' +
        'reference and sums up its cycles. With --target host the reference alone tells it.',
    )
    .option(
      '-m, --model <name>',
      'a model of "starmind models", or the path of any model: checkpoint, image, llama2.c, Hugging Face, original',
      'story-90k',
    )
    .addOption(
      new Option('-t, --target <target>', 'where to run').choices(['emulator', 'host']).default('emulator'),
    );
  addStoryOptions(command)
    .option('--json', 'print one JSON object instead of text')
    .addHelpText('after', EXAMPLES)
    .action(run);
  return command;
};

export const addStoryOptions = (command: Command): Command =>
  command
    .option('-p, --prompt <text>', 'how the story begins', 'Once upon a time')
    .option('-n, --tokens <count>', 'tokens to generate at most', readCount, 200)
    .option(
      '--temperature <t>',
      '0 is greedy, otherwise 0.01 to 100 (default: 0, or 1 with another sampling option)',
      readNumber,
    )
    .option('--top-k <k>', 'sample from the k likeliest tokens only', readNumber)
    .option('--top-p <p>', 'sample from the likeliest tokens that make up this share, 0 to 1', readNumber)
    .option('--seed <n>', 'seed of the sampler, 0 to 4294967295 (default: 0)', readNumber)
    .option(
      '--clock <mhz>',
      'clk_sys of the Pico: 125, 133 or 200 (default: as the firmware boots)',
      readClock,
    )
    .addOption(new Option('--cores <count>', 'how many compute; the story is the same').choices(['1', '2']))
    .addOption(imageFormatOption())
    .addOption(placementOption())
    .addOption(contextOption())
    .addOption(flashOption());

const run = async (flags: RunFlags): Promise<void> => {
  const { format, placement, context, flash: flashBytes } = flags;
  const { loadModel } = await import('../target/model.ts');
  const { hostTarget } = await import('../target/host.ts');
  const scenario = await scenarioOf(flags, () =>
    loadModel(flags.model, { format, placement, context, flashBytes }),
  );
  const onHost = flags.target === 'host';
  const reference = await hostTarget.run(
    scenario,
    onHost && !flags.json ? { onToken: storyTo(scenario) } : {},
  );
  const result = onHost ? reference : await runOn(await prepareEmulator(), scenario, flags);
  if (!flags.json) print('\n');
  await conclude(flags, scenario, result, onHost ? undefined : reference);
};

/** @throws ScenarioError when the model cannot begin from the prompt */
export const scenarioOf = async (
  flags: StoryFlags,
  model: () => LoadedModel | Promise<LoadedModel>,
): Promise<Scenario> => {
  const { prompt, tokens, clock } = flags;
  const sampler = toSampler(flags);
  const scenario = { model: await model(), prompt, tokens, sampler, clockHz: clock, cores: readCores(flags) };
  const { encodePrompt } = await import('../target/host.ts');
  encodePrompt(scenario.model, prompt);
  return scenario;
};

const readCores = ({ cores }: StoryFlags): 1 | 2 | undefined =>
  cores === undefined ? undefined : cores === '2' ? 2 : 1;

/** A sampling option without a temperature means sampling: at temperature 1. */
const toSampler = ({ temperature, topK, topP, seed }: StoryFlags): SamplerSettings => {
  const samples = [topK, topP, seed].some((value) => value !== undefined);
  return samplerRequest({ temperature: temperature ?? (samples ? 1 : 0), topK, topP, seed });
};

const prepareEmulator = async (): Promise<Target> => {
  const { emulatorTarget } = await import('../target/emulator.ts');
  const { prepareFirmware } = await import('./setup.ts');
  return emulatorTarget(await prepareFirmware());
};

/** Prints the prompt at once and returns what prints each token. */
const storyTo = ({ prompt }: Scenario): ((token: GeneratedToken) => void) => {
  print(painterFor(process.stdout)('dim', prompt));
  return ({ piece }) => print(piece);
};

/** Streams the story, or progress where JSON is wanted. */
export const runOn = async (
  target: Target,
  scenario: Scenario,
  flags: { json?: boolean },
): Promise<ScenarioResult> => {
  if (!flags.json) return target.run(scenario, { onToken: storyTo(scenario) });
  const progress = startProgress(`running ${scenario.model.name}`);
  try {
    return await target.run(scenario, {
      onToken: ({ index }) =>
        progress.report((index + 1) / scenario.tokens, `token ${index + 1} of ${scenario.tokens}`),
    });
  } finally {
    progress.end();
  }
};

/** Report or summary; exit code 1 when the tokens are not the reference's. */
export const conclude = async (
  { json }: { json?: boolean },
  { model }: Scenario,
  result: ScenarioResult,
  reference: ScenarioResult | undefined,
): Promise<void> => {
  const { runReport, runSummary } = await import('../report/runReport.ts');
  const report = runReport(model, result, reference);
  const wrong = report.identicalToReference === false;
  if (json) print(`${JSON.stringify(report)}\n`);
  else printSummary(runSummary(model, result, reference), wrong);
  if (!wrong) return;
  if (json) note('error: the tokens are not those of the host reference');
  process.exitCode = EXIT.wrongResult;
};

/** The last line is the verdict when there is a reference to agree with. */
const printSummary = (lines: string[], wrong: boolean): void => {
  const paint = painterFor(process.stdout);
  const verdict = (line: string) => (/identical to/.test(line) ? paint(wrong ? 'red' : 'green', line) : line);
  for (const line of ['', ...lines]) print(`${verdict(line)}\n`);
};
