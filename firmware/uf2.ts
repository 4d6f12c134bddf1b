/**
 * UF2 files for the RP2040's boot ROM: blocks of 512 bytes, each with 256 bytes for one flash page (UF2 specification;
 * RP2040 datasheet 2.8.4.2). Packing and parsing are each other's inverse up to the padding of the last page.
 */
import { decodeBlock, encodeBlock, UF2Flags } from 'uf2';

/** Family id of the RP2040. */
export const RP2040_FAMILY = 0xe48bff56;
/** Where the firmware looks for the model image (models/IMAGE.md). */
export const MODEL_ADDRESS = 0x10040000;

const BLOCK_BYTES = 512;
const PAGE_BYTES = 256;
/** What erased flash reads. */
const ERASED = 0xff;

/** Bytes at an absolute address. */
export interface Uf2Segment {
  address: number;
  data: Uint8Array;
}

/** A UF2 file that is damaged or for another chip. The message says where. */
export class Uf2Error extends Error {
  override name = 'Uf2Error';
}

/**
 * One UF2 file for any number of segments that do not share a page.
 * @throws Uf2Error when two segments want the same page
 */
export function packUf2(segments: readonly Uf2Segment[], family: number = RP2040_FAMILY): Uint8Array {
  const pages = toPages(segments);
  const file = new Uint8Array(pages.length * BLOCK_BYTES);
  for (const [blockNumber, { address, data }] of pages.entries()) {
    const block = encodeBlock({
      flags: UF2Flags.familyIDPresent,
      flashAddress: address,
      payload: data,
      blockNumber,
      totalBlocks: pages.length,
      boardFamily: family,
    });
    file.set(block, blockNumber * BLOCK_BYTES);
  }
  return file;
}

/** The UF2 that puts a model image where the firmware looks for it. */
export function modelUf2(image: Uint8Array): Uint8Array {
  return packUf2([{ address: MODEL_ADDRESS, data: image }]);
}

/** Whole pages in order of address, padded as erased flash. */
function toPages(segments: readonly Uf2Segment[]): Uf2Segment[] {
  const pages = new Map<number, Uint8Array>();
  for (const { address, data } of segments) {
    const first = address - (address % PAGE_BYTES);
    for (let page = first; page < address + data.length; page += PAGE_BYTES) {
      if (pages.has(page)) {
        throw new Uf2Error(`Two segments want the flash page at 0x${page.toString(16)}`);
      }
      const bytes = new Uint8Array(PAGE_BYTES).fill(ERASED);
      const from = Math.max(page, address);
      const to = Math.min(page + PAGE_BYTES, address + data.length);
      bytes.set(data.subarray(from - address, to - address), from - page);
      pages.set(page, bytes);
    }
  }
  return [...pages].sort(([a], [b]) => a - b).map(([address, data]) => ({ address, data }));
}

/**
 * The segments of a UF2 file, neighbouring pages joined.
 * @throws Uf2Error when the file is cut, a block is damaged or missing, or it is for another family
 */
export function parseUf2(file: Uint8Array, family: number = RP2040_FAMILY): Uf2Segment[] {
  if (file.length === 0 || file.length % BLOCK_BYTES !== 0) {
    throw new Uf2Error(
      `A UF2 file has whole blocks of ${BLOCK_BYTES} bytes; this one has ${file.length} bytes`,
    );
  }
  const segments: Uf2Segment[] = [];
  for (let n = 0; n < file.length / BLOCK_BYTES; n++) {
    const block = checkedBlock(
      file.subarray(n * BLOCK_BYTES, (n + 1) * BLOCK_BYTES),
      n,
      file.length / BLOCK_BYTES,
    );
    if (block.boardFamily !== family) {
      const found = block.boardFamily.toString(16);
      throw new Uf2Error(`Block ${n} is for the family 0x${found}, not 0x${family.toString(16)}`);
    }
    append(segments, block.flashAddress, block.payload);
  }
  return segments;
}

function checkedBlock(bytes: Uint8Array, n: number, total: number) {
  const block = decoded(bytes, n);
  if (block.blockNumber !== n || block.totalBlocks !== total) {
    throw new Uf2Error(`Block ${n} of ${total} says that it is ${block.blockNumber} of ${block.totalBlocks}`);
  }
  return block;
}

function decoded(bytes: Uint8Array, n: number) {
  try {
    return decodeBlock(bytes);
  } catch (error) {
    throw new Uf2Error(`Block ${n} is damaged: ${(error as Error).message}`);
  }
}

function append(segments: Uf2Segment[], address: number, data: Uint8Array) {
  const last = segments.at(-1);
  if (last && last.address + last.data.length === address) {
    const joined = new Uint8Array(last.data.length + data.length);
    joined.set(last.data);
    joined.set(data, last.data.length);
    last.data = joined;
  } else {
    segments.push({ address, data: data.slice() });
  }
}
