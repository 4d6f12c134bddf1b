/** `starmind models`: what can be run and what can be trained. */
import type { Command } from 'commander';
import type { CatalogueEntry } from '../models/catalogue.ts';
import { alignColumns, thousands } from '../report/format.ts';
import { usageError } from './exit.ts';
import { note, print } from './terminal.ts';

export const MODELS_SCHEMA = 'starmind-models/1';

const EXAMPLES = `
Examples:
  starmind models
  starmind models --json
  starmind models --measure story-90k        measure it again and write fixtures/models/story-90k.json`;

interface ModelsFlags {
  measure?: string[] | true;
  json?: boolean;
}

export const addModels = (program: Command): Command =>
  program
    .command('models')
    .summary('list the models: parameters, quality, memory and speed')
    .description(
      'Bits per byte are those of held-out stories; memory and cycles are those of the int8 model, cycles as the emulator counts ' +
        'them. What was not measured since the last training is left out.',
    )
    .option('--measure [names...]', 'measure trained models again (all, or these) and write fixtures/models')
    .option('--json', 'print one JSON object')
    .addHelpText('after', EXAMPLES)
    .action(models);

const models = async ({ measure, json }: ModelsFlags): Promise<void> => {
  const { catalogue } = await import('../models/catalogue.ts');
  if (measure !== undefined) {
    const trained = catalogue().filter((entry) => entry.trained);
    await measureAll(measure === true ? trained.map(({ name }) => name) : measure);
  }
  const list = catalogue();
  if (json) print(`${JSON.stringify({ schema: MODELS_SCHEMA, models: list })}\n`);
  else for (const line of modelLines(list)) print(`${line}\n`);
};

const measureAll = async (names: readonly string[]): Promise<void> => {
  if (process.env.CI)
    throw usageError('--measure writes measurements; CI never does', 'Measure and commit them yourself.');
  const { measureModel } = await import('../models/measure.ts');
  const { writeMeasurement } = await import('../models/measurement.ts');
  const { emulatorTarget } = await import('../target/emulator.ts');
  const { prepareFirmware } = await import('./setup.ts');
  const emulator = emulatorTarget(await prepareFirmware());
  for (const name of names) note(writeMeasurement(await measureModel(name, { emulator, log: note })));
};

const number = (value: number | null): string => (value === null ? '' : thousands(value));
const quality = (value: number | undefined): string => value?.toFixed(4) ?? '';

const modelLines = (list: readonly CatalogueEntry[]): string[] => {
  const head = [
    'name',
    'family',
    'parameters',
    'float',
    'int8',
    'int4',
    'coherent',
    'SRAM',
    'flash',
    'cycles/token',
    '',
  ];
  const rows = list.map((entry) => {
    const { name, family, parameters, trained, bitsPerByte, coherence, summary } = entry;
    return [
      name,
      family,
      thousands(parameters),
      quality(bitsPerByte?.float),
      quality(bitsPerByte?.int8),
      quality(bitsPerByte?.int4),
      coherence === null ? '' : `${(100 * coherence).toFixed(1)} %`,
      number(entry.sramBytes),
      number(entry.flashBytes),
      number(entry.cyclesPerToken),
      trained ? summary : `not trained: ${summary}`,
    ];
  });
  return alignColumns([head, ...rows], 'llrrrrrrrrl');
};
