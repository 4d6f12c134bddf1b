/**
 * Frames of firmware/LINK.md: `00, COBS(payload, CRC-32), 00`. Whatever lies between zero bytes and is not a frame is
 * text for people, or noise; so a receiver is in step again after at most one frame, whatever was lost.
 */

import { crc32 } from '../../models/image/crc32.ts';
import { cobsDecode, cobsEncode } from './cobs.ts';

const CRC_BYTES = 4;

/** Longest payloads that the device takes and sends. */
export const LARGEST_PAYLOAD_TO_DEVICE = 4096;
export const LARGEST_PAYLOAD_FROM_DEVICE = 1200;

export const encodeFrame = (payload: Uint8Array): Uint8Array => {
  const body = new Uint8Array(payload.length + CRC_BYTES);
  body.set(payload);
  new DataView(body.buffer).setUint32(payload.length, crc32(payload), true);
  const encoded = cobsEncode(body);
  const frame = new Uint8Array(encoded.length + 2);
  frame.set(encoded, 1);
  return frame;
};

/** The payload of one piece between zeros, or `undefined` when it is no frame. */
export const decodePiece = (piece: Uint8Array): Uint8Array | undefined => {
  const body = cobsDecode(piece);
  if (body === undefined || body.length < CRC_BYTES) return undefined;
  const payload = body.subarray(0, body.length - CRC_BYTES);
  const crc = new DataView(body.buffer, body.byteOffset + payload.length).getUint32(0, true);
  return crc === crc32(payload) ? payload : undefined;
};

/** One piece of what came over the port: the payload of a frame, or bytes outside any frame. */
export type Piece = { kind: 'frame'; payload: Uint8Array } | { kind: 'text'; bytes: Uint8Array };

/** Splits a byte stream, however it is cut, into frames and text. Holds at most `limit` bytes. */
export class FrameParser {
  private readonly buffer: Uint8Array;
  private held = 0;
  /** Set once the present piece has outgrown the buffer: the rest of it can only be text. */
  private overlong = false;

  /** @param limit longest payload taken as a frame, in bytes */
  constructor(limit = LARGEST_PAYLOAD_FROM_DEVICE) {
    const body = limit + CRC_BYTES;
    this.buffer = new Uint8Array(body + Math.floor(body / 254) + 1);
  }

  push(bytes: Uint8Array): Piece[] {
    const pieces: Piece[] = [];
    for (const byte of bytes) {
      if (byte === 0) this.endPiece(pieces);
      else this.hold(byte, pieces);
    }
    return pieces;
  }

  /** What is held and not yet ended by a zero: text that waits, or the beginning of a frame. Empties the parser. */
  flush(): Uint8Array {
    const bytes = this.buffer.slice(0, this.held);
    this.held = 0;
    return bytes;
  }

  private hold(byte: number, pieces: Piece[]): void {
    if (this.held === this.buffer.length) {
      pieces.push({ kind: 'text', bytes: this.flush() });
      this.overlong = true;
    }
    this.buffer[this.held++] = byte;
  }

  private endPiece(pieces: Piece[]): void {
    const bytes = this.flush();
    const payload = this.overlong ? undefined : decodePiece(bytes);
    this.overlong = false;
    if (payload !== undefined) pieces.push({ kind: 'frame', payload });
    else if (bytes.length > 0) pieces.push({ kind: 'text', bytes });
  }
}
