/** Writes the model image, byte by byte as IMAGE.md says. */
import type { QuantizedMatrix, QuantizedModel, Tables } from '../quantized.ts';
import { crc32 } from './crc32.ts';
import {
  familyNumbers,
  formatNumbers,
  gainFormat,
  headerBytes,
  layerEntryBytes,
  magic,
  noArena,
  noLayer,
  noToken,
  pad,
  regionEntryBytes,
  rowLanes,
  scaleBytes,
  singleFormat,
  singleGainFormat,
  type TensorSlot,
  tableEntryBytes,
  tableNames,
  tablesOf,
  tensorEntryBytes,
  tensorKinds,
  tensorSlots,
} from './layout.ts';
import { packMatrix, packTiles } from './pack.ts';
import {
  checkFlash,
  type MemoryPlan,
  type PlannedPart,
  type PlanOptions,
  planMemory,
  slotName,
} from './plan.ts';
import { exactRun } from './run.ts';
import { gainOf, matrixOf, singleOf } from './tensors.ts';

/** Sections of the file in order; each starts at a multiple of 16. */
class Sections {
  readonly ranges: { name: string; offset: number; bytes: number }[] = [];
  readonly contents: Uint8Array[] = [];
  size = 0;

  add(name: string, content: Uint8Array): number {
    const offset = this.size;
    this.ranges.push({ name, offset, bytes: content.length });
    this.contents.push(content);
    this.size = pad(offset + content.length, 16);
    return offset;
  }

  join(): Uint8Array {
    const file = new Uint8Array(this.size);
    this.ranges.forEach(({ offset }, i) => {
      file.set(this.contents[i], offset);
    });
    return file;
  }
}

/**
 * Plans a model's memory and lays it out as IMAGE.md says.
 * @returns the image and the memory plan it was laid out by
 * @throws ImageError too-big-for-sram or too-big-for-flash, with the numbers
 */
export function writeImage(
  model: QuantizedModel,
  options: PlanOptions = {},
): { bytes: Uint8Array; plan: MemoryPlan } {
  const plan = planMemory(model, options);
  const slots = tensorSlots(model.shape);
  const sections = new Sections();
  const header = new Uint8Array(headerBytes);
  sections.add('header', header);
  const tensorDirectory = new Uint8Array(slots.length * tensorEntryBytes);
  const tableDirectory = new Uint8Array(plan.tables.length * tableEntryBytes);
  const directories = {
    tensors: sections.add('tensor directory', tensorDirectory),
    layers: sections.add('layer parameters', layerParameters(model)),
    tables: sections.add('table directory', tableDirectory),
    regions: sections.add('region directory', regionDirectory(plan)),
    tokenizer: sections.add('tokenizer', model.tokenizerSection),
  };
  tablesOf(model.shape).forEach((name, i) => {
    const content = littleEndian16(model.tables[name]!);
    const offset = sections.add(`table ${name}`, content);
    const view = entry(tableDirectory, i, tableEntryBytes);
    const { placement, arena } = plan.tables[i];
    view.setUint8(0, tableNames.indexOf(name) + 1);
    view.setUint8(1, placement === 'sram' ? 1 : 0);
    view.setUint32(4, offset, true);
    view.setUint32(8, content.length, true);
    view.setUint32(12, arena ?? noArena, true);
  });
  slots.forEach((slot, i) => {
    writeTensor(model, slot, plan.tensors[i], entry(tensorDirectory, i, tensorEntryBytes), sections);
  });
  writeHeader(header, model, plan, directories, sections.size);
  const bytes = sections.join();
  new DataView(bytes.buffer).setUint32(12, crc32(bytes.subarray(16)), true);
  plan.imageBytes = bytes.length;
  plan.flash = sections.ranges;
  checkFlash(plan);
  return { bytes, plan };
}

function entry(directory: Uint8Array, index: number, size: number): DataView {
  return new DataView(directory.buffer, index * size, size);
}

function writeTensor(
  model: QuantizedModel,
  slot: TensorSlot,
  part: PlannedPart,
  view: DataView,
  sections: Sections,
): void {
  const name = slotName(slot);
  const data = tensorBytes(model, slot, part);
  view.setUint8(0, tensorKinds.indexOf(slot.kind) + 1);
  view.setUint8(2, placementNumbers[part.placement]);
  view.setUint16(4, slot.layer ?? noLayer, true);
  view.setUint32(8, slot.rows, true);
  view.setUint32(12, slot.columns, true);
  view.setUint32(16, sections.add(name, data), true);
  view.setUint32(20, data.length, true);
  view.setUint32(32, part.arena ?? noArena, true);
  view.setUint32(36, part.scaleArena ?? noArena, true);
  if (model.single) {
    view.setUint8(1, slot.isGain ? singleGainFormat : singleFormat);
    return;
  }
  if (slot.isGain) {
    const { exponent, normC, normCe } = gainOf(model, slot);
    view.setUint8(1, gainFormat);
    view.setInt16(6, exponent, true);
    view.setUint16(40, normC, true);
    view.setInt16(42, normCe, true);
    return;
  }
  const matrix = matrixOf(model, slot);
  const { format, pre, exponent } = matrix;
  view.setUint8(1, formatNumbers[format]);
  view.setUint8(3, pre);
  view.setInt16(6, exponent, true);
  if (part.tile !== undefined) {
    view.setUint16(44, part.tile, true);
    view.setUint16(46, exactRun(matrix), true);
    return;
  }
  const scales = packedScales(matrix);
  view.setUint32(24, sections.add(`${name} scales`, scales), true);
  view.setUint32(28, scales.length, true);
}

