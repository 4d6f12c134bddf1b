/**
 * A recording as a device: asked what the recording's host asked, it answers what its device answered. Requests are held
 * against each other by meaning, so a recording stays good when a newer host numbers them otherwise or adds a key.
 */
import { isDeepStrictEqual } from 'node:util';
import { decodePiece, encodeFrame } from '../link/frame.ts';
import { LinkClient, PortError } from '../link/index.ts';
import { decodeMessage, encodeMessage, type RawMessage } from '../link/message.ts';
import type { ByteTransport } from '../link/transport.ts';
import type { RecordedPiece, Recording } from './recording.ts';
import type { BoardSession } from './session.ts';

export class ReplayTransport implements ByteTransport {
  private readonly name: string;
  private readonly pieces: readonly RecordedPiece[];
  private next = 0;
  /** The ids that the present host uses for the recorded ones. */
  private readonly ids = new Map<unknown, unknown>();

  constructor({ pieces }: Recording, name: string) {
    this.pieces = pieces;
    this.name = name;
  }

  /** Whether all of it has been replayed. */
  get atEnd(): boolean {
    return this.next === this.pieces.length;
  }

  /** @throws PortError `not-recorded` when the recording's host asked something else */
  write(bytes: Uint8Array): void {
    const asked = message(bytes);
    while (this.pieces[this.next]?.direction === 'to-host') this.next++;
    const piece = this.pieces[this.next++];
    const recorded = piece === undefined ? undefined : message(piece.bytes);
    if (asked === undefined || recorded === undefined || !meansTheSame(recorded, asked)) {
      throw new PortError(
        'not-recorded',
        `${this.name} has no answer to ${describe(asked)}; next in it is ${describe(recorded)}`,
        'A recording answers just the scenario in its head.',
      );
    }
    this.ids.set(recorded['id'], asked['id']);
  }

  /** The next piece from the device; nothing when the recording's host spoke next. */
  async read(): Promise<Uint8Array> {
    const piece = this.pieces[this.next];
    if (piece?.direction !== 'to-host') return new Uint8Array();
    this.next++;
    const answer = message(piece.bytes);
    if (answer === undefined || !this.ids.has(answer['re'])) return piece.bytes;
    return encodeFrame(encodeMessage({ ...answer, re: this.ids.get(answer['re']) }));
  }
}

const message = (frame: Uint8Array): RawMessage | undefined => {
  const payload = frame[0] === 0 && frame.at(-1) === 0 ? decodePiece(frame.subarray(1, -1)) : undefined;
  return payload && decodeMessage(payload);
};

/** Every key that was recorded, but the request's number. */
const meansTheSame = ({ id: _, ...recorded }: RawMessage, asked: RawMessage): boolean =>
  Object.entries(recorded).every(([key, value]) => isDeepStrictEqual(value, asked[key]));

const describe = (request: RawMessage | undefined): string => {
  if (request === undefined) return 'the end';
  const { id: _, ...rest } = request;
  return JSON.stringify(rest);
};

/** A session with a recording, as with a board. */
export const replaySession = async (recording: Recording, name: string): Promise<BoardSession> => {
  const transport = new ReplayTransport(recording, name);
  const client = new LinkClient(transport, { retries: 0 });
  const hello = await client.hello();
  return { name, client, transport, hello, close: async () => {} };
};
