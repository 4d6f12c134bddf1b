/**
 * IO_QSPI and PADS_QSPI: functions, overrides and pulls of the six flash pins. RP2040 datasheet 2.19.6.2 and 2.19.6.4.
 *
 * What matters for the flash: chip select follows the SSI only while SS has function 0 (XIP) and OUTOVER and OEOVER are
 * normal; the boot ROM and the SDK force it through OUTOVER. Lines that nothing drives take the level of their pull.
 */
import type { RP2040 } from 'rp2040js';
import { RegisterBlock } from '../peripherals/block.ts';
import type { QspiBus } from './qspi-bus.ts';

export const PIN_SCLK = 0;
export const PIN_SS = 1;
export const PIN_SD0 = 2;
const PIN_COUNT = 6;

const FUNCTION_XIP = 0;
const FUNCTION_SIO = 5;
const CTRL_MASK = 0x3003331f;
const CTRL_RESET = 0x1f;

const INTR = 0x30;
const INTERRUPT_BANK_BYTES = 0xc;
const IO_IRQ_QSPI = 14;
const EDGE_BITS = 0xcccccc;

const PAD_MASK = 0xff;
const PAD_PULL_DOWN = 0x04;
const PAD_PULL_UP = 0x08;
const PAD_OUTPUT_DISABLE = 0x80;
/** Reset values in IO_QSPI's pin order: SCLK pulls down, SS pulls up, data lines float. */
const PAD_RESET = [0x56, 0x5a, 0x52, 0x52, 0x52, 0x52];
/** PADS_QSPI counts SCLK, SD0, SD1, SD2, SD3, SS: index of each register's pin in IO_QSPI's order. */
const PAD_ORDER = [0, 2, 3, 4, 5, 1];

function override(value: boolean, field: number): boolean {
  return field === 0 ? value : field === 1 ? !value : field === 3;
}

export class IoQspi extends RegisterBlock {
  private readonly ctrl = new Uint32Array(PIN_COUNT).fill(CTRL_RESET);
  private readonly pads = Uint8Array.from(PAD_RESET);
  /** INTE and INTF of processor 0, processor 1 and dormant wake. */
  private readonly enables = new Uint32Array(3);
  private readonly forces = new Uint32Array(3);
  private edges = 0;
  /** Present pad levels with chip select idle. */
  private readonly levels = new Uint8Array(PIN_COUNT);
  private readonly bus: QspiBus;
  /** Level of SS as an input when the chip does not drive it: false while the BOOTSEL button is pressed. */
  private released = true;
  private idle = 0xf;

  constructor(rp2040: RP2040, bus: QspiBus) {
    super(rp2040, 'IO_QSPI_BASE');
    this.bus = bus;
    this.powerOn();
    bus.setRouting(
      (high) => this.ssLevel(high),
      () => this.idle,
    );
  }

  powerOn(): void {
    this.ctrl.fill(CTRL_RESET);
    this.pads.set(PAD_RESET);
    this.enables.fill(0);
    this.forces.fill(0);
    this.edges = 0;
    this.changed();
  }

  /** The BOOTSEL button pulls SS low through a resistor while nothing drives it. */
  setBootselButton(pressed: boolean): void {
    this.released = !pressed;
    this.changed();
  }

  readPad(register: number): number {
    return this.pads[PAD_ORDER[register]];
  }

  writePad(register: number, value: number): void {
    this.pads[PAD_ORDER[register]] = value & PAD_MASK;
    this.changed();
  }

  /** Level of the SS pad, true when high, for a chip select that the SSI drives to `ssiHigh`. */
  private ssLevel(ssiHigh: boolean): boolean {
    const ctrl = this.ctrl[PIN_SS];
    const { sio } = this.chip;
    const select = ctrl & 0x1f;
    const bit = 1 << PIN_SS;
    const bySio = select === FUNCTION_SIO;
    const value = bySio ? (sio.qspiGpioValue & bit) !== 0 : select === FUNCTION_XIP ? ssiHigh : false;
    const enable = bySio ? (sio.qspiGpioOutputEnable & bit) !== 0 : select === FUNCTION_XIP;
    const driven = override(enable, (ctrl >>> 12) & 3) && !(this.pads[PIN_SS] & PAD_OUTPUT_DISABLE);
    if (driven) return override(value, (ctrl >>> 8) & 3);
    // The board's pull-up keeps the flash deselected; the button's resistor is stronger than the pad's pull.
    return this.released;
  }

