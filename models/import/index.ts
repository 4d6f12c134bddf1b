/**
 * Other projects' models, told by what is in the files and never by their names. One path is enough where the other files
 * (tokenizer, configuration) lie beside it; several say exactly what belongs together; a folder is all that lies in it.
 */
import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type Checkpoint, checkTensors, readCheckpoint, sha256 } from '../checkpoint.ts';
import { ModelError } from '../errors.ts';
import { readSafetensors, type Tensor } from '../tensors/safetensors.ts';
import { BpeTokenizer, type TokenizerData, tokenizerFromLlama2c } from '../tokenizer/index.ts';
import { type FileKind, kindNames, kindOf } from './detect.ts';
import { importHuggingFace } from './huggingface.ts';
import { importHuggingFaceTokenizer } from './huggingface-tokenizer.ts';
import { readLlama2cModel } from './llama2c.ts';
import {
  type ImportNotes,
  isObject,
  largestFile,
  listSource,
  nameFromPath,
  readJsonSource,
  readSource,
  type SourceFile,
  shortName,
  siblings,
} from './source.ts';
import { importStarmind } from './starmind.ts';
import { asMerges, readStarmindVocabulary } from './starmind-tokenizer.ts';

export type { FileKind } from './detect.ts';
export type { ImportNotes } from './source.ts';

export interface Imported extends ImportNotes {
  checkpoint: Checkpoint;
  /** What the file was, for people: `llama2.c version 2 (Q8_0)`. */
  format: string;
  /** Every file that went in. */
  files: string[];
}

export interface ImportOptions {
  /** Name of the model, cut to 31 bytes. @default from the file's or folder's name */
  name?: string;
}

interface Found {
  path: string;
  kind: FileKind;
}

const modelKinds: FileKind[] = ['checkpoint', 'safetensors', 'safetensors-index', 'llama2c', 'starmind'];

/**
 * @param paths a model's file, its files, or its folder
 * @throws ModelError or TokenizerError: what is wrong, in which file, and what to do
 */
export function importModel(paths: string | readonly string[], options: ImportOptions = {}): Imported {
  const given = (typeof paths === 'string' ? [paths] : paths).flatMap(listSource).map(identify);
  const model = chooseModel(given, paths);
  const others = given.filter((file) => file !== model);
  const beside = given.length === 1 ? siblings(model.path).map(identify) : [];
  const imported = importers[model.kind]!(model, { given: others, beside });
  checkTensors(imported.checkpoint.config, imported.checkpoint.tensors, model.path);
  const name = shortName(options.name ?? imported.checkpoint.name);
  const { format, repairs } = imported;
  const training = imported.checkpoint.training ?? { importedFrom: format, repairs };
  return { ...imported, checkpoint: { ...imported.checkpoint, name, training } };
}

function identify(file: SourceFile): Found {
  return { path: file.path, kind: kindOf(file) };
}

function chooseModel(files: readonly Found[], paths: string | readonly string[]): Found {
  const where = typeof paths === 'string' ? paths : paths.join(', ');
  for (const kind of modelKinds) {
    const found = files.filter((file) => file.kind === kind);
    if (found.length === 1 || (kind === 'safetensors' && found.length > 1)) return found[0];
    if (found.length > 1) {
      const names = found.map((file) => basename(file.path)).join(', ');
      throw new ModelError(`${where}: ${found.length} models (${names}); name one of them`);
    }
  }
  const odd =
    files.length === 1
      ? `${where} is ${kindNames[files[0].kind]}`
      : `${where}: no model among ${files.length} files`;
  throw new ModelError(
    `${odd}. Models of llama2.c (.bin), Hugging Face Llama (safetensors with config.json) and the original Starmind (.bin) can be imported`,
  );
}

interface Company {
  /** Files that were given with the model. */
  given: readonly Found[];
  /** Files in the model's folder, when the model alone was given. */
  beside: readonly Found[];
}

type Importer = (model: Found, company: Company) => Imported;

const importers: Partial<Record<FileKind, Importer>> = {
  checkpoint: ({ path }) => ({
    checkpoint: readCheckpoint(path),
    format: 'starmind-pico checkpoint',
    files: [path.replace(/\.json$/, '.safetensors'), path],
    repairs: [],
    notes: [],
  }),
  safetensors: fromSafetensors,
  'safetensors-index': fromSafetensors,
  llama2c: fromLlama2c,
  starmind: fromStarmind,
};

