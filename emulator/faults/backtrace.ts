/**
 * Who called whom, from the registers and the stack alone (Thumb code has no frame pointer). A stack word is taken for a return
 * address only when a call instruction stands before it, and, for BL, only when that call goes to the function found so far; what a
 * function left behind on the stack seldom passes both. Exception frames (ARMv6-M ARM B1.5.6) are recognised by EXC_RETURN.
 */
import type { SymbolTable } from '../program/symbols.ts';
import { type Peek, peek16, peek32 } from './memory-view.ts';

const MAX_FRAMES = 32;
const MAX_STACK_WORDS = 2048;
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
  const add = (call: Call) => {
    frames.push(siteAt(symbols, call.address));
    inner = call.address;
  };
  const called = callBefore(peek, lr);
  if (called && reaches(symbols, called, inner) && !sameFunction(symbols, called.address, inner)) add(called);
  let skipped: Call | undefined;
  for (let i = 0; i < MAX_STACK_WORDS && frames.length < MAX_FRAMES; i++) {
    const word = peek32(peek, sp + 4 * i);
    if (word === undefined) break;
    if (isExceptionReturn(word)) {
      const interrupted = peek32(peek, sp + 4 * (i + 1 + FRAME_PC));
      if (interrupted === undefined) break;
      frames.push(siteAt(symbols, interrupted));
      inner = interrupted;
      const stacked = callBefore(peek, peek32(peek, sp + 4 * (i + 1 + FRAME_LR)) ?? 0);
      if (stacked && reaches(symbols, stacked, inner) && !sameFunction(symbols, stacked.address, inner))
        add(stacked);
      i += EXCEPTION_FRAME_WORDS;
      continue;
    }
    const call = callBefore(peek, word);
    if (!call || call.address === inner) continue;
    if (reaches(symbols, call, inner)) add(call);
    else skipped ??= call;
  }
  // A tail call hides the link; one unproven caller is better than none.
  if (frames.length === 1 && skipped) frames.push(siteAt(symbols, skipped.address));
  return frames;
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
