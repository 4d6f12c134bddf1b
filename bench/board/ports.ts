/** The serial ports of this computer, and which of them look like a Pico. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { serialportLibrary } from '../link/index.ts';
import { describeUsb } from './usb-ids.ts';

export interface SerialPortInfo {
  path: string;
  /** Four hexadecimal digits each; null for a port that is not USB. */
  vendorId: string | null;
  productId: string | null;
  serialNumber: string | null;
  /** For people: what kind of device it is. */
  what: string;
  /** `pico` may be one; `adapter` may lead to one. */
  kind: 'pico' | 'adapter' | 'other';
}

/** @throws PortError `no-library` */
export const listPorts = async (): Promise<SerialPortInfo[]> => {
  const { SerialPort } = await serialportLibrary();
  const found = await SerialPort.list().catch(fromSysfs);
  const order = ['pico', 'adapter', 'other'];
  return found
    .map(({ path: name, vendorId, productId, serialNumber }) => ({
      path: name,
      vendorId: vendorId?.toLowerCase() ?? null,
      productId: productId?.toLowerCase() ?? null,
      serialNumber: serialNumber ?? null,
      ...describeUsb(vendorId, productId),
    }))
    .sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind) || (a.path < b.path ? -1 : 1));
};

type Found = { path: string; vendorId?: string; productId?: string; serialNumber?: string };

/** The library asks udevadm, which small Linux systems lack; the kernel says the same in /sys. */
const fromSysfs = (error: Error): Found[] => {
  const root = '/sys/class/tty';
  if (!existsSync(root)) throw error;
  return readdirSync(root)
    .filter((name) => /^tty(ACM|USB|AMA)\d+$/.test(name))
    .map((name) => ({ path: `/dev/${name}`, ...usbAttributes(path.join(root, name, 'device')) }));
};

/** The ids are files of the USB device, one or two folders above the interface that the port belongs to. */
const usbAttributes = (device: string): Omit<Found, 'path'> => {
  for (const up of ['..', '../..', '../../..']) {
    const read = (name: string): string | undefined => {
      const file = path.join(device, up, name);
      return existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined;
    };
    const vendorId = read('idVendor');
    if (vendorId !== undefined)
      return { vendorId, productId: read('idProduct'), serialNumber: read('serial') };
  }
  return {};
};
