/**
 * Every check of IMAGE.md, "What each check covers", in its order and with its error names. The firmware's validator
 * (`firmware/engine/image.c`) gives the same name for any bytes.
 */
import { configLimits } from '../config.ts';
import { crc32 } from './crc32.ts';
import { ImageError, type ImageErrorCode } from './errors.ts';
import {
  boundLayerBytes,
  defaultArenaLimit,
  defaultFlashLimit,
  headerBytes,
  layerEntryBytes,
  magic,
  noArena,
  outputBesideScores,
  pad,
  regionBytes,
  regionEntryBytes,
  rowLanes,
  tableBytes,
  tableEntryBytes,
  tablesOf,
  tensorEntryBytes,
  tensorSlots,
} from './layout.ts';
import { streamEntryBytes } from './stream-plan.ts';
import { formatsByNumber, readTensorEntry, type TensorEntry, tensorProblem } from './validate-tensor.ts';
import { tokenizerProblem } from './validate-tokenizer.ts';
import { type ImageView, isExponent, isPlaced, liesInFile, readHeader } from './view.ts';

export interface ImageLimits {
  /** @default 233,472 */
  arenaLimit?: number;
  /** @default 1,835,008 */
  flashLimit?: number;
}

/**
 * Every check of IMAGE.md, in its order.
 * @param bytes may go on after the image, as flash does
 * @returns the first error that applies, or undefined for a good image
 */
export function validateImage(bytes: Uint8Array, limits: ImageLimits = {}): ImageError | undefined {
  try {
    openImage(bytes, limits);
  } catch (error) {
    if (error instanceof ImageError) return error;
    throw error;
  }
  return undefined;
}

/** @throws ImageError, the first that applies. */
export function openImage(
  bytes: Uint8Array,
  { arenaLimit = defaultArenaLimit, flashLimit = defaultFlashLimit }: ImageLimits = {},
): ImageView {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const refuse = (code: ImageErrorCode, problem: string | undefined) => {
    if (problem !== undefined) throw new ImageError(code, problem);
  };
  checkEnvelope(bytes, view, refuse);
  const header = readHeader(view);
  const image: ImageView = { bytes: bytes.subarray(0, header.totalBytes), view, header };
  refuse('bad-config', configProblem(image));
  refuse('bad-directory', directoryProblem(image));
  tensorSlots(header.shape).forEach((slot, i) => {
    refuse('bad-tensor', tensorProblem(image, slot, header.tensors.offset + i * tensorEntryBytes));
  });
  refuse('bad-table', tableProblem(image));
  refuse('bad-region', regionProblem(image));
  refuse('bad-tokenizer', tokenizerProblem(image));
  refuse('overlap', overlapProblem(image));
  const { arenaBytes, totalBytes } = header;
  const sramBytes = arenaBytes + boundLayerBytes(header.shape.layers);
  if (sramBytes > arenaLimit) refuse('too-big-for-sram', `needs ${sramBytes} bytes, there are ${arenaLimit}`);
  if (totalBytes > flashLimit)
    refuse('too-big-for-flash', `takes ${totalBytes} bytes, there are ${flashLimit}`);
  return image;
}

type Refuse = (code: ImageErrorCode, problem: string | undefined) => void;

function checkEnvelope(bytes: Uint8Array, view: DataView, refuse: Refuse): void {
  if (bytes.length < 4 || view.getUint32(0, true) !== magic)
    refuse('no-model', 'it does not start with SMP1');
  if (bytes.length >= 6 && view.getUint16(4, true) !== 1 && view.getUint16(4, true) !== 2) {
    refuse('bad-version', `format version ${view.getUint16(4, true)}, this program reads 1 and 2`);
  }
  if (bytes.length < headerBytes) refuse('truncated', `${bytes.length} bytes are less than a header`);
  const total = view.getUint32(8, true);
  if (total > bytes.length) refuse('truncated', `${bytes.length} bytes of ${total} are there`);
  if (view.getUint16(6, true) !== headerBytes)
    refuse('bad-length', `header of ${view.getUint16(6, true)} bytes`);
  if (total < headerBytes || total % 16 !== 0) refuse('bad-length', `total of ${total} bytes`);
  const crc = crc32(bytes.subarray(16, total));
  if (crc !== view.getUint32(12, true)) {
    refuse('bad-crc', `bytes have ${hex(crc)}, the header says ${hex(view.getUint32(12, true))}`);
  }
}

function hex(value: number): string {
  return `0x${value.toString(16).padStart(8, '0')}`;
}

