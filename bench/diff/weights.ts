/** Whether the weights that the device computes with are those of the model: in flash, and copied to SRAM. */

import type { Pico } from '../../emulator/index.ts';
import {
  headerBytes,
  noArena,
  type TensorSlot,
  tensorEntryBytes,
  tensorSlots,
} from '../../models/image/layout.ts';
import { unpackMatrix } from '../../models/image/pack.ts';
import { slotName } from '../../models/image/plan.ts';
import { gainOf, matrixOf } from '../../models/image/tensors.ts';
import { readTensorEntry, type TensorEntry } from '../../models/image/validate-tensor.ts';
import { type LoadedModel, MODEL_FLASH_ADDRESS } from '../target/model.ts';
import type { WorkingMemory } from './layout.ts';

const TENSOR_DIRECTORY = 112;

export interface WrongWeight {
  /** For example `layer 2 wqkv`. */
  tensor: string;
  /** Which of its arrays: the weights themselves, their scales, or the gains of a norm. */
  part: 'weight' | 'scale' | 'gain';
  row: number;
  column: number | undefined;
  expected: number;
  actual: number;
  where: 'flash' | 'SRAM';
  /** How many more elements of the tensor are wrong. */
  more: number;
}

/** The first wrong tensor in the directory's order, if any. */
export const findWrongWeight = (
  pico: Pico,
  memory: WorkingMemory,
  model: LoadedModel,
): WrongWeight | undefined => {
  const { image, quantized } = model;
  const view = new DataView(image.buffer, image.byteOffset, headerBytes);
  const directory = view.getUint32(TENSOR_DIRECTORY, true);
  const whole = new DataView(image.buffer, image.byteOffset, image.byteLength);
  for (const [i, slot] of tensorSlots(quantized.shape).entries()) {
    const entry = readTensorEntry(whole, directory + i * tensorEntryBytes);
    const inFlash = (offset: number, bytes: number) => pico.readMemory(MODEL_FLASH_ADDRESS + offset, bytes);
    const flash = {
      data: inFlash(entry.dataOffset, entry.dataBytes),
      scales: inFlash(entry.scaleOffset, entry.scaleBytes),
    };
    const wrongInFlash = wrongElement(model, slot, entry, flash);
    if (wrongInFlash !== undefined) return { ...wrongInFlash, where: 'flash' };
    const data = entry.dataArena === noArena ? flash.data : memory.bytes(entry.dataArena, entry.dataBytes);
    const scales =
      entry.scaleArena === noArena ? flash.scales : memory.bytes(entry.scaleArena, entry.scaleBytes);
    const wrongInSram = wrongElement(model, slot, entry, { data, scales });
    if (wrongInSram !== undefined) return { ...wrongInSram, where: 'SRAM' };
  }
  return undefined;
};

type Wrong = Omit<WrongWeight, 'where'>;

const wrongElement = (
  { quantized }: LoadedModel,
  slot: TensorSlot,
  { rows, columns }: TensorEntry,
  { data, scales }: { data: Uint8Array; scales: Uint8Array },
): Wrong | undefined => {
  const tensor = slotName(slot);
  if (slot.isGain) {
    const actual = new Int16Array(data.slice().buffer, 0, columns);
    return firstWrong(gainOf(quantized, slot).gains, actual, columns, { tensor, part: 'gain' });
  }
  const matrix = matrixOf(quantized, slot);
  const { weights } = unpackMatrix(data, matrix.format, rows, columns);
  const wrong = firstWrong(matrix.weights, weights, columns, { tensor, part: 'weight' });
  if (wrong !== undefined) return wrong;
  const scale = firstWrong(matrix.rowScales, new Uint16Array(scales.slice().buffer, 0, rows), 1, {
    tensor,
    part: 'scale',
  });
  return scale && { ...scale, column: undefined };
};

const firstWrong = (
  expected: ArrayLike<number>,
  actual: ArrayLike<number>,
  columns: number,
  named: { tensor: string; part: Wrong['part'] },
): Wrong | undefined => {
  let first: number | undefined;
  let count = 0;
  for (let i = 0; i < expected.length; i++) {
    if (expected[i] === actual[i]) continue;
    first ??= i;
    count++;
  }
  if (first === undefined) return undefined;
  const place = { row: Math.floor(first / columns), column: first % columns };
  return { ...named, ...place, expected: expected[first], actual: actual[first], more: count - 1 };
};
