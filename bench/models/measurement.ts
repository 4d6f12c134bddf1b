/**
 * What is known of a trained model, in `fixtures/models/NAME.json`: one command measures it all again
 * (`starmind models --measure`), and the digest of the weights says what the numbers belong to.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkpointsFolder, ModelError } from '../../models/index.ts';
import { writeWhole } from '../cli/files.ts';

export const MEASUREMENT_FOLDER = fileURLToPath(new URL('../../fixtures/models/', import.meta.url));
export const MEASUREMENT_SCHEMA_VERSION = 1;

export interface Measurement {
  schemaVersion: number;
  name: string;
  parameters: number;
  /** SHA-256 of the safetensors file. */
  weightsSha256: string;
  /** On held-out stories of what it was trained on. */
  bitsPerByte: { float: number; int8: number; int4g32: number; int4: number };
  /**
   * Share of the sentences of 200 stories, sampled from the float model at temperature 0.8, that the grammar can produce; null for
   * a model of other text.
   */
  coherence: number | null;
  /** Of the int8 image. */
  sramBytes: number;
  flashBytes: number;
  /** Median of 64 greedy tokens, int8, one run of the emulator. */
  cyclesPerToken: number;
  timingVersion: string;
  firmwareSha256: string;
}

export const writeMeasurement = (measurement: Measurement, folder = MEASUREMENT_FOLDER): string => {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${measurement.name}.json`);
  writeWhole(path, `${JSON.stringify(measurement, null, 2)}\n`);
  return path;
};

/** What was measured of these very weights; undefined when nothing was, or of others. */
export const readMeasurement = (
  name: string,
  folder = MEASUREMENT_FOLDER,
  weights = join(checkpointsFolder, `${name}.safetensors`),
): Measurement | undefined => {
  const path = join(folder, `${name}.json`);
  if (!existsSync(path) || !existsSync(weights)) return undefined;
  let measurement: Measurement;
  try {
    measurement = JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    throw new ModelError(`${path}: not JSON; make it again with  starmind models --measure ${name}`);
  }
  if (measurement.schemaVersion !== MEASUREMENT_SCHEMA_VERSION) return undefined;
  const digest = createHash('sha256').update(readFileSync(weights)).digest('hex');
  return measurement.weightsSha256 === digest ? measurement : undefined;
};
