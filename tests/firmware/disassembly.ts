/** Follows BL instructions through a program: which functions can be reached from some. */
import type { Program, ProgramSymbol } from '../../emulator/index.ts';

/** Name and address of every function reached by BL from the named ones, themselves included. */
export function callsFrom(program: Program, names: string[]): Map<string, number> {
  const reached = new Map<string, number>();
  const waiting = names.map((name) => {
    const symbol = program.symbols.find((s) => s.name === name && s.kind === 'function');
    if (!symbol) throw new Error(`the program has no function ${name}`);
    return symbol;
  });
  for (let symbol = waiting.pop(); symbol; symbol = waiting.pop()) {
    if (reached.has(symbol.name)) continue;
    reached.set(symbol.name, symbol.address);
    for (const target of branchTargets(program, symbol)) {
      const callee = functionAt(program, target);
      waiting.push(
        callee ?? { name: `0x${target.toString(16)}`, address: target, size: 0, kind: 'function' },
      );
    }
  }
  return reached;
}

/** Names of the functions with a BL to one whose name is asked for. */
export function callersOf(program: Program, isAskedFor: (name: string) => boolean): string[] {
  const asked = new Set(program.symbols.filter(({ name }) => isAskedFor(name)).map(({ address }) => address));
  const calls = (caller: ProgramSymbol) => branchTargets(program, caller).some((target) => asked.has(target));
  return program.symbols
    .filter((symbol) => symbol.kind === 'function' && calls(symbol))
    .map(({ name }) => name);
}

function functionAt(program: Program, address: number): ProgramSymbol | undefined {
  const covering = program.symbols.filter(
    (s) =>
      s.kind === 'function' &&
      (s.address === address || (s.address < address && address < s.address + s.size)),
  );
  return covering.sort((a, b) => b.address - a.address)[0];
}

/** BL is two halfwords: 11110 S imm10, 11 J1 1 J2 imm11 (ARMv6-M reference manual A6.7.13). */
function branchTargets(program: Program, { address, size }: ProgramSymbol): number[] {
  const targets: number[] = [];
  for (let at = address; at + 4 <= address + size; at += 2) {
    const [high, low] = [halfword(program, at), halfword(program, at + 2)];
    if (high >>> 11 !== 0b11110 || (low & 0xd000) !== 0xd000) continue;
    const sign = (high >>> 10) & 1;
    const i1 = 1 ^ ((low >>> 13) & 1) ^ sign;
    const i2 = 1 ^ ((low >>> 11) & 1) ^ sign;
    const offset = (-sign << 24) | (i1 << 23) | (i2 << 22) | ((high & 0x3ff) << 12) | ((low & 0x7ff) << 1);
    targets.push((at + 4 + offset) >>> 0);
    at += 2;
  }
  return targets;
}

function halfword(program: Program, address: number): number {
  const at = loadAddress(program, address);
  for (const { address: start, data } of program.segments) {
    if (at >= start && at + 2 <= start + data.length) return data[at - start] | (data[at - start + 1] << 8);
  }
  throw new Error(`the program has no code at 0x${address.toString(16)}`);
}

/** Code that runs in SRAM lies in flash until crt0 copies it; the linker script names both places. */
function loadAddress(program: Program, address: number): number {
  const named = (name: string) => program.symbols.find((s) => s.name === name)?.address ?? 0;
  const copied = [
    ['__data_start__', '__data_end__', '__etext'],
    ['__scratch_x_start__', '__scratch_x_end__', '__scratch_x_source__'],
  ].map((names) => names.map(named));
  const found = copied.find(([start, end]) => address >= start && address < end);
  return found === undefined ? address : found[2] + address - found[0];
}
