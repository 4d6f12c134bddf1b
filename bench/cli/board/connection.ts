/** Options of every verb that talks to a board, and the session that they open. */
import type { Command } from 'commander';
import type { BoardSession, SessionOptions } from '../../board/session.ts';
import { usageError } from '../exit.ts';
import { readBaud, readSeconds } from '../numbers.ts';
import { note } from '../terminal.ts';

export interface ConnectionFlags {
  port?: string;
  baud?: number;
  /** True: as fast as can be. */
  fast?: number | true;
  timeout: number;
}

/** `--port` may also be a recording, which answers as its board did. */
const RECORDING = /^replay:(.+)$/;

export const addPortOptions = (command: Command): Command =>
  command
    .option('--port <port>', 'serial port, or tcp:HOST:PORT (default: the one port that looks like a Pico)')
    .option('--baud <rate>', 'rate at which UART0 is met (default: 115200); USB has none', readBaud)
    .option('--timeout <seconds>', 'silence after which the board is given up', readSeconds, 10);

export const addConnectionOptions = (command: Command): Command =>
  addPortOptions(command).option(
    '--fast [rate]',
    'change UART0 to this rate, 3000000 at most, once the board has answered',
    (text: string) => readBaud(text),
  );

/** The file behind `replay:FILE`. */
export const recordingOf = ({ port }: Pick<ConnectionFlags, 'port'>): string | undefined =>
  RECORDING.exec(port ?? '')?.[1];

/** A session as the flags ask for it. */
export const connect = async (
  flags: ConnectionFlags,
  wrap?: SessionOptions['wrap'],
): Promise<BoardSession> => {
  const recording = recordingOf(flags);
  if (recording !== undefined) return replay(recording);
  const { openSession } = await import('../../board/session.ts');
  return openSession(await portOf(flags), {
    baud: flags.baud,
    fastBaud: flags.fast === true ? FASTEST_BAUD : flags.fast,
    timeoutSeconds: flags.timeout,
    wrap,
  });
};

const FASTEST_BAUD = 3_000_000;

const replay = async (file: string): Promise<BoardSession> => {
  const { readRecording } = await import('./recordings.ts');
  const { replaySession } = await import('../../board/replay.ts');
  return replaySession(readRecording(file), file);
};

/** The port that was asked for, or the only one that looks like a Pico. */
export const portOf = async ({ port }: Pick<ConnectionFlags, 'port'>): Promise<string> => {
  if (port !== undefined) return port;
  const { listPorts } = await import('../../board/ports.ts');
  const ports = await listPorts();
  const picos = ports.filter(({ kind }) => kind === 'pico');
  if (picos.length === 1) {
    note(`port: ${picos[0]!.path}`);
    return picos[0]!.path;
  }
  const others = ports.map(({ path }) => path).join(', ');
  throw usageError(
    picos.length === 0
      ? 'no port looks like a Pico'
      : `several ports look like a Pico: ${picos.map(({ path }) => path).join(', ')}`,
    `Name one with --port${others === '' ? '; no serial port is here at all' : `; there are: ${others}`}.`,
  );
};
