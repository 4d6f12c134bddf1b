/**
 * Records what a logic analyser would see: the levels of pins and of the UART's lines over time. Looking changes nothing. A byte is
 * known when its stop bit ends; its bits are then put where they were, so changes are only in order once sorted.
 */
import type { Pico } from '../pico.ts';

/** A signal takes a value at a time. */
export interface WaveChange {
  /** Since reset, following the clocks as programmed. */
  nanos: number;
  value: number;
}

/** A signal and all its changes, in the order of time. */
export interface WaveSignal {
  /** No blanks. */
  name: string;
  bits: number;
  /** Value before the first change. */
  initial: number;
  changes: WaveChange[];
}

const GPIOS = 30;

/** Records pins and lines of a Pico, for `writeVcd`. */
export class WaveRecorder {
  readonly signals: WaveSignal[] = [];
  private readonly pico: Pico;
  private readonly ends: (() => void)[] = [];

  /** Records from now on: all pins, and the lines of UART 0. */
  constructor(pico: Pico) {
    this.pico = pico;
    for (let n = 0; n < GPIOS; n++) this.recordPin(n);
    this.recordLine('uart0_tx', (listener) => pico.uart[0].onByte(listener));
    this.recordLine('uart0_rx', (listener) => pico.uart[0].onReceived(listener));
  }

  /** Another signal, whose changes the caller adds. */
  add(name: string, bits: number, initial = 0): WaveSignal {
    const signal: WaveSignal = { name, bits, initial, changes: [] };
    this.signals.push(signal);
    return signal;
  }

  /** Nanoseconds since reset at a cycle close to the present one. */
  nanosAt(cycle: number): number {
    return this.pico.seconds * 1e9 + ((cycle - this.pico.cycles) * 1e9) / this.pico.clockHz;
  }

  stop(): void {
    for (const end of this.ends) end();
    this.ends.length = 0;
  }

  private recordPin(n: number): void {
    const pin = this.pico.gpio(n);
    const signal = this.add(`gpio${n}`, 1, Number(pin.level));
    this.ends.push(
      pin.onChange((level, cycle) => {
        signal.changes.push({ nanos: this.nanosAt(cycle), value: Number(level) });
      }),
    );
  }

  private recordLine(name: string, listen: (listener: (byte: number) => void) => () => void): void {
    const signal = this.add(name, 1, 1);
    this.ends.push(
      listen((byte) => {
        const { dataBits, bits, nanos } = this.pico.uart[0].frame;
        const start = this.pico.seconds * 1e9 - nanos;
        const bit = nanos / bits;
        // Start bit, data with the lowest bit first, and the stop bits as the line rests.
        const levels = [0, ...Array.from({ length: dataBits }, (_, i) => (byte >> i) & 1), 1];
        levels.forEach((value, i) => {
          signal.changes.push({ nanos: start + i * bit, value });
        });
      }),
    );
  }
}
