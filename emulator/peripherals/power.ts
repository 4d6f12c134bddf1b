/**
 * Power-on state machine, resets and the voltage regulator. RP2040 datasheet 2.13 (PSM), 2.14 (RESETS), 2.10 (VREG_AND_CHIP_RESET).
 */
import type { RP2040 } from 'rp2040js';
import { RegisterBlock } from './block.ts';

const FRCE_ON = 0x00;
const FRCE_OFF = 0x04;
const PSM_WDSEL = 0x08;
const PSM_DONE = 0x0c;
const PSM_MASK = 0x1ffff;
export const PSM_PROC0 = 1 << 15;
export const PSM_PROC1 = 1 << 16;

export class PowerStateMachine extends RegisterBlock {
  private forceOn = 0;
  private forceOff = 0;
  private watchdogSelect = 0;
  /** Core 1 is held in reset (true), or comes out of it and starts in the boot ROM (false). */
  onCore1Off: (off: boolean) => void = () => {};

  powerOn(): void {
    this.forceOn = 0;
    this.forceOff = 0;
    this.watchdogSelect = 0;
  }

  /** Stages that are out of reset. FRCE_ON wins over FRCE_OFF. */
  private get done(): number {
    return PSM_MASK & ~(this.forceOff & ~this.forceOn);
  }

  protected read(offset: number): number {
    switch (offset) {
      case FRCE_ON:
        return this.forceOn;
      case FRCE_OFF:
        return this.forceOff;
      case PSM_WDSEL:
        return this.watchdogSelect;
      case PSM_DONE:
        return this.done;
      default:
        return 0;
    }
  }

  protected write(offset: number, value: number): void {
    const before = this.done;
    if (offset === FRCE_ON) this.forceOn = value & PSM_MASK;
    else if (offset === FRCE_OFF) this.forceOff = value & PSM_MASK;
    else if (offset === PSM_WDSEL) this.watchdogSelect = value & PSM_MASK;
    const changed = before ^ this.done;
    if (changed & PSM_PROC1) this.onCore1Off((this.done & PSM_PROC1) === 0);
  }
}

const RESET = 0x00;
const RESETS_WDSEL = 0x04;
const RESET_DONE = 0x08;
const RESETS_MASK = 0x1ffffff;

/** Bit numbers of the subsystems in RESETS. */
export const RESET_BITS = {
  adc: 0,
  busctrl: 1,
  dma: 2,
  i2c0: 3,
  i2c1: 4,
  io_bank0: 5,
  io_qspi: 6,
  jtag: 7,
  pads_bank0: 8,
  pads_qspi: 9,
  pio0: 10,
  pio1: 11,
  pll_sys: 12,
  pll_usb: 13,
  pwm: 14,
  rtc: 15,
  spi0: 16,
  spi1: 17,
  syscfg: 18,
  sysinfo: 19,
  tbman: 20,
  timer: 21,
  uart0: 22,
  uart1: 23,
  usbctrl: 24,
} as const;
export type ResetName = keyof typeof RESET_BITS;

/** Subsystem resets. A subsystem that goes into reset loses its state; accesses to it meanwhile are not refused. */
export class Resets extends RegisterBlock {
  private held = RESETS_MASK;
  private watchdogSelect = 0;
  private readonly hooks = new Map<number, () => void>();

  constructor(rp2040: RP2040) {
    super(rp2040, 'RESETS_BASE');
  }

  /** `reset` is called when the subsystem goes into reset. */
  onReset(name: ResetName, reset: () => void): void {
    this.hooks.set(RESET_BITS[name], reset);
  }

  powerOn(): void {
    this.held = RESETS_MASK;
    this.watchdogSelect = 0;
    for (const reset of this.hooks.values()) reset();
  }

  protected read(offset: number): number {
    switch (offset) {
      case RESET:
        return this.held;
      case RESETS_WDSEL:
        return this.watchdogSelect;
      case RESET_DONE:
        return ~this.held & RESETS_MASK;
      default:
        return 0;
    }
  }

  protected write(offset: number, value: number): void {
    if (offset === RESETS_WDSEL) this.watchdogSelect = value & RESETS_MASK;
    if (offset !== RESET) return;
    const entering = value & RESETS_MASK & ~this.held;
    this.held = value & RESETS_MASK;
    for (const [bit, reset] of this.hooks) if (entering & (1 << bit)) reset();
  }
}

const VREG = 0x00;
const BOD = 0x04;
const CHIP_RESET = 0x08;
const VREG_RESET = 0xb1;
const VREG_MASK = 0xf3;
const VREG_ROK = 1 << 12;
const BOD_RESET = 0x91;
const BOD_MASK = 0xf1;
const HAD_POR = 1 << 8;
const PSM_RESTART_FLAG = 1 << 24;

/** The core voltage regulator: settings are kept and always reported as reached. */
export class VregAndChipReset extends RegisterBlock {
  private vreg = VREG_RESET;
  private bod = BOD_RESET;
  private restartFlag = 0;

  powerOn(): void {
    this.vreg = VREG_RESET;
    this.bod = BOD_RESET;
    this.restartFlag = 0;
  }

  protected read(offset: number): number {
    switch (offset) {
      case VREG:
        return this.vreg | VREG_ROK;
      case BOD:
        return this.bod;
      case CHIP_RESET:
        return HAD_POR | this.restartFlag;
      default:
        return 0;
    }
  }

  protected write(offset: number, value: number, written: number): void {
    if (offset === VREG) this.vreg = value & VREG_MASK;
    else if (offset === BOD) this.bod = value & BOD_MASK;
    else if (offset === CHIP_RESET && written & PSM_RESTART_FLAG) this.restartFlag = 0;
  }
}
