/**
 * What a core does between instructions, one bus access a step, each in the cycle `core.time`: exception entry and
 * return, and the fetch of a branch target that does not lie in the same region or must wait for its turn.
 *
 * Exception entry (ARMv6-M ARM B1.5.6): eight words stacked, then the vector of the highest exception pending at that
 * moment (late arrival), then its first instruction. Return (B1.5.8): unstacking, or straight on to the next
 * exception (tail-chaining).
 */
import type { CoreBus } from '../bus/core-bus.ts';
import { timing } from '../timing/table.ts';
import {
  ACCESS_DONE,
  ACCESS_LOST,
  type Core,
  NEVER,
  SCR_SLEEPONEXIT,
  SEQ_BRANCH,
  SEQ_NONE,
  SEQ_STACK,
  SEQ_UNSTACK,
  SEQ_VECTOR,
} from './core.ts';
import { hex, raiseFault } from './fault.ts';

const FRAME_WORDS = 8;
const FRAME_BYTES = 32;
/** Bit of the stacked xPSR: four bytes were added to align the frame. */
const FRAME_ALIGNED = 1 << 9;
const EXC_RETURN_HANDLER = 0xfffffff1;
const EXC_RETURN_THREAD_MAIN = 0xfffffff9;
const EXC_RETURN_THREAD_PROCESS = 0xfffffffd;

/** Goes on with the sequence, and takes pending exceptions, until the limit or until instructions come next. */
export function advance(core: Core, bus: CoreBus): void {
  while (!core.stopped) {
    if (core.attention && core.sequence === SEQ_NONE) {
      // Due with the fetch ahead of the next instruction: the scheduler counts on it that something happens then.
      if (core.pendingTime >= core.limit) return;
      if (takeable(core) !== 0) beginEntry(core);
      else core.attention = false;
    } else if (core.sequence === SEQ_NONE || core.time >= core.limit) {
      return;
    } else {
      step(core, bus);
    }
  }
}

/** The pending exception that would interrupt now, or 0. */
function takeable(core: Core): number {
  const { next } = core.nvic;
  return next !== 0 && core.nvic.priorityOf(next) < core.executionPriority ? next : 0;
}

function step(core: Core, bus: CoreBus): void {
  switch (core.sequence) {
    case SEQ_BRANCH:
      stepBranch(core, bus);
      break;
    case SEQ_STACK:
      stepStack(core, bus);
      break;
    case SEQ_VECTOR:
      stepVector(core, bus);
      break;
    default:
      stepUnstack(core, bus);
  }
}

/** After an access: true when it was done; a lost one is tried again later, a failed one faults. */
function done(core: Core): boolean {
  if (core.status === ACCESS_DONE) return true;
  if (core.status === ACCESS_LOST) core.time = core.retryAt;
  else core.sequence = SEQ_NONE;
  return false;
}

// ---- branches

/** BX, or POP to PC, with the target's fetch due at `core.time`: a branch or the return from an exception. */
export function branchExchange(core: Core, target: number): void {
  if (target >>> 28 === 0xf && core.handlerMode) {
    core.time += timing.branchTaken;
    beginReturn(core, target >>> 0);
    return;
  }
  core.jumpThumb(target);
  core.sequence = SEQ_BRANCH;
}

/** Any other branch that does not stay in the region, or whose fetch must wait for its turn. */
export function branchTo(core: Core, target: number): void {
  core.jump(target);
  core.sequence = SEQ_BRANCH;
}

/** The word at the new place is fetched in `core.time`; execution goes on two cycles later. */
function stepBranch(core: Core, bus: CoreBus): void {
  const wait = bus.fetch(core, core.index, core.time);
  if (wait < 0) {
    core.time = core.retryAt;
    return;
  }
  core.time += timing.branchTaken + wait;
  core.sequence = SEQ_NONE;
}

// ---- exception entry

function beginEntry(core: Core): void {
  core.host.calls?.interrupted(core);
  const { registers } = core;
  const process = core.usesProcessStack;
  const sp = registers[13];
  const frame = (sp - FRAME_BYTES) & ~7;
  core.words.set(registers.subarray(0, 4));
  core.words[4] = registers[12];
  core.words[5] = registers[14];
  core.words[6] = core.pc;
  core.words[7] = (core.thumb ? core.xpsr : core.xpsr & ~0x01000000) | (sp & 4 ? FRAME_ALIGNED : 0);
  registers[13] = frame;
  core.seqValue = core.handlerMode
    ? EXC_RETURN_HANDLER
    : process
      ? EXC_RETURN_THREAD_PROCESS
      : EXC_RETURN_THREAD_MAIN;
  core.attention = false;
  // An interrupted LDM or STM starts again after the return.
  core.progress = 0;
  core.sequence = SEQ_STACK;
  core.seqAddress = frame;
  core.seqStep = 0;
  core.seqList = takeable(core);
  core.seqTailChain = false;
  core.time += timing.exceptionStackAt;
}

