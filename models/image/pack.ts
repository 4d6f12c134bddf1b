/** Weights as the kernels read them (IMAGE.md, "How weights lie"), and back. */
import { groupSize, type QuantizedMatrix, type WeightFormat } from '../quantized.ts';
import { matrixBytes, pad, rowLanes } from './layout.ts';

/** Word of a column within its block, counting the group scales' words. */
function wordIndex(format: WeightFormat, column: number): number {
  return format === 'int4g32' ? column + 4 * (Math.floor(column / groupSize) + 1) : column;
}

function blockWords(format: WeightFormat, rows: number, columns: number): number {
  return matrixBytes(format, rows, columns) / 4 / (pad(rows, rowLanes(format)) / rowLanes(format));
}

/** Packed bytes of a matrix; padding has weight and scale zero. */
export function packMatrix({ format, rows, columns, weights, groupScales }: QuantizedMatrix): Uint8Array {
  const bytes = new Uint8Array(matrixBytes(format, rows, columns));
  const view = new DataView(bytes.buffer);
  const lanes = rowLanes(format);
  const words = blockWords(format, rows, columns);
  const paddedColumns = pad(columns, format === 'int4g32' ? groupSize : 4);
  const groups = Math.ceil(columns / groupSize);
  for (let row = 0; row < pad(rows, lanes); row++) {
    const block = Math.floor(row / lanes) * words * 4;
    const lane = row % lanes;
    for (let k = 0; k < paddedColumns; k++) {
      const weight = row < rows && k < columns ? weights[row * columns + k] : 0;
      const word = block + 4 * wordIndex(format, k);
      if (format === 'int8') bytes[word + lane] = weight + 128;
      else bytes[word + (lane >> 1)] |= (weight + 8) << (4 * (lane & 1));
    }
    if (format === 'int4g32' && row < rows) {
      for (let g = 0; g < groups; g++) {
        view.setUint16(block + g * (4 * groupSize + 16) + 2 * lane, groupScales![row * groups + g], true);
      }
    }
  }
  return bytes;
}

/** Packed words and padded row scales as tiles of `tile` blocks: a tile's words, then its scales. */
export function packTiles(data: Uint8Array, scales: Uint8Array, blocks: number, tile: number): Uint8Array {
  const bytes = new Uint8Array(data.length + scales.length);
  forEachTile(data.length, scales.length, blocks, tile, (from, ofData, ofScales) => {
    bytes.set(data.subarray(...ofData), from);
    bytes.set(scales.subarray(...ofScales), from + ofData[1] - ofData[0]);
  });
  return bytes;
}

/** The inverse. */
export function unpackTiles(
  bytes: Uint8Array,
  scaleBytes: number,
  blocks: number,
  tile: number,
): { data: Uint8Array; scales: Uint8Array } {
  const data = new Uint8Array(bytes.length - scaleBytes);
  const scales = new Uint8Array(scaleBytes);
  forEachTile(data.length, scaleBytes, blocks, tile, (from, ofData, ofScales) => {
    const middle = from + ofData[1] - ofData[0];
    data.set(bytes.subarray(from, middle), ofData[0]);
    scales.set(bytes.subarray(middle, middle + ofScales[1] - ofScales[0]), ofScales[0]);
  });
  return { data, scales };
}

function forEachTile(
  dataBytes: number,
  scaleBytes: number,
  blocks: number,
  tile: number,
  visit: (from: number, data: [number, number], scales: [number, number]) => void,
): void {
  const [words, scales] = [dataBytes / blocks, scaleBytes / blocks];
  for (let first = 0; first < blocks; first += tile) {
    const end = Math.min(first + tile, blocks);
    visit(first * (words + scales), [first * words, end * words], [first * scales, end * scales]);
  }
}

/** Row-major weights and group scales of packed bytes. */
export function unpackMatrix(
  bytes: Uint8Array,
  format: WeightFormat,
  rows: number,
  columns: number,
): { weights: Int8Array; groupScales?: Uint16Array } {
  const weights = new Int8Array(rows * columns);
  const lanes = rowLanes(format);
  const words = blockWords(format, rows, columns);
  for (let row = 0; row < rows; row++) {
    const block = Math.floor(row / lanes) * words * 4;
    const lane = row % lanes;
    for (let k = 0; k < columns; k++) {
      const word = block + 4 * wordIndex(format, k);
      weights[row * columns + k] =
        format === 'int8'
          ? bytes[word + lane] - 128
          : ((bytes[word + (lane >> 1)] >> (4 * (lane & 1))) & 15) - 8;
    }
  }
  if (format !== 'int4g32') return { weights };
  const groups = Math.ceil(columns / groupSize);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const groupScales = Uint16Array.from({ length: rows * groups }, (_, i) => {
    const row = Math.floor(i / groups);
    const block = Math.floor(row / lanes) * words * 4;
    return view.getUint16(block + (i % groups) * (4 * groupSize + 16) + 2 * (row % lanes), true);
  });
  return { weights, groupScales };
}
