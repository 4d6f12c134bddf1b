/**
 * One Cortex-M0+: registers, modes and where it is in time. `interpreter.ts` runs its instructions, `sequence.ts` the
 * things that take several bus accesses (LDM/STM, exception entry and return).
 *
 * `time` and `limit` are clk_sys cycles relative to the chip's base cycle, so that they fit 31 bits.
 */

import { timing } from '../timing/table.ts';
import type { CallObserver } from '../trace/call-observer.ts';
import { type CodeCache, type CodeRegion, REGION_NONE } from './code-cache.ts';
import { EXC_HARDFAULT, EXC_NMI, EXC_SYSTICK, Nvic } from './nvic.ts';
import { Stalls } from './stalls.ts';
import { SysTick } from './systick.ts';

export type CoreId = 0 | 1;

/** Relative cycle that never comes. */
export const NEVER = 0x3fffffff;

/** An address in a hole of the map. */
const NO_CODE = 0xfffffffe;

/** Why a bus access by a core did not happen. */
export const ACCESS_DONE = 0;
/** Another master has the port; `retryAt` says when to ask again. */
export const ACCESS_LOST = 1;
export const ACCESS_FAULT = 2;

/** A multi-cycle sequence in progress; see sequence.ts. */
export const SEQ_NONE = 0;
export const SEQ_BRANCH = 1;
export const SEQ_STACK = 2;
export const SEQ_VECTOR = 3;
export const SEQ_UNSTACK = 4;

export const SCR_SLEEPONEXIT = 2;
export const SCR_SEVONPEND = 16;

export interface CoreFault {
  /** `unmapped-read`, `unmapped-write`, `unaligned-access`, `write-to-rom`, `undefined-instruction`, ... */
  kind: string;
  message: string;
  /** Address of the access, when there is one. */
  address?: number;
  /** Address of the instruction. */
  pc: number;
  /** The core can do nothing more. */
  lockup: boolean;
}

/** What a core needs from the chip around it. */
export interface CoreHost {
  /** Absolute cycle of relative cycle 0. */
  readonly base: number;
  /** A core faulted. Returns true when the core must not take its HardFault (the machine stops instead). */
  faulted(core: Core, fault: CoreFault): boolean;
  /** BKPT. Returns true when handled; false makes it a HardFault. */
  breakInstruction(core: Core, value: number): boolean;
  /** A breakpoint set from outside was reached. */
  breakpointHit(core: Core): void;
  /** SEV. */
  sendEvent(core: Core): void;
  /** A core stops to execute plain instructions: the two can no longer take turns inside the interpreter. */
  endTurns(): void;
  /** The run limits may have changed. */
  reschedule(): void;
  /** Relative cycle of what is happening now: an event, or the access of a core. */
  readonly presentTime: number;
  /** clk_sys cycles in a microsecond. */
  readonly microsecondCycles: number;
  /** Is told of calls, returns and exceptions. */
  readonly calls: CallObserver | null;
}

export class Core {
  readonly id: CoreId;
  readonly host: CoreHost;
  readonly nvic = new Nvic();
  readonly sysTick: SysTick;
  readonly stalls = new Stalls();
  /** r0-r14 as signed words; the PC is `base + 2 * index`. */
  readonly registers = new Int32Array(16);
  private readonly code: CodeCache;

  // Where the core is, in time and in code.
  time = 0;
  limit = 0;
  /** Cycle before which quiet instructions may run although another core is behind. */
  quietLimit = 0;
  /** Accesses must be arbitrated: another master is at work, or counters count. */
  contended = false;
  region: CodeRegion;
  /** First address of the region. */
  base = 0;
  /** Halfword index of the next instruction inside the region. */
  index = 0;
  /** False after a branch to an address without the Thumb bit. */
  thumb = true;
  /** The fetch that the next instruction begins with is done. */
  fetched = 0;
  /** Words that the LDM, STM, PUSH or POP at `index` has done. */
  progress = 0;

