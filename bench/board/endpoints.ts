/** Where other programs meet an emulated board: a pseudo-terminal that any serial program opens, or a TCP port. */

import { closeSync, constants, existsSync, openSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { PortError } from '../link/index.ts';
import type { ByteSink } from './emulated.ts';

export interface Endpoint {
  /** As `--port` takes it. */
  name: string;
  send: ByteSink;
  close(): Promise<void>;
}

type Receiver = (bytes: Uint8Array) => void;

const PTY_SECONDS = 5;
const POLL_MS = 20;

/**
 * A pseudo-terminal at `link`, raw, made by socat. It stays while programs open and close it.
 * @throws PortError when socat is missing, or something else lies at `link`
 */
export const openPty = async (link: string, receive: Receiver): Promise<Endpoint> => {
  if (existsSync(link)) {
    throw new PortError('busy', `${link} is there already`, 'Delete it, or name another place with --pty.');
  }
  // What is left of one whose maker is gone.
  rmSync(link, { force: true });
  const socat = execa('socat', [`pty,raw,echo=0,link=${link}`, '-'], {
    buffer: false,
    reject: false,
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'ignore',
  });
  socat.stdout.on('data', receive);
  socat.stdin.on('error', () => {});
  const ended = socat.then(({ failed, code }) => {
    if (!failed) return;
    const missing = (code as string | undefined) === 'ENOENT';
    throw new PortError(
      'no-port',
      missing ? 'a pseudo-terminal needs socat, which is not installed' : `socat cannot make ${link}`,
      missing ? 'Run: apt-get install socat (or brew install socat); or use --tcp PORT.' : undefined,
    );
  });
  await Promise.race([untilThere(link), ended]);
  ended.catch(() => {});
  // While one end stays open here, the pseudo-terminal does not hang up when the last program closes it.
  const hold = openSync(link, constants.O_RDWR | constants.O_NOCTTY);
  return {
    name: link,
    send: (bytes) => writeTo(socat.stdin, bytes),
    close: async () => {
      closeSync(hold);
      socat.kill();
      await socat;
      rmSync(link, { force: true });
    },
  };
};

const untilThere = async (link: string): Promise<void> => {
  for (let waited = 0; !existsSync(link); waited += POLL_MS) {
    if (waited > 1000 * PTY_SECONDS) throw new PortError('no-port', `socat did not make ${link}`);
    await sleep(POLL_MS);
  }
};

const writeTo = async (stream: NodeJS.WritableStream, bytes: Uint8Array): Promise<void> => {
  if (stream.write(bytes)) return;
  await new Promise<void>((resolve) => {
    const done = () => {
      for (const event of ['drain', 'close', 'error']) stream.removeListener(event, done);
      resolve();
    };
    for (const event of ['drain', 'close', 'error']) stream.once(event, done);
  });
};

/** A TCP port on loopback, for one client at a time; while there is none, what the board says is lost, as on a wire. */
export const openTcp = async (port: number, receive: Receiver): Promise<Endpoint> => {
  let client: Socket | undefined;
  const server = createServer((socket) => {
    if (client !== undefined) {
      socket.destroy();
      return;
    }
    client = socket.setNoDelay();
    socket.on('data', receive);
    socket.on('error', () => {});
    socket.on('close', () => {
      client = undefined;
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(
        new PortError(
          'busy',
          `nothing can listen at port ${port} (${error.code})`,
          'Take another; 0 takes any.',
        ),
      );
    });
    server.listen(port, '127.0.0.1', resolve);
  });
  const address = server.address();
  const number = typeof address === 'object' && address !== null ? address.port : port;
  return {
    name: `tcp:127.0.0.1:${number}`,
    send: (bytes) => (client === undefined ? undefined : writeTo(client, bytes)),
    close: async () => {
      client?.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};
