/**
 * Puts our peripherals into an RP2040 in place of rp2040js 1.4.1's stubs and approximations. Works with the stock RP2040
 * object and with subclasses of it: everything is reached through `rp2040.peripherals` and time through `rp2040.clock`.
 */
import type { RP2040 } from 'rp2040js';
import { FlashChip, type FlashDurations } from '../flash/chip.ts';
import { IoQspi, PadsQspi } from '../flash/io-qspi.ts';
import { QspiBus } from '../flash/qspi-bus.ts';
import { Ssi } from '../flash/ssi.ts';

export interface PeripheralOptions {
  /** Flash size in bytes, a power of two. @default 2 MB */
  flashBytes?: number;
  /** Eight bytes that the flash chip reports as its unique id. */
  flashUniqueId?: Uint8Array;
  flashDurations?: Partial<FlashDurations>;
  /** Bytes [start, end) of the flash image changed through the flash chip (program or erase). */
  onFlashChange?: (start: number, end: number) => void;
}

export interface Peripherals {
  flash: FlashChip;
  qspi: QspiBus;
  ssi: Ssi;
  ioQspi: IoQspi;
}

const DEFAULT_FLASH_BYTES = 2 * 1024 * 1024;

export function installPeripherals(rp2040: RP2040, options: PeripheralOptions = {}): Peripherals {
  const flash = new FlashChip({
    array: rp2040.flash,
    sizeBytes: options.flashBytes ?? DEFAULT_FLASH_BYTES,
    nanos: () => rp2040.clock.nanos,
    uniqueId: options.flashUniqueId,
    durations: options.flashDurations,
    onChange: options.onFlashChange,
  });
  const qspi = new QspiBus(flash);
  const ssi = new Ssi(rp2040, qspi);
  const ioQspi = new IoQspi(rp2040, qspi);
  rp2040.peripherals[0x18000] = ssi;
  rp2040.peripherals[0x40018] = ioQspi;
  rp2040.peripherals[0x40020] = new PadsQspi(rp2040, ioQspi);
  return { flash, qspi, ssi, ioQspi };
}
