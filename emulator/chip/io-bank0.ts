/**
 * IO_BANK0 interrupts of both cores (datasheet 2.19.6.1). rp2040js has the registers of core 0 only; those of core 1
 * are added here, on the same pins.
 */
import { BasePeripheral, type GPIOPin, type Peripheral, type RP2040 } from 'rp2040js';

const PROC1_INTE0 = 0x130;
const PROC1_INTF0 = 0x140;
const PROC1_INTS0 = 0x150;
const PROC1_END = 0x160;
const PINS_PER_REGISTER = 8;

export class IoBank0 extends BasePeripheral {
  private readonly chip: RP2040;
  private readonly stock: Peripheral & { rawWriteValue: number };
  /** Four bits a pin: edge high, edge low, level high, level low. */
  private readonly enables: Uint8Array;
  private readonly forces: Uint8Array;

  constructor(rp2040: RP2040, stock: Peripheral) {
    super(rp2040, 'IO_BANK0');
    this.chip = rp2040;
    this.stock = stock as Peripheral & { rawWriteValue: number };
    this.enables = new Uint8Array(rp2040.gpio.length);
    this.forces = new Uint8Array(rp2040.gpio.length);
    for (const pin of rp2040.gpio) this.watch(pin);
  }

  /** Level of core 1's IO_BANK0 interrupt. */
  get core1Interrupt(): boolean {
    return this.chip.gpio.some((_, n) => this.status(n) !== 0);
  }

  override readUint32(offset: number): number {
    const first = pinOf(offset);
    switch (offset & ~0xf) {
      case PROC1_INTE0:
        return pack(first, (n) => this.enables[n]);
      case PROC1_INTF0:
        return pack(first, (n) => this.forces[n]);
      case PROC1_INTS0:
        return pack(first, (n) => (n < this.enables.length ? this.status(n) : 0));
      default:
        return offset >= PROC1_END ? 0 : this.stock.readUint32(offset);
    }
  }

  override writeUint32(offset: number, value: number): void {
    const masks = offset >= PROC1_INTF0 ? this.forces : this.enables;
    if (offset < PROC1_INTE0) {
      this.stock.rawWriteValue = this.rawWriteValue;
      this.stock.writeUint32(offset, value);
    } else if (offset < PROC1_INTS0) {
      const first = pinOf(offset);
      for (let n = 0; n < PINS_PER_REGISTER; n++) {
        if (first + n < masks.length) masks[first + n] = (value >>> (4 * n)) & 15;
      }
    }
    this.chip.updateIOInterrupt();
  }

  private status(n: number): number {
    return (this.chip.gpio[n].irqStatus & this.enables[n]) | this.forces[n];
  }

  /** The stock pin reports a change only when core 0's interrupt changes. */
  private watch(pin: GPIOPin): void {
    const set = pin.setInputValue.bind(pin);
    pin.setInputValue = (value) => {
      set(value);
      this.chip.updateIOInterrupt();
    };
  }
}

/** Number of the first pin of a register. */
function pinOf(offset: number): number {
  return ((offset & 0xf) >> 2) * PINS_PER_REGISTER;
}

function pack(first: number, bits: (n: number) => number): number {
  let word = 0;
  for (let n = 0; n < PINS_PER_REGISTER; n++) word |= (bits(first + n) & 15) << (4 * n);
  return word >>> 0;
}
