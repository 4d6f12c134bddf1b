/** Which firmware and which model a board has, by checksum: names and versions can lie. */
import { crc32 } from '../../models/image/crc32.ts';
import type { WeightFormat } from '../../models/quantized.ts';
import type { Hello, ModelDescription } from '../link/index.ts';
import type { LoadedModel, LoadOptions } from '../target/model.ts';
import { BoardError } from './board-error.ts';

/** What can be told of a build without running it. */
export interface FirmwareFacts {
  /** What lies in flash from its start. */
  bin: Uint8Array;
  sha256: string;
}

/** Does the board run this build? `undefined` when its firmware is too old to say. */
export const runs = ({ firmwareBytes, firmwareCrc }: Hello, { bin }: FirmwareFacts): boolean | undefined => {
  if (firmwareBytes === undefined || firmwareCrc === undefined) return undefined;
  return firmwareCrc === checksum(bin, firmwareBytes);
};

/** The CRC of the binary as flash holds it: erased behind its end. */
const checksum = (bin: Uint8Array, bytes: number): number => {
  const flash = new Uint8Array(bytes).fill(0xff);
  flash.set(bin.subarray(0, bytes));
  return crc32(flash);
};

/** The build's SHA-256 when the board runs it; otherwise what the board says of itself. */
export const firmwareOf = (hello: Hello, build: FirmwareFacts | undefined): string => {
  if (build !== undefined && runs(hello, build) === true) return build.sha256;
  return hello.firmwareCrc === undefined ? `version ${hello.firmware}` : `crc32 ${hex(hello.firmwareCrc)}`;
};

/** The CRC-32 that stands in an image's header (models/IMAGE.md) and that the device reports. */
export const imageCrc = (image: Uint8Array): number =>
  new DataView(image.buffer, image.byteOffset).getUint32(12, true);

/** @throws BoardError when the board has no model, or another */
export const checkModel = (
  name: string,
  hello: Hello,
  description: ModelDescription | undefined,
  { name: wanted, image }: LoadedModel,
): void => {
  const hint = `Flash it: starmind board flash --model ${wanted}`;
  if (hello.model === null || description === undefined) {
    throw new BoardError('other-model', `the board at ${name} has no model (${hello.modelError})`, hint);
  }
  const crc = imageCrc(image);
  if (description.imageCrc === crc) return;
  const has = `${description.name}, ${description.format}, CRC ${hex(description.imageCrc)}`;
  throw new BoardError(
    'other-model',
    `the board at ${name} has another model (${has}) than ${wanted}, CRC ${hex(crc)}`,
    `${hint}; or leave --model out to run what the board has.`,
  );
};

/**
 * The model that a board has, among those that `load` can make.
 * @throws BoardError when it has none, or none of ours is it
 */
export const modelOnBoard = async (
  name: string,
  hello: Hello,
  description: ModelDescription | undefined,
  load: (name: string, options: LoadOptions) => LoadedModel | Promise<LoadedModel>,
): Promise<LoadedModel> => {
  if (hello.model === null || description === undefined) {
    throw new BoardError(
      'other-model',
      `the board at ${name} has no model (${hello.modelError})`,
      'Flash one: starmind board flash --model story-90k',
    );
  }
  for (const placement of [undefined, 'sram', 'xip'] as const) {
    const model = await made(load, description, placement);
    if (model !== undefined && imageCrc(model.image) === description.imageCrc) return model;
  }
  throw new BoardError(
    'other-model',
    `the board at ${name} has ${description.name} (${description.format}, CRC ${hex(description.imageCrc)}), which is no model known here in this form`,
    'Name its file with --model, or flash another: starmind board flash --model story-90k',
  );
};

const FORMATS: readonly string[] = ['int8', 'int4', 'int4g32'] satisfies WeightFormat[];

/** `undefined` when there is no such model, or it does not fit so. */
const made = async (
  load: (name: string, options: LoadOptions) => LoadedModel | Promise<LoadedModel>,
  { name, format }: ModelDescription,
  placement: LoadOptions['placement'],
): Promise<LoadedModel | undefined> => {
  if (!FORMATS.includes(format)) return undefined;
  try {
    return await load(name, { format: format as WeightFormat, placement });
  } catch {
    return undefined;
  }
};

const hex = (value: number): string => value.toString(16).padStart(8, '0');
