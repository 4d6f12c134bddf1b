/** The `bad-tensor` checks of IMAGE.md for one entry of the tensor directory. */
import type { WeightFormat } from '../quantized.ts';
import {
  gainFormat,
  matrixBytes,
  noArena,
  noLayer,
  pad,
  rowLanes,
  scaleBytes,
  singleFormat,
  singleGainFormat,
  type TensorSlot,
  tensorKinds,
} from './layout.ts';
import { type ImageView, isExponent, isPlaced, liesInFile } from './view.ts';

/** A tensor directory entry, decoded. */
export interface TensorEntry {
  kind: number;
  format: number;
  placement: number;
  pre: number;
  layer: number;
  exponent: number;
  rows: number;
  columns: number;
  dataOffset: number;
  dataBytes: number;
  scaleOffset: number;
  scaleBytes: number;
  dataArena: number;
  scaleArena: number;
  normC: number;
  normCe: number;
  /** Blocks of a tile and columns of an exact run, of streamed matrices. */
  tile: number;
  run: number;
}

export const formatsByNumber: Record<number, WeightFormat> = { 1: 'int8', 2: 'int4', 3: 'int4g32' };

export function readTensorEntry(view: DataView, at: number): TensorEntry {
  const u32 = (offset: number) => view.getUint32(at + offset, true);
  return {
    kind: view.getUint8(at),
    format: view.getUint8(at + 1),
    placement: view.getUint8(at + 2),
    pre: view.getUint8(at + 3),
    layer: view.getUint16(at + 4, true),
    exponent: view.getInt16(at + 6, true),
    rows: u32(8),
    columns: u32(12),
    dataOffset: u32(16),
    dataBytes: u32(20),
    scaleOffset: u32(24),
    scaleBytes: u32(28),
    dataArena: u32(32),
    scaleArena: u32(36),
    normC: view.getUint16(at + 40, true),
    normCe: view.getInt16(at + 42, true),
    tile: view.getUint16(at + 44, true),
    run: view.getUint16(at + 46, true),
  };
}

/** What is wrong with the entry at `at`, which should describe the tensor of this slot. */
export function tensorProblem(image: ImageView, slot: TensorSlot, at: number): string | undefined {
  const entry = readTensorEntry(image.view, at);
  const name = slot.layer === undefined ? slot.kind : `layer ${slot.layer} ${slot.kind}`;
  if (entry.kind !== tensorKinds.indexOf(slot.kind) + 1 || entry.layer !== (slot.layer ?? noLayer)) {
    return `kind ${entry.kind} layer ${entry.layer} where ${name} belongs`;
  }
  if (entry.rows !== slot.rows || entry.columns !== slot.columns) {
    return `${name} is ${entry.rows} x ${entry.columns}, the configuration needs ${slot.rows} x ${slot.columns}`;
  }
  if (!isExponent(entry.exponent)) return `${name} has exponent ${entry.exponent}`;
  const streamed = isStreamed(image, slot, entry);
  if (!streamed && (entry.tile !== 0 || entry.run !== 0)) return `${name}: reserved bytes are not zero`;
  const problem = image.header.isSingle
    ? singleProblem(image, slot, entry)
    : slot.isGain
      ? gainProblem(image, entry)
      : matrixProblem(image, slot, entry);
  if (problem !== undefined) return `${name}: ${problem}`;
  if (streamed) {
    const wrong = streamProblem(slot, entry);
    return wrong === undefined ? undefined : `${name}: ${wrong}`;
  }
  if (!isPlaced(image, entry.placement, entry.dataArena, entry.dataBytes)) {
    return `${name} is not placed in flash or inside the arena`;
  }
  return undefined;
}

/** Placement 2 of version 2. */
function isStreamed({ header }: ImageView, { isGain }: TensorSlot, { placement }: TensorEntry): boolean {
  return header.version > 1 && placement === 2 && !isGain && !header.isSingle;
}