function configProblem({ bytes, view, header }: ImageView): string | undefined {
  const { shape } = header;
  const within = (value: number, least: number, most: number) => value >= least && value <= most;
  const family = view.getUint8(48);
  if (family !== 1 && family !== 2) return `family ${family}`;
  if (view.getUint8(49) > (header.version > 1 ? 3 : 1)) return `flags ${view.getUint8(49)}`;
  if (!isName(bytes.subarray(16, 48))) return 'name is not zero-terminated UTF-8';
  for (const field of [
    'vocabulary',
    'dim',
    'hidden',
    'layers',
    'context',
    'heads',
    'headSize',
    'kvHeads',
  ] as const) {
    if (!within(shape[field], 1, configLimits[field])) return `${field} ${shape[field]}`;
  }
  if (shape.heads * shape.headSize > 640) return `heads * headSize ${shape.heads * shape.headSize}`;
  if (shape.heads % shape.kvHeads !== 0)
    return `kvHeads ${shape.kvHeads} does not divide heads ${shape.heads}`;
  if (shape.family === 'llama' && shape.headSize % 2 !== 0) return `odd headSize ${shape.headSize}`;
  if (!within(header.residualFraction, 4, 20)) return `residual fraction ${header.residualFraction}`;
  if (!within(header.logitFraction, 8, 16)) return `logit fraction ${header.logitFraction}`;
  for (const field of ['qMax', 'kMax', 'vMax'] as const) {
    if (!within(header[field], 1, 127)) return `${field} ${header[field]}`;
  }
  if (header.normEps >= 2 ** 26) return `normEps ${header.normEps}`;
  for (const id of [header.bos, header.eos]) {
    if (id !== null && id >= shape.vocabulary) return `BOS or EOS ${id} outside the vocabulary`;
  }
  if (!within(header.expEntries, 2, 1024)) return `${header.expEntries} exp entries`;
  const reserved = [50, 51, 93, 94, 95, 106, 107, ...Array.from({ length: 12 }, (_, i) => 180 + i)].filter(
    (offset) => !(header.isSingle && offset >= 180 && offset < 184),
  );
  if (reserved.some((offset) => bytes[offset] !== 0)) return 'a reserved byte is not zero';
  return undefined;
}

function isName(field: Uint8Array): boolean {
  const end = field.indexOf(0);
  if (end < 0 || field.subarray(end).some((byte) => byte !== 0)) return false;
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(field.subarray(0, end));
    return true;
  } catch {
    return false;
  }
}

function directoryProblem(image: ImageView): string | undefined {
  const { header } = image;
  const { shape, tensors, layers, tables, regions, tokenizer } = header;
  const expected = { tensors: 2 + 6 * shape.layers + (shape.tied ? 0 : 1), tables: tablesOf(shape).length };
  if (tensors.count !== expected.tensors) return `${tensors.count} tensors, ${expected.tensors} expected`;
  if (tables.count !== expected.tables) return `${tables.count} tables, ${expected.tables} expected`;
  const regionCount = header.version === 1 ? 7 : 8;
  if (regions.count !== regionCount) return `${regions.count} regions, ${regionCount} expected`;
  const places: [string, number, number][] = [
    ['tensor directory', tensors.offset, tensors.count * tensorEntryBytes],
    ['layer parameters', layers.offset, layers.count * layerEntryBytes],
    ['table directory', tables.offset, tables.count * tableEntryBytes],
    ['region directory', regions.offset, regions.count * regionEntryBytes],
    ['tokenizer', tokenizer.offset, tokenizer.bytes],
  ];
  for (const [name, offset, bytes] of places) {
    if (!liesInFile(image, offset, bytes))
      return `${name} at ${offset}, ${bytes} bytes, does not lie in the file`;
  }
  for (let n = 0; n < shape.layers; n++) {
    const problem = layerProblem(image, layers.offset + n * layerEntryBytes);
    if (problem !== undefined) return `layer ${n}: ${problem}`;
  }
  return undefined;
}

function layerProblem({ view, header }: ImageView, at: number): string | undefined {
  const [qShift, kShift, vShift] = [1, 2, 3].map((i) => view.getUint8(at + i));
  const scoreMul = view.getUint16(at + 4, true);
  const scoreShift = view.getUint8(at + 6);
  const fz = view.getInt8(at + 7);
  const largestShift = header.shape.family === 'llama' ? 17 : 31;
  if (qShift > largestShift || kShift > largestShift || vShift > 31) return 'a shift is too large';
  if (scoreShift < 1 || scoreShift > 31) return `scoreShift ${scoreShift}`;
  if (!isExponent(view.getInt8(at))) return `fqkv ${view.getInt8(at)}`;
  if (fz < -10 || fz > 37) return `fz ${fz}`;
  const { headSize } = header.shape;
  if (2 * headSize * header.qMax * header.kMax * scoreMul + 2 ** (scoreShift - 1) >= 2 ** 32) {
    return `scoreMul ${scoreMul} overflows`;
  }
  if (view.getUint32(at + 8, true) !== 0 || view.getUint32(at + 12, true) !== 0)
    return 'reserved bytes are not zero';
  return undefined;
}

