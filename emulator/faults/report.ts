/** Turns a machine fault into a report for people: names, registers, stacks and the way there. */
import type { CoreIndex, CoreRegisters, Machine, MachineFault } from '../machine.ts';
import type { SymbolTable } from '../program/symbols.ts';
import type { FaultReport } from '../types.ts';
import { backtrace } from './backtrace.ts';
import { exceptionName } from './exception-names.ts';
import { type Peek, peek32, peekText } from './memory-view.ts';
import { sourceLines } from './source-lines.ts';

const STACK_WORDS = 32;
/** How our boot ROM names what it does not offer: BKPT 0x5a with r0 = "SMRF" and r1 = the name. */
const ROM_FAULT_MAGIC = 0x46524d53;
const ROM_FAULT_NAME_BYTES = 40;
const ROM_BYTES = 0x4000;

/** One stack of one core at the time of the fault. */
export interface StackDump {
  core: CoreIndex;
  stack: 'main' | 'process';
  /** The stack pointer. */
  address: number;
  /** Words at and above it. */
  words: number[];
}

/** A fault with everything there is to see of it on both cores. */
export interface DetailedFaultReport extends FaultReport {
  /** Main and process stacks of every core, where they point to memory. */
  stacks: StackDump[];
  /** Registers of the core that did not fault, when there is one. */
  otherRegisters?: Record<string, number>;
}

export function reportFault(
  machine: Machine,
  fault: MachineFault,
  symbols: SymbolTable,
  elfPath?: string,
): DetailedFaultReport {
  const peek: Peek = (address) => machine.peek(address >>> 0);
  const registers = machine.registers(fault.core);
  const frames = backtrace(peek, symbols, { pc: fault.pc, lr: registers['lr'], sp: registers['sp'] });
  const functions = frames.map((frame) => frame.function ?? '');
  const { kind, message } = nameFault(fault, registers, peek, functions);
  const lines = elfPath
    ? sourceLines(
        elfPath,
        frames.map((frame) => frame.address),
      )
    : [];
  return {
    kind,
    message,
    core: fault.core,
    address: fault.address,
    registers,
    backtrace: frames.map((frame, i) => ({ ...frame, source: lines[i] })),
    stack: { address: registers['sp'], words: wordsFrom(peek, registers['sp']) },
    cycle: machine.cycles,
    stacks: allStacks(machine, peek),
    otherRegisters: machine.coreCount === 2 ? machine.registers(fault.core === 0 ? 1 : 0) : undefined,
  };
}

interface NamedFault {
  kind: string;
  message: string;
}

/** The boot ROM and the SDK end in a BKPT when they have something to say; this says it. */
function nameFault(
  fault: MachineFault,
  registers: CoreRegisters,
  peek: Peek,
  functions: readonly string[],
): NamedFault {
  if (fault.kind !== 'breakpoint-instruction') return fault;
  if (registers['r0'] === ROM_FAULT_MAGIC && fault.pc < ROM_BYTES) {
    const name = peekText(peek, registers['r1'], ROM_FAULT_NAME_BYTES) || 'unknown';
    return { kind: `bootrom:${name}`, message: ROM_MESSAGES[name] ?? `The boot ROM stopped: ${name}` };
  }
  const exception = registers['xpsr'] & 0x3f;
  if (exception !== 0 && /^(isr_|__unhandled_user_irq|unhandled_user_irq)/.test(functions[0])) {
    return {
      kind: 'unhandled-interrupt',
      message: `${exceptionName(exception)} came, and the program has no handler for it`,
    };
  }
  // panic() itself stops in _exit().
  const speaker = ['panic', 'panic_unsupported', '_exit'].find((name) =>
    functions.slice(0, 3).includes(name),
  );
  return { kind: fault.kind, message: speaker ? SDK_MESSAGES[speaker] : fault.message };
}

/** Functions of the SDK and the C library that stop in a BKPT. */
const SDK_MESSAGES: Record<string, string> = {
  _exit: 'The program ended: main returned, or exit() was called',
  panic: 'The program panicked; it printed why, if it has a standard output',
  panic_unsupported: 'The program used something that this build of the SDK does not support',
};

const ROM_MESSAGES: Record<string, string> = {
  'usb-boot': 'The program asked for USB boot (BOOTSEL), which this boot ROM does not have',
  'no-boot2':
    'Flash holds no second stage with a right checksum in its first 256 bytes: no program, or not one for the RP2040',
  'hard-fault': 'HardFault before the program set up its own vectors',
};

function allStacks(machine: Machine, peek: Peek): StackDump[] {
  const dumps: StackDump[] = [];
  for (let core = 0; core < machine.coreCount; core++) {
    const registers = machine.registers(core as CoreIndex);
    for (const [stack, register] of [
      ['main', 'msp'],
      ['process', 'psp'],
    ] as const) {
      const words = wordsFrom(peek, registers[register]);
      if (words.length > 0)
        dumps.push({ core: core as CoreIndex, stack, address: registers[register], words });
    }
  }
  return dumps;
}

function wordsFrom(peek: Peek, address: number): number[] {
  const words: number[] = [];
  for (let at = address; words.length < STACK_WORDS; at += 4) {
    const word = peek32(peek, at);
    if (word === undefined) break;
    words.push(word);
  }
  return words;
}
