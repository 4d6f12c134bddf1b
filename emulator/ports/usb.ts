/**
 * The far end of the USB cable: a host that enumerates the Pico and opens its CDC serial port as soon as the Pico shows one. The host is
 * rp2040js' `USBCDC`; what a cable and a program do besides (unplug, close the port, stop reading) is added here.
 */
import { type RP2040, USBCDC } from 'rp2040js';

export type UsbByteListener = (byte: number, cycle: number) => void;

const PACKET_BYTES = 64;
const SIE_SUSPENDED = 1 << 4;
const SIE_RESUME = 1 << 11;
/** CDC PSTN 6.3.12: DTR and RTS of SET_CONTROL_LINE_STATE. */
const LINE_OPEN = 3;

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

/** What rp2040js keeps to itself, by name. */
interface ControllerInside {
  sieStatus: number;
  sieStatusUpdated(): void;
  indicateBufferReady(endpoint: number, out: boolean): void;
}
interface CdcInside {
  inEndpoint: number;
  outEndpoint: number;
  cdcSetControlLineState(value: number): void;
}

/** The far end of the Pico's USB serial port (CDC): a host that is plugged in, opens the port, reads and sends. */
export class PicoUsb {
  private chip: RP2040 | undefined;
  private host: EmulatedTime | undefined;
  private cdc: USBCDC | undefined;
  private isPlugged = true;
  private isOpen = false;
  private wantsOpen = true;
  private isReading = true;
  /** The Pico has shown itself (its pull-up) since its reset. */
  private shown = false;
  private readonly listeners = new Set<UsbByteListener>();
  private captured: number[] = [];
  private queue: number[] = [];
  /** Packet sizes the Pico waits for without getting one. */
  private waiting: number[] = [];
  /** Sent packets that the host has not taken. */
  private untaken: (() => void)[] = [];

  /** Plugs the cable into a new chip (after a reset); listeners and captured output stay. */
  connect(rp2040: RP2040, host: EmulatedTime): void {
    this.chip = rp2040;
    this.host = host;
    this.shown = false;
    this.queue = [];
    const inside = rp2040.usbCtrl as unknown as ControllerInside;
    const taken = inside.indicateBufferReady.bind(inside);
    inside.indicateBufferReady = (endpoint, out) => {
      const mine = endpoint !== 0 && !out && this.chip === rp2040;
      if (mine && !this.isReading) this.untaken.push(() => taken(endpoint, out));
      else taken(endpoint, out);
    };
    this.attach();
  }

  /** True once the Pico has been enumerated and its serial port is open. */
  get connected(): boolean {
    return this.isOpen;
  }

  /** Pulls the cable: the Pico sees a silent bus. */
  unplug(): void {
    this.isPlugged = false;
    this.isOpen = false;
    this.queue = [];
    this.waiting = [];
    this.untaken = [];
    const { chip } = this;
    if (!chip || !this.shown) return;
    const inside = chip.usbCtrl as unknown as ControllerInside;
    inside.sieStatus |= SIE_SUSPENDED;
    inside.sieStatusUpdated();
    inside.sieStatus &= ~SIE_SUSPENDED;
  }

  /** Puts the cable back: bus reset and enumeration, as at first. */
  plug(): void {
    if (this.isPlugged) return;
    this.isPlugged = true;
    if (!this.chip) return;
    this.attach();
    if (!this.shown) return;
    const inside = this.chip.usbCtrl as unknown as ControllerInside;
    inside.sieStatus &= ~(SIE_SUSPENDED | SIE_RESUME);
    this.chip.usbCtrl.resetDevice();
  }

  /** A program opens the port (DTR and RTS on). */
  open(): void {
    this.wantsOpen = true;
    this.setLine(LINE_OPEN);
  }

  /** The program closes it, or dies: DTR and RTS off. The cable stays. */
  close(): void {
    this.wantsOpen = false;
    this.queue = [];
    this.setLine(0);
  }

  /** Whether the host takes what the Pico sends; false is a program that has stopped reading, with its buffers full. */
  get reading(): boolean {
    return this.isReading;
  }

  set reading(reading: boolean) {
    this.isReading = reading;
    if (!reading) return;
    const { untaken } = this;
    this.untaken = [];
    for (const take of untaken) take();
  }

  /** Bytes (or the UTF-8 of a text) for the Pico; it fetches them when it is ready. */
  send(data: Uint8Array | string): void {
    const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : data;
    for (const byte of bytes) this.queue.push(byte);
    this.deliver();
  }

  /** Bytes queued by `send` that the Pico has not fetched. */
  get unsent(): number {
    return this.queue.length;
  }

  /** Returns the function that removes the listener. */
  onByte(listener: UsbByteListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Everything the Pico has sent since the last `clear`. */
  get bytes(): Uint8Array {
    return Uint8Array.from(this.captured);
  }

  /** The same as text (UTF-8, broken sequences replaced). */
  get text(): string {
    return new TextDecoder().decode(this.bytes);
  }

  clear(): void {
    this.captured = [];
  }

  /** A host that knows nothing of the Pico yet. */
  private attach(): void {
    const { chip, host } = this;
    if (!chip || !host) return;
    const { usbCtrl } = chip;
    const cdc = new USBCDC(usbCtrl);
    this.cdc = cdc;
    this.isOpen = false;
    this.waiting = [];
    this.untaken = [];
    const enumerate = usbCtrl.onUSBEnabled;
    usbCtrl.onUSBEnabled = () => {
      this.shown = true;
      if (this.isPlugged) enumerate?.();
    };
    const address = usbCtrl.onResetReceived;
    usbCtrl.onResetReceived = () => {
      host.after(RESET_RECOVERY_SECONDS, () => {
        if (this.cdc === cdc && this.isPlugged) address?.();
      });
    };
    const written = usbCtrl.onEndpointWrite;
    usbCtrl.onEndpointWrite = (endpoint, bytes) => {
      if (this.cdc !== cdc || !this.isPlugged) return;
      if (endpoint !== 0 && !this.isReading) this.untaken.push(() => written?.(endpoint, bytes));
      else written?.(endpoint, bytes);
    };
    cdc.onDeviceConnected = () => {
      this.isOpen = this.wantsOpen;
      if (!this.wantsOpen) this.setLine(0);
      this.deliver();
    };
    cdc.onSerialData = (bytes) => {
      for (const byte of bytes) {
        this.captured.push(byte);
        for (const listener of this.listeners) listener(byte, host.cycles);
      }
    };
    // rp2040js answers with empty packets while there is nothing to send; a host says nothing then.
    usbCtrl.onEndpointRead = (endpoint, size) => {
      if (endpoint !== (cdc as unknown as CdcInside).outEndpoint) return;
      this.waiting.push(size);
      this.deliver();
    };
  }

  private setLine(value: number): void {
    if (!this.cdc || (this.cdc as unknown as CdcInside).outEndpoint < 0) return;
    (this.cdc as unknown as CdcInside).cdcSetControlLineState(value);
    this.isOpen = value !== 0;
    this.deliver();
  }

  private deliver(): void {
    const { cdc, chip } = this;
    while (cdc && chip && this.isOpen && this.waiting.length > 0 && this.queue.length > 0) {
      const room = Math.min(this.waiting.shift() ?? 0, PACKET_BYTES);
      chip.usbCtrl.endpointReadDone(
        (cdc as unknown as CdcInside).outEndpoint,
        Uint8Array.from(this.queue.splice(0, room)),
      );
    }
  }
}
