/** Reads a model image back into the numbers it holds, after every check of IMAGE.md. */
import type { QuantizedGain, QuantizedMatrix, QuantizedModel, SingleWeights } from '../quantized.ts';
import { emptyModel } from '../single.ts';
import {
  layerEntryBytes,
  pad,
  regionEntryBytes,
  regionNames,
  rowLanes,
  scaleBytes,
  type TensorSlot,
  tableEntryBytes,
  tablesOf,
  tensorEntryBytes,
  tensorSlots,
} from './layout.ts';
import { unpackMatrix, unpackTiles } from './pack.ts';
import { slotName } from './plan.ts';
import { type ImageLimits, openImage } from './validate.ts';
import { formatsByNumber, readTensorEntry, type TensorEntry } from './validate-tensor.ts';
import type { ImageView } from './view.ts';

/** A valid image, unpacked. */
export interface ParsedImage {
  model: QuantizedModel;
  /** Bytes of the image in flash. */
  imageBytes: number;
  crc: number;
  /** Bytes of SRAM the image plans for. */
  arenaBytes: number;
  /** Where the weights lie: `streamed` when any are, `pinned` when some are in SRAM and others read in place. */
  placement: 'sram' | 'pinned' | 'streamed' | 'xip';
  /** What lies where in SRAM. */
  sram: { name: string; offset: number; bytes: number }[];
}

/**
 * @param bytes an image, which may be followed by other bytes
 * @throws ImageError with the code of the first check that fails
 */
export function readImage(bytes: Uint8Array, limits: ImageLimits = {}): ParsedImage {
  const image = openImage(bytes, limits);
  const { header } = image;
  const slots = tensorSlots(header.shape);
  const matrices = new Map<string, QuantizedMatrix>();
  const gains = new Map<string, QuantizedGain>();
  slots.forEach((slot, i) => {
    const at = header.tensors.offset + i * tensorEntryBytes;
    if (header.isSingle) return;
    if (slot.isGain) gains.set(slotName(slot), readGain(image, at));
    else matrices.set(slotName(slot), readMatrix(image, slot, at));
  });
  const { shape, parameters, residualFraction, logitFraction, qMax, kMax, vMax, normEps, bos, eos } = header;
  const empty = header.isSingle ? emptyModel(shape) : undefined;
  const model: QuantizedModel = {
    name: readName(image),
    shape,
    parameters,
    residualFraction,
    logitFraction,
    qMax,
    kMax,
    vMax,
    normEps,
    bos,
    eos,
    single: header.isSingle ? readSingle(image, slots) : undefined,
    embedding: empty?.embedding ?? matrices.get('embedding')!,
    layers:
      empty?.layers ??
      Array.from({ length: shape.layers }, (_, n) => ({
        attentionNorm: gains.get(`layer ${n} attentionNorm`)!,
        wqkv: matrices.get(`layer ${n} wqkv`)!,
        wo: matrices.get(`layer ${n} wo`)!,
        ffnNorm: gains.get(`layer ${n} ffnNorm`)!,
        w13: matrices.get(`layer ${n} w13`)!,
        w2: matrices.get(`layer ${n} w2`)!,
        constants: readConstants(image, n),
      })),
    finalNorm: empty?.finalNorm ?? gains.get('finalNorm')!,
    output: empty?.output ?? matrices.get('output'),
    tables: readTables(image),
    tokenizerSection: slice(image, header.tokenizer.offset, header.tokenizer.bytes),
    checkpointSha256: slice(image, 148, 32),
  };
  const { totalBytes: imageBytes, crc, arenaBytes } = header;
  const placement = placementOf(image, slots);
  return { model, imageBytes, crc, arenaBytes, placement, sram: sramRanges(image, slots) };
}

function readSingle(image: ImageView, slots: TensorSlot[]): SingleWeights {
  const { view, header } = image;
  const tensors = slots.map((_, i) => {
    const { dataOffset, dataBytes } = readTensorEntry(view, header.tensors.offset + i * tensorEntryBytes);
    return Float32Array.from({ length: dataBytes / 4 }, (__, k) => view.getFloat32(dataOffset + 4 * k, true));
  });
  const [embedding, ...others] = tensors;
  const layers = Array.from({ length: header.shape.layers }, (_, n) => {
    const [attentionNorm, wqkv, wo, ffnNorm, w13, w2] = others.slice(6 * n, 6 * n + 6);
    return { attentionNorm, wqkv, wo, ffnNorm, w13, w2 };
  });
  const [finalNorm, output] = others.slice(6 * header.shape.layers);
  return { normEps: view.getFloat32(180, true), embedding, layers, finalNorm, output };
}

