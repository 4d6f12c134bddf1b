/** Opens a port by its name: a serial port (`/dev/ttyACM0`, `COM3`) or a socket (`tcp:127.0.0.1:4000`). */
import { connect, type Socket } from 'node:net';
import type { SerialPort } from 'serialport';
import { PortError } from './port-error.ts';
import { StreamTransport } from './stream.ts';

/** The rate at which the firmware's UART0 boots. USB takes any. */
export const BOOT_BAUD = 115_200;

/** What package.json has as an optional dependency. */
export const SERIALPORT_PACKAGE = 'serialport@13.0.0';

const TCP = /^tcp:(.+):(\d+)$/;

export interface Port {
  transport: StreamTransport;
  /** Changes this end's rate; sockets have none. */
  setBaud(baud: number): Promise<void>;
  /** Gives the port back; does not fail when it is gone already. */
  close(): Promise<void>;
}

/** @throws PortError `no-library`, `no-port`, `denied` or `busy`, for people */
export const openPort = async (name: string, baud = BOOT_BAUD): Promise<Port> => {
  const tcp = TCP.exec(name);
  if (tcp === null) return openSerial(name, baud);
  const socket = await openSocket(name, tcp[1]!, Number(tcp[2]));
  return {
    transport: new StreamTransport(socket, name),
    setBaud: async () => {},
    close: async () => socket.destroySoon(),
  };
};

/** @throws PortError `no-library` that says how to install it */
export const serialportLibrary = async (): Promise<typeof import('serialport')> => {
  try {
    return await import('serialport');
  } catch (error) {
    throw new PortError(
      'no-library',
      `the library for serial ports is not installed (${(error as Error).message.split('\n')[0]})`,
      `Run: npm install ${SERIALPORT_PACKAGE}`,
    );
  }
};

const openSerial = async (path: string, baudRate: number): Promise<Port> => {
  const library = await serialportLibrary();
  const port = new library.SerialPort({ path, baudRate, autoOpen: false });
  await new Promise<void>((resolve, reject) => {
    port.open((error) => (error ? reject(explainOpening(path, error)) : resolve()));
  });
  return {
    transport: new StreamTransport(port, path),
    setBaud: (baud) => updateBaud(port, baud),
    close: () => closeSerial(port),
  };
};

const closeSerial = async (port: SerialPort): Promise<void> => {
  if (port.isOpen) await new Promise<void>((resolve) => port.close(() => resolve()));
};

const updateBaud = (port: SerialPort, baudRate: number): Promise<void> =>
  new Promise((resolve, reject) => {
    port.update({ baudRate }, (error) => {
      if (error) reject(new PortError('denied', `${port.path} cannot do ${baudRate} baud: ${error.message}`));
      else resolve();
    });
  });

const BUSY_HINT =
  'Close the terminal program or the other starmind that has it open; only one program can talk to a board at a time.';

const explainOpening = (path: string, { message }: Error): PortError => {
  if (/cannot lock|busy|temporarily unavailable|access is denied/i.test(message))
    return new PortError('busy', `${path} is in use by another program`, BUSY_HINT);
  if (/no such file|cannot find|not found|enoent/i.test(message))
    return new PortError(
      'no-port',
      `there is no port ${path}`,
      'See "starmind board list" for those there are.',
    );
  if (/permission|eacces/i.test(message)) {
    return new PortError(
      'denied',
      `you may not open ${path}`,
      'On Linux join the group that owns it, for example: sudo usermod -aG dialout $USER, then log in again.',
    );
  }
  return new PortError('no-port', `${path} cannot be opened as a serial port: ${message}`);
};

const openSocket = (name: string, host: string, port: number): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true });
    socket.once('connect', () => resolve(socket));
    socket.once('error', (error) => {
      reject(new PortError('no-port', `nobody answers at ${name} (${error.message})`));
    });
  });
