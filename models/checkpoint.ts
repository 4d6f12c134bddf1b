/**
 * A checkpoint is a pair of files, `NAME.safetensors` and `NAME.json`, beside each other (a folder NAME holding
 * `model.safetensors` and `model.json` also serves).
 *
 * NAME.json, schema version 1:
 * ```
 * {
 *   "schema": "starmind-checkpoint",
 *   "schemaVersion": 1,
 *   "name": "story-90k",               at most 31 UTF-8 bytes: it goes into the image header
 *   "config": { family, vocabulary, dim, hidden, layers, heads, kvHeads, headSize, context, tied, ropeTheta, normEps },
 *   "tokenizer": {
 *     "bos": 1, "eos": 2,              ids, or null where there is none
 *     "section": "base64"              the tokenizer section of IMAGE.md, byte for byte
 *   },
 *   "grid": "int4",                    optional: every row (int4) or group of 32 (int4g32) of every matrix is whole numbers, -8..7, of a
 *                                      scale of its own, as training for that format leaves it; quantizing then keeps the weights
 *   "calibration": [[1, 2, ...], ...], optional: token sequences for quantization (about 8 of up to `context` tokens)
 *   "training": { ... }                optional: free facts for people (corpus, seed, steps, tokens, losses, minutes)
 * }
 * ```
 *
 * NAME.safetensors: float32, `W (rows = outputs, columns = inputs)`, so `y = W x`. Norm gains are vectors of `dim`.
 * ```
 * embed_tokens.weight                  (vocabulary, dim)
 * layers.N.input_norm.weight           (dim)
 * layers.N.attention.q.weight          (heads * headSize, dim)
 * layers.N.attention.k.weight          (kvHeads * headSize, dim)
 * layers.N.attention.v.weight          (kvHeads * headSize, dim)
 * layers.N.attention.o.weight          (dim, heads * headSize)
 * layers.N.post_norm.weight            (dim)
 * layers.N.ffn.gate.weight             (hidden, dim)      llama only
 * layers.N.ffn.up.weight               (hidden, dim)
 * layers.N.ffn.down.weight             (dim, hidden)
 * norm.weight                          (dim)
 * output.weight                        (vocabulary, dim)  only when not tied
 * ```
 * Rotary pairs are interleaved, (2i, 2i+1) within each head, turned by `position * ropeTheta^(-2i / headSize)`.
 * Attention scores are divided by sqrt(headSize); query head h reads key-value head floor(h / (heads / kvHeads)).
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { checkConfig, type ModelConfig } from './config.ts';
import { ModelError } from './errors.ts';
import { readSafetensors, type Tensor, writeSafetensors } from './tensors/safetensors.ts';

/** A trained model: shape, tensors by name (F32) and tokenizer, as NAME.json and NAME.safetensors have them. */
export interface Checkpoint {
  name: string;
  config: ModelConfig;
  tensors: Map<string, Tensor>;
  tokenizer: CheckpointTokenizer;
  /** Token sequences to calibrate quantization with. */
  calibration?: number[][];
  /** Rows or groups of all matrices are whole numbers of a scale of their own, within the range of this format. */
  grid?: 'int4' | 'int4g32';
  /** Free facts about the training, for people. */
  training?: Record<string, unknown>;
  /** SHA-256 of the safetensors bytes; filled by loading and saving. */
  sha256?: Uint8Array;
}

/** A checkpoint's tokenizer; the ids are null where there are none. */
export interface CheckpointTokenizer {
  bos: number | null;
  eos: number | null;
  /** The tokenizer section of IMAGE.md. */
  section: Uint8Array;
}

/** Schema version of NAME.json that this code writes and the only one it reads. */
export const checkpointSchemaVersion = 1;

