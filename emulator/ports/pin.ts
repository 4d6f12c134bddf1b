/** One GPIO of the Pico, seen from outside: its level, a way to drive it, and its changes. */
import { type GPIOPin, GPIOPinState } from 'rp2040js';

/** Called when the level changed, with the cycle it did. */
export type PinChangeListener = (level: boolean, cycle: number) => void;

/** A GPIO as seen from outside: its level, and what is driven into it. */
export class PicoPin {
  readonly index: number;
  private pin: GPIOPin | undefined;
  private cyclesNow: () => number = () => 0;
  private readonly listeners = new Set<PinChangeListener>();
  private driven: boolean | undefined;
  private lastLevel = false;

  constructor(index: number) {
    this.index = index;
  }

  /** Connects to a new chip (after a reset); listeners and the driven level stay. */
  connect(pin: GPIOPin, cyclesNow: () => number): void {
    this.pin = pin;
    this.cyclesNow = cyclesNow;
    this.lastLevel = this.level;
    pin.addListener(() => this.changed());
    if (this.driven !== undefined) pin.setInputValue(this.driven);
  }

  /** The level on the wire: what the chip drives, else what `drive` set, else the pull resistor (low without one). */
  get level(): boolean {
    const state = this.pin?.value ?? GPIOPinState.Input;
    if (state === GPIOPinState.High) return true;
    if (state === GPIOPinState.Low) return false;
    return this.driven ?? state === GPIOPinState.InputPullUp;
  }

  /** True while the chip drives the pin. */
  get isOutput(): boolean {
    const state = this.pin?.value;
    return state === GPIOPinState.High || state === GPIOPinState.Low;
  }

  /** Drives the pin from outside, as an input of the chip. */
  drive(level: boolean): void {
    this.driven = level;
    this.pin?.setInputValue(level);
    this.changed();
  }

  /** Returns the function that removes the listener. */
  onChange(listener: PinChangeListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private changed(): void {
    const { level } = this;
    if (level === this.lastLevel) return;
    this.lastLevel = level;
    // The input buffer sees the pad, whoever or whatever gives it its level: outputs can be read back and cause interrupts.
    this.pin?.setInputValue(level);
    for (const listener of this.listeners) listener(level, this.cyclesNow());
  }
}
