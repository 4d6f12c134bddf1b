/** A device as firmware/LINK.md describes it, without a model: enough for the host's end to be tested alone. */
import { decodePiece, encodeFrame } from '../../../bench/link/frame.ts';
import { decodeMessage, encodeMessage, type RawMessage } from '../../../bench/link/message.ts';
import type { ByteTransport } from '../../../bench/link/transport.ts';

type Line = (bytes: Uint8Array) => Uint8Array;

/** Answers `hello`, and `generate` with one token per `count`: token i is i, its text the letter i. */
export class FakeDevice implements ByteTransport {
  readonly received: RawMessage[] = [];
  /** What the line does to bytes on their way; the identity by default. */
  toDevice: Line = (bytes) => bytes;
  toHost: Line = (bytes) => bytes;
  /** Bytes that one read gives at most. */
  chunk = 7;
  private readonly outgoing: number[] = [];
  private incoming: number[] = [];
  private running: { re: number; count: number; next: number } | undefined;

  write(bytes: Uint8Array): void {
    for (const byte of this.toDevice(bytes)) {
      if (byte !== 0) this.incoming.push(byte);
      else if (this.incoming.length > 0) {
        this.take(Uint8Array.from(this.incoming));
        this.incoming = [];
      }
    }
  }

  async read(): Promise<Uint8Array> {
    if (this.outgoing.length === 0) this.step();
    return Uint8Array.from(this.outgoing.splice(0, this.chunk));
  }

  print(text: string): void {
    this.outgoing.push(...new TextEncoder().encode(text));
  }

  say(message: RawMessage): void {
    this.outgoing.push(...this.toHost(encodeFrame(encodeMessage(message))));
  }

  private take(piece: Uint8Array): void {
    const payload = decodePiece(piece);
    const message = payload && decodeMessage(payload);
    if (payload === undefined) this.say({ re: 0, error: 'bad-frame', message: 'the frame is damaged' });
    else if (message === undefined) this.say({ re: 0, error: 'bad-cbor', message: 'not a map' });
    else {
      this.received.push(message);
      this.answer(message);
    }
  }

  private answer({ op, id, count, prompt }: RawMessage): void {
    const re = id as number;
    if (op === 'hello') this.say({ re, ...HELLO });
    else if (op === 'cancel') this.finish('cancelled');
    else if (op !== 'generate') this.say({ re, error: 'unknown-op', message: `no "${op}" here` });
    else if (prompt === 'é') {
      this.say({ re, error: 'unknown-character', message: 'not in the vocabulary', at: 0 });
    } else {
      this.say({ re, event: 'prompt', from: 0, tokens: [1, 2] });
      this.running = { re, count: (count as number) ?? 4, next: 0 };
    }
  }

  /** One token's worth of work, done when the host waits and nothing is left to send. */
  private step(): void {
    if (this.running === undefined) return;
    const { re, next, count } = this.running;
    if (next === count) {
      this.finish('length');
    } else {
      const text = Buffer.from([97 + (next % 26)]);
      this.say({
        re,
        event: 'token',
        i: next,
        token: next,
        text,
        cycles: 45,
        phases: [1, 2, 3, 4, 5, 6, 7, 8, 9],
      });
      this.running.next++;
    }
  }

  private finish(reason: string): void {
    if (this.running === undefined) return;
    const { re, next } = this.running;
    this.running = undefined;
    this.say({ re, event: 'done', reason, tokens: next, cycles: 45 * next });
  }
}

export const HELLO = {
  protocol: 1,
  firmware: 'fake 1',
  board: 'none',
  clockHz: 125_000_000,
  cores: 1,
  arenaBytes: 1000,
  engineVersion: 1,
  model: 'letters',
  modelError: null,
  resetReason: 'power-on',
};
