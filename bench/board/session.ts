/** A conversation with the firmware on a board: opened, greeted, and sure of who is at the other end. */
import { type Hello, LinkClient, LinkError, openPort, type Port } from '../link/index.ts';
import type { ByteTransport } from '../link/transport.ts';
import { BoardError } from './board-error.ts';

/** The version of firmware/LINK.md that this host speaks. */
const PROTOCOL = 1;
/** How much of what a silent stranger says is kept, in bytes. */
const HEARD_BYTES = 4096;
const GREETING_SECONDS = 3;
const GREETINGS = 3;
const STOP_TRIES = 3;

export interface SessionOptions {
  /** Rate at which the port is opened. @default what UART0 boots with */
  baud?: number;
  /** Rate that both ends change to once they have met; without effect on USB. */
  fastBaud?: number;
  /** Silence in a story, in seconds, after which it has failed. @default 10 */
  timeoutSeconds?: number;
  /** Looks at every byte, for recordings. */
  wrap?: (transport: ByteTransport) => ByteTransport;
}

export interface BoardSession {
  /** As a person named the port. */
  name: string;
  client: LinkClient;
  /** What the client talks over. */
  transport: ByteTransport;
  hello: Hello;
  close(): Promise<void>;
}

/** The id of the flash chip in the emulator (emulator/flash/chip.ts). */
const EMULATED_BOARD_ID = 'E660537461726D64';

/** A board must show its flash chip's id to count as silicon. */
export const originOf = ({ boardId }: Hello): 'emulated' | 'silicon' =>
  boardId === undefined || boardId.toUpperCase() === EMULATED_BOARD_ID ? 'emulated' : 'silicon';

/**
 * Opens a port and greets the firmware. What an earlier client left running is stopped.
 * @throws PortError when the port cannot be opened or goes away; BoardError when something else than our firmware is there
 */
export const openSession = async (name: string, options: SessionOptions = {}): Promise<BoardSession> => {
  const port = await openPort(name, options.baud);
  try {
    const session = await greet(name, port, options);
    if (options.fastBaud !== undefined && session.hello.port !== 'usb')
      await speedUp(session, port, options.fastBaud);
    return session;
  } catch (error) {
    await port.close();
    throw error;
  }
};

const greet = async (
  name: string,
  port: Port,
  { timeoutSeconds, wrap = (transport) => transport }: SessionOptions,
): Promise<BoardSession> => {
  const heard: number[] = [];
  const onText = (bytes: Uint8Array) => heard.push(...bytes.subarray(0, HEARD_BYTES - heard.length));
  const transport = wrap(listening(port.transport, onText));
  const firstId = wrapFirstId(Math.random());
  const patience = Math.min(GREETING_SECONDS, timeoutSeconds ?? GREETING_SECONDS);
  const hello = await ask(
    name,
    new LinkClient(transport, { timeoutSeconds: patience, retries: GREETINGS - 1, firstId }),
    heard,
  );
  if (hello.protocol !== PROTOCOL) {
    throw new BoardError(
      'other-version',
      `the firmware at ${name} speaks version ${hello.protocol} of the link, this starmind speaks ${PROTOCOL}`,
      'Flash the firmware of this version: starmind board flash --firmware',
    );
  }
  const client = new LinkClient(transport, { timeoutSeconds, firstId: (firstId + 1000) >>> 0 });
  return { name, client, transport, hello, close: () => port.close() };
};

/** Not 0, and far enough from the end of the ids. */
const wrapFirstId = (random: number): number => 1 + Math.floor(random * 0x7fffff00);

/** The same transport, with an ear for everything that comes. */
const listening = (transport: ByteTransport, ear: (bytes: Uint8Array) => void): ByteTransport => ({
  write: (bytes) => transport.write(bytes),
  read: async (seconds) => {
    const bytes = await transport.read(seconds);
    ear(bytes);
    return bytes;
  },
});

const ask = async (name: string, client: LinkClient, heard: number[]): Promise<Hello> => {
  for (let tries = 1; ; tries++) {
    try {
      return await client.hello();
    } catch (error) {
      if (!(error instanceof LinkError)) throw error;
      if (error.code === 'busy' && tries <= STOP_TRIES) await stopStory(client);
      else throw whatIsThere(name, error, Buffer.from(heard), client.patienceSeconds);
    }
  }
};

/** Ends a story that a client before us left behind; refused when it is somebody else's, on another port. */
const stopStory = async (client: LinkClient): Promise<void> => {
  try {
    await client.stop();
  } catch (error) {
    if (!(error instanceof LinkError)) throw error;
  }
};

const whatIsThere = (name: string, error: LinkError, heard: Buffer, seconds: number): Error => {
  if (error.code === 'busy') {
    const holder = error.details['holder'];
    const where = typeof holder === 'string' ? ` over ${holder}` : '';
    return new BoardError(
      'busy',
      `the board at ${name} is telling a story to somebody else${where}`,
      'Wait until it has ended, or press Ctrl-C in the terminal that asked for it.',
    );
  }
  if (error.code === 'bad-answer') {
    return new BoardError(
      'other-version',
      `the firmware at ${name} answers otherwise than this starmind expects: ${error.message}`,
      'Flash the firmware of this version: starmind board flash --firmware',
    );
  }
  if (error.code !== 'timeout') return error;
  return strangerAt(name, heard, seconds);
};

const strangerAt = (name: string, heard: Buffer, seconds: number): BoardError => {
  if (heard.length === 0) {
    return new BoardError(
      'silent',
      `nothing came from ${name} within ${seconds} s`,
      'Is the board powered and flashed? On UART0: adapter RX to GPIO 0, adapter TX to GPIO 1, ground to ground (bench/board/README.md).',
    );
  }
  const text = heard.toString('latin1');
  if (text.includes('starmind-conformance,') || /^row,[\w.-]+,/m.test(text)) {
    return new BoardError(
      'other-program',
      `the conformance program runs at ${name}, not the firmware`,
      'It is for "starmind board calibrate". Back to the firmware: starmind board flash --firmware',
    );
  }
  const printable = [...text].filter((c) => (c >= ' ' && c <= '~') || c === '\n' || c === '\r').length;
  const legible = printable > 0.9 * text.length;
  return legible
    ? new BoardError(
        'other-program',
        `${name} talks, but not as this firmware does; it said ${JSON.stringify(text.slice(0, 80))}`,
        'Another program is on the board: starmind board flash --firmware',
      )
    : new BoardError(
        'garbage',
        `${heard.length} bytes came from ${name} that are neither text nor frames`,
        'Most likely the rate is another: --baud, or reset the board, which goes back to 115,200.',
      );
};

const speedUp = async ({ client, name }: BoardSession, port: Port, wanted: number): Promise<void> => {
  const baud = await client.baud(wanted);
  await port.setBaud(baud);
  try {
    await client.hello();
  } catch (error) {
    if (!(error instanceof LinkError) || error.code !== 'timeout') throw error;
    throw new BoardError(
      'garbage',
      `no answer from ${name} at ${baud} baud`,
      'The adapter or the wires are too slow for it: take a lower --fast. The board goes back by itself.',
    );
  }
};
