/** Which function an address belongs to, as a small number, fast enough for every call. */
import { SRAM_BYTES } from '../bus/slaves.ts';
import type { ProgramSymbol } from '../types.ts';

const ROM_BYTES = 0x4000;
const FLASH_BYTES = 1 << 24;
/** Numbers are 16 bits. */
const MOST_FUNCTIONS = 0xfffe;

/** Number of code that no symbol covers. */
export const UNNAMED = 0;
const BOOT_ROM = 1;
/** Number of no code at all: the core sleeps. */
export const ASLEEP = 2;

/** Numbers the functions of a program, and finds the one that an address is in. */
export class FunctionMap {
  /** By number. Functions of the same name (`static` in two files) share one. */
  readonly names: string[] = ['(no symbol)', '(boot ROM)', '(asleep)'];
  private readonly rom = new Uint16Array(ROM_BYTES / 2).fill(BOOT_ROM);
  private readonly sram = new Uint16Array(SRAM_BYTES / 2);
  private readonly flash: Uint16Array;

  constructor(symbols: readonly ProgramSymbol[]) {
    const functions = symbols
      .filter(({ kind }) => kind === 'function')
      .sort(byAddress)
      .slice(0, MOST_FUNCTIONS);
    const end = Math.max(
      0,
      ...functions.map((symbol, i) => (isFlash(symbol.address) ? endOf(functions, i) : 0)),
    );
    this.flash = new Uint16Array(((end & (FLASH_BYTES - 1)) + 1) >> 1);
    const numbers = new Map<string, number>();
    for (const [i, { name, address }] of functions.entries()) {
      const number = numbers.get(name) ?? this.names.push(name) - 1;
      numbers.set(name, number);
      const table = this.tableOf(address);
      const offset = offsetOf(address) >> 1;
      table?.fill(number, offset, offset + ((endOf(functions, i) - address + 1) >> 1));
    }
  }

  /** Number of the function at an address, with or without its Thumb bit. */
  numberAt(address: number): number {
    const table = this.tableOf(address);
    return table === undefined ? UNNAMED : (table[offsetOf(address) >> 1] ?? UNNAMED);
  }

  nameAt(address: number): string {
    return this.names[this.numberAt(address)] as string;
  }

  private tableOf(address: number): Uint16Array | undefined {
    const region = address >>> 24;
    if (region === 0x20) return this.sram;
    if (region >>> 2 === 4) return this.flash;
    return region === 0 ? this.rom : undefined;
  }
}

function offsetOf(address: number): number {
  return address & (FLASH_BYTES - 1);
}

function isFlash(address: number): boolean {
  return address >>> 26 === 4;
}

/** The padding up to a whole word belongs to the function before it; a symbol without a size (assembly) reaches up to the next one. */
function endOf(functions: readonly ProgramSymbol[], i: number): number {
  const { address, size } = functions[i] as ProgramSymbol;
  if (size > 0) return (address + size + 3) & ~3;
  const next = functions.slice(i + 1).find((other) => other.address > address);
  return next !== undefined && next.address - address < ROM_BYTES ? next.address : address + 2;
}

/** Of functions at one address, the larger and then the first in the alphabet is filled in last, and stays. */
function byAddress(a: ProgramSymbol, b: ProgramSymbol): number {
  return a.address - b.address || a.size - b.size || (a.name < b.name ? 1 : -1);
}
