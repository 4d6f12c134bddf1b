/** The far end of the USB cable: a host that opens the Pico's CDC serial port as soon as the Pico shows one. */
import { type RP2040, USBCDC } from 'rp2040js';

export type UsbByteListener = (byte: number, cycle: number) => void;

/** rp2040js' host has room for this many bytes that the Pico has not fetched. */
const HOST_FIFO_BYTES = 512;

/**
 * A host leaves a device alone for this long after a bus reset (USB 2.0 specification 7.1.7.5, TRSTRCY). rp2040js' host speaks in the
 * same instant, before the device has seen the reset.
 */
const RESET_RECOVERY_SECONDS = 0.01;

/** What the port needs of the chip around it. */
export interface EmulatedTime {
  readonly cycles: number;
  after(seconds: number, callback: () => void): void;
}

export class PicoUsb {
  private cdc: USBCDC | undefined;
  private open = false;
  private readonly listeners = new Set<UsbByteListener>();
  private captured: number[] = [];
  private queue: number[] = [];

  /** Plugs the cable into a new chip (after a reset); listeners and captured output stay. */
  connect(rp2040: RP2040, host: EmulatedTime): void {
    const cdc = new USBCDC(rp2040.usbCtrl);
    const address = rp2040.usbCtrl.onResetReceived;
    rp2040.usbCtrl.onResetReceived = () => host.after(RESET_RECOVERY_SECONDS, () => address?.());
    this.cdc = cdc;
    this.open = false;
    cdc.onDeviceConnected = () => {
      this.open = true;
      this.fill();
    };
    cdc.onSerialData = (bytes) => {
      for (const byte of bytes) {
        this.captured.push(byte);
        for (const listener of this.listeners) listener(byte, host.cycles);
      }
    };
    const fetched = rp2040.usbCtrl.onEndpointRead;
    rp2040.usbCtrl.onEndpointRead = (endpoint, size) => {
      this.fill();
      fetched?.(endpoint, size);
    };
  }

  /** True once the Pico has been enumerated and its serial port is open. */
  get connected(): boolean {
    return this.open;
  }

  /** Bytes (or the UTF-8 of a text) for the Pico; it fetches them when it is ready. */
  send(data: Uint8Array | string): void {
    const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : data;
    for (const byte of bytes) this.queue.push(byte);
    this.fill();
  }

  /** Returns the function that removes the listener. */
  onByte(listener: UsbByteListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Everything the Pico has sent since the last `clear`, as text (UTF-8, broken sequences replaced). */
  get text(): string {
    return new TextDecoder().decode(Uint8Array.from(this.captured));
  }

  clear(): void {
    this.captured = [];
  }

  private fill(): void {
    const { cdc } = this;
    if (!cdc || !this.open) return;
    while (this.queue.length > 0 && cdc.txFIFO.itemCount < HOST_FIFO_BYTES)
      cdc.sendSerialByte(this.queue.shift() ?? 0);
  }
}
