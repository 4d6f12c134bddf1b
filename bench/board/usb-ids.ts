/** What USB vendor and product ids say about a serial port. Ids are four lower-case hexadecimal digits. */

interface KnownDevice {
  vendor: string;
  /** Any product of the vendor when absent. */
  product?: string;
  what: string;
  /** A Pico, or an adapter that one may hang on. */
  kind: 'pico' | 'adapter' | 'other';
}

const KNOWN: readonly KnownDevice[] = [
  { vendor: '2e8a', product: '000a', what: 'Raspberry Pi Pico (SDK serial port)', kind: 'pico' },
  { vendor: '2e8a', product: '0009', what: 'RP2350 board, not an RP2040', kind: 'other' },
  { vendor: '2e8a', product: '0005', what: 'Pico with MicroPython', kind: 'pico' },
  { vendor: '2e8a', product: '000c', what: 'Raspberry Pi Debug Probe', kind: 'adapter' },
  { vendor: '2e8a', product: '0004', what: 'Picoprobe', kind: 'adapter' },
  { vendor: '2e8a', what: 'Raspberry Pi device', kind: 'pico' },
  { vendor: '239a', what: 'CircuitPython board', kind: 'pico' },
  { vendor: '0403', what: 'FTDI USB serial adapter', kind: 'adapter' },
  { vendor: '10c4', what: 'Silicon Labs USB serial adapter', kind: 'adapter' },
  { vendor: '1a86', what: 'WCH USB serial adapter', kind: 'adapter' },
  { vendor: '067b', what: 'Prolific USB serial adapter', kind: 'adapter' },
];

export const describeUsb = (vendor?: string, product?: string): Omit<KnownDevice, 'vendor' | 'product'> => {
  const found = KNOWN.find(
    (one) =>
      one.vendor === vendor?.toLowerCase() &&
      (one.product ?? product?.toLowerCase()) === product?.toLowerCase(),
  );
  return found ?? { what: vendor === undefined ? 'not USB' : 'USB serial device', kind: 'other' };
};
