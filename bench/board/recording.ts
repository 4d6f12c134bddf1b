/**
 * Recordings of sessions: a CBOR sequence (RFC 8742) of one head and then every piece that went over the wire, with its
 * time. The format is written down in README.md beside this file.
 */
import { Decoder, Encoder } from 'cbor-x';
import type { SamplerSettings } from '../target/scenario.ts';

export const RECORDING_FORMAT = 'starmind-recording/1';

export interface RecordingHead {
  format: typeof RECORDING_FORMAT;
  /** Where the bytes came from: the emulated Pico, or a board that somebody has. */
  origin: 'emulated' | 'silicon';
  /** As `hello` says. */
  board: string;
  /** The flash chip's unique id; null when the firmware does not tell. */
  boardId: string | null;
  port: string;
  firmware: string;
  /** Null when it is none that the recording host had built. */
  firmwareSha256: string | null;
  /** Of the binary in flash; null when the firmware does not tell. */
  firmwareCrc: number | null;
  modelSha256: string;
  /** Rules behind the cycles of an emulated origin; null on silicon. */
  timingVersion: string | null;
  clockHz: number;
  scenario: RecordedScenario;
}

export interface RecordedScenario {
  model: string;
  /** Weight format. */
  weights: string;
  /** As `--placement`; null for the planner's choice. */
  placement: string | null;
  prompt: string;
  tokens: number;
  sampler: SamplerSettings;
  logits: boolean;
  /** Null: as the firmware takes. */
  cores: 1 | 2 | null;
  clockHz: number | null;
}

export type Direction = 'to-device' | 'to-host';

export interface RecordedPiece {
  /** Microseconds since the session began: emulated ones on the emulator, the host's clock on silicon. */
  micros: number;
  direction: Direction;
  /** Whole frames with their zeros, or text between them. */
  bytes: Uint8Array;
}

export interface Recording {
  head: RecordingHead;
  pieces: RecordedPiece[];
}

/** A file that is no recording, or a broken one. The message is for people. */
export class RecordingError extends Error {
  override readonly name = 'RecordingError';
}

const encoder = new Encoder({ useRecords: false, variableMapSize: true, tagUint8Array: false });
const decoder = new Decoder({ useRecords: false, mapsAsObjects: true });
const DIRECTIONS: readonly Direction[] = ['to-device', 'to-host'];

export const encodeRecording = ({ head, pieces }: Recording): Uint8Array =>
  Buffer.concat([
    encoder.encode(head),
    ...pieces.map(({ micros, direction, bytes }) =>
      Buffer.from(encoder.encode([micros, DIRECTIONS.indexOf(direction), bytes])),
    ),
  ]);

/**
 * @param name of the file, for errors
 * @throws RecordingError that says what is wrong with it
 */
export const decodeRecording = (bytes: Uint8Array, name: string): Recording => {
  let items: unknown[];
  try {
    items = decoder.decodeMultiple(bytes) as unknown[];
  } catch (error) {
    throw new RecordingError(`${name} is no CBOR sequence, or is cut short: ${(error as Error).message}`);
  }
  const [head, ...rest] = items ?? [];
  return { head: readHead(head, name), pieces: rest.map((item, n) => readPiece(item, n, name)) };
};

const readHead = (value: unknown, name: string): RecordingHead => {
  const head = value as Partial<RecordingHead> | undefined;
  if (head?.format !== RECORDING_FORMAT)
    throw new RecordingError(`${name} does not begin with the head of a recording (${RECORDING_FORMAT})`);
  if (head.origin !== 'emulated' && head.origin !== 'silicon')
    throw new RecordingError(`${name} does not name its origin: emulated or silicon`);
  const { scenario } = head;
  if (typeof scenario?.model !== 'string' || typeof scenario.prompt !== 'string' || !(scenario.tokens > 0))
    throw new RecordingError(`${name} does not say which scenario it holds`);
  return head as RecordingHead;
};

const readPiece = (item: unknown, n: number, name: string): RecordedPiece => {
  const [micros, direction, bytes] = Array.isArray(item) ? item : [];
  const known = DIRECTIONS[direction];
  if (typeof micros === 'number' && known !== undefined && bytes instanceof Uint8Array)
    return { micros, direction: known, bytes };
  throw new RecordingError(`${name}: item ${n + 1} is no [microseconds, direction, bytes]`);
};
