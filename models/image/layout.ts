/** Sizes, kinds and field offsets of the model image (IMAGE.md): what writer, reader and validator share. */
import { ffnRows, groupSize, type QuantizedShape, qkvRows, type WeightFormat } from '../quantized.ts';

export const headerBytes = 192;
export const tensorEntryBytes = 48;
export const layerEntryBytes = 16;
export const tableEntryBytes = 16;
export const regionEntryBytes = 12;
/** "SMP1" read as a little-endian u32. */
export const magic = 0x31504d53;
export const noArena = 0xffffffff;
export const noToken = 0xffff;
export const noLayer = 0xffff;
export const gainFormat = 16;
/** Formats of the float path's matrices and gains. */
export const singleFormat = 4;
export const singleGainFormat = 17;

/** Bytes of SRAM an image may plan for: 264 KB less the firmware's own code, data and stacks. */
export const defaultArenaLimit = 228 * 1024;
/** Bytes of flash an image may fill: 2 MB less the firmware's 256 KB. */
export const defaultFlashLimit = 2 * 1024 * 1024 - 256 * 1024;
/** What the engine takes of the SRAM behind the plan: deep models' bound layers (IMAGE.md, Regions). */
export const boundLayerBytes = (layers: number): number => (layers > 8 ? 128 * layers + 3 : 0);
/** Where the image lies in the address space. */
export const imageAddress = 0x10040000;

export const formatNumbers: Record<WeightFormat, number> = { int8: 1, int4: 2, int4g32: 3 };
export const familyNumbers = { llama: 1, starmind: 2 } as const;

export type TensorKind =
  | 'embedding'
  | 'attentionNorm'
  | 'wqkv'
  | 'wo'
  | 'ffnNorm'
  | 'w13'
  | 'w2'
  | 'finalNorm'
  | 'output';

/** In directory order; the number of a kind is its index plus 1. */
export const tensorKinds: TensorKind[] = [
  'embedding',
  'attentionNorm',
  'wqkv',
  'wo',
  'ffnNorm',
  'w13',
  'w2',
  'finalNorm',
  'output',
];

export const regionNames = [
  'KV cache',
  'residual',
  'activation',
  'wide buffer',
  'matvec output',
  'scores',
  'logits',
  'stream ring',
];

export const tableNames = ['sigma', 'exp', 'exp2', 'rope'] as const;
export type TableName = (typeof tableNames)[number];

export interface TensorSlot {
  kind: TensorKind;
  /** Undefined for tensors that are not per layer. */
  layer?: number;
  rows: number;
  columns: number;
  isGain: boolean;
}

/** Every tensor of the shape, in directory order. */
export function tensorSlots(shape: QuantizedShape): TensorSlot[] {
  const { vocabulary, dim, hidden, layers, heads, headSize, tied } = shape;
  const slots: TensorSlot[] = [];
  const matrix = (kind: TensorKind, rows: number, columns: number, layer?: number) =>
    slots.push({ kind, layer, rows, columns, isGain: false });
  const gain = (kind: TensorKind, layer?: number) =>
    slots.push({ kind, layer, rows: 1, columns: dim, isGain: true });
  matrix('embedding', vocabulary, dim);
  for (let layer = 0; layer < layers; layer++) {
    gain('attentionNorm', layer);
    matrix('wqkv', qkvRows(shape), dim, layer);
    matrix('wo', dim, heads * headSize, layer);
    gain('ffnNorm', layer);
    matrix('w13', ffnRows(shape), dim, layer);
    matrix('w2', dim, hidden, layer);
  }
  gain('finalNorm');
  if (!tied) matrix('output', vocabulary, dim);
  return slots;
}

export function pad(n: number, multiple: number): number {
  return Math.ceil(n / multiple) * multiple;
}

/** Rows that share a word of weights. */
export function rowLanes(format: WeightFormat): number {
  return format === 'int8' ? 4 : 8;
}

/** Bytes of the packed weights, group scales included. */
export function matrixBytes(format: WeightFormat, rows: number, columns: number): number {
  if (format === 'int8') return pad(rows, 4) * pad(columns, 4);
  const blocks = pad(rows, 8) / 8;
  if (format === 'int4') return blocks * 4 * pad(columns, 4);
  const groups = Math.ceil(columns / groupSize);
  return blocks * groups * (4 * groupSize + 16);
}

/** Bytes of the padded row scales. */
export function scaleBytes(format: WeightFormat, rows: number): number {
  return 2 * pad(rows, rowLanes(format));
}

/** Bytes of a table of the shape. */
export function tableBytes(name: TableName, shape: QuantizedShape, expEntries: number): number {
  if (name === 'sigma') return 2048;
  if (name === 'exp') return 2 * expEntries;
  if (name === 'exp2') return 512;
  return 4 * shape.context * Math.floor(shape.headSize / 2);
}

/** Tables an image of the shape has, in directory order. */
export function tablesOf({ family }: QuantizedShape): TableName[] {
  return family === 'llama' ? [...tableNames] : tableNames.slice(0, 3);
}

/**
 * Bytes at the start of the matvec output that hold queries, keys and values while attention uses the scores; what lies behind
 * them, and the logits, may share memory with the scores (IMAGE.md, Regions).
 */
export const outputBesideScores = (shape: QuantizedShape): number => 4 * pad(qkvRows(shape), 8);

/** Least bytes of the seven regions that every image has, in the order of their kinds 1..7; a float cache is four times as large. */
export function regionBytes(shape: QuantizedShape, isSingle = false): number[] {
  const { vocabulary, dim, hidden, layers, heads, kvHeads, headSize, context } = shape;
  const widest = Math.max(dim, hidden, heads * headSize);
  const output = Math.max(qkvRows(shape), ffnRows(shape), dim);
  return [
    (isSingle ? 8 : 2) * layers * kvHeads * headSize * pad(context, 4),
    4 * pad(dim, 4),
    4 * pad(widest, 4),
    4 * pad(widest, 4),
    4 * pad(output, 8),
    8 * pad(context, 4),
    4 * pad(vocabulary, 8),
  ];
}
