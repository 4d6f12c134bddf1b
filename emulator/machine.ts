/**
 * What a kind of chip (the stock rp2040js core, or ours) offers to `Pico`: cores that run, memories and pins to look at, and taps.
 * `Pico` holds everything that does not depend on the kind.
 */
import type { RP2040 } from 'rp2040js';
import type { CallObserver } from './trace/call-observer.ts';
import type { InstructionProfile } from './trace/instruction-profile.ts';

/** Core 0 or core 1. */
export type CoreIndex = 0 | 1;

/** Called after a core stores to a watched address; `value` is what was stored, zero-extended to 32 bits. */
export type WriteWatcher = (value: number, cycle: number, core: CoreIndex) => void;

/** Called when a core reads its SysTick counter (SYST_CVR). */
export type CounterReadListener = (core: CoreIndex, cycle: number) => void;

/** A fault as the chip saw it, before names and stacks are added. */
export interface MachineFault {
  /** As in `FaultReport.kind`. */
  kind: string;
  message: string;
  core: CoreIndex;
  /** Address of the faulting access, when there is one. */
  address?: number;
  /** Address of the instruction that faulted. */
  pc: number;
  /** True when the core can do nothing more (a fault inside HardFault or NMI, or no usable vector table). */
  lockup?: boolean;
}

/** r0-r12, sp, lr, pc, xpsr, msp, psp, primask, control of one core. */
export type CoreRegisters = Record<string, number>;

/** A stack: `lowest` is its last usable address, `top` the address just above it. */
export interface StackRange {
  lowest: number;
  top: number;
}

/** What outlives a reset that is not a power-on. */
export interface CarriedState {
  flash: Uint8Array;
  /** Absent at power-on. */
  sram?: Uint8Array;
  cycles: number;
  seconds: number;
  /** Watchdog scratch registers and REASON; absent at power-on. */
  watchdog?: { scratch: Uint32Array; reason: number };
}

export interface Machine {
  /** Peripherals, pins and memories. */
  readonly rp2040: RP2040;
  readonly coreCount: 1 | 2;
  /** clk_sys cycles since reset; never goes back. */
  readonly cycles: number;
  /** Emulated seconds since reset, following the clocks as programmed. */
  readonly seconds: number;
  readonly clockHz: number;
  /** Set when the program did something the chip answers with a HardFault; the machine runs no further. */
  readonly fault: MachineFault | undefined;
  /** True after the watchdog (or the program, through AIRCR) asked for a reset of the chip; the machine runs no further. */
  readonly resetRequested: boolean;

  /** Runs to the first instruction boundary at or after the cycle, or until `stop()` or a fault, a reset, or until clk_sys changes. */
  runTo(cycle: number): void;
  /** Makes the present `runTo` return at the next instruction boundary. */
  stop(): void;
  /** Calls back once, at the given emulated time from now. */
  after(seconds: number, callback: () => void): void;

  registers(core: CoreIndex): CoreRegisters;
  /** A debugger's view of ROM, flash and SRAM, without side effects; undefined where there is no memory. */
  peek(address: number): number | undefined;
  /** A debugger's write of one byte to flash or SRAM; false where there is no memory. */
  poke(address: number, byte: number): boolean;

  /** Called after a series of pokes: what was decoded or cached of the memory is forgotten. */
  poked(): void;
  /** What the next machine starts from after a reset by the watchdog. */
  carry(): CarriedState;

  /** Returns the function that ends the watch. */
  watchWrite(address: number, watcher: WriteWatcher): () => void;
  /** Returns the function that removes the listener. */
  onCounterRead(listener: CounterReadListener): () => void;
  /** Somebody who is told of every call and return; only on cores that can tell. */
  observeCalls?(observer: CallObserver | null): void;
  /** From the next run on, one function is gone through instruction by instruction. */
  profileInstructions?(profile: InstructionProfile | undefined): void;
  /** A stack pointer of this core that moves down from inside the range to below it is a stack overflow; undefined: no guard. */
  setStackRange(core: CoreIndex, range: StackRange | undefined): void;
}
