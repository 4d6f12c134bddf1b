import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadModel } from '../../bench/target/model.ts';
import { openModel } from '../../models/import/open.ts';
import { buildImage, defaultArenaLimit } from '../../models/index.ts';
import { interopDir } from '../models/interop.ts';
import { onEmulator, onHost, outcome } from './support/bench.ts';

const path = join(interopDir ?? '', 'llama2c', 'stories260K.bin');
const isHere = interopDir !== undefined && existsSync(path);
if (!isHere) console.warn('skipped: set STARMIND_INTEROP_DIR to a folder with llama2c/stories260K.bin');

/** Enough to see that it tells its story, and every logit of it. */
const ASKED = { prompt: 'Once upon a time', tokens: 12, logits: true };

describe.skipIf(!isHere)('the real stories260K.bin, as the file is, on the emulated Pico', () => {
  it.each(['int8', 'int4g32', 'int4'] as const)(
    'tells in %s what the host tells, logit by logit',
    async (format) => {
      const model = loadModel(path, { format, context: 256 });
      const [host, emulator] = [await onHost(model, ASKED), await onEmulator(model, ASKED)];
      expect(outcome(emulator)).toEqual(outcome(host));
      expect(model.decode(host.tokens)).toMatch(/^, there was a little/);
    },
  );

  it('lies in SRAM in int4 with all its weights, tables and 256 positions of keys and values', () => {
    const opened = openModel(path);
    if (opened.kind !== 'checkpoint') throw new Error('not a float model');
    const { plan } = buildImage(opened.imported.checkpoint, { format: 'int4', context: 256 });
    expect(plan.tensors.length).toBeGreaterThan(20);
    expect(plan.tensors.every(({ placement }) => placement === 'sram')).toBe(true);
    expect(plan.tables.every(({ placement }) => placement === 'sram')).toBe(true);
    expect(plan.arenaBytes).toBeLessThanOrEqual(defaultArenaLimit);
  });
});
