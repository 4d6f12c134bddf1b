/** Turns a machine fault into a report with names, registers and the stack. */
import type { Machine, MachineFault } from '../machine.ts';
import type { SymbolTable } from '../program/symbols.ts';
import type { FaultReport } from '../types.ts';

const STACK_WORDS = 64;

export function reportFault(
  machine: Machine,
  fault: MachineFault,
  symbols: SymbolTable,
  _elfPath?: string,
): FaultReport {
  const registers = machine.registers(fault.core);
  const words = readWords(machine, registers['sp'], STACK_WORDS);
  return {
    kind: fault.kind,
    message: fault.message,
    core: fault.core,
    address: fault.address,
    registers,
    backtrace: [{ address: fault.pc, function: symbols.covering(fault.pc)?.name }],
    stack: { address: registers['sp'], words },
    cycle: machine.cycles,
  };
}

function readWords(machine: Machine, address: number, count: number): number[] {
  const words: number[] = [];
  for (let at = address; words.length < count; at += 4) {
    const bytes = [0, 1, 2, 3].map((i) => machine.peek(at + i));
    if (bytes.some((byte) => byte === undefined)) break;
    words.push(bytes.reduceRight<number>((word, byte) => word * 256 + (byte ?? 0), 0));
  }
  return words;
}
