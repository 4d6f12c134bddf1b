/** The host's end of the link: typed requests and events over any byte transport. */
import { LinkError, type LinkErrorName } from './errors.ts';
import { encodeFrame, FrameParser, LARGEST_PAYLOAD_TO_DEVICE } from './frame.ts';
import {
  decodeMessage,
  encodeMessage,
  Fields,
  type GenerateEvent,
  type GenerateRequest,
  type Hello,
  type MemoryMap,
  type ModelDescription,
  type RawMessage,
  readDescription,
  readEvent,
  readHello,
  readMemory,
  readSelfTest,
  type SelfTest,
} from './message.ts';
import type { ByteTransport } from './transport.ts';

export interface LinkClientOptions {
  /** Silence, in the device's seconds, after which a request fails with `timeout`. @default 10 */
  timeoutSeconds?: number;
  /** How often a request that changes nothing is sent again after silence or a frame damaged on the way. @default 2 */
  retries?: number;
  /**
   * Id of the first request. On a port that others had before, one at random: what is still under way for them is then
   * not taken for an answer. @default 1
   */
  firstId?: number;
  /** Gets the console text that comes outside frames, as it is split off. */
  onText?: (bytes: Uint8Array) => void;
}

export class LinkClient {
  private readonly transport: ByteTransport;
  private readonly parser = new FrameParser();
  private readonly timeoutSeconds: number;
  private readonly retries: number;
  private readonly onText: (bytes: Uint8Array) => void;
  private readonly inbox: RawMessage[] = [];
  private lastId: number;

  constructor(
    transport: ByteTransport,
    { timeoutSeconds = 10, retries = 2, firstId = 1, onText = () => {} }: LinkClientOptions = {},
  ) {
    this.transport = transport;
    this.timeoutSeconds = timeoutSeconds;
    this.retries = retries;
    this.lastId = (firstId - 1) >>> 0;
    this.onText = onText;
  }

  /** Silence that a request with one answer bears in all, in seconds. */
  get patienceSeconds(): number {
    return this.timeoutSeconds * (this.retries + 1);
  }

  /** The same conversation with another patience: silence of this many seconds, and no second try. */
  within(timeoutSeconds: number): LinkClient {
    const { transport, onText, lastId } = this;
    return new LinkClient(transport, { timeoutSeconds, retries: 0, onText, firstId: lastId + 1_000 });
  }

  async hello(): Promise<Hello> {
    return readHello(await this.ask('hello'));
  }

  async describe(): Promise<ModelDescription> {
    return readDescription(await this.ask('describe'));
  }

  async selftest(): Promise<SelfTest> {
    return readSelfTest(await this.ask('selftest'));
  }

  async memory(): Promise<MemoryMap> {
    return readMemory(await this.ask('memory'));
  }

  /** Sets clk_sys; gives the clock that the device says it now has. */
  async clock(hz: number): Promise<number> {
    return new Fields(await this.ask('clock', { hz })).number('clockHz');
  }

  /** Sets the rate of UART0 from the next byte on; gives what the device could make of it. Whoever holds the port follows. */
  async baud(hz: number): Promise<number> {
    return new Fields(await this.ask('baud', { hz }, 0)).number('baud');
  }

  /** Sends the device to its boot ROM's USB drive, where it stays until it gets a program. */
  async bootsel(): Promise<void> {
    await this.ask('bootsel', {}, 0);
  }

  /** Ends whatever story the device is telling on this port. */
  async stop(): Promise<void> {
    await this.ask('cancel');
  }

  /** Restarts the device. Whoever holds the transport sees the boot banner as text. */
  async reboot(): Promise<void> {
    await this.ask('reboot', {}, 0);
  }

  /** Tokens as the device makes them. Leaving the loop early cancels the run and waits for its end. */
  generate(request: GenerateRequest): AsyncGenerator<GenerateEvent, void, void> {
    return this.events('generate', { ...request });
  }

