/**
 * What the emulator promises to the rest of the house (bench and tests). Everything else in `emulator/` is its own affair.
 */

/** A contiguous run of bytes at an absolute RP2040 address. */
export interface Segment {
  address: number;
  data: Uint8Array;
}

/** A function or object name from an ELF symbol table; `address` has no Thumb bit. */
export interface ProgramSymbol {
  name: string;
  address: number;
  size: number;
  kind: 'function' | 'object' | 'other';
}

/** A program image as read from ELF, UF2, Intel HEX or raw BIN. */
export interface Program {
  format: 'elf' | 'uf2' | 'hex' | 'bin';
  segments: Segment[];
  symbols: ProgramSymbol[];
  /** Path of the ELF, for source lines in backtraces; only when loaded from a file. */
  path?: string;
}

/** Which core executes: our own (the default) or the stock rp2040js 1.4.1 one with its known cycle errors corrected. */
export type CoreKind = 'starmind' | 'rp2040js';

/** What a Pico is made of. */
export interface PicoOptions {
  /** @default 'starmind' */
  core?: CoreKind;
  /** Boot ROM bytes (16 KB at most). Ours is built by the firmware room; a user may give a dump of their own. */
  bootrom: Uint8Array;
  /** Flash size in bytes, a power of two. @default 2 MB (Raspberry Pi Pico) */
  flashBytes?: number;
  /** Crystal frequency. @default 12_000_000 */
  xoscHz?: number;
}

/** Why a run ended. `timeout` is in emulated time, never wall time. */
export type RunEnd = 'text' | 'pin' | 'cycle' | 'timeout' | 'fault' | 'lockup' | 'breakpoint' | 'stopped';

/** A named machine fault with what is needed to find its cause. */
export interface FaultReport {
  /** For example `unmapped-read`, `unaligned-access`, `write-to-flash`, `undefined-instruction`, `lockup`, `bootrom:<name>`. */
  kind: string;
  /** One sentence for people. */
  message: string;
  core: 0 | 1;
  /** Address of the faulting access, when there is one. */
  address?: number;
  /** r0-r12, sp, lr, pc, xpsr at the fault. */
  registers: Record<string, number>;
  /** Innermost first. */
  backtrace: { address: number; function?: string; source?: string }[];
  /** Words at and above the stack pointer. */
  stack: { address: number; words: number[] };
  /** Filled when the fault ended the run. */
  cycle: number;
}

/** What ends a run, whichever comes first; a fault, a lockup and `stop` always do. */
export interface RunUntil {
  /** Ends with `text` when this appears in the output of UART0 since the start of this run. */
  text?: string;
  /** Ends with `pin` when the GPIO reaches the level. */
  pin?: { gpio: number; level: boolean };
  /** Ends with `cycle` at the first instruction boundary at or after this clk_sys cycle count (absolute). */
  cycle?: number;
  /** Emulated seconds from the start of this run until it ends with `timeout`. */
  timeoutSeconds?: number;
  /** Asked after each slice of at most a few thousand cycles; true ends with `stopped`. */
  stop?: () => boolean;
}

/** How a run ended, and when. */
export interface RunResult {
  end: RunEnd;
  /** Absolute clk_sys cycles of core 0 since reset. */
  cycles: number;
  /** Emulated seconds since reset, following the clocks as programmed. */
  seconds: number;
  fault?: FaultReport;
}
