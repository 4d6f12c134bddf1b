/** Reads the conformance table that a board prints over its UART. */
import { type DeviceTable, parseDeviceTable } from '../conformance/serial.ts';
import { encodeFrame } from '../link/frame.ts';
import { openPort, type StreamTransport } from '../link/index.ts';
import { encodeMessage } from '../link/message.ts';
import { BoardError } from './board-error.ts';

export interface TableRequest {
  baud?: number;
  /** Silence, in seconds, after which the board is given up. @default 10 */
  timeoutSeconds?: number;
  /** Called with the number of rows that have come. */
  onRows?: (rows: number) => void;
}

const SILENCE_SECONDS = 10;
const HEAD = 'starmind-conformance,';
const LAST_LINE = '\ndone';

/**
 * Any byte makes the program begin again once it has ended, so it need not be caught at its start. The byte is a whole
 * request for our firmware: that answers, and is then told apart.
 * @throws PortError when the port cannot be opened; BoardError when no table comes; ConformanceOutputError when it is broken
 */
export const readTable = async (name: string, request: TableRequest = {}): Promise<DeviceTable> => {
  const { baud, timeoutSeconds = SILENCE_SECONDS, onRows } = request;
  const port = await openPort(name, baud);
  try {
    return parseDeviceTable(await collect(name, port.transport, timeoutSeconds, onRows));
  } finally {
    await port.close();
  }
};

/** How long a table may take to begin after it was asked for. */
const ASK_AGAIN_SECONDS = 2;

const collect = async (
  name: string,
  transport: StreamTransport,
  timeoutSeconds: number,
  onRows: TableRequest['onRows'],
): Promise<string> => {
  const decoder = new TextDecoder();
  const ask = () => transport.write(encodeFrame(encodeMessage({ op: 'hello', id: 1 })));
  let text = '';
  let silent = 0;
  await ask();
  while (!isWhole(text)) {
    const patience = Math.min(ASK_AGAIN_SECONDS, timeoutSeconds);
    const bytes = await transport.read(patience);
    silent = bytes.length === 0 ? silent + patience : 0;
    if (silent >= timeoutSeconds) throw nothingMore(name, text, timeoutSeconds);
    text += decoder.decode(bytes, { stream: true });
    if (text.includes(HEAD)) onRows?.(text.split('\nrow,').length - 1);
    else if (isOurFirmware(text)) throw firmwareAt(name);
    // A table whose head was missed has ended, or nobody prints one: the next is asked for.
    else if (silent > 0 || text.includes(LAST_LINE)) {
      text = '';
      await ask();
    }
  }
  // From the last head on: a table that was under way when the port was opened has lost its own.
  return `${text.slice(text.lastIndexOf(HEAD))}\n`;
};

const firmwareAt = (name: string): BoardError =>
  new BoardError(
    'other-program',
    `the firmware runs at ${name}, not the conformance program`,
    'Put it on the board: starmind board flash --conformance',
  );

/** The end of a table whose head was seen. */
const isWhole = (text: string): boolean => {
  const head = text.indexOf(HEAD);
  return head >= 0 && text.indexOf(LAST_LINE, head) >= 0;
};

/** It greets, or answers with a map that names its protocol. */
const isOurFirmware = (text: string): boolean => text.includes('Starmind Pico') || text.includes('protocol');

const nothingMore = (name: string, text: string, seconds: number): BoardError => {
  const rows = text.split('\nrow,').length - 1;
  const what =
    rows > 0
      ? `the table from ${name} broke off after ${rows} rows`
      : `no conformance table came from ${name}`;
  return new BoardError(
    'silent',
    `${what}: silence for ${seconds} s`,
    'The program prints over UART0 (GPIO 0) at 115,200 baud. Is it on the board? starmind board flash --conformance; then reset the board.',
  );
};