  /** One forward pass over the tokens: the logits after the last of them. */
  async logits(tokens: number[]): Promise<Int32Array> {
    const parts: { from: number; values: Int32Array }[] = [];
    for await (const event of this.events('logits', { tokens })) {
      if (event.event === 'logits') parts.push(event);
    }
    return joinLogits(parts);
  }

  /** Sends one frame as it is, for tests of the other end. */
  async sendRaw(payload: Uint8Array): Promise<void> {
    await this.transport.write(encodeFrame(payload));
  }

  private async *events(op: string, keys: RawMessage): AsyncGenerator<GenerateEvent, void, void> {
    const id = await this.send(op, keys);
    let over = false;
    try {
      while (!over) {
        const message = await this.receive(id, `event of "${op}"`);
        const event = readEvent(message);
        if (event === undefined) continue;
        over = event.event === 'done';
        yield event;
      }
    } catch (error) {
      over = true;
      throw error;
    } finally {
      if (!over) await this.cancel(id);
    }
  }

  private async cancel(id: number): Promise<void> {
    await this.send('cancel', {});
    while (true) {
      const message = await this.receive(id, 'end of a cancelled run');
      if (message['event'] === 'done') return;
    }
  }

  /** A request with one answer. It is sent again when the line swallowed it: none of these ops counts twice. */
  private async ask(op: string, keys: RawMessage = {}, retries = this.retries): Promise<RawMessage> {
    for (let attempt = 0; ; attempt++) {
      const id = await this.send(op, keys);
      try {
        return await this.receive(id, `answer to "${op}"`);
      } catch (error) {
        if (!(error instanceof LinkError) || attempt >= retries || !isLineTrouble(error.code)) throw error;
      }
    }
  }

  private async send(op: string, keys: RawMessage): Promise<number> {
    this.lastId = (this.lastId + 1) >>> 0;
    const payload = encodeMessage({ op, id: this.lastId, ...keys });
    if (payload.length > LARGEST_PAYLOAD_TO_DEVICE) {
      throw new LinkError(
        'too-long',
        `the request "${op}" has ${payload.length} bytes; the device takes ${LARGEST_PAYLOAD_TO_DEVICE}`,
      );
    }
    await this.transport.write(encodeFrame(payload));
    return this.lastId;
  }

  /** The next message for request `id`. Messages for requests long given up are dropped. */
  private async receive(id: number, what: string): Promise<RawMessage> {
    while (true) {
      const message = this.inbox.shift() ?? (await this.readMessage(what));
      const re = message['re'];
      if (typeof message['error'] === 'string' && (re === id || re === 0)) throw deviceError(message);
      if (re === id) return message;
    }
  }

  private async readMessage(what: string): Promise<RawMessage> {
    while (this.inbox.length === 0) {
      const bytes = await this.transport.read(this.timeoutSeconds);
      if (bytes.length === 0) {
        this.giveText(this.parser.flush());
        throw new LinkError('timeout', `no ${what} within ${this.timeoutSeconds} s of the device's time`);
      }
      this.take(bytes);
    }
    return this.inbox.shift()!;
  }

  private take(bytes: Uint8Array): void {
    for (const piece of this.parser.push(bytes)) {
      if (piece.kind === 'text') this.giveText(piece.bytes);
      else {
        const message = decodeMessage(piece.payload);
        if (message !== undefined) this.inbox.push(message);
      }
    }
  }

  private giveText(bytes: Uint8Array): void {
    if (bytes.length > 0) this.onText(bytes);
  }
}

const isLineTrouble = (code: LinkErrorName): boolean => ['timeout', 'bad-frame', 'bad-cbor'].includes(code);

const deviceError = (message: RawMessage): LinkError => {
  const { error, message: text, re, ...details } = message;
  return new LinkError(
    error as LinkErrorName,
    typeof text === 'string' && text !== '' ? text : String(error),
    details,
  );
};

/** One token's logits from the pieces that the device sent them in. */
export const joinLogits = (parts: readonly { from: number; values: Int32Array }[]): Int32Array => {
  const length = Math.max(0, ...parts.map(({ from, values }) => from + values.length));
  const logits = new Int32Array(length);
  for (const { from, values } of parts) logits.set(values, from);
  return logits;
};
