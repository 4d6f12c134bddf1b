/**
 * The clock generators: multiplexers, dividers, SELECTED, and what each clock runs at. RP2040 datasheet 2.15.
 *
 * clk_ref and clk_sys have glitchless multiplexers: SELECTED follows SRC only when the new source runs. The others switch at
 * once. GPIN0 and GPIN1 are not connected. The resuscitator is not modelled: a stopped clk_sys keeps its last frequency.
 */
import type { RP2040 } from 'rp2040js';
import { RegisterBlock } from '../peripherals/block.ts';
import { FrequencyCounter } from './frequency-counter.ts';

/** The oscillators as the clock tree sees them: frequencies in Hz, 0 when stopped. */
export interface ClockSources {
  xosc(): number;
  rosc(): number;
  pllSys(): number;
  pllUsb(): number;
}

/** Positions in the register block: CTRL, DIV and SELECTED of each clock, 12 bytes apart. */
export const CLOCK_NAMES = [
  'gpout0',
  'gpout1',
  'gpout2',
  'gpout3',
  'ref',
  'sys',
  'peri',
  'usb',
  'adc',
  'rtc',
] as const;
export type ClockName = (typeof CLOCK_NAMES)[number];

const REF = 4;
const SYS = 5;
const PERI = 6;
const CLOCK_COUNT = CLOCK_NAMES.length;
const GENERATOR_BYTES = 12;

const RESUS_CTRL = 0x78;
const RESUS_STATUS = 0x7c;
const FC0_FIRST = 0x80;
const FC0_LAST = 0x9c;
const WAKE_EN0 = 0xa0;
const SLEEP_EN1 = 0xac;
const ENABLED0 = 0xb0;
const ENABLED1 = 0xb4;
const WAKE_RESET = [0xffffffff, 0x7fff, 0xffffffff, 0x7fff];

const CTRL_ENABLE = 1 << 11;
const CTRL_KILL = 1 << 10;
const CTRL_MASKS = [0x131de0, 0x131de0, 0x131de0, 0x131de0, 0x63, 0xe1, 0xce0, 0x130ce0, 0x130ce0, 0x130ce0];
const DIV_MASKS = [
  0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0x300, 0xffffffff, 0, 0x300, 0x300, 0xffffffff,
];
const DIV_RESET = 0x100;

type Source = 'xosc' | 'rosc' | 'pllSys' | 'pllUsb' | 'sys' | 'ref' | 'usb' | 'adc' | 'rtc' | 'none';

/** AUXSRC choices of each generator, in the order of their codes. DS 2.15.7. */
const AUX_GPOUT: Source[] = [
  'pllSys',
  'none',
  'none',
  'pllUsb',
  'rosc',
  'xosc',
  'sys',
  'usb',
  'adc',
  'rtc',
  'ref',
];
const AUX_REF: Source[] = ['pllUsb', 'none', 'none'];
const AUX_SYS: Source[] = ['pllSys', 'pllUsb', 'rosc', 'xosc', 'none', 'none'];
const AUX_PERI: Source[] = ['sys', 'pllSys', 'pllUsb', 'rosc', 'xosc', 'none', 'none'];
const AUX_OTHER: Source[] = ['pllUsb', 'pllSys', 'rosc', 'xosc', 'none', 'none'];
const AUX_SOURCES: Source[][] = [
  AUX_GPOUT,
  AUX_GPOUT,
  AUX_GPOUT,
  AUX_GPOUT,
  AUX_REF,
  AUX_SYS,
  AUX_PERI,
  AUX_OTHER,
  AUX_OTHER,
  AUX_OTHER,
];
/** SRC choices of the two glitchless multiplexers; `undefined` is the auxiliary one. */
const GLITCHLESS: Readonly<Record<number, (Source | undefined)[]>> = {
  [REF]: ['rosc', undefined, 'xosc'],
  [SYS]: ['ref', undefined],
};

export class Clocks extends RegisterBlock {
  private readonly ctrl = new Uint32Array(CLOCK_COUNT);
  private readonly div = new Uint32Array(CLOCK_COUNT).fill(DIV_RESET);
  /** SRC that the glitchless multiplexers of clk_ref and clk_sys pass now. */
  private refSelected = 0;
  private sysSelected = 0;
  private resusCtrl = 0xff;
  private readonly gates = Uint32Array.from(WAKE_RESET);
  private readonly sources: ClockSources;
  private readonly counter: FrequencyCounter;
  /** Told after a change of any clock; clk_sys and clk_peri are then already in force. */
  onChange: () => void = () => {};

  constructor(rp2040: RP2040, sources: ClockSources) {
    super(rp2040, 'CLOCKS_BASE');
    this.sources = sources;
    this.counter = new FrequencyCounter(rp2040, {
      pllSys: sources.pllSys,
      pllUsb: sources.pllUsb,
      rosc: sources.rosc,
      xosc: sources.xosc,
      clock: (name) => this.frequency(name),
    });
  }

