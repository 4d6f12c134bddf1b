/** Any model by name or path: a committed checkpoint, a checkpoint of one's own, an image, or another project's files. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ModelError } from '../errors.ts';
import { type ParsedImage, readImage } from '../image/read.ts';
import { checkpointNames, checkpointsFolder, loadCheckpoint } from '../index.ts';
import { type Imported, importModel } from './index.ts';
import { listSource, readSource } from './source.ts';

export type OpenedModel =
  | { kind: 'checkpoint'; name: string; imported: Imported }
  | { kind: 'image'; name: string; image: ParsedImage; path: string };

/** @throws ModelError when there is no such model, or it is broken */
export function openModel(nameOrPath: string): OpenedModel {
  if (checkpointNames().includes(nameOrPath)) {
    return asOpened(importModel(join(checkpointsFolder, `${nameOrPath}.json`)));
  }
  if (existsSync(nameOrPath)) {
    const files = listSource(nameOrPath);
    const isImage =
      files.length === 1 && Buffer.from(files[0].beginning).toString('latin1').startsWith('SMP1');
    return isImage || nameOrPath.endsWith('.smp') ? openImage(nameOrPath) : asOpened(importModel(nameOrPath));
  }
  const stem = ['.json', '/model.json']
    .map((ending) => `${nameOrPath}${ending}`)
    .find((path) => existsSync(path));
  if (stem !== undefined) return asOpened(importModel(stem));
  const checkpoint = loadCheckpoint(nameOrPath);
  return asOpened({ checkpoint, format: 'starmind-pico checkpoint', files: [], repairs: [], notes: [] });
}

function asOpened(imported: Imported): OpenedModel {
  return { kind: 'checkpoint', name: imported.checkpoint.name, imported };
}

function openImage(path: string): OpenedModel {
  const bytes = readSource(path);
  try {
    const image = readImage(bytes);
    return { kind: 'image', name: image.model.name, image, path };
  } catch (error) {
    throw error instanceof ModelError ? new ModelError(`${path}: ${error.message}`) : error;
  }
}
