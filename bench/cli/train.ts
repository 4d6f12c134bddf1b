/** `starmind train`: a model from text. */
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import type { BackendChoice } from '../../models/train/backend.ts';
import { type Grid, grids } from '../../models/train/grid.ts';
import type { TokenizerKind } from '../../models/train/options.ts';
import { usageError } from './exit.ts';
import { readCount, readNumber } from './numbers.ts';
import { note, print } from './terminal.ts';

interface TrainFlags {
  preset: string;
  corpus?: string;
  vocabulary?: number;
  tokenizer?: TokenizerKind;
  minutes?: number;
  steps?: number;
  seed: number;
  workers: number;
  stories?: number;
  rate?: number;
  batchTokens?: number;
  backend: BackendChoice;
  from?: string;
  quantize?: Grid;
  teacher?: string;
  teacherWeight?: number;
  extra?: string;
  out?: string;
  resume?: boolean;
  force?: boolean;
  json?: boolean;
}

const EXAMPLES = `
Examples:
  starmind train --preset story-8k --minutes 5
  starmind train --preset story-30k --corpus my-stories.txt --minutes 20 --out my-model
  starmind train --preset story-260k --corpus stories.txt --teacher stories260K.bin --out student
  starmind train --preset story-30k --from my-model --quantize int4 --minutes 5 --out my-int4-model
  starmind run --model my-model`;

export const addTrain = (program: Command): Command =>
  program
    .command('train')
    .summary('train a model with TensorFlow.js and write its checkpoint')
    .description(
      'Trains one of the shapes of "starmind models" on the story grammar or on text of yours. Reports and samples go ' +
        'to stderr. Ctrl-C ends the training and keeps what was reached.',
    )
    .option('--preset <name>', 'the shape', 'story-90k')
    .option('--corpus <path>', 'a text file or a folder of them (default: the story grammar)')
    .option('--vocabulary <n>', "tokens, 32 to 8192, instead of the shape's number", readCount)
    .addOption(
      new Option('--tokenizer <kind>', 'pieces of words, or one token per character')
        .choices(['bpe', 'characters'])
        .default('bpe'),
    )
    .option('--minutes <n>', 'how long to train (default: 10, when --steps is not given)', readNumber)
    .option('--steps <n>', 'how many steps to train, instead of minutes', readCount)
    .option('--seed <n>', 'seed of weights, order and grammar', readNumber, 1)
    .option('--workers <n>', 'threads that compute gradients', readCount, availableParallelism())
    .option('--stories <n>', 'most stories to take from the corpus', readCount)
    .option('--rate <n>', 'highest learning rate', readNumber)
    .option('--batch-tokens <n>', "tokens of a worker's batch", readCount)
    .addOption(
      new Option('--backend <name>', 'of TensorFlow.js')
        .choices(['auto', 'tensorflow', 'wasm', 'cpu'])
        .default('auto'),
    )
    .option('--from <model>', 'start from a checkpoint of this shape, by name or path, with its tokenizer')
    .addOption(
      new Option(
        '--quantize <format>',
        'train with rounded weights and the integer arithmetic; what is written then loses next to nothing in any format',
      ).choices(grids),
    )
    .option('--teacher <model>', 'a float model to learn from, by name or path; its tokenizer is taken over')
    .option(
      '--teacher-weight <n>',
      'what the teacher counts beside the text, 0 to 1 (default: 0.7)',
      readNumber,
    )
    .option('--extra <path>', 'text that is only trained on, never held out: what "starmind write" wrote')
    .option(
      '--out <path>',
      'the checkpoint, FOLDER/NAME without an ending (default: beside the committed ones)',
    )
    .option('--resume', 'go on where a training of these very options, with --steps, was interrupted')
    .option('--force', 'replace a checkpoint that is already there')
    .option('--json', 'print one JSON object at the end')
    .addHelpText('after', EXAMPLES)
    .action(train);

const train = async ({ json, force, preset, minutes, steps, ...flags }: TrainFlags): Promise<void> => {
  const { checkpointsFolder, preset: shapeOf } = await import('../../models/index.ts');
  shapeOf(preset);
  if (minutes !== undefined && steps !== undefined) {
    throw usageError('--minutes and --steps are both given', 'Say one of them.');
  }
  const out = flags.out ?? join(checkpointsFolder, preset);
  if (!force && !flags.resume && existsSync(`${out}.safetensors`)) {
    throw usageError(`${out}.safetensors is already there`, '--force replaces it, --out writes elsewhere.');
  }
  const { trainModel } = await import('../../models/train/index.ts');
  const duration = steps === undefined ? { minutes: minutes ?? 10 } : { steps };
  const result = await trainModel({
    ...flags,
    ...duration,
    preset,
    out,
    log: note,
    signal: stopOnInterrupt(),
  });
  if (json) print(`${JSON.stringify({ schema: 'starmind-train/1', preset, ...result })}\n`);
  else print(`${out}.safetensors: run it with  starmind run --model ${flags.out ?? preset}\n`);
};

/** The first Ctrl-C ends the training in good order, the second at once. */
const stopOnInterrupt = (): AbortSignal => {
  const controller = new AbortController();
  process.once('SIGINT', () => {
    note('stopping after this step; Ctrl-C again stops at once');
    controller.abort();
  });
  return controller.signal;
};
