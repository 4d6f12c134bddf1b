import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Checkpoint } from '../../models/checkpoint.ts';
import { readLlama2c } from '../../models/import/llama2c.ts';

/** Folder with other projects' models, which this repository does not hold; undefined when there is none. */
export const interopDir = process.env['STARMIND_INTEROP_DIR'];

/** The real stories260K, or undefined with a message that says how to provide it. */
export function stories260K(): Checkpoint | undefined {
  const folder = join(interopDir ?? '', 'llama2c');
  if (interopDir === undefined || !existsSync(join(folder, 'stories260K.bin'))) {
    console.warn(
      'skipped: set STARMIND_INTEROP_DIR to a folder with llama2c/stories260K.bin and llama2c/tok512.bin',
    );
    return undefined;
  }
  return readLlama2c(join(folder, 'stories260K.bin'), join(folder, 'tok512.bin'));
}
