/** `starmind models`: what can be run and what can be trained. */
import type { Command } from 'commander';
import { alignColumns, thousands } from '../report/format.ts';
import { print } from './terminal.ts';

export const addModels = (program: Command): Command =>
  program
    .command('models')
    .summary('list the models and their shapes')
    .option('--json', 'print one JSON object')
    .action(models);

const models = async ({ json }: { json?: boolean }): Promise<void> => {
  const { listModels } = await import('../target/model.ts');
  const list = listModels();
  if (json) {
    print(`${JSON.stringify({ schema: 'starmind-models/1', models: list })}\n`);
    return;
  }
  const rows = list.map(({ name, family, parameters, trained, summary }) => [
    name,
    family,
    thousands(parameters),
    trained ? 'trained' : '-',
    summary,
  ]);
  for (const line of alignColumns([['name', 'family', 'parameters', '', ''], ...rows], 'llrl'))
    print(`${line}\n`);
};
