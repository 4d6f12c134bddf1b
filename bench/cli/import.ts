/** `starmind import`: another project's model as a checkpoint that every other verb takes. */
import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { thousands } from '../report/format.ts';
import { usageError } from './exit.ts';
import { note, print } from './terminal.ts';

export const IMPORT_SCHEMA = 'starmind-import/1';

const EXAMPLES = `
Examples:
  starmind import stories260K.bin tok512.bin                   llama2.c, versions 0, 1 and 2
  starmind import my-llama/ --out models/my-llama              a folder with safetensors, config.json, tokenizer.json
  starmind import chat-8k/model_8192p.bin                      the original Starmind; its vocab_8192p.bin lies beside it
  starmind run --model ./stories260K                           what was imported`;

interface ImportFlags {
  out?: string;
  name?: string;
  force?: boolean;
  json?: boolean;
}

export const addImport = (program: Command): Command =>
  program
    .command('import')
    .summary('turn a model of llama2.c, Hugging Face or the original Starmind into a checkpoint')
    .description(
      'Tells the format by what is in the files, not by their names. Tokenizer and configuration are found beside the model, or are named ' +
        'after it. Says what it repaired and what is held differently.',
    )
    .argument('<paths...>', "the model's file, its files, or its folder")
    .option('--out <path>', 'the checkpoint, FOLDER/NAME without an ending (default: its name, here)')
    .option('--name <name>', 'name of the model, at most 31 bytes')
    .option('--force', 'replace a checkpoint that is already there')
    .option('--json', 'print one JSON object')
    .addHelpText('after', EXAMPLES)
    .action(importCommand);

const importCommand = async (paths: string[], { out, name, force, json }: ImportFlags): Promise<void> => {
  const { importModel } = await import('../../models/import/index.ts');
  const { parameterCount, writeCheckpoint } = await import('../../models/index.ts');
  const { checkpoint, format, files, repairs, notes } = importModel(paths, { name });
  const stem = out ?? checkpoint.name;
  if (!force && [`${stem}.safetensors`, `${stem}.json`].some((path) => existsSync(path))) {
    throw usageError(
      `${stem}.safetensors or .json is already there`,
      '--force replaces it, --out writes elsewhere.',
    );
  }
  await writeCheckpoint(stem, checkpoint);
  const parameters = parameterCount(checkpoint.config);
  if (json) {
    const facts = {
      format,
      files,
      name: checkpoint.name,
      parameters,
      config: checkpoint.config,
      repairs,
      notes,
    };
    print(`${JSON.stringify({ schema: IMPORT_SCHEMA, checkpoint: stem, ...facts })}\n`);
    return;
  }
  for (const repair of repairs) note(`repaired: ${repair}`);
  for (const line of notes) note(`note: ${line}`);
  const model = /[\\/]/.test(stem) ? stem : `./${stem}`;
  print(
    `${stem}.safetensors: ${format}, ${thousands(parameters)} parameters. Run it: starmind run --model ${model}\n`,
  );
};
