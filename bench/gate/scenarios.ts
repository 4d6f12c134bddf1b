/** The committed list of gated scenarios, `bench/scenarios.json`. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { ImageFormat } from '../../models/quantized.ts';
import { samplerRequest } from '../../models/reference/sampler.ts';
import type { LoadOptions, Placement } from '../target/model.ts';
import type { SamplerSettings } from '../target/scenario.ts';

export const SCENARIO_FILE = fileURLToPath(new URL('../scenarios.json', import.meta.url));
const SCHEMA_VERSION = 1;

/** A scenario as written in the file: the model by name, sampler settings as people write them. */
export interface NamedScenario {
  /** Lower-case letters, digits and hyphens: it is also the baseline's file name. */
  name: string;
  /** Preset with a committed checkpoint, or the name of a drawn model. */
  model: string;
  prompt: string;
  tokens: number;
  sampler: SamplerSettings;
  /** @default what the firmware takes */
  cores?: 1 | 2;
  /** Weight format. @default int8 */
  format?: ImageFormat;
  /** Where the weights lie. @default pinned */
  placement?: Placement;
  /** Positions that the image provides for. @default the model's */
  context?: number;
  /** Flash of the Pico. @default 2 MB */
  flashBytes?: number;
  /** clk_sys. @default what the firmware boots with */
  clockHz?: number;
  /** A token may cost this many percent more or less than its baseline. @default 0 */
  softPercent?: number;
  /** No token may cost more cycles, whatever the baseline says. */
  hardLimit?: number;
}

const FORMATS: readonly ImageFormat[] = ['int8', 'int4', 'int4g32', 'float'];
const PLACEMENTS: readonly Placement[] = ['sram', 'pinned', 'streamed', 'xip'];
const FLASH_MB = [2, 4, 8, 16];
const CLOCKS_MHZ = [125, 133, 200];

/** How a scenario wants its model. */
export const modelOptions = ({ format, placement, context, flashBytes }: NamedScenario): LoadOptions => ({
  format,
  placement,
  context,
  flashBytes,
});

export class ScenarioFileError extends Error {
  override readonly name = 'ScenarioFileError';
}

/** @throws ScenarioFileError naming the file and the entry that is wrong. */
export const readScenarios = (file = SCENARIO_FILE): NamedScenario[] => {
  const { schemaVersion, scenarios } = parse(file);
  if (schemaVersion !== SCHEMA_VERSION || !Array.isArray(scenarios)) {
    throw new ScenarioFileError(`${file}: not a scenario file of schema version ${SCHEMA_VERSION}`);
  }
  const read = scenarios.map((entry, i) => readScenario(entry, `${file}: scenario ${i + 1}`));
  const names = read.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new ScenarioFileError(`${file}: two scenarios are called "${twice}"`);
  return read;
};

const parse = (file: string): Record<string, unknown> => {
  try {
    return Object(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    throw new ScenarioFileError(`${file}: ${(error as Error).message}`);
  }
};

const readScenario = (entry: Record<string, unknown>, where: string): NamedScenario => {
  const { name, model, prompt, tokens, temperature = 0, topK = 0, topP = 1, seed = 0 } = Object(entry);
  const wrong = (field: string, must: string): never => {
    throw new ScenarioFileError(`${where}: "${field}" must be ${must}`);
  };
  if (typeof name !== 'string' || !/^[a-z0-9-]+$/.test(name))
    wrong('name', 'lower-case letters, digits and hyphens');
  if (typeof model !== 'string') wrong('model', 'the name of a model');
  if (typeof prompt !== 'string') wrong('prompt', 'text');
  if (!Number.isInteger(tokens) || tokens < 1) wrong('tokens', 'a whole number, 1 or more');
  const { cores, format, placement, context, flash, clock, softPercent, hardLimit } = entry;
  if (cores !== undefined && cores !== 1 && cores !== 2) wrong('cores', '1 or 2');
  if (format !== undefined && !FORMATS.includes(format as ImageFormat)) wrong('format', FORMATS.join(', '));
  if (placement !== undefined && !PLACEMENTS.includes(placement as Placement))
    wrong('placement', PLACEMENTS.join(', '));
  if (context !== undefined && !(Number.isInteger(context) && (context as number) > 0))
    wrong('context', 'a whole number, 1 or more');
  if (flash !== undefined && !FLASH_MB.includes(flash as number))
    wrong('flash', `${FLASH_MB.join(', ')} (MB)`);
  if (clock !== undefined && !CLOCKS_MHZ.includes(clock as number))
    wrong('clock', `${CLOCKS_MHZ.join(', ')} (MHz)`);
  for (const [field, value] of Object.entries({ softPercent, hardLimit })) {
    if (value !== undefined && !(typeof value === 'number' && value >= 0))
      wrong(field, 'a number, 0 or more');
  }
  return {
    name,
    model,
    prompt,
    tokens,
    sampler: readSampler({ temperature, topK, topP, seed }, where),
    cores: cores as 1 | 2 | undefined,
    format: format as ImageFormat | undefined,
    placement: placement as Placement | undefined,
    context: context as number | undefined,
    flashBytes: flash === undefined ? undefined : Number(flash) * 1024 * 1024,
    clockHz: clock === undefined ? undefined : Number(clock) * 1e6,
    softPercent: softPercent as number | undefined,
    hardLimit: hardLimit as number | undefined,
  };
};

const readSampler = (settings: Parameters<typeof samplerRequest>[0], where: string): SamplerSettings => {
  try {
    return samplerRequest(settings);
  } catch (error) {
    throw new ScenarioFileError(`${where}: ${(error as Error).message}`);
  }
};