  // Flags, as the values that decide them.
  /** N is the sign of this. */
  signWord = 0;
  /** Z is set when this is 0. */
  zeroWord = 1;
  /** 0 or 1. */
  carry = 0;
  /** V is the sign of this. */
  overflowWord = 0;

  // Modes.
  ipsr = 0;
  primask = 0;
  unprivileged = 0;
  /** CONTROL.SPSEL. */
  processStack = 0;
  /** The stack pointer not in use. */
  bankedSp = 0;
  vtor = 0;
  scr = 0;
  /** The event register of WFE. */
  event = 0;
  sleeping = false;
  /** Asleep by WFE: an event wakes it, not only an interrupt. */
  waitsForEvent = false;
  lockedUp = false;
  /** Held in reset (PSM). */
  held = false;

  /** Something other than instructions comes next: an exception, a sequence, a fault. */
  attention = false;

  // Result of the last bus access of this core.
  status = ACCESS_DONE;
  retryAt = 0;
  /** Cycles the whole load or store instruction takes. */
  cost = 0;

  // Sequence in progress.
  sequence = SEQ_NONE;
  seqList = 0;
  seqAddress = 0;
  seqStep = 0;
  seqValue = 0;
  seqTailChain = false;
  readonly words = new Int32Array(8);

  // LDM, STM, PUSH or POP in progress.
  /** Registers still to do. */
  rest = 0;
  /** Address of the next word. */
  transferAddress = 0;
  loadedBase = 0;
  loadedPc = 0;

  /** Lowest address the stack pointer may reach; 0 switches the guard off. */
  stackLimit = 0;

  constructor(id: CoreId, host: CoreHost, code: CodeCache) {
    this.id = id;
    this.host = host;
    this.code = code;
    this.region = code.rom;
    this.sysTick = new SysTick({
      now: () => host.base + host.presentTime + this.sampleDelay,
      referenceCycles: () => host.microsecondCycles,
      raise: () => this.pend(EXC_SYSTICK),
    });
  }

  /** Cycles from `time` to the moment SysTick is looked at; set around PPB accesses. */
  sampleDelay = 0;

  get pc(): number {
    return (this.base + this.index * 2) >>> 0;
  }

  get cycle(): number {
    return this.host.base + this.time;
  }

  get handlerMode(): boolean {
    return this.ipsr !== 0;
  }

  get privileged(): boolean {
    return this.ipsr !== 0 || this.unprivileged === 0;
  }

  get apsr(): number {
    return (
      (this.signWord & 0x80000000) |
      (this.zeroWord === 0 ? 0x40000000 : 0) |
      (this.carry << 29) |
      (this.overflowWord < 0 ? 0x10000000 : 0)
    );
  }

  set apsr(value: number) {
    this.signWord = value | 0;
    this.zeroWord = value & 0x40000000 ? 0 : 1;
    this.carry = (value >>> 29) & 1;
    this.overflowWord = value << 3;
  }

  get xpsr(): number {
    return this.apsr | 0x01000000 | this.ipsr;
  }

  get usesProcessStack(): boolean {
    return this.processStack === 1 && this.ipsr === 0;
  }

  get msp(): number {
    return this.usesProcessStack ? this.bankedSp : this.registers[13];
  }

  set msp(value: number) {
    if (this.usesProcessStack) this.bankedSp = value & ~3;
    else this.registers[13] = value & ~3;
  }

  get psp(): number {
    return this.usesProcessStack ? this.registers[13] : this.bankedSp;
  }

  set psp(value: number) {
    if (this.usesProcessStack) this.registers[13] = value & ~3;
    else this.bankedSp = value & ~3;
  }

  /** Changes mode and stack selection together, moving the stack pointers to where they belong. */
  setMode(ipsr: number, processStack: number): void {
    const { msp, psp } = this;
    this.ipsr = ipsr;
    this.processStack = processStack;
    const process = this.usesProcessStack;
    this.registers[13] = process ? psp : msp;
    this.bankedSp = process ? msp : psp;
  }

