import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type Measurement, readMeasurement, writeMeasurement } from '../../../bench/models/measurement.ts';

const folder = mkdtempSync(join(tmpdir(), 'starmind-measurement-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const weights = join(folder, 'toy.safetensors');

const measurement = (weightsSha256: string): Measurement => ({
  schemaVersion: 1,
  name: 'toy',
  parameters: 10,
  weightsSha256,
  bitsPerByte: { float: 1, int8: 1.001, int4g32: 1.1, int4: 1.2 },
  coherence: 0.9,
  sramBytes: 100,
  flashBytes: 200,
  cyclesPerToken: 300,
  timingVersion: '1',
  firmwareSha256: '',
});

describe('a measurement', () => {
  it('is given for the weights it was made of, and for no others', () => {
    writeFileSync(weights, 'trained');
    writeMeasurement(measurement(createHash('sha256').update('trained').digest('hex')), folder);
    expect(readMeasurement('toy', folder, weights)).toMatchObject({ cyclesPerToken: 300 });
    writeFileSync(weights, 'trained again');
    expect(readMeasurement('toy', folder, weights)).toBeUndefined();
  });

  it('that is broken says how to make it again', () => {
    writeFileSync(join(folder, 'toy.json'), '{');
    expect(() => readMeasurement('toy', folder, weights)).toThrow(/starmind models --measure toy/);
  });

  it('of a model without weights is none', () => {
    expect(readMeasurement('absent', folder, join(folder, 'absent.safetensors'))).toBeUndefined();
  });
});
