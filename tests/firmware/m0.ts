/** Calls functions of the engine, linked alone for a Cortex-M0+, in the stock rp2040js core with its cycle errors corrected. */
import { readFileSync } from 'node:fs';
import { RP2040 } from 'rp2040js';
import { missingCycles } from '../../emulator/stock/corrections.ts';

const SRAM = 0x20000000;
const FLASH = 0x10000000;
const STACK_TOP = 0x20042000;
/** An even address that no code has; LR returns to it. */
const RETURN_TO = 0x2003fff0;

const quiet = { debug() {}, info() {}, warn() {}, error() {} };

interface Elf {
  segments: { address: number; data: Uint8Array }[];
  symbols: { name: string; address: number; size: number }[];
}

/** Load segments and function symbols of a little-endian ELF32. */
function readElf(bytes: Uint8Array): Elf {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const u16 = (at: number) => view.getUint16(at, true);
  const u32 = (at: number) => view.getUint32(at, true);
  const segments: Elf['segments'] = [];
  for (let i = 0, at = u32(28); i < u16(44); i++, at += u16(42)) {
    if (u32(at) !== 1 || u32(at + 16) === 0) continue;
    segments.push({ address: u32(at + 12), data: bytes.slice(u32(at + 4), u32(at + 4) + u32(at + 16)) });
  }
  const section = (i: number) => u32(32) + i * u16(46);
  const symbols: Elf['symbols'] = [];
  for (let i = 0; i < u16(48); i++) {
    const at = section(i);
    if (u32(at + 4) !== 2) continue;
    const strings = u32(section(u32(at + 24)) + 16);
    for (let s = u32(at + 16); s < u32(at + 16) + u32(at + 20); s += 16) {
      const start = strings + u32(s);
      const name = new TextDecoder().decode(bytes.subarray(start, bytes.indexOf(0, start)));
      const kind = bytes[s + 12] & 15;
      if (name !== '' && !name.startsWith('$') && kind <= 2)
        symbols.push({ name, address: u32(s + 4) & ~1, size: u32(s + 8) });
    }
  }
  return { segments, symbols };
}

export interface Call {
  /** r0 at the return, as i32. */
  result: number;
  cycles: number;
}

export class M0 {
  readonly rp2040: RP2040;
  /** First address that the program leaves free. */
  readonly end: number;
  private readonly elf: Elf;
  private readonly byName: Map<string, number>;
  private owner: string[] | undefined;
  private spent = new Map<string, number>();

  constructor(elfPath: string) {
    this.elf = readElf(readFileSync(elfPath));
    this.rp2040 = new RP2040();
    this.rp2040.logger = quiet;
    for (const { address, data } of this.elf.segments) this.write(address, data);
    this.byName = new Map(this.elf.symbols.map((s) => [s.name, s.address]));
    this.end = this.address('end');
  }

  address(name: string): number {
    const address = this.byName.get(name);
    if (address === undefined) throw new Error(`the program has no ${name}`);
    return address;
  }

  codeBytes(name: string): number {
    return this.elf.symbols.find((s) => s.name === name)?.size ?? 0;
  }

  write(address: number, data: Uint8Array): void {
    if (address >= SRAM) this.rp2040.sram.set(data, address - SRAM);
    else this.rp2040.flash.set(data, address - FLASH);
  }

  writeWords(address: number, words: ArrayLike<number>): void {
    this.write(address, new Uint8Array(Uint32Array.from(words, (w) => w >>> 0).buffer));
  }

  words(address: number, count: number): Int32Array {
    const from = address - SRAM;
    return new Int32Array(this.rp2040.sram.slice(from, from + 4 * count).buffer);
  }

  /** Calls a function, its arguments in r0..r3 and then on the stack, and runs it to its return. */
  call(name: string, ...args: number[]): Call {
    const { core } = this.rp2040;
    const registers = core.registers;
    for (let i = 0; i < 4; i++) registers[i] = (args[i] ?? 0) >>> 0;
    const stack = STACK_TOP - ((4 * Math.max(0, args.length - 4) + 7) & -8);
    this.writeWords(stack, args.slice(4));
    registers[13] = stack;
    registers[14] = RETURN_TO | 1;
    registers[15] = this.address(name);
    let cycles = 0;
    while (registers[15] !== RETURN_TO) {
      const pc = registers[15];
      const opcode = this.rp2040.sramView.getUint16(pc - SRAM, true);
      const spent = core.executeInstruction() + missingCycles(opcode);
      cycles += spent;
      if (this.owner !== undefined) {
        const name = this.owner[(pc - SRAM) >> 1] ?? '?';
        this.spent.set(name, (this.spent.get(name) ?? 0) + spent);
      }
    }
    if (registers[13] !== stack) throw new Error(`${name} returned with another stack pointer`);
    return { result: registers[0] | 0, cycles };
  }

  /** Cycles by function of everything `run` calls, largest first. */
  profile(run: () => void): [string, number][] {
    this.owner = [];
    for (const { name, address, size } of this.elf.symbols) {
      for (let at = address; at < address + size; at += 2) this.owner[(at - SRAM) >> 1] = name;
    }
    this.spent = new Map();
    run();
    this.owner = undefined;
    return [...this.spent].sort((a, b) => b[1] - a[1]);
  }
}