function tableProblem(image: ImageView): string | undefined {
  const { view, header } = image;
  for (const [i, name] of tablesOf(header.shape).entries()) {
    const at = header.tables.offset + i * tableEntryBytes;
    const offset = view.getUint32(at + 4, true);
    const bytes = view.getUint32(at + 8, true);
    if (view.getUint8(at) !== i + 1 || view.getUint16(at + 2, true) !== 0) return `entry ${i} is not ${name}`;
    if (bytes !== tableBytes(name, header.shape, header.expEntries)) return `${name} has ${bytes} bytes`;
    if (!liesInFile(image, offset, bytes)) return `${name} does not lie in the file`;
    if (!isPlaced(image, view.getUint8(at + 1), view.getUint32(at + 12, true), bytes)) {
      return `${name} is not placed in flash or inside the arena`;
    }
    const problem = name === 'exp' ? expProblem(image, offset) : undefined;
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function expProblem({ view, header }: ImageView, offset: number): string | undefined {
  const first = view.getUint16(offset, true);
  if (first < 128) return `exp starts with ${first}, at least 128 is needed`;
  if (header.shape.context * first * header.vMax >= 2 ** 31) return 'exp overflows over the whole context';
  for (let i = 1; i < header.expEntries; i++) {
    if (view.getUint16(offset + 2 * i, true) > first) return `exp entry ${i} exceeds the first`;
  }
  return undefined;
}

/** The table of the streamed matrices and two slots for the largest tile. */
function ringBytes({ view, header }: Pick<ImageView, 'view' | 'header'>): number {
  const entries = tensorSlots(header.shape).map((_, i) =>
    readTensorEntry(view, header.tensors.offset + i * tensorEntryBytes),
  );
  const streamed = entries.filter(({ placement }) => placement === 2);
  const tileBytes = ({ format, rows, dataBytes, tile }: TensorEntry) => {
    const lanes = rowLanes(formatsByNumber[format]);
    return (tile * dataBytes) / (pad(rows, lanes) / lanes);
  };
  return streamEntryBytes * streamed.length + 2 * Math.max(0, ...streamed.map(tileBytes));
}

function regionProblem(image: ImageView): string | undefined {
  const { view, header } = image;
  const leastBytes = regionBytes(header.shape, header.isSingle);
  if (header.version > 1) leastBytes.push(ringBytes({ view, header }));
  for (const [i, least] of leastBytes.entries()) {
    const at = header.regions.offset + i * regionEntryBytes;
    const bytes = view.getUint32(at + 8, true);
    if (view.getUint16(at, true) !== i + 1 || view.getUint16(at + 2, true) !== 0)
      return `entry ${i} has another kind`;
    if (bytes < least) return `region ${i + 1} has ${bytes} bytes, ${least} are needed`;
    if (!isPlaced(image, 1, view.getUint32(at + 4, true), bytes))
      return `region ${i + 1} is not inside the arena`;
  }
  return undefined;
}

function overlapProblem({ view, header }: ImageView): string | undefined {
  const ranges: { from: number; to: number; region?: number }[] = [];
  const add = (arenaAt: number, bytesAt: number, region?: number) => {
    const from = view.getUint32(arenaAt, true);
    const bytes = view.getUint32(bytesAt, true);
    if (from !== noArena && bytes > 0) ranges.push({ from, to: from + bytes, region });
  };
  for (let i = 0; i < header.tensors.count; i++) {
    const at = header.tensors.offset + i * tensorEntryBytes;
    add(at + 32, at + 20);
    add(at + 36, at + 28);
  }
  for (let i = 0; i < header.tables.count; i++) {
    const at = header.tables.offset + i * tableEntryBytes;
    add(at + 12, at + 8);
  }
  for (let i = 0; i < header.regions.count; i++) {
    const at = header.regions.offset + i * regionEntryBytes;
    add(at + 4, at + 8, i + 1);
  }
  // The logits are used when output and scores are not; the end of the output when the scores are not.
  const [output, scores, logits] = [5, 6, 7].map((kind) => ranges.find(({ region }) => region === kind)!);
  const others = ranges.filter((range) => range !== output && range !== scores && range !== logits);
  const queries = { from: output.from, to: output.from + outputBesideScores(header.shape) };
  return (
    shared([...others, output]) ??
    shared([...others, scores]) ??
    shared([...others, logits]) ??
    shared([queries, scores])
  );
}

function shared(ranges: { from: number; to: number }[]): string | undefined {
  const sorted = [...ranges].sort((a, b) => a.from - b.from);
  const i = sorted.findIndex(({ from }, n) => n > 0 && from < sorted[n - 1].to);
  return i < 0 ? undefined : `two ranges share arena offset ${sorted[i].from}`;
}