/** A matrix or gain of the float path: its values and nothing else. */
function singleProblem(image: ImageView, slot: TensorSlot, entry: TensorEntry): string | undefined {
  const { format, pre, exponent, normC, normCe, dataBytes } = entry;
  if (format !== (slot.isGain ? singleGainFormat : singleFormat)) return `format ${format}`;
  if (pre !== 0 || exponent !== 0 || normC !== 0 || normCe !== 0)
    return 'it has constants of integer weights';
  if (entry.scaleOffset !== 0 || entry.scaleBytes !== 0 || entry.scaleArena !== noArena)
    return 'it has scales';
  if (dataBytes !== 4 * slot.rows * slot.columns || !liesInFile(image, entry.dataOffset, dataBytes))
    return 'data do not lie in the file';
  return undefined;
}

/** The checks of a streamed matrix that is otherwise good. */
function streamProblem({ rows, columns }: TensorSlot, entry: TensorEntry): string | undefined {
  const format = formatsByNumber[entry.format];
  const blocks = pad(rows, rowLanes(format)) / rowLanes(format);
  const padded = pad(columns, 4);
  const [least, most] = format === 'int4' ? [Math.min(32, padded), padded] : [0, 0];
  if (entry.scaleOffset !== 0 || entry.scaleBytes !== 0) return 'it has scales besides its tiles';
  if (entry.dataArena !== noArena || entry.scaleArena !== noArena) return 'it has a place in the arena';
  if (entry.run % 4 !== 0 || entry.run < least || entry.run > most) return `runs of ${entry.run} columns`;
  if (entry.tile < 1 || entry.tile > blocks || (entry.tile * entry.dataBytes) / blocks / 4 > 65536)
    return `tiles of ${entry.tile} blocks`;
  return undefined;
}

function gainProblem(image: ImageView, entry: TensorEntry): string | undefined {
  const { columns, dataOffset, dataBytes } = entry;
  if (entry.format !== gainFormat || entry.pre !== 0) return `format ${entry.format}, pre ${entry.pre}`;
  if (entry.normC < 0x8000 || !isExponent(entry.normCe))
    return `norm constant ${entry.normC} * 2^-${entry.normCe}`;
  if (dataBytes !== 2 * columns || !liesInFile(image, dataOffset, dataBytes))
    return 'data do not lie in the file';
  if (entry.scaleOffset !== 0 || entry.scaleBytes !== 0 || entry.scaleArena !== noArena)
    return 'it has scales';
  for (let i = 0; i < columns; i++) {
    if (image.view.getInt16(dataOffset + 2 * i, true) === -32768) return `gain ${i} is -32768`;
  }
  return undefined;
}

function matrixProblem(image: ImageView, slot: TensorSlot, entry: TensorEntry): string | undefined {
  const format = formatsByNumber[entry.format];
  if (format === undefined || entry.pre > 31) return `format ${entry.format}, pre ${entry.pre}`;
  if (entry.normC !== 0 || entry.normCe !== 0) return 'it has a norm constant';
  const scales = scaleBytes(format, slot.rows);
  const streamed = isStreamed(image, slot, entry);
  if (entry.dataBytes !== matrixBytes(format, slot.rows, slot.columns) + (streamed ? scales : 0))
    return `${entry.dataBytes} bytes of data`;
  if (!liesInFile(image, entry.dataOffset, entry.dataBytes)) return 'data do not lie in the file';
  if (!streamed) {
    if (entry.scaleBytes !== scales) return `${entry.scaleBytes} bytes of scales`;
    if (!liesInFile(image, entry.scaleOffset, entry.scaleBytes)) return 'scales do not lie in the file';
  }
  const shift = entry.exponent - image.header.residualFraction;
  if (slot.kind === 'embedding' && (shift < 0 || shift > 31)) return `we - Fx is ${shift}`;
  if (!streamed && !isPlaced(image, entry.placement, entry.scaleArena, entry.scaleBytes)) {
    return 'scales are not placed in flash or inside the arena';
  }
  return undefined;
}