function fromLlama2c({ path }: Found, company: Company): Imported {
  const bytes = readSource(path);
  const { version, config, fileContext, tensors } = readLlama2cModel(bytes, path);
  const tokenizer = llama2cTokenizer(path, config.vocabulary, company);
  const cut = `the context of ${fileContext} positions is cut to ${config.context}`;
  return {
    checkpoint: {
      name: nameFromPath(path),
      config,
      tensors,
      tokenizer: asSection(tokenizer.data),
      sha256: sha256(bytes),
    },
    format: `llama2.c version ${version}${version === 2 ? ' (Q8_0)' : ''}`,
    files: [path, tokenizer.path],
    repairs: [],
    notes: fileContext > config.context ? [cut] : [],
  };
}

/** The one that was given, or the only one beside the model that has as many tokens. */
function llama2cTokenizer(
  model: string,
  vocabulary: number,
  { given, beside }: Company,
): { path: string; data: TokenizerData } {
  const isTokenizer = ({ kind }: Found) => kind === 'llama2c-tokenizer';
  const stated = given.filter(isTokenizer);
  if (stated.length === 1) {
    const [{ path }] = stated;
    return { path, data: named(path, () => tokenizerFromLlama2c(readSource(path), vocabulary)) };
  }
  const fitting = [...stated, ...beside.filter(isTokenizer)].flatMap(({ path }) => {
    try {
      return [{ path, data: tokenizerFromLlama2c(readSource(path), vocabulary) }];
    } catch {
      return [];
    }
  });
  if (fitting.length === 1) return fitting[0];
  const problem =
    fitting.length === 0
      ? `no tokenizer.bin of ${vocabulary} tokens beside it`
      : `${fitting.length} tokenizers fit it`;
  throw new ModelError(`${model}: ${problem}; name the tokenizer's file after the model's`);
}

function fromSafetensors(model: Found, { given, beside }: Company): Imported {
  const all = [...given, ...beside];
  const facts = model.path.replace(/\.safetensors$/, '.json');
  const own = all.find(({ path, kind }) => kind === 'checkpoint' && path === facts);
  if (own !== undefined) return importers.checkpoint!(own, { given, beside });
  const config = only(
    all,
    'huggingface-config',
    `${model.path}: no config.json of a Llama model is beside it`,
  );
  const json = readJsonSource(config.path);
  const parts = safetensorsParts(model, given);
  const stored = readParts(parts);
  const read = importHuggingFace(json, stored.tensors, config.path);
  const tokenizer = tokenizerBeside(model.path, all, read.config.vocabulary, json);
  const ownName = typeof json['_name_or_path'] === 'string' ? basename(json['_name_or_path']) : '';
  return {
    checkpoint: {
      name: shortName(ownName || nameFromPath(model.path)),
      config: read.config,
      tensors: read.tensors,
      tokenizer: asSection(tokenizer.data),
      sha256: stored.sha256,
    },
    format: `Hugging Face Llama${parts.length > 1 ? ` in ${parts.length} parts` : ''}`,
    files: [...parts, config.path, tokenizer.path],
    repairs: [],
    notes: [...read.notes, ...tokenizer.notes],
  };
}

/** The files that the index lists, or every safetensors file that was given. */
function safetensorsParts(model: Found, given: readonly Found[]): string[] {
  if (model.kind === 'safetensors') {
    return [model, ...given.filter(({ kind }) => kind === 'safetensors')].map(({ path }) => path);
  }
  const map = readJsonSource(model.path)['weight_map'];
  const names = [...new Set(Object.values(isObject(map) ? map : {}))];
  const isPlain = (name: unknown): name is string => typeof name === 'string' && basename(name) === name;
  if (names.length === 0 || names.length > 64 || !names.every(isPlain)) {
    throw new ModelError(`${model.path}: weight_map must name 1 to 64 files in the same folder`);
  }
  return names.map((name) => {
    const part = join(dirname(model.path), name);
    if (!existsSync(part)) throw new ModelError(`${model.path} names ${name}, which is not beside it`);
    return part;
  });
}