function placementOf({ view, header }: ImageView, slots: TensorSlot[]): ParsedImage['placement'] {
  const matrices = slots.flatMap(({ isGain }, i) => (isGain ? [] : [i]));
  const found = new Set(matrices.map((i) => view.getUint8(header.tensors.offset + i * tensorEntryBytes + 2)));
  if (found.has(2)) return 'streamed';
  if (found.has(1)) return found.has(0) ? 'pinned' : 'sram';
  return 'xip';
}

function slice({ bytes }: ImageView, offset: number, length: number): Uint8Array {
  return bytes.slice(offset, offset + length);
}

function readName({ bytes }: ImageView): string {
  const field = bytes.subarray(16, 48);
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(field.subarray(0, field.indexOf(0)));
}

function readMatrix(image: ImageView, { rows, columns }: TensorSlot, at: number): QuantizedMatrix {
  const entry = readTensorEntry(image.view, at);
  const format = formatsByNumber[entry.format];
  const { data, scales } = matrixParts(image, entry);
  return {
    format,
    rows,
    columns,
    ...unpackMatrix(data, format, rows, columns),
    rowScales: readU16(scales, 0, rows),
    exponent: entry.exponent,
    pre: entry.pre,
  };
}

/** Packed words and padded row scales. */
function matrixParts(image: ImageView, entry: TensorEntry): { data: Uint8Array; scales: Uint8Array } {
  const { format, rows, tile, dataOffset, dataBytes, scaleOffset } = entry;
  const bytes = scaleBytes(formatsByNumber[format], rows);
  if (tile === 0)
    return { data: slice(image, dataOffset, dataBytes), scales: slice(image, scaleOffset, bytes) };
  const lanes = rowLanes(formatsByNumber[format]);
  return unpackTiles(slice(image, dataOffset, dataBytes), bytes, pad(rows, lanes) / lanes, tile);
}

function readGain(image: ImageView, at: number): QuantizedGain {
  const { columns, dataOffset, exponent, normC, normCe } = readTensorEntry(image.view, at);
  const gains = new Int16Array(readU16(image.bytes, dataOffset, columns));
  return { gains, exponent, normC, normCe };
}

function readU16(bytes: Uint8Array, offset: number, count: number): Uint16Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return Uint16Array.from({ length: count }, (_, i) => view.getUint16(offset + 2 * i, true));
}

function readConstants({ view, header }: ImageView, n: number) {
  const at = header.layers.offset + n * layerEntryBytes;
  return {
    fqkv: view.getInt8(at),
    qShift: view.getUint8(at + 1),
    kShift: view.getUint8(at + 2),
    vShift: view.getUint8(at + 3),
    scoreMul: view.getUint16(at + 4, true),
    scoreShift: view.getUint8(at + 6),
    fz: view.getInt8(at + 7),
  };
}

function readTables(image: ImageView): QuantizedModel['tables'] {
  const { view, header } = image;
  const [sigma, exp, exp2, rope] = tablesOf(header.shape).map((_, i) => {
    const at = header.tables.offset + i * tableEntryBytes;
    return readU16(image.bytes, view.getUint32(at + 4, true), view.getUint32(at + 8, true) / 2);
  });
  return { sigma, exp, exp2, rope: rope === undefined ? undefined : new Int16Array(rope) };
}

function sramRanges({ view, header }: ImageView, slots: TensorSlot[]): ParsedImage['sram'] {
  const ranges: ParsedImage['sram'] = regionNames.slice(0, header.regions.count).map((name, i) => {
    const at = header.regions.offset + i * regionEntryBytes;
    return { name, offset: view.getUint32(at + 4, true), bytes: view.getUint32(at + 8, true) };
  });
  slots.forEach((slot, i) => {
    const entry = readTensorEntry(view, header.tensors.offset + i * tensorEntryBytes);
    if (entry.placement !== 1) return;
    ranges.push({ name: slotName(slot), offset: entry.dataArena, bytes: entry.dataBytes });
    if (!slot.isGain) {
      ranges.push({ name: `${slotName(slot)} scales`, offset: entry.scaleArena, bytes: entry.scaleBytes });
    }
  });
  tablesOf(header.shape).forEach((name, i) => {
    const at = header.tables.offset + i * tableEntryBytes;
    if (view.getUint8(at + 1) === 0) return;
    ranges.push({
      name: `table ${name}`,
      offset: view.getUint32(at + 12, true),
      bytes: view.getUint32(at + 8, true),
    });
  });
  return ranges.sort((a, b) => a.offset - b.offset);
}
