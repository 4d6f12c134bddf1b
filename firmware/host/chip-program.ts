/** The engine, linked alone for a Cortex-M0+ in SRAM, on core 0 of our emulated chip: calls its functions one by one. */
import { readFileSync } from 'node:fs';
import { Chip } from '../../emulator/chip/chip.ts';
import { readElf } from '../../emulator/program/elf.ts';
import { SymbolTable } from '../../emulator/program/symbols.ts';

const SRAM = 0x20000000;
const STACK_TOP = 0x20042000;
/** An address that no code has; LR returns to it. */
const RETURN_TO = 0x2003fff0;
const CALL_LIMIT = 100_000_000;

export interface ChipCall {
  /** r0 at the return, as i32. */
  result: number;
  /** clk_sys cycles from the first instruction to the return. */
  cycles: number;
}

export class ChipProgram {
  private readonly chip = new Chip();
  private readonly symbols: SymbolTable;
  private readonly first: number;
  private free: number;

  /** @param elfPath as build-m0.ts links it */
  constructor(elfPath: string) {
    const { segments, symbols } = readElf(readFileSync(elfPath));
    this.symbols = new SymbolTable(symbols);
    this.chip.cores[1].held = true;
    for (const { address, data } of segments) this.chip.load(address, data);
    this.chip.addBreakpoint(RETURN_TO);
    this.chip.onFault = () => true;
    this.first = this.symbol('end').address;
    this.free = this.first;
  }

  codeBytes(name: string): number {
    return this.symbol(name).size;
  }

  /** Forgets all data placed so far. */
  clear(): void {
    this.free = this.first;
  }

  /** Places words after the program and what was placed before; returns their address. */
  words(values: ArrayLike<number>): number {
    return this.bytes(new Uint8Array(Uint32Array.from(values, (value) => value >>> 0).buffer));
  }

  halves(values: ArrayLike<number>): number {
    return this.bytes(new Uint8Array(Uint16Array.from(values, (value) => value & 0xffff).buffer));
  }

  /** 4-byte aligned. */
  bytes(data: Uint8Array): number {
    const at = this.free;
    this.chip.rp2040.sram.set(data, at - SRAM);
    this.free += (data.length + 3) & -4;
    return at;
  }

  read(address: number, count: number): Int32Array {
    const from = address - SRAM;
    return new Int32Array(this.chip.rp2040.sram.slice(from, from + 4 * count).buffer);
  }

  /**
   * Calls a function, its arguments in r0..r3 and then on the stack, and runs it to its return.
   * @throws when it faults, or does not return
   */
  call(name: string, ...args: number[]): ChipCall {
    const { chip } = this;
    const core = chip.cores[0];
    const stack = STACK_TOP - ((4 * Math.max(0, args.length - 4) + 7) & -8);
    chip.load(stack, new Uint8Array(Uint32Array.from(args.slice(4), (value) => value >>> 0).buffer));
    chip.reset();
    for (let i = 0; i < 4; i++) core.registers[i] = args[i] ?? 0;
    core.registers[13] = stack;
    core.registers[14] = RETURN_TO | 1;
    core.jumpThumb(this.symbol(name).address | 1);
    const start = core.cycle;
    const reason = chip.run(start + CALL_LIMIT);
    if (reason !== 'breakpoint') throw new Error(`${name} ended by ${reason}`);
    return { result: core.registers[0], cycles: core.cycle - start };
  }

  private symbol(name: string) {
    const symbol = this.symbols.named(name);
    if (symbol === undefined) throw new Error(`the program has no ${name}`);
    return symbol;
  }
}
