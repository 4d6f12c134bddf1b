/** GDB's remote protocol over TCP, on the loopback interface only, for one debugger at a time. */
import { createServer, type Server, type Socket } from 'node:net';
import { framed, PacketReader } from './packets.ts';
import { Session } from './session.ts';
import type { DebugTarget } from './target.ts';

const LOOPBACK = '127.0.0.1';

export interface GdbServer {
  readonly port: number;
  /** Resolves when the debugger detached or its connection ended, once for each. */
  onLeave(listener: () => void): void;
  close(): Promise<void>;
}

/**
 * @param port 0 takes any that is free
 * @throws an error with code EADDRINUSE when something listens there already
 */
export const serveGdb = async (target: DebugTarget, port: number): Promise<GdbServer> => {
  const leaveListeners: (() => void)[] = [];
  let present: Socket | undefined;
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    if (present !== undefined) {
      socket.destroy();
      return;
    }
    present = socket;
    const session = new Session(target);
    converse(socket, session);
    socket.on('close', () => {
      session.ended = true;
      target.removeAllPoints();
      present = undefined;
      for (const listener of leaveListeners) listener();
    });
  });
  await listen(server, port);
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    onLeave: (listener) => leaveListeners.push(listener),
    close: () =>
      new Promise((resolve) => {
        present?.destroy();
        server.close(() => resolve());
      }),
  };
};

const listen = (server: Server, port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, LOOPBACK, () => {
      server.off('error', reject);
      resolve();
    });
  });

/** Packets are answered one after the other; Ctrl-C reaches the session at once. */
const converse = (socket: Socket, session: Session): void => {
  const reader = new PacketReader();
  let answered = Promise.resolve();
  let unanswered = 0;
  const write = (data: Uint8Array | string): void => {
    if (socket.writable) socket.write(data);
  };
  const answer = async (packet: Uint8Array): Promise<void> => {
    const reply = await session.handle(packet);
    unanswered--;
    if (reply !== undefined) write(framed(reply));
    if (session.ended) socket.end();
  };
  socket.setNoDelay(true);
  socket.on('data', (bytes) => {
    for (const incoming of reader.push(bytes)) {
      // A Ctrl-C that comes after the program has stopped is of no use to anybody.
      if (incoming.kind === 'interrupt') {
        if (unanswered > 0) session.interrupt();
      } else if (incoming.kind === 'damaged') write('-');
      else {
        if (!session.withoutAcknowledgements) write('+');
        unanswered++;
        answered = answered.then(() => answer(incoming.data));
      }
    }
  });
};