function readParts(paths: readonly string[]): { tensors: Map<string, Tensor>; sha256: Uint8Array } {
  const tensors = new Map<string, Tensor>();
  const digests: Uint8Array[] = [];
  let total = 0;
  for (const path of paths) {
    const bytes = readSource(path);
    total += bytes.length;
    if (total > largestFile) throw new ModelError(`${path}: the parts together exceed ${largestFile} bytes`);
    for (const [name, tensor] of readSafetensors(bytes, path).tensors) {
      if (tensors.has(name))
        throw new ModelError(`${path}: tensor ${name} is in two files; name one model's files only`);
      tensors.set(name, tensor);
    }
    digests.push(sha256(bytes));
  }
  return { tensors, sha256: digests.length === 1 ? digests[0] : sha256(Buffer.concat(digests)) };
}

interface ReadTokenizer {
  path: string;
  data: TokenizerData;
  notes: string[];
}

function tokenizerBeside(
  model: string,
  all: readonly Found[],
  vocabulary: number,
  config: Record<string, unknown>,
): ReadTokenizer {
  const json = all.find(({ kind }) => kind === 'huggingface-tokenizer');
  if (json !== undefined) {
    const ids = { bos: idOf(config['bos_token_id']), eos: idOf(config['eos_token_id']) };
    const read = importHuggingFaceTokenizer(readJsonSource(json.path), vocabulary, ids, json.path);
    return { path: json.path, ...read };
  }
  const binary = all.find(({ kind }) => kind === 'llama2c-tokenizer');
  if (binary === undefined) {
    throw new ModelError(
      `${model}: no tokenizer.json (or llama2.c tokenizer.bin) is beside it; put it there or name it too`,
    );
  }
  const { path } = binary;
  return { path, data: named(path, () => tokenizerFromLlama2c(readSource(path), vocabulary)), notes: [] };
}

/** Some configurations list several ends; the first one counts. */
function idOf(value: unknown): number | null {
  const first = Array.isArray(value) ? value[0] : value;
  return Number.isInteger(first) && first >= 0 ? first : null;
}

function fromStarmind({ path }: Found, { given, beside }: Company): Imported {
  const vocabulary = starmindPartner(path, 'starmind-vocabulary', 'vocab', given, beside);
  if (vocabulary === undefined) {
    throw new ModelError(
      `${path}: its vocabulary (vocab_....bin) is not beside it; name that file after the model's`,
    );
  }
  const facts = starmindPartner(path, 'starmind-config', 'config', given, beside);
  const bytes = readSource(path);
  const read = importStarmind(bytes, facts === undefined ? undefined : readJsonSource(facts), path);
  const stored = readStarmindVocabulary(readSource(vocabulary), vocabulary);
  const tokenizer = asMerges(stored, read.config.vocabulary, vocabulary);
  const folder = basename(dirname(path));
  return {
    checkpoint: {
      name: shortName(folder === '.' || folder === '' ? nameFromPath(path) : folder),
      config: read.config,
      tensors: read.tensors,
      tokenizer: asSection(tokenizer.data),
      sha256: sha256(bytes),
    },
    format: `original Starmind, ${read.encoding}`,
    files: [path, vocabulary, ...(facts === undefined ? [] : [facts])],
    repairs: read.repairs,
    notes: [...read.notes, ...tokenizer.notes],
  };
}

/** The file that was given; else the one with the model's own suffix; else the only one of its kind beside the model. */
function starmindPartner(
  model: string,
  kind: FileKind,
  prefix: string,
  given: readonly Found[],
  beside: readonly Found[],
): string | undefined {
  const isOfKind = (file: Found) => file.kind === kind;
  const stated = given.filter(isOfKind);
  if (stated.length === 1) return stated[0].path;
  const candidates = [...stated, ...beside.filter(isOfKind)];
  const suffix = basename(model)
    .replace(/^model/, '')
    .replace(/\.bin$/, '');
  const own = candidates.find(({ path }) => basename(path).startsWith(`${prefix}${suffix}.`));
  return (own ?? (candidates.length === 1 ? candidates[0] : undefined))?.path;
}

function only(files: readonly Found[], kind: FileKind, problem: string): Found {
  const found = files.filter((file) => file.kind === kind);
  if (found.length === 1) return found[0];
  throw new ModelError(`${problem}; put it there, or name it after the model's file`);
}

function asSection(data: TokenizerData): Checkpoint['tokenizer'] {
  return { bos: data.bos, eos: data.eos, section: new BpeTokenizer(data).toSection() };
}

/** Errors of the tokenizer's reader, with the file they are about. */
function named<Result>(path: string, read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    throw new ModelError(`${path}: ${(error as Error).message}`);
  }
}
