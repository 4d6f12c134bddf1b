import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cobsDecode, cobsEncode } from '../../../bench/link/cobs.ts';
import { encodeFrame, FrameParser, type Piece } from '../../../bench/link/frame.ts';
import { crc32 } from '../../../models/image/crc32.ts';

const bytes = (maxLength: number) => fc.uint8Array({ maxLength });
const zeroHeavy = fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 255 })), { maxLength: 700 });

/** Pushes the stream in pieces that end at the given places. */
const pushCut = (parser: FrameParser, stream: Uint8Array, cuts: number[]): Piece[] => {
  const places = [...cuts.map((cut) => cut % (stream.length + 1)), 0, stream.length].sort((a, b) => a - b);
  return places.slice(1).flatMap((end, i) => parser.push(stream.subarray(places[i]!, end)));
};

const payloads = (pieces: Piece[]): number[][] =>
  pieces.flatMap((piece) => (piece.kind === 'frame' ? [[...piece.payload]] : []));

const concat = (parts: Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((part) => [...part]));

describe('COBS', () => {
  it('encodes the examples of the paper', () => {
    const cases: [number[], number[]][] = [
      [[], [1]],
      [[0], [1, 1]],
      [
        [0, 0],
        [1, 1, 1],
      ],
      [
        [0x11, 0x22, 0, 0x33],
        [3, 0x11, 0x22, 2, 0x33],
      ],
      [
        [0x11, 0, 0, 0],
        [2, 0x11, 1, 1, 1],
      ],
    ];
    for (const [data, encoded] of cases) expect([...cobsEncode(Uint8Array.from(data))]).toEqual(encoded);
  });

  it('needs no second code byte for a run of exactly 254', () => {
    const run = Uint8Array.from({ length: 254 }, (_, i) => i + 1);
    expect([...cobsEncode(run)]).toEqual([255, ...run]);
    expect([...cobsEncode(concat([run, Uint8Array.of(0)]))]).toEqual([255, ...run, 1, 1]);
  });

  it('gives back any data, without a zero on the way', () => {
    fc.assert(
      fc.property(zeroHeavy, (data) => {
        const encoded = cobsEncode(Uint8Array.from(data));
        expect(encoded.includes(0)).toBe(false);
        expect(encoded.length).toBeLessThanOrEqual(data.length + Math.floor(data.length / 254) + 1);
        expect([...cobsDecode(encoded)!]).toEqual(data);
      }),
      { numRuns: 1000 },
    );
  });

  it('refuses a run that is cut short', () => {
    expect(cobsDecode(Uint8Array.of(3, 1))).toBeUndefined();
    expect(cobsDecode(Uint8Array.of())).toBeUndefined();
    expect(cobsDecode(Uint8Array.of(3, 1, 0))).toBeUndefined();
  });
});

describe('CRC-32', () => {
  it('gives the check value of the IEEE polynomial', () => {
    expect(crc32(new TextEncoder().encode('123456789'))).toBe(0xcbf43926);
  });
});

describe('the frame parser', () => {
  it('gives the same pieces however the stream is cut', () => {
    const message = fc.record({ payload: bytes(300), text: fc.stringMatching(/^[ -~\n]{0,40}$/) });
    fc.assert(
      fc.property(
        fc.array(message, { maxLength: 6 }),
        fc.array(fc.nat(), { maxLength: 12 }),
        (messages, cuts) => {
          const stream = concat(
            messages.flatMap(({ payload, text }) => [new TextEncoder().encode(text), encodeFrame(payload)]),
          );
          const pieces = pushCut(new FrameParser(), stream, cuts);
          expect(payloads(pieces)).toEqual(messages.map(({ payload }) => [...payload]));
          const text = pieces.flatMap((piece) => (piece.kind === 'text' ? [...piece.bytes] : []));
          expect(Buffer.from(text).toString()).toBe(messages.map(({ text }) => text).join(''));
        },
      ),
    );
  });

  it('is in step again after one frame, whatever happened to the bytes before it', () => {
    const damage = fc.record({
      kind: fc.constantFrom('drop', 'double', 'flip'),
      at: fc.nat(),
      bit: fc.nat(7),
    });
    fc.assert(
      fc.property(
        bytes(200),
        fc.array(damage, { minLength: 1, maxLength: 8 }),
        bytes(200),
        (first, hits, second) => {
          const stream = [...encodeFrame(first)];
          for (const { kind, at, bit } of hits) {
            const i = at % (stream.length + 1);
            if (kind === 'drop') stream.splice(i, 1);
            else if (kind === 'double') stream.splice(i, 0, stream[i] ?? 0);
            else if (i < stream.length) stream[i]! ^= 1 << bit;
          }
          const parser = new FrameParser();
          parser.push(Uint8Array.from(stream));
          // One whole frame may be lost to the damage before it; the one after that may not.
          parser.push(encodeFrame(Uint8Array.of(1, 2, 3)));
          expect(payloads(parser.push(encodeFrame(second)))).toEqual([[...second]]);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('never takes a damaged frame for a good one when one bit is wrong', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 100 }),
        fc.nat(),
        fc.nat(7),
        (payload, at, bit) => {
          const frame = encodeFrame(payload);
          frame[1 + (at % (frame.length - 2))]! ^= 1 << bit;
          expect(payloads(new FrameParser().push(frame))).toEqual([]);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('holds no more than its limit and goes on after an endless piece', () => {
    const parser = new FrameParser(64);
    const noise = parser.push(new Uint8Array(10_000).fill(65));
    expect(noise.every((piece) => piece.kind === 'text' && piece.bytes.length <= 70)).toBe(true);
    expect(parser.push(encodeFrame(Uint8Array.of(9))).at(-1)).toEqual({
      kind: 'frame',
      payload: Uint8Array.of(9),
    });
  });

  it('takes the largest payload of each direction', () => {
    const largest = new Uint8Array(1200).fill(1);
    expect(payloads(new FrameParser().push(encodeFrame(largest)))).toEqual([[...largest]]);
  });
});
