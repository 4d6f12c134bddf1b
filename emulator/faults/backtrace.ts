/**
 * Who called whom, from the registers and the stack alone (Thumb code has no frame pointer). A stack word is taken for a return
 * address only when a call instruction stands before it, and, for BL, only when that call goes to the function found so far; what a
 * function left behind on the stack seldom passes both. Exception frames (ARMv6-M ARM B1.5.6) are recognised by EXC_RETURN.
 */
import type { SymbolTable } from '../program/symbols.ts';
import { type Peek, peek16, peek32 } from './memory-view.ts';

const MAX_FRAMES = 32;
const MAX_STACK_WORDS = 2048;
/** How far behind an indirect call a direct one is looked for, which is then the likelier caller. */
const LOOK_AHEAD_WORDS = 64;
const EXCEPTION_FRAME_WORDS = 8;
const FRAME_LR = 5;
const FRAME_PC = 6;

export interface CallSite {
  /** Address of the instruction: the faulting one, or the call. */
  address: number;
  function?: string;
}

interface Call {
  /** Address of the call instruction. */
  address: number;
  /** Where BL goes; undefined for BLX. */
  target?: number;
}

export interface UnwindStart {
  pc: number;
  lr: number;
  sp: number;
}

/** Innermost first. */
export function backtrace(peek: Peek, symbols: SymbolTable, { pc, lr, sp }: UnwindStart): CallSite[] {
  const frames: CallSite[] = [siteAt(symbols, pc)];
  let inner = pc;
  const add = (address: number) => {
    frames.push(siteAt(symbols, address));
    inner = address;
  };
  const addFromLink = (link: number) => {
    const call = callBefore(peek, link);
    if (!call || !reaches(symbols, call, inner) || sameFunction(symbols, call.address, inner))
      return undefined;
    add(call.address);
    return link;
  };
  // A function that has stored LR may still hold it in the register: its word on the stack is then the same frame.
  let alreadyTaken = addFromLink(lr);
  let skipped: Call | undefined;
  for (let i = 0; i < MAX_STACK_WORDS && frames.length < MAX_FRAMES; i++) {
    const at = sp + 4 * i;
    const word = peek32(peek, at);
    if (word === undefined) break;
    if (isExceptionReturn(word)) {
      const interrupted = peek32(peek, at + 4 + 4 * FRAME_PC);
      if (interrupted === undefined) break;
      add(interrupted);
      alreadyTaken = addFromLink(peek32(peek, at + 4 + 4 * FRAME_LR) ?? 0);
      i += EXCEPTION_FRAME_WORDS;
    } else if (word === alreadyTaken) {
      alreadyTaken = undefined;
    } else {
      const call = callBefore(peek, word);
      if (!call) continue;
      const stale = call.target === undefined && directCallAhead(peek, symbols, at + 4, inner);
      if (!stale && reaches(symbols, call, inner)) add(call.address);
      else skipped ??= call;
    }
  }
  // A tail call hides the link; one unproven caller is better than none.
  if (frames.length === 1 && skipped) frames.push(siteAt(symbols, skipped.address));
  return frames;
}

/** Whether a return address of a BL to the function at `inner` lies on the stack from `start` on. */
function directCallAhead(peek: Peek, symbols: SymbolTable, start: number, inner: number): boolean {
  for (let i = 0; i < LOOK_AHEAD_WORDS; i++) {
    const call = callBefore(peek, peek32(peek, start + 4 * i) ?? 0);
    if (call?.target !== undefined && symbols.covering(inner) && reaches(symbols, call, inner)) return true;
  }
  return false;
}

export function isExceptionReturn(word: number): boolean {
  return word === 0xfffffff1 || word === 0xfffffff9 || word === 0xfffffffd;
}

function siteAt(symbols: SymbolTable, address: number): CallSite {
  return { address, function: symbols.covering(address)?.name };
}

function sameFunction(symbols: SymbolTable, a: number, b: number): boolean {
  const symbol = symbols.covering(a);
  return symbol !== undefined && symbol === symbols.covering(b);
}

/** Whether the call can have led to code at `inner`; indirect calls and code without names are given the benefit of the doubt. */
function reaches(symbols: SymbolTable, call: Call, inner: number): boolean {
  if (call.target === undefined) return true;
  const function_ = symbols.covering(inner);
  if (!function_) return true;
  return symbols.covering(call.target)?.address === function_.address;
}

/** The BL or BLX that a return address (with its Thumb bit) comes back to. */
export function callBefore(peek: Peek, returnAddress: number): Call | undefined {
  if ((returnAddress & 1) === 0) return undefined;
  const after = (returnAddress & ~1) >>> 0;
  const last = peek16(peek, after - 2);
  if (last === undefined) return undefined;
  if ((last & 0xff87) === 0x4780) return { address: after - 2 };
  const first = peek16(peek, after - 4);
  if (first === undefined || first >>> 11 !== 0b11110 || (last & 0xd000) !== 0xd000) return undefined;
  return { address: after - 4, target: (after + branchOffset(first, last)) >>> 0 };
}

/** Offset of BL (encoding T1) from the address after it. */
function branchOffset(first: number, second: number): number {
  const sign = (first >>> 10) & 1;
  const i1 = 1 - (sign ^ ((second >>> 13) & 1));
  const i2 = 1 - (sign ^ ((second >>> 11) & 1));
  const offset = (i1 << 23) | (i2 << 22) | ((first & 0x3ff) << 12) | ((second & 0x7ff) << 1);
  return sign ? offset - (1 << 24) : offset;
}