  private changed(): void {
    let idle = 0;
    for (let line = 0; line < 4; line++) {
      const pad = this.pads[PIN_SD0 + line];
      if (!(pad & PAD_PULL_DOWN) || pad & PAD_PULL_UP) idle |= 1 << line;
    }
    this.idle = idle;
    const { qspi } = this.chip;
    for (let pin = 0; pin < PIN_COUNT; pin++) {
      const level = pin === PIN_SS ? this.ssLevel(true) : pin >= PIN_SD0 && this.lineIdle(pin);
      this.levels[pin] = level ? 1 : 0;
      qspi[pin].padValue = this.pads[pin];
      qspi[pin].setInputValue(level);
    }
    this.bus.reroute();
    this.updateInterrupt();
  }

  private lineIdle(pin: number): boolean {
    return (this.idle & (1 << (pin - PIN_SD0))) !== 0;
  }

  /** Level bits of the four-bits-per-pin interrupt words; edges are latched only by GPIO functions, which flash has not. */
  private get rawInterrupts(): number {
    let levels = 0;
    for (let pin = 0; pin < PIN_COUNT; pin++) {
      levels |= (this.levels[pin] ? 2 : 1) << (4 * pin);
    }
    return levels | this.edges;
  }

  private status(bank: number): number {
    return (this.rawInterrupts & this.enables[bank]) | this.forces[bank];
  }

  private updateInterrupt(): void {
    this.chip.setInterrupt(IO_IRQ_QSPI, this.status(0) !== 0);
  }

  protected read(offset: number): number {
    if (offset < INTR) return offset & 4 ? this.ctrl[offset >>> 3] : this.pinStatus(offset >>> 3);
    if (offset === INTR) return this.rawInterrupts;
    const bank = Math.floor((offset - INTR - 4) / INTERRUPT_BANK_BYTES);
    if (bank >= 3) return 0;
    const register = (offset - INTR - 4) % INTERRUPT_BANK_BYTES;
    return register === 0 ? this.enables[bank] : register === 4 ? this.forces[bank] : this.status(bank);
  }

  protected write(offset: number, value: number, written: number): void {
    if (offset < INTR) {
      if (offset & 4) this.ctrl[offset >>> 3] = value & CTRL_MASK;
      this.changed();
      return;
    }
    if (offset === INTR) {
      this.edges &= ~(written & EDGE_BITS);
    } else {
      const bank = Math.floor((offset - INTR - 4) / INTERRUPT_BANK_BYTES);
      const register = (offset - INTR - 4) % INTERRUPT_BANK_BYTES;
      if (bank < 3 && register === 0) this.enables[bank] = value & 0xffffff;
      if (bank < 3 && register === 4) this.forces[bank] = value & 0xffffff;
    }
    this.updateInterrupt();
  }

  /** STATUS: input from the pad (17, 19), output to the pad (9) and its enable (13). */
  private pinStatus(pin: number): number {
    const input = this.levels[pin] ? (1 << 17) | (1 << 19) : 0;
    const ctrl = this.ctrl[pin];
    const enabled = override((ctrl & 0x1f) !== CTRL_RESET, (ctrl >>> 12) & 3) ? 1 << 13 : 0;
    const output = pin === PIN_SS && enabled && this.ssLevel(true) ? 1 << 9 : 0;
    return input | enabled | output;
  }
}

const VOLTAGE_SELECT = 0x00;
const FIRST_PAD = 0x04;
const LAST_PAD = 0x18;

export class PadsQspi extends RegisterBlock {
  private readonly io: IoQspi;
  private voltage = 0;

  constructor(rp2040: RP2040, io: IoQspi) {
    super(rp2040, 'PADS_QSPI_BASE');
    this.io = io;
  }

  protected read(offset: number): number {
    if (offset === VOLTAGE_SELECT) return this.voltage;
    return offset <= LAST_PAD ? this.io.readPad((offset - FIRST_PAD) >>> 2) : 0;
  }

  protected write(offset: number, value: number): void {
    if (offset === VOLTAGE_SELECT) this.voltage = value & 1;
    else if (offset <= LAST_PAD) this.io.writePad((offset - FIRST_PAD) >>> 2, value);
  }
}
