/** Notes what goes over a transport, cut at the ends of frames: so a recording does not show how reads were sliced. */
import type { ByteTransport } from '../link/transport.ts';
import type { Direction, RecordedPiece } from './recording.ts';

export class Recorder {
  readonly pieces: RecordedPiece[] = [];
  private readonly micros: () => number;
  /** What has come of a piece from the device that is not whole yet, and when it began. */
  private open: number[] = [];
  private openSince = 0;

  /** @param seconds the clock of the recording */
  constructor(seconds: () => number = () => performance.now() / 1000) {
    const start = seconds();
    this.micros = () => Math.round(1e6 * (seconds() - start));
  }

  wrap(transport: ByteTransport): ByteTransport {
    return {
      write: (bytes) => {
        this.note('to-device', bytes);
        return transport.write(bytes);
      },
      read: async (timeoutSeconds) => {
        const bytes = await transport.read(timeoutSeconds);
        this.hear(bytes);
        return bytes;
      },
    };
  }

  /** Everything up to now, what is not whole included. */
  finish(): RecordedPiece[] {
    this.close();
    return this.pieces;
  }

  /** A frame begins and ends with a zero; so does text between frames, where the zeros are the frames'. */
  private hear(bytes: Uint8Array): void {
    for (const byte of bytes) {
      if (this.open.length === 0) this.openSince = this.micros();
      const opensFrame = byte === 0 && this.open.length > 0 && this.open[0] !== 0;
      if (opensFrame) {
        this.close();
        this.openSince = this.micros();
      }
      this.open.push(byte);
      if (byte === 0 && this.open.length > 1) this.close();
    }
  }

  private close(): void {
    if (this.open.length > 0) this.note('to-host', Uint8Array.from(this.open), this.openSince);
    this.open = [];
  }

  private note(direction: Direction, bytes: Uint8Array, micros = this.micros()): void {
    if (direction === 'to-device') this.close();
    this.pieces.push({ micros, direction, bytes: bytes.slice() });
  }
}
