/** A byte transport over any duplex stream: a serial port or a socket. Time is wall time. */
import type { Duplex } from 'node:stream';
import { PortError } from './port-error.ts';
import type { ByteTransport } from './transport.ts';

/** Bytes that the other end has not taken for this long will not be taken. */
const WRITE_SECONDS = 10;

export class StreamTransport implements ByteTransport {
  /** As a person names it. */
  readonly name: string;
  private readonly stream: Duplex;
  private received: Uint8Array[] = [];
  private failure: PortError | undefined;
  /** Wakes the one who reads. */
  private arrived: () => void = () => {};

  /** The stream must be open. */
  constructor(stream: Duplex, name: string) {
    this.stream = stream;
    this.name = name;
    stream.on('data', (bytes: Uint8Array) => {
      this.received.push(bytes);
      this.arrived();
    });
    stream.on('error', (error: Error) => this.fail(error));
    stream.on('close', (error?: Error | boolean | null) =>
      this.fail(error instanceof Error ? error : undefined),
    );
    stream.on('end', () => this.fail());
  }

  /** @throws PortError `disconnected` or `stalled` */
  async write(bytes: Uint8Array): Promise<void> {
    if (this.failure !== undefined) throw this.failure;
    await new Promise<void>((resolve, reject) => {
      const stalled = () =>
        reject(
          new PortError(
            'stalled',
            `${this.name} took no bytes for ${WRITE_SECONDS} s`,
            'Reset the board and try again.',
          ),
        );
      const timer = setTimeout(stalled, 1000 * WRITE_SECONDS);
      this.stream.write(bytes, (error) => {
        clearTimeout(timer);
        if (error) this.fail(error);
        if (error) reject(this.failure);
        else resolve();
      });
    });
  }

  /** @throws PortError `disconnected` once all that came before has been read */
  async read(timeoutSeconds: number): Promise<Uint8Array> {
    if (this.received.length === 0 && this.failure === undefined) await this.wait(timeoutSeconds);
    if (this.received.length === 0 && this.failure !== undefined) throw this.failure;
    const bytes = Buffer.concat(this.received);
    this.received = [];
    return bytes;
  }

  /** What was not read yet is dropped. */
  discard(): void {
    this.received = [];
  }

  private async wait(timeoutSeconds: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.arrived = resolve;
      timer = setTimeout(resolve, 1000 * timeoutSeconds);
    });
    clearTimeout(timer);
    this.arrived = () => {};
  }

  private fail(error?: Error): void {
    const why = error === undefined ? '' : ` (${error.message})`;
    this.failure ??= new PortError(
      'disconnected',
      `${this.name} was disconnected${why}`,
      'Check cable and power, then "starmind board list".',
    );
    this.arrived();
  }
}
