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
