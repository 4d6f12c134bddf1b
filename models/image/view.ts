/** An image's bytes with their decoded header: what the checks and the reader look through. */
import type { ModelFamily } from '../config.ts';
import type { QuantizedShape } from '../quantized.ts';
import { headerBytes, noArena, noToken } from './layout.ts';

/** An image's header, decoded and within its bounds. */
export interface ImageHeader {
  version: number;
  totalBytes: number;
  crc: number;
  shape: QuantizedShape;
  parameters: number;
  residualFraction: number;
  logitFraction: number;
  qMax: number;
  kMax: number;
  vMax: number;
  normEps: number;
  /** The weights are float: version 2 only. */
  isSingle: boolean;
  bos: number | null;
  eos: number | null;
  expEntries: number;
  arenaBytes: number;
  tensors: Directory;
  layers: Directory;
  tables: Directory;
  regions: Directory;
  tokenizer: { offset: number; bytes: number };
}

export interface Directory {
  offset: number;
  count: number;
}

/** The image's bytes with what the checks need to know of them. */
export interface ImageView {
  bytes: Uint8Array;
  view: DataView;
  header: ImageHeader;
}

/** A range that lies in the file: after the header, aligned, whole. */
export function liesInFile({ header }: ImageView, offset: number, bytes: number): boolean {
  return offset >= headerBytes && offset % 16 === 0 && offset + bytes <= header.totalBytes;
}

/** In flash (0) without an arena offset, or in SRAM (1), aligned and within the plan. */
export function isPlaced({ header }: ImageView, placement: number, arena: number, bytes: number): boolean {
  if (placement === 0) return arena === noArena;
  return placement === 1 && arena % 4 === 0 && arena + bytes <= header.arenaBytes;
}

export function isExponent(value: number): boolean {
  return value >= -64 && value <= 64;
}

/** Decodes the header without judging it; at least 192 bytes are there. */
export function readHeader(view: DataView): ImageHeader {
  const u32 = (offset: number) => view.getUint32(offset, true);
  const token = (offset: number) => {
    const id = view.getUint16(offset, true);
    return id === noToken ? null : id;
  };
  return {
    version: view.getUint16(4, true),
    totalBytes: u32(8),
    crc: u32(12),
    shape: {
      family: (view.getUint8(48) === 2 ? 'starmind' : 'llama') satisfies ModelFamily,
      vocabulary: u32(52),
      dim: u32(56),
      hidden: u32(60),
      layers: u32(64),
      heads: u32(68),
      kvHeads: u32(72),
      headSize: u32(76),
      context: u32(80),
      tied: (view.getUint8(49) & 1) === 1,
    },
    parameters: u32(84),
    residualFraction: view.getUint8(88),
    logitFraction: view.getUint8(89),
    qMax: view.getUint8(90),
    kMax: view.getUint8(91),
    vMax: view.getUint8(92),
    normEps: u32(96),
    isSingle: (view.getUint8(49) & 2) !== 0,
    bos: token(100),
    eos: token(102),
    expEntries: view.getUint16(104, true),
    arenaBytes: u32(108),
    tensors: { offset: u32(112), count: u32(116) },
    layers: { offset: u32(120), count: u32(64) },
    tables: { offset: u32(124), count: u32(128) },
    regions: { offset: u32(132), count: u32(136) },
    tokenizer: { offset: u32(140), bytes: u32(144) },
  };
}
