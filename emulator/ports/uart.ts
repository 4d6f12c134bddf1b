/** The far end of one UART's wires: bytes that the Pico sends, and bytes sent to it, one character time after the other. */
import type { RP2040 } from 'rp2040js';
import { Uart } from '../uart/uart.ts';

type RPUART = RP2040['uart'][number];

/** Called with each byte, and the cycle in which it had been passed on. */
export type ByteListener = (byte: number, cycle: number) => void;

/** What the port needs of the chip around it. */
export interface UartHost {
  readonly cycles: number;
  after(seconds: number, callback: () => void): void;
}

/** Before the firmware has set a baud rate, characters wait this long to be tried again. */
const UNCONFIGURED_RETRY_SECONDS = 1e-4;

/** The far end of a UART: takes what the Pico sends, and sends to it at its baud rate. */
export class PicoUart {
  readonly index: 0 | 1;
  private uart: RPUART | undefined;
  private host: UartHost | undefined;
  private readonly listeners = new Set<ByteListener>();
  private readonly receivers = new Set<ByteListener>();
  private captured: number[] = [];
  private queue: number[] = [];
  private sending = false;

  constructor(index: 0 | 1) {
    this.index = index;
  }

  /** Connects to a new chip (after a reset); listeners and captured output stay, bytes not yet sent are dropped. */
  connect(uart: RPUART, host: UartHost): void {
    this.uart = uart;
    this.host = host;
    this.queue = [];
    this.sending = false;
    uart.onByte = (byte) => this.received(byte);
  }

  /** Bits per second as the firmware set it; NaN or Infinity before it did. */
  get baud(): number {
    return this.uart ? this.uart.baudRate : Number.NaN;
  }

  /** How a character goes over the wires: start bit, data bits, and all bits with parity and stop bits. */
  get frame(): { dataBits: number; bits: number; nanos: number } {
    const { uart } = this;
    const dataBits = uart?.wordLength ?? 8;
    // The two classes differ in their private parts only.
    const own: unknown = uart;
    if (own instanceof Uart) return { dataBits, bits: own.frameBits, nanos: own.frameNanos };
    return { dataBits, bits: dataBits + 2, nanos: ((dataBits + 2) * 1e9) / this.baud };
  }

  /** Queues bytes (or the UTF-8 of a text) for the Pico, which get there at the UART's own baud rate. */
  send(data: Uint8Array | string): void {
    const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : data;
    for (const byte of bytes) this.queue.push(byte);
    if (!this.sending && this.queue.length > 0) {
      this.sending = true;
      this.sendNext();
    }
  }

  /** Bytes queued by `send` that have not reached the chip yet. */
  get unsent(): number {
    return this.queue.length;
  }

  /** Returns the function that removes the listener. */
  onByte(listener: ByteListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Called with each byte for the Pico when its stop bit ends. Returns the function that removes the listener. */
  onReceived(listener: ByteListener): () => void {
    this.receivers.add(listener);
    return () => this.receivers.delete(listener);
  }

  /** Everything the Pico has sent since the last `clear`, as bytes. */
  get bytes(): Uint8Array {
    return Uint8Array.from(this.captured);
  }

  /** The same as text (UTF-8, broken sequences replaced). */
  get text(): string {
    return new TextDecoder().decode(this.bytes);
  }

  /** Forgets the output captured so far. */
  clear(): void {
    this.captured = [];
  }

  private received(byte: number): void {
    this.captured.push(byte);
    const cycle = this.host?.cycles ?? 0;
    for (const listener of this.listeners) listener(byte, cycle);
  }

  private feed(uart: RPUART, byte: number): void {
    uart.feedByte(byte);
    for (const listener of this.receivers) listener(byte, this.host?.cycles ?? 0);
  }

  private sendNext(): void {
    const { uart, host } = this;
    if (!uart || !host) return;
    const ready = uart.enabled && uart.rxEnabled && Number.isFinite(uart.baudRate) && uart.baudRate > 0;
    const wait = ready ? characterSeconds(uart) : UNCONFIGURED_RETRY_SECONDS;
    host.after(wait, () => {
      if (this.uart !== uart) return;
      if (ready) this.feed(uart, this.queue.shift() ?? 0);
      if (this.queue.length > 0) this.sendNext();
      else this.sending = false;
    });
  }
}

/** Start bit, word, one stop bit. */
function characterSeconds(uart: RPUART): number {
  return ((uart.wordLength ?? 8) + 2) / uart.baudRate;
}
