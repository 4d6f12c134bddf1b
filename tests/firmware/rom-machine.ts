/** Calls routines of the boot ROM in the stock rp2040js core, by the codes a program looks them up with. */
import { RP2040 } from 'rp2040js';

const SRAM = 0x20000000;
const STACK_TOP = 0x20040000;
/** Where a routine returns to: an address without code. */
const RETURN_TO = 0x2003fff0;
const MOST_INSTRUCTIONS = 200_000;

const FUNCTION_TABLE_POINTER = 0x14;
const DATA_TABLE_POINTER = 0x16;
const LOOKUP_POINTER = 0x18;

/** What the ROM says at a breakpoint that names what it does not offer (firmware/README.md). */
export interface NamedFault {
  magic: number;
  name: string;
  code: number;
  caller: number;
}

export class RomMachine {
  readonly rp2040 = new RP2040();
  readonly rom: Uint8Array;

  constructor(rom: Uint8Array) {
    this.rom = rom;
    this.rp2040.logger = { debug() {}, info() {}, warn() {}, error() {} };
    const padded = new Uint8Array(16384);
    padded.set(rom);
    this.rp2040.bootrom.set(new Uint32Array(padded.buffer));
  }

  half(address: number): number {
    return this.rom[address] | (this.rom[address + 1] << 8);
  }

  word(address: number): number {
    return (this.half(address) | (this.half(address + 2) << 16)) >>> 0;
  }

  text(address: number): string {
    return Buffer.from(this.rom.subarray(address, this.rom.indexOf(0, address))).toString();
  }

  lookUpFunction(code: string): number {
    return this.lookUp(FUNCTION_TABLE_POINTER, code);
  }

  lookUpData(code: string): number {
    return this.lookUp(DATA_TABLE_POINTER, code);
  }

  /** Through the ROM's own helper, as the SDK does. */
  private lookUp(tablePointer: number, code: string): number {
    const number = code.charCodeAt(0) | (code.charCodeAt(1) << 8);
    return this.call(this.half(LOOKUP_POINTER), this.half(tablePointer), number)[0];
  }

  /** Runs the function at a Thumb address; gives r0 and r1. */
  call(address: number, ...args: number[]): [number, number] {
    this.run(address, args, (pc) => pc === RETURN_TO);
    const { registers } = this.rp2040.core;
    if (registers[13] !== STACK_TOP) throw new Error('the routine returned with another stack pointer');
    return [registers[0] >>> 0, registers[1] >>> 0];
  }

  /** Runs until the breakpoint that names a fault. */
  callToFault(address: number, ...args: number[]): NamedFault {
    this.run(address, args, (pc) => this.half(pc) === 0xbe5a);
    const [magic, name, code, caller] = this.rp2040.core.registers;
    return { magic, name: this.text(name), code, caller };
  }

  private run(address: number, args: number[], atEnd: (pc: number) => boolean): void {
    if ((address & 1) === 0) throw new Error(`0x${address.toString(16)} has no Thumb bit`);
    const { core } = this.rp2040;
    for (let i = 0; i < 4; i++) core.registers[i] = (args[i] ?? 0) >>> 0;
    core.registers[13] = STACK_TOP;
    core.registers[14] = RETURN_TO | 1;
    core.registers[15] = address & ~1;
    for (let n = 0; !atEnd(core.registers[15]); n++) {
      if (n === MOST_INSTRUCTIONS) throw new Error('the routine does not return');
      core.executeInstruction();
    }
  }

  sram(address: number, length: number): Uint8Array {
    return this.rp2040.sram.subarray(address - SRAM, address - SRAM + length);
  }
}

const view = new DataView(new ArrayBuffer(8));

export function floatBits(value: number): number {
  view.setFloat32(0, value);
  return view.getUint32(0);
}

export function bitsToFloat(bits: number): number {
  view.setUint32(0, bits);
  return view.getFloat32(0);
}

/** Low and high word, as a double lies in r0 and r1. */
export function doubleWords(value: number): [number, number] {
  view.setFloat64(0, value, true);
  return [view.getUint32(0, true), view.getUint32(4, true)];
}

export function wordsToDouble([low, high]: [number, number]): number {
  view.setUint32(0, low, true);
  view.setUint32(4, high, true);
  return view.getFloat64(0, true);
}