function stepStack(core: Core, bus: CoreBus): void {
  bus.store(core, (core.seqAddress + 4 * core.seqStep) >>> 0, core.words[core.seqStep], 4, core.time);
  if (core.status === ACCESS_LOST) {
    core.time = core.retryAt;
    return;
  }
  // A fault while stacking has made HardFault pending (or locked the core up): the vector read takes it.
  core.time += Math.max(core.cost - 1, 1);
  if (++core.seqStep < FRAME_WORDS) return;
  core.sequence = SEQ_VECTOR;
  core.time += timing.exceptionVectorAt - timing.exceptionStackAt - FRAME_WORDS;
}

function stepVector(core: Core, bus: CoreBus): void {
  const exception = takeable(core) || core.seqList;
  const vector = bus.load(core, (core.vtor + 4 * exception) >>> 0, 4, core.time);
  if (!done(core)) return;
  core.host.calls?.vectored(core, vector, core.seqTailChain);
  core.nvic.activate(exception);
  core.setMode(exception, 0);
  core.registers[14] = core.seqValue;
  core.event = 1;
  core.attention = false;
  core.jumpThumb(vector);
  core.sequence = SEQ_BRANCH;
  const spent = core.seqTailChain ? 1 : timing.exceptionVectorAt;
  const total = core.seqTailChain ? timing.tailChain : timing.exceptionEntry;
  core.time += core.cost - 2 + total - timing.branchTaken - spent;
  core.pendingChanged();
}

// ---- exception return

function beginReturn(core: Core, excReturn: number): void {
  const toHandler = excReturn === EXC_RETURN_HANDLER;
  const known = toHandler || excReturn === EXC_RETURN_THREAD_MAIN || excReturn === EXC_RETURN_THREAD_PROCESS;
  if (!known || !core.nvic.isActive(core.ipsr)) {
    raiseFault(
      core,
      'bad-exception-return',
      `An exception return with ${hex(excReturn)} that leads nowhere`,
      excReturn,
    );
    return;
  }
  core.nvic.deactivate(core.ipsr);
  core.event = 1;
  core.seqValue = excReturn;
  const next = takeable(core);
  core.seqTailChain = next !== 0;
  if (next !== 0) {
    core.seqList = next;
    core.sequence = SEQ_VECTOR;
    core.time += 1;
    return;
  }
  core.sequence = SEQ_UNSTACK;
  core.seqStep = 0;
  core.seqAddress = excReturn === EXC_RETURN_THREAD_PROCESS ? core.psp : core.msp;
}

function stepUnstack(core: Core, bus: CoreBus): void {
  core.words[core.seqStep] = bus.load(core, (core.seqAddress + 4 * core.seqStep) >>> 0, 4, core.time) | 0;
  if (!done(core)) return;
  core.time += Math.max(core.cost - 1, 1);
  if (++core.seqStep === FRAME_WORDS) finishReturn(core);
}

function finishReturn(core: Core): void {
  const { registers, words } = core;
  const psr = words[7];
  const process = core.seqValue === EXC_RETURN_THREAD_PROCESS;
  const sp = (core.seqAddress + FRAME_BYTES) | (psr & FRAME_ALIGNED ? 4 : 0);
  const toHandler = core.seqValue === EXC_RETURN_HANDLER;
  registers.set(words.subarray(0, 4));
  registers[12] = words[4];
  registers[14] = words[5];
  if (process) core.psp = sp;
  else core.msp = sp;
  core.setMode(toHandler ? psr & 0x3f : 0, process ? 1 : 0);
  core.apsr = psr & 0xf0000000;
  core.jumpThumb((words[6] & ~1) | ((psr >>> 24) & 1));
  core.sequence = SEQ_BRANCH;
  core.time += timing.exceptionReturn - timing.branchTaken - FRAME_WORDS;
  core.host.calls?.resumed(core);
  if (!toHandler && core.scr & SCR_SLEEPONEXIT) sleep(core, false);
  core.pendingChanged();
}

/** WFI, WFE without an event, or SLEEPONEXIT. */
export function sleep(core: Core, forEvent: boolean): void {
  core.sleeping = true;
  core.waitsForEvent = forEvent;
  core.host.calls?.slept(core);
  core.host.endTurns();
  core.limit = -NEVER;
  core.pendingChanged();
}
