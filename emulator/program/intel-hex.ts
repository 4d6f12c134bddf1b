/** Intel HEX (Intel's specification of 1988): lines of colon, length, address, type, data, checksum. */
import type { Program, Segment } from '../types.ts';
import { ProgramError } from './errors.ts';
import { checkRange, joinSegments } from './image.ts';

const DATA = 0;
const END = 1;
const SEGMENT_ADDRESS = 2;
const START_SEGMENT = 3;
const LINEAR_ADDRESS = 4;
const START_LINEAR = 5;

interface HexRecord {
  type: number;
  address: number;
  data: Uint8Array;
}

export function isIntelHex(bytes: Uint8Array): boolean {
  const head = new TextDecoder('latin1').decode(bytes.subarray(0, 64));
  return /^\s*:[0-9a-fA-F]{2}/.test(head);
}

/** @throws ProgramError; `at` is the line number, from 1 */
export function readIntelHex(bytes: Uint8Array): Program {
  const lines = new TextDecoder('latin1').decode(bytes).split(/\r\n|\n|\r/);
  const pieces: Segment[] = [];
  let base = 0;
  let ended = false;
  lines.forEach((line, index) => {
    const at = index + 1;
    if (line.trim() === '') return;
    if (ended) throw new ProgramError('corrupt', `Line ${at} comes after the end-of-file record`, at);
    const record = readRecord(line.trim(), at);
    if (record.type === END) ended = true;
    else if (record.type === SEGMENT_ADDRESS) base = word(record, at) * 16;
    else if (record.type === LINEAR_ADDRESS) base = word(record, at) * 0x10000;
    else if (record.type === DATA) {
      const address = base + record.address;
      if (record.data.length > 0) checkRange(address, record.data.length, at);
      pieces.push({ address, data: record.data });
    } else if (record.type !== START_SEGMENT && record.type !== START_LINEAR) {
      throw new ProgramError('corrupt', `Line ${at}: record type ${record.type} does not exist`, at);
    }
  });
  if (!ended)
    throw new ProgramError(
      'truncated',
      'The Intel HEX file has no end-of-file record: it is cut short',
      lines.length,
    );
  return { format: 'hex', segments: joinSegments(pieces), symbols: [] };
}

function readRecord(line: string, at: number): HexRecord {
  if (!/^:([0-9a-fA-F]{2}){5,260}$/.test(line))
    throw new ProgramError('corrupt', `Line ${at} is not a record of Intel HEX`, at);
  const bytes = Uint8Array.from({ length: (line.length - 1) / 2 }, (_, i) =>
    Number.parseInt(line.slice(1 + 2 * i, 3 + 2 * i), 16),
  );
  const length = bytes[0];
  if (bytes.length !== length + 5) {
    throw new ProgramError('corrupt', `Line ${at} says ${length} data bytes but has ${bytes.length - 5}`, at);
  }
  const sum = bytes.reduce((total, byte) => (total + byte) & 0xff, 0);
  if (sum !== 0)
    throw new ProgramError('bad-checksum', `Line ${at}: the checksum does not match the line`, at);
  return { type: bytes[3], address: bytes[1] * 256 + bytes[2], data: bytes.slice(4, 4 + length) };
}

function word(record: HexRecord, at: number): number {
  if (record.data.length !== 2)
    throw new ProgramError('corrupt', `Line ${at}: an address record has 2 data bytes`, at);
  return record.data[0] * 256 + record.data[1];
}
