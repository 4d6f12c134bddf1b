/** Symbols by name and by address. */
import type { ProgramSymbol } from '../types.ts';

export class SymbolTable {
  readonly all: readonly ProgramSymbol[];
  private readonly byName: ReadonlyMap<string, ProgramSymbol>;
  /** Functions and objects, by address. */
  private readonly sorted: readonly ProgramSymbol[];

  constructor(symbols: readonly ProgramSymbol[]) {
    this.all = symbols;
    this.byName = new Map(symbols.map((symbol) => [symbol.name, symbol]));
    this.sorted = symbols
      .filter((symbol) => symbol.kind !== 'other')
      .sort((a, b) => a.address - b.address || a.size - b.size);
  }

  /** This table and more; a newer symbol hides an older one of the same name. */
  with(symbols: readonly ProgramSymbol[]): SymbolTable {
    if (symbols.length === 0) return this;
    const newer = new Set(symbols.map((symbol) => symbol.name));
    return new SymbolTable([...this.all.filter((symbol) => !newer.has(symbol.name)), ...symbols]);
  }

  named(name: string): ProgramSymbol | undefined {
    return this.byName.get(name);
  }

  /** The function or object whose range holds the address; a symbol without a size (assembly) reaches up to the next one. */
  covering(address: number): ProgramSymbol | undefined {
    let low = 0;
    let high = this.sorted.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.sorted[middle].address <= address) low = middle + 1;
      else high = middle;
    }
    for (let i = low - 1; i >= 0 && i >= low - 8; i--) {
      const symbol = this.sorted[i];
      if (symbol.size === 0 || address < symbol.address + symbol.size) return symbol;
    }
    return undefined;
  }
}
