/** `starmind export`: a model as files of another project. */
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import type { ExportFormat } from '../../models/export/index.ts';
import { thousands } from '../report/format.ts';
import { usageError } from './exit.ts';
import { writeWhole } from './files.ts';
import { note, print } from './terminal.ts';

export const EXPORT_SCHEMA = 'starmind-export/1';

const EXAMPLES = `
Examples:
  starmind export story-90k out/                           model.bin and tokenizer.bin for llama2.c
  starmind export story-90k out/ --format safetensors      names and order of Hugging Face Llama, with config.json`;

export const addExport = (program: Command): Command =>
  program
    .command('export')
    .summary('write a model for llama2.c or as Hugging Face safetensors')
    .description('Writes float weights. Says what the other project will do differently.')
    .argument('<model>', 'a model of "starmind models", or the path of any float model')
    .argument('<folder>', 'where to write')
    .addOption(
      new Option('--format <format>', 'what to write').choices(['llama2c', 'safetensors']).default('llama2c'),
    )
    .option('--force', 'replace files that are already there')
    .option('--json', 'print one JSON object')
    .addHelpText('after', EXAMPLES)
    .action(exportCommand);

interface ExportFlags {
  format: ExportFormat;
  force?: boolean;
  json?: boolean;
}

const exportCommand = async (
  model: string,
  folder: string,
  { format, force, json }: ExportFlags,
): Promise<void> => {
  const { openModel } = await import('../../models/import/open.ts');
  const { exportModel } = await import('../../models/export/index.ts');
  const opened = openModel(model);
  if (opened.kind === 'image') {
    throw usageError(
      `${model} is an image: its weights are integers`,
      'Export the checkpoint that it was made from.',
    );
  }
  const { files, notes } = exportModel(opened.imported.checkpoint, format);
  const written = [...files].map(([name, content]) => ({
    path: join(folder, name),
    bytes: content.length,
    content,
  }));
  const there = written.find(({ path }) => existsSync(path));
  if (there !== undefined && !force) {
    throw usageError(`${there.path} is already there`, '--force replaces it.');
  }
  mkdirSync(folder, { recursive: true });
  for (const { path, content } of written) writeWhole(path, content);
  if (json) {
    const list = written.map(({ path, bytes }) => ({ path, bytes }));
    print(`${JSON.stringify({ schema: EXPORT_SCHEMA, model: opened.name, format, files: list, notes })}\n`);
    return;
  }
  for (const line of notes) note(`note: ${line}`);
  for (const { path, bytes } of written) print(`${path}: ${thousands(bytes)} bytes\n`);
};
