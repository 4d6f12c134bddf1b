/** An emulated board in a process of its own, as `starmind board emulate` makes it, for clients that think it real. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { onTestFinished } from 'vitest';

const STARMIND = fileURLToPath(new URL('../../bin/starmind.mjs', import.meta.url));

/** A small model: its stories are nonsense, and take a tenth of the time. */
export const MODEL = 'balanced-production';

export interface Emulated {
  /** As `--port` takes it. */
  port: string;
  /** What it wrote to stderr. */
  log(): string;
  /** Pulls the plug. */
  kill(): Promise<void>;
}

/** @param args of `starmind board emulate`; resolves when its port can be opened */
export const emulate = async (args: string[], env: Record<string, string> = {}): Promise<Emulated> => {
  const child = execa(process.execPath, [STARMIND, 'board', 'emulate', ...args], {
    reject: false,
    buffer: false,
    stdin: 'ignore',
    env,
  });
  let log = '';
  child.stderr.on('data', (bytes: Buffer) => (log += bytes.toString()));
  const port = await new Promise<string>((resolve, reject) => {
    createInterface(child.stdout).once('line', resolve);
    void child.then(({ exitCode }) => reject(new Error(`emulate ended with ${exitCode}:\n${log}`)));
  });
  return {
    port,
    log: () => log,
    kill: async () => {
      child.kill();
      await child;
    },
  };
};

/** A folder that goes when the process does. */
export const scratchFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'starmind-board-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
};

/** A device that does what `answer` says with everything that comes; gone at the end of the test. */
export const impostor = async (answer: (bytes: Buffer, socket: Socket) => void): Promise<string> => {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (bytes: Buffer) => answer(bytes, socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
  });
  const address = server.address();
  return `tcp:127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
};
