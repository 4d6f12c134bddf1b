/** The models there are: shapes with a name, and committed checkpoints with what was measured of them. */
import { checkpointNames, loadCheckpoint, ModelError, parameterCount, presets } from '../../models/index.ts';
import { type Measurement, readMeasurement } from './measurement.ts';

/** A line of `starmind models`. */
export interface CatalogueEntry {
  name: string;
  family: string;
  parameters: number;
  /** A checkpoint of it is committed, so it can be run. */
  trained: boolean;
  summary: string;
  /** The next are null for what was not trained, or not measured since. */
  bitsPerByte: Measurement['bitsPerByte'] | null;
  coherence: number | null;
  sramBytes: number | null;
  flashBytes: number | null;
  cyclesPerToken: number | null;
}

export const catalogue = (): CatalogueEntry[] => {
  const trained = checkpointNames();
  const shapes = Object.entries(presets).map(([name, { config, summary }]) => ({ name, config, summary }));
  const others = trained.filter((name) => !Object.hasOwn(presets, name)).flatMap(withoutPreset);
  return [...shapes, ...others].map(({ name, config, summary }) => ({
    name,
    family: config.family,
    parameters: parameterCount(config),
    trained: trained.includes(name),
    summary,
    ...measured(name),
  }));
};

/** What a training left beside its checkpoint has the same endings but is none. */
const withoutPreset = (name: string) => {
  try {
    return [{ name, config: loadCheckpoint(name).config, summary: '' }];
  } catch (error) {
    if (error instanceof ModelError) return [];
    throw error;
  }
};

const measured = (name: string) => {
  const found = readMeasurement(name);
  return {
    bitsPerByte: found?.bitsPerByte ?? null,
    coherence: found?.coherence ?? null,
    sramBytes: found?.sramBytes ?? null,
    flashBytes: found?.flashBytes ?? null,
    cyclesPerToken: found?.cyclesPerToken ?? null,
  };
};
