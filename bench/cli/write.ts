/** `starmind write`: many texts that a model writes, to train another one on. */
import { closeSync, existsSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { type Command, Option } from 'commander';
import type { BackendChoice } from '../../models/train/backend.ts';
import { usageError } from './exit.ts';
import { readCount, readNumber } from './numbers.ts';
import { startProgress } from './progress.ts';
import { note, print } from './terminal.ts';

export const WRITE_SCHEMA = 'starmind-write/1';

const EXAMPLES = `
Examples:
  starmind write stories260K.bin teacher.txt --stories 2000
  starmind train --preset story-260k --corpus stories.txt --teacher stories260K.bin --extra teacher.txt --out student`;

interface WriteFlags {
  stories: number;
  seed: number;
  temperature: number;
  backend: BackendChoice;
  force?: boolean;
  json?: boolean;
}

export const addWrite = (program: Command): Command =>
  program
    .command('write')
    .summary('write a text file of stories that a float model tells')
    .description(
      'Tells many stories side by side, from the beginning-of-text token, and separates them by <|endoftext|>. The same seed gives ' +
        'the same stories on the same backend.',
    )
    .argument('<model>', 'a model of "starmind models", or the path of any float model')
    .argument('<file>', 'the text file to write')
    .option('--stories <n>', 'how many', readCount, 1000)
    .option('--seed <n>', 'another seed, other stories', readNumber, 1)
    .option('--temperature <t>', '1 is as the model learned to tell', readNumber, 1)
    .addOption(
      new Option('--backend <name>', 'of TensorFlow.js')
        .choices(['auto', 'tensorflow', 'wasm', 'cpu'])
        .default('auto'),
    )
    .option('--force', 'replace a file that is already there')
    .option('--json', 'print one JSON object')
    .addHelpText('after', EXAMPLES)
    .action(write);

const write = async (model: string, file: string, flags: WriteFlags): Promise<void> => {
  const { stories, seed, temperature, backend, force, json } = flags;
  if (!(temperature > 0)) throw usageError(`--temperature must be above 0, not ${temperature}`);
  if (existsSync(file) && !force) throw usageError(`${file} is already there`, '--force replaces it.');
  const { openTeacher } = await import('../../models/train/teacher.ts');
  const { selectBackend } = await import('../../models/train/backend.ts');
  const { writeTexts } = await import('../../models/train/write-texts.ts');
  const teacher = openTeacher(model);
  const { description } = await selectBackend(backend);
  const draft = `${file}.${process.pid}.tmp`;
  const progress = startProgress(`writing ${file}`);
  let [written, bytes] = [0, 0];
  try {
    const output = openSync(draft, 'w');
    try {
      for (const text of writeTexts(teacher, { count: stories, seed, temperature })) {
        bytes += writeSync(output, `${text.trim()}\n<|endoftext|>\n`);
        progress.report(++written / stories, `story ${written} of ${stories}`);
      }
    } finally {
      closeSync(output);
    }
    renameSync(draft, file);
  } catch (error) {
    rmSync(draft, { force: true });
    throw Object.assign(error as Error, { path: file });
  } finally {
    progress.end();
  }
  const facts = {
    model: teacher.name,
    file,
    stories: written,
    bytes,
    seed,
    temperature,
    backend: description,
  };
  if (json) print(`${JSON.stringify({ schema: WRITE_SCHEMA, ...facts })}\n`);
  else note(`${file}: ${written} stories of ${teacher.name}, ${bytes} bytes, ${description}`);
};
