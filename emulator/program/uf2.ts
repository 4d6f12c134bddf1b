/** UF2 (the format's public specification): 512-byte blocks, each with an address, its number and a family. */
import { decodeBlock, UF2DecodeError, UF2Flags } from 'uf2';
import { hex } from '../hex.ts';
import type { Program, Segment } from '../types.ts';
import { ProgramError } from './errors.ts';
import { checkRange, joinSegments } from './image.ts';

const BLOCK_BYTES = 512;
export const RP2040_FAMILY = 0xe48bff56;
const MAGIC = [0x55, 0x46, 0x32, 0x0a];

export function isUf2(bytes: Uint8Array): boolean {
  return MAGIC.every((byte, i) => bytes[i] === byte);
}

interface Block {
  number: number;
  total: number;
  at: number;
  segment: Segment;
}

/** @throws ProgramError */
export function readUf2(bytes: Uint8Array): Program {
  if (bytes.length % BLOCK_BYTES !== 0) {
    throw new ProgramError(
      'truncated',
      `A UF2 file is whole blocks of ${BLOCK_BYTES} bytes; this one ends in the middle of block ${Math.floor(bytes.length / BLOCK_BYTES)}`,
      bytes.length,
    );
  }
  const blocks: Block[] = [];
  const otherFamilies = new Set<number>();
  for (let at = 0; at < bytes.length; at += BLOCK_BYTES) {
    const block = readBlock(bytes, at, otherFamilies);
    if (block) blocks.push(block);
  }
  if (blocks.length === 0 && otherFamilies.size > 0) {
    const families = [...otherFamilies].map(hex).join(', ');
    throw new ProgramError(
      'wrong-family',
      `This UF2 is for family ${families}, not for the RP2040 (${hex(RP2040_FAMILY)})`,
      28,
    );
  }
  checkComplete(blocks);
  return { format: 'uf2', segments: joinSegments(blocks.map((block) => block.segment)), symbols: [] };
}

/** Undefined for a block that is not for flash or not for the RP2040. */
function readBlock(bytes: Uint8Array, at: number, otherFamilies: Set<number>): Block | undefined {
  const block = decode(bytes.slice(at, at + BLOCK_BYTES), at);
  if (block.flags & (UF2Flags.notMainFlash | UF2Flags.fileContainer)) return undefined;
  if (block.flags & UF2Flags.familyIDPresent && block.boardFamily >>> 0 !== RP2040_FAMILY) {
    otherFamilies.add(block.boardFamily >>> 0);
    return undefined;
  }
  const { blockNumber: number, totalBlocks: total, flashAddress, payload } = block;
  if (number >= total) throw new ProgramError('corrupt', `Block ${number} of ${total} cannot be`, at + 20);
  checkRange(flashAddress, payload.length, at + 12);
  return { number, total, at, segment: { address: flashAddress, data: payload } };
}

function decode(block: Uint8Array, at: number) {
  try {
    return decodeBlock(block);
  } catch (error) {
    if (!(error instanceof UF2DecodeError)) throw error;
    throw new ProgramError('corrupt', `UF2 block ${at / BLOCK_BYTES} is corrupt: ${error.message}`, at);
  }
}

/** Every number from 0 to the total exactly once. Files may be put one after the other, so totals are counted one by one. */
function checkComplete(blocks: readonly Block[]): void {
  let expected = 0;
  for (const block of blocks) {
    if (block.number !== expected) {
      const what =
        block.number > expected
          ? `block ${expected} of ${block.total} is missing`
          : `block ${block.number} comes twice`;
      throw new ProgramError('gap', `The UF2 is not whole: ${what}`, block.at);
    }
    expected = block.number + 1 === block.total ? 0 : block.number + 1;
  }
  const last = blocks[blocks.length - 1];
  if (expected !== 0)
    throw new ProgramError(
      'gap',
      `The UF2 is not whole: it ends after block ${last.number} of ${last.total}`,
      last.at,
    );
}