/** Name and shape of every tensor of a configuration, in file order. */
export function tensorShapes(config: ModelConfig): Map<string, number[]> {
  const { vocabulary, dim, hidden, layers, heads, kvHeads, headSize, family, tied } = config;
  const shapes = new Map<string, number[]>([['embed_tokens.weight', [vocabulary, dim]]]);
  for (let layer = 0; layer < layers; layer++) {
    const prefix = `layers.${layer}`;
    shapes.set(`${prefix}.input_norm.weight`, [dim]);
    shapes.set(`${prefix}.attention.q.weight`, [heads * headSize, dim]);
    shapes.set(`${prefix}.attention.k.weight`, [kvHeads * headSize, dim]);
    shapes.set(`${prefix}.attention.v.weight`, [kvHeads * headSize, dim]);
    shapes.set(`${prefix}.attention.o.weight`, [dim, heads * headSize]);
    shapes.set(`${prefix}.post_norm.weight`, [dim]);
    if (family === 'llama') shapes.set(`${prefix}.ffn.gate.weight`, [hidden, dim]);
    shapes.set(`${prefix}.ffn.up.weight`, [hidden, dim]);
    shapes.set(`${prefix}.ffn.down.weight`, [dim, hidden]);
  }
  shapes.set('norm.weight', [dim]);
  if (!tied) shapes.set('output.weight', [vocabulary, dim]);
  return shapes;
}

/** @throws ModelError when a tensor is missing, superfluous, of the wrong shape, or not finite. */
export function checkTensors(
  config: ModelConfig,
  tensors: ReadonlyMap<string, Tensor>,
  what = 'checkpoint',
): void {
  const shapes = tensorShapes(config);
  for (const [name, shape] of shapes) {
    const tensor = tensors.get(name);
    if (tensor === undefined) throw new ModelError(`${what}: tensor ${name} is missing`);
    if (tensor.shape.join() !== shape.join()) {
      throw new ModelError(
        `${what}: tensor ${name} is [${tensor.shape}], the configuration needs [${shape}]`,
      );
    }
    const bad = tensor.data.findIndex((value) => !Number.isFinite(value));
    if (bad >= 0) throw new ModelError(`${what}: tensor ${name} holds ${tensor.data[bad]} at element ${bad}`);
  }
  for (const name of tensors.keys()) {
    if (!shapes.has(name))
      throw new ModelError(`${what}: tensor ${name} does not belong to the configuration`);
  }
}

/**
 * Reads a checkpoint.
 * @param path `DIR/NAME`, `DIR/NAME.safetensors`, `DIR/NAME.json`, or a folder with model.safetensors and model.json.
 * @throws ModelError when a file is missing or wrong.
 */
export function readCheckpoint(path: string): Checkpoint {
  const stem = checkpointStem(path);
  const facts = parseFacts(readInput(`${stem}.json`), `${stem}.json`);
  const bytes = readInput(`${stem}.safetensors`);
  const { tensors } = readSafetensors(bytes, `${stem}.safetensors`);
  checkTensors(facts.config, tensors, `${stem}.safetensors`);
  return { ...facts, tensors, sha256: sha256(bytes) };
}

/** Writes `DIR/NAME.safetensors` and `DIR/NAME.json`, each complete before it replaces an older one. */
export async function writeCheckpoint(stem: string, checkpoint: Checkpoint): Promise<void> {
  const { name, config, tensors, tokenizer, calibration, grid, training } = checkpoint;
  checkTensors(checkConfig(config), tensors);
  const ordered = new Map([...tensorShapes(config).keys()].map((key) => [key, tensors.get(key)!]));
  const bytes = writeSafetensors(ordered, { format: 'pt', name });
  const { bos, eos, section } = tokenizer;
  const facts = {
    schema: 'starmind-checkpoint',
    schemaVersion: checkpointSchemaVersion,
    name,
    config: checkConfig(config),
    tokenizer: { bos, eos, section: Buffer.from(section).toString('base64') },
    grid,
    training,
    calibration,
  };
  await mkdir(dirname(stem), { recursive: true });
  await replaceFile(`${stem}.safetensors`, bytes);
  await replaceFile(`${stem}.json`, new TextEncoder().encode(`${factsJson(facts)}\n`));
}

