/** `starmind diff`: the first tensor in which the firmware is not the reference. */
import { readFileSync } from 'node:fs';
import { type Command, Option } from 'commander';
import type { WeightFormat } from '../../models/quantized.ts';
import { samplerRequest } from '../../models/reference/sampler.ts';
import { EXIT, usageError } from './exit.ts';
import { formatOption } from './format.ts';
import { readCount, readNumber } from './numbers.ts';
import { note, print } from './terminal.ts';

interface DiffFlags {
  model: string;
  prompt: string;
  tokens: number;
  image?: string;
  temperature?: number;
  seed?: number;
  cores?: '1' | '2';
  format?: WeightFormat;
  json?: boolean;
}

const EXAMPLES = `
Examples:
  starmind diff                                 after a change of a kernel
  starmind diff --prompt "The fox" --tokens 64 --cores 2
  starmind diff --image suspect.smp             what a board has in its flash, against the model`;

export const addDiff = (program: Command): Command =>
  program
    .command('diff')
    .summary('find the first tensor in which the firmware is not the reference')
    .description(
      'Runs firmware and integer reference side by side and compares every tensor at every change of phase. Names the ' +
        'first layer, phase, tensor and element that differ, with both values, and a wrong weight behind it. Exits ' +
        'with 1 when something differs.',
    )
    .option('-m, --model <name>', 'a model of "starmind models", or a path', 'story-90k')
    .option('-p, --prompt <text>', 'how the story begins', 'Once upon a time')
    .option('-n, --tokens <count>', 'tokens to generate at most', readCount, 16)
    .option('--image <file>', "an image that lies in the device's flash instead of the model's own")
    .option('--temperature <t>', '0 is greedy', readNumber)
    .option('--seed <n>', 'seed of the sampler', readNumber)
    .addOption(new Option('--cores <count>', 'how many compute').choices(['1', '2']))
    .addOption(formatOption())
    .option('--json', 'print one JSON object')
    .addHelpText('after', EXAMPLES)
    .action(diff);

const diff = async (flags: DiffFlags): Promise<void> => {
  const { prompt, tokens, format, cores, temperature, seed } = flags;
  const { loadModel } = await import('../target/model.ts');
  const { encodePrompt } = await import('../target/host.ts');
  const { findDivergence } = await import('../diff/find.ts');
  const { DIFF_SCHEMA, diffLines } = await import('../report/diffReport.ts');
  const { prepareFirmware } = await import('./setup.ts');
  const model = loadModel(flags.model, { format });
  const sampler = samplerRequest({ temperature: temperature ?? (seed === undefined ? 0 : 1), seed });
  const image =
    flags.image === undefined ? undefined : sameLayout(readFileSync(flags.image), model.image, flags.image);
  encodePrompt(model, prompt);
  const scenario = { model, prompt, tokens, sampler, cores: cores && (Number(cores) as 1 | 2) };
  const result = await findDivergence({ scenario, firmware: await prepareFirmware(), image });
  if (flags.json) print(`${JSON.stringify({ schema: DIFF_SCHEMA, model: model.name, ...result })}\n`);
  else for (const line of diffLines(result)) print(`${line}\n`);
  if (result.divergence === undefined) return;
  if (flags.json) note('error: the firmware is not the reference');
  process.exitCode = EXIT.wrongResult;
};

/** Everything up to the tensors' data must agree, but for the checksum; then only values differ. */
const sameLayout = (image: Uint8Array, model: Uint8Array, file: string): Uint8Array => {
  const LAYOUT = { from: 32 + 16, to: 148 };
  const same =
    image.length === model.length &&
    model.every((byte, i) => i < LAYOUT.from || i >= LAYOUT.to || image[i] === byte);
  if (same) return image;
  throw usageError(
    `${file}: not an image of the same shape and layout as the model's`,
    'Give its model and format with --model and --format.',
  );
};
