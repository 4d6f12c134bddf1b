/** After flashing: the board comes back, and has what was written. */
import { setTimeout as sleep } from 'node:timers/promises';
import { PortError } from '../link/index.ts';
import { BoardError } from './board-error.ts';
import { imageCrc, runs } from './identity.ts';
import { listPorts } from './ports.ts';
import { type BoardSession, openSession } from './session.ts';

/** What must be on it; parts left out may be anything. */
export interface Wanted {
  /** What lies in flash from its start. */
  firmware?: Uint8Array;
  /** The model image. */
  model?: Uint8Array;
}

export interface VerifyOptions {
  /** Where the board will be. @default the first port that looks like a Pico */
  port?: string;
  baud?: number;
  waitSeconds: number;
}

const POLL_MS = 200;

/**
 * @returns what was found, for people
 * @throws BoardError `not-verified` when it does not come back, or has something else
 */
export const verifyBoard = async (wanted: Wanted, options: VerifyOptions): Promise<string[]> => {
  const session = await comeBack(options);
  try {
    return [...checkFirmware(session, wanted.firmware), ...(await checkModel(session, wanted.model))];
  } finally {
    await session.close();
  }
};

const comeBack = async ({ port, baud, waitSeconds }: VerifyOptions): Promise<BoardSession> => {
  const deadline = Date.now() + 1000 * waitSeconds;
  let last: Error | undefined;
  while (Date.now() < deadline) {
    try {
      const name = port ?? (await likelyPort());
      if (name !== undefined) return await openSession(name, { baud });
    } catch (error) {
      last = error as Error;
      if (error instanceof PortError && error.code === 'no-library') break;
      // A port that is not there yet, or a board that is still starting.
      if (!(error instanceof PortError || error instanceof BoardError)) throw error;
    }
    await sleep(POLL_MS);
  }
  const why = last === undefined ? `no port that looks like a Pico within ${waitSeconds} s` : last.message;
  throw new BoardError(
    'not-verified',
    `it was written, but not seen to run: ${why}`,
    'Say --port PORT when the board is behind a UART adapter, or --no-verify to leave this out.',
  );
};

const likelyPort = async (): Promise<string | undefined> =>
  (await listPorts()).find(({ kind }) => kind === 'pico')?.path;

const checkFirmware = ({ hello, name }: BoardSession, bin: Uint8Array | undefined): string[] => {
  if (bin === undefined) return [];
  const same = runs(hello, { bin, sha256: '' });
  if (same === true) return [`firmware ${hello.firmware} (CRC-32 ${hex(hello.firmwareCrc!)})`];
  const what = same === undefined ? 'does not say which firmware it runs' : 'runs another firmware';
  throw new BoardError('not-verified', `the board at ${name} ${what} (${hello.firmware})`, TRY_AGAIN);
};

const checkModel = async (
  { client, hello, name }: BoardSession,
  image: Uint8Array | undefined,
): Promise<string[]> => {
  if (image === undefined) return [];
  if (hello.model === null) {
    throw new BoardError(
      'not-verified',
      `the board at ${name} refuses the model: ${hello.modelError}`,
      TRY_AGAIN,
    );
  }
  const { imageCrc: crc, name: model } = await client.describe();
  if (crc === imageCrc(image)) return [`model ${model} (CRC-32 ${hex(crc)})`];
  throw new BoardError(
    'not-verified',
    `the board at ${name} has another model: ${model}, CRC-32 ${hex(crc)}`,
    TRY_AGAIN,
  );
};

const TRY_AGAIN = 'Flash it again; another cable or port helps where files arrive damaged.';

const hex = (value: number): string => value.toString(16).padStart(8, '0');