function tensorBytes(model: QuantizedModel, slot: TensorSlot, part: PlannedPart): Uint8Array {
  if (model.single) return littleEndian32(singleOf(model, slot));
  return slot.isGain ? littleEndian16(gainOf(model, slot).gains) : packedMatrix(matrixOf(model, slot), part);
}

function littleEndian32(values: Float32Array): Uint8Array {
  const bytes = new Uint8Array(4 * values.length);
  const view = new DataView(bytes.buffer);
  values.forEach((value, i) => {
    view.setFloat32(4 * i, value, true);
  });
  return bytes;
}

const placementNumbers = { flash: 0, sram: 1, streamed: 2 } as const;

function packedScales({ format, rows, rowScales }: QuantizedMatrix): Uint8Array {
  const scales = new Uint8Array(scaleBytes(format, rows));
  scales.set(littleEndian16(rowScales));
  return scales;
}

function packedMatrix(matrix: QuantizedMatrix, { tile }: PlannedPart): Uint8Array {
  const data = packMatrix(matrix);
  if (tile === undefined) return data;
  const lanes = rowLanes(matrix.format);
  return packTiles(data, packedScales(matrix), pad(matrix.rows, lanes) / lanes, tile);
}

function writeHeader(
  header: Uint8Array,
  model: QuantizedModel,
  plan: MemoryPlan,
  directories: Record<'tensors' | 'layers' | 'tables' | 'regions' | 'tokenizer', number>,
  totalBytes: number,
): void {
  const { shape } = model;
  const view = new DataView(header.buffer);
  const u32 = (offset: number, ...values: number[]) => {
    values.forEach((value, i) => {
      view.setUint32(offset + 4 * i, value, true);
    });
  };
  u32(0, magic);
  view.setUint16(4, plan.regions.length > 7 ? 2 : 1, true);
  view.setUint16(6, headerBytes, true);
  u32(8, totalBytes);
  header.set(imageName(model.name), 16);
  header[48] = familyNumbers[shape.family];
  header[49] = (shape.tied ? 1 : 0) | (model.single ? 2 : 0);
  if (model.single) view.setFloat32(180, model.single.normEps, true);
  u32(
    52,
    shape.vocabulary,
    shape.dim,
    shape.hidden,
    shape.layers,
    shape.heads,
    shape.kvHeads,
    shape.headSize,
  );
  u32(80, shape.context, model.parameters);
  header.set([model.residualFraction, model.logitFraction, model.qMax, model.kMax, model.vMax], 88);
  u32(96, model.normEps);
  view.setUint16(100, model.bos ?? noToken, true);
  view.setUint16(102, model.eos ?? noToken, true);
  view.setUint16(104, model.tables.exp.length, true);
  u32(108, plan.arenaBytes);
  u32(
    112,
    directories.tensors,
    plan.tensors.length,
    directories.layers,
    directories.tables,
    plan.tables.length,
  );
  u32(132, directories.regions, plan.regions.length, directories.tokenizer, model.tokenizerSection.length);
  header.set(model.checkpointSha256, 148);
}

/** At most 31 bytes of whole characters, without a zero. */
function imageName(name: string): Uint8Array {
  let text = name.replaceAll('\0', '');
  while (new TextEncoder().encode(text).length > 31) text = [...text].slice(0, -1).join('');
  return new TextEncoder().encode(text);
}

function layerParameters(model: QuantizedModel): Uint8Array {
  const bytes = new Uint8Array(model.layers.length * layerEntryBytes);
  model.layers.forEach(({ constants }, n) => {
    const view = entry(bytes, n, layerEntryBytes);
    view.setInt8(0, constants.fqkv);
    view.setUint8(1, constants.qShift);
    view.setUint8(2, constants.kShift);
    view.setUint8(3, constants.vShift);
    view.setUint16(4, constants.scoreMul, true);
    view.setUint8(6, constants.scoreShift);
    view.setInt8(7, constants.fz);
  });
  return bytes;
}

function regionDirectory(plan: MemoryPlan): Uint8Array {
  const bytes = new Uint8Array(plan.regions.length * regionEntryBytes);
  plan.regions.forEach((region, i) => {
    const view = entry(bytes, i, regionEntryBytes);
    view.setUint16(0, i + 1, true);
    view.setUint32(4, region.offset, true);
    view.setUint32(8, region.bytes, true);
  });
  return bytes;
}

function littleEndian16(values: Tables[keyof Tables] & object): Uint8Array {
  const bytes = new Uint8Array(2 * values.length);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < values.length; i++) view.setUint16(2 * i, values[i] & 0xffff, true);
  return bytes;
}