  /** The priority below which an exception must be to interrupt now; PRIMASK included. */
  get executionPriority(): number {
    const active = this.nvic.activePriority;
    return this.primask && active > 0 ? 0 : active;
  }

  /** Continues at an address whose bit 0 is the Thumb bit; without it the next instruction faults. */
  jumpThumb(address: number): void {
    this.jump(address & 1 ? address : NO_CODE);
    this.thumb = (address & 1) === 1;
    if (!this.thumb) this.base = address & ~1;
  }

  /** Continues at an address; what cannot be executed faults when it is reached. */
  jump(address: number): void {
    this.thumb = true;
    this.region = this.code.regionAt(address);
    this.base = this.code.regionBase(this.region, address);
    this.index = this.region.kind === REGION_NONE ? 0 : ((address - this.base) >>> 1) | 0;
    this.fetched = 0;
    this.progress = 0;
  }

  /** Earliest relative cycle in which this core may use the bus; NEVER when it sleeps. */
  get pendingTime(): number {
    if (this.sleeping || this.lockedUp || this.held) return NEVER;
    return this.fetched === 0 && this.sequence === SEQ_NONE && (this.index & 1) === 1
      ? this.time - 1
      : this.time;
  }

  get stopped(): boolean {
    return this.sleeping || this.lockedUp || this.held;
  }

  /** Makes the interpreter come back at the next instruction boundary. */
  callAttention(): void {
    this.attention = true;
    this.host.endTurns();
    this.limit = -NEVER;
  }

  /** Makes an exception pending and looks whether it can be taken. */
  pend(exception: number): void {
    this.nvic.setPending(exception);
    this.pendingChanged();
  }

  /** Something was made pending, enabled, or the execution priority fell. */
  pendingChanged(): void {
    const next = this.nvic.next;
    if (this.sleeping) {
      if (this.wakesFor(next)) this.wake();
      return;
    }
    if (next !== 0 && this.nvic.priorityOf(next) < this.executionPriority) this.callAttention();
  }

  /** An interrupt became pending, enabled or not: SEVONPEND makes that an event. */
  interruptPended(): void {
    if (this.scr & SCR_SEVONPEND) this.signalEvent();
    this.pendingChanged();
  }

  /** Sets the event register, or wakes the core that waits for it. */
  signalEvent(): void {
    if (this.sleeping && this.waitsForEvent) this.wake();
    else this.event = 1;
  }

  reset(): void {
    this.registers.fill(0);
    this.nvic.reset();
    this.sysTick.reset();
    this.apsr = 0;
    this.zeroWord = 1;
    this.ipsr = 0;
    this.primask = 0;
    this.unprivileged = 0;
    this.processStack = 0;
    this.bankedSp = 0;
    this.vtor = 0;
    this.scr = 0;
    this.event = 0;
    this.sleeping = false;
    this.lockedUp = false;
    this.attention = false;
    this.sequence = SEQ_NONE;
    this.fetched = 0;
  }

  /** The core woke at the chip's present cycle, or was already past it. */
  private wake(): void {
    this.sleeping = false;
    this.waitsForEvent = false;
    this.time = Math.max(this.time, this.host.presentTime + timing.wake);
    this.host.calls?.woke(this);
    this.attention = true;
    this.host.reschedule();
  }

  /** PRIMASK does not keep WFI asleep: only the active priority counts. */
  private wakesFor(next: number): boolean {
    if (next === 0) return false;
    const priority = this.waitsForEvent ? this.executionPriority : this.nvic.activePriority;
    return this.nvic.priorityOf(next) < priority;
  }

  /** True while HardFault or NMI runs: another fault locks the core up. */
  get inFault(): boolean {
    return this.nvic.isActive(EXC_HARDFAULT) || this.nvic.isActive(EXC_NMI);
  }
}