  powerOn(): void {
    this.ctrl.fill(0);
    this.div.fill(DIV_RESET);
    this.refSelected = 0;
    this.sysSelected = 0;
    this.gates.set(WAKE_RESET);
    this.update();
  }

  /** Present frequency of a clock in Hz; 0 when stopped or disabled. */
  frequency(name: ClockName): number {
    return this.frequencyOf(CLOCK_NAMES.indexOf(name));
  }

  /** For rp2040js' own `updateClocks`. */
  get sysFreq(): number {
    return this.frequencyOf(SYS);
  }

  get refFreq(): number {
    return this.frequencyOf(REF);
  }

  get periFreq(): number {
    return this.frequencyOf(PERI);
  }

  /** A source or a register changed: multiplexers that waited for it switch, and everybody is told. */
  update(): void {
    this.refSelected = this.follow(REF, this.refSelected);
    this.sysSelected = this.follow(SYS, this.sysSelected);
    this.chip.updateClocks();
    this.onChange();
  }

  private follow(index: number, selected: number): number {
    const wanted = this.ctrl[index] & (index === REF ? 3 : 1);
    const source = this.glitchlessSource(index, wanted);
    return source !== undefined && this.sourceFrequency(source) > 0 ? wanted : selected;
  }

  private glitchlessSource(index: number, select: number): Source | undefined {
    const choices = GLITCHLESS[index];
    if (select >= choices.length) return undefined;
    return choices[select] ?? this.auxSource(index);
  }

  private auxSource(index: number): Source {
    const mask = index < REF ? 0xf : index === REF ? 3 : 7;
    return AUX_SOURCES[index][(this.ctrl[index] >>> 5) & mask] ?? 'none';
  }

  private sourceFrequency(source: Source): number {
    switch (source) {
      case 'none':
        return 0;
      case 'sys':
      case 'ref':
      case 'usb':
      case 'adc':
      case 'rtc':
        return this.frequency(source);
      default:
        return this.sources[source]();
    }
  }

  private frequencyOf(index: number): number {
    if (index === REF || index === SYS) {
      const source = this.glitchlessSource(index, index === REF ? this.refSelected : this.sysSelected);
      return source === undefined ? 0 : this.sourceFrequency(source) / this.divisor(index);
    }
    const ctrl = this.ctrl[index];
    if (!(ctrl & CTRL_ENABLE) || ctrl & CTRL_KILL) return 0;
    return this.sourceFrequency(this.auxSource(index)) / this.divisor(index);
  }

  /** INT.FRAC in 24.8; an INT of 0 means 2^16 (2^2 for the dividers that have two bits). DS 2.15.3.3. */
  private divisor(index: number): number {
    if (index === PERI) return 1;
    const div = this.div[index];
    const int = div >>> 8;
    if (int === 0) return DIV_MASKS[index] === 0x300 ? 4 : 0x10000;
    return int + (div & 0xff) / 256;
  }

  protected read(offset: number): number {
    if (offset < CLOCK_COUNT * GENERATOR_BYTES) {
      const index = Math.floor(offset / GENERATOR_BYTES);
      const register = offset % GENERATOR_BYTES;
      if (register === 0) return this.ctrl[index];
      if (register === 4) return this.div[index];
      return index === REF ? 1 << this.refSelected : index === SYS ? 1 << this.sysSelected : 1;
    }
    if (offset >= FC0_FIRST && offset <= FC0_LAST) return this.counter.read(offset - FC0_FIRST);
    if (offset >= WAKE_EN0 && offset <= SLEEP_EN1) return this.gates[(offset - WAKE_EN0) >>> 2];
    if (offset === ENABLED0 || offset === ENABLED1) return this.gates[(offset - ENABLED0) >>> 2];
    return offset === RESUS_CTRL ? this.resusCtrl : offset === RESUS_STATUS ? 0 : 0;
  }

  protected write(offset: number, value: number): void {
    if (offset < CLOCK_COUNT * GENERATOR_BYTES) {
      const index = Math.floor(offset / GENERATOR_BYTES);
      const register = offset % GENERATOR_BYTES;
      if (register === 0) this.ctrl[index] = value & CTRL_MASKS[index];
      else if (register === 4) this.div[index] = value & DIV_MASKS[index];
      this.update();
    } else if (offset >= FC0_FIRST && offset <= FC0_LAST) {
      this.counter.write(offset - FC0_FIRST, value);
    } else if (offset >= WAKE_EN0 && offset <= SLEEP_EN1) {
      this.gates[(offset - WAKE_EN0) >>> 2] = value;
    } else if (offset === RESUS_CTRL) {
      this.resusCtrl = value & 0x111ff;
    }
  }
}