// Numbers of a calibration sequence belong on one line, everything else on a line each.
function factsJson({ calibration, ...facts }: { calibration?: number[][] }): string {
  const json = JSON.stringify(facts, null, 2);
  if (calibration === undefined) return json;
  const lines = calibration.map((sequence) => `    ${JSON.stringify(sequence)}`).join(',\n');
  return `${json.slice(0, -2)},\n  "calibration": [\n${lines}\n  ]\n}`;
}

/** Writes a file that is whole or not there: beside its place first. */
export async function replaceFile(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    await writeFile(temporary, bytes);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

function checkpointStem(path: string): string {
  if (existsSync(path) && statSync(path).isDirectory()) {
    const own = join(path, basename(path));
    return existsSync(`${own}.json`) ? own : join(path, 'model');
  }
  return path.replace(/\.(safetensors|json)$/, '');
}

function readInput(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    throw new ModelError(
      code === 'ENOENT' ? `no checkpoint: ${path} does not exist` : `cannot read ${path}: ${code}`,
    );
  }
}

function parseFacts(bytes: Uint8Array, what: string): Omit<Checkpoint, 'tensors'> {
  const facts = parseJson(bytes, what);
  if (facts['schema'] !== 'starmind-checkpoint') throw new ModelError(`${what}: not a starmind checkpoint`);
  if (facts['schemaVersion'] !== checkpointSchemaVersion) {
    throw new ModelError(
      `${what}: schema version ${JSON.stringify(facts['schemaVersion'])}, this program reads ${checkpointSchemaVersion}`,
    );
  }
  const config = checkConfig(facts['config'] as ModelConfig, `${what}: config`);
  const name = facts['name'];
  if (typeof name !== 'string' || name === '' || new TextEncoder().encode(name).length > 31) {
    throw new ModelError(`${what}: name must be 1 to 31 bytes of text`);
  }
  return {
    name,
    config,
    tokenizer: parseTokenizer(facts['tokenizer'], config, what),
    calibration: parseCalibration(facts['calibration'], config, what),
    grid: parseGrid(facts['grid'], what),
    training: facts['training'] as Record<string, unknown> | undefined,
  };
}

function parseTokenizer(value: unknown, config: ModelConfig, what: string): CheckpointTokenizer {
  const { bos, eos, section } = (value ?? {}) as Record<string, unknown>;
  const isId = (id: unknown): id is number | null =>
    id === null || (Number.isInteger(id) && (id as number) >= 0 && (id as number) < config.vocabulary);
  if (!isId(bos) || !isId(eos)) throw new ModelError(`${what}: tokenizer.bos and .eos must be ids or null`);
  if (typeof section !== 'string') throw new ModelError(`${what}: tokenizer.section must be base64 text`);
  return { bos, eos, section: new Uint8Array(Buffer.from(section, 'base64')) };
}

function parseCalibration(value: unknown, config: ModelConfig, what: string): number[][] | undefined {
  if (value === undefined) return undefined;
  const isToken = (id: unknown) =>
    Number.isInteger(id) && (id as number) >= 0 && (id as number) < config.vocabulary;
  const isSequence = (ids: unknown) =>
    Array.isArray(ids) && ids.length <= config.context && ids.every(isToken);
  if (!Array.isArray(value) || !value.every(isSequence)) {
    throw new ModelError(`${what}: calibration must be lists of token ids, none longer than the context`);
  }
  return value as number[][];
}

function parseGrid(value: unknown, what: string): Checkpoint['grid'] {
  if (value === undefined || value === 'int4' || value === 'int4g32') return value;
  throw new ModelError(`${what}: unknown grid ${JSON.stringify(value)}; known are "int4" and "int4g32"`);
}

function parseJson(bytes: Uint8Array, what: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(bytes));
  } catch (error) {
    throw new ModelError(`${what}: not JSON (${(error as Error).message})`);
  }
  if (typeof value !== 'object' || value === null) throw new ModelError(`${what}: not a JSON object`);
  return value as Record<string, unknown>;
}

/** SHA-256 digest, 32 bytes. */
export function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(bytes).digest());
}
