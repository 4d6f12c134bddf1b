/**
 * The hot loop: runs one core's instructions until its limit, or until something other than plain instructions comes.
 *
 * All of it is one function with the core's state in local variables, dispatching on predecoded words (decode.ts) with
 * a dense switch; that is four times as fast as decoding each time, and the reason for its length. Timing follows
 * the TRM table as long as nothing waits:
 *  - an instruction at time t that loads or stores has its address phase in t;
 *  - a taken branch fetches its target in t and executes it in t + 2;
 *  - before an instruction at a halfword-misaligned address executes in t, the next word is fetched in t - 1 (a 32-bit
 *    fetch brings two halfwords, and the fetch-ahead is one word).
 * Fetches from ROM and SRAM are only looked at when another master could be in the way (`contended`); XIP fetches always.
 *
 * Leaving an access for later has no side effects: `time` moves to when the port is free and the same instruction is
 * dispatched again.
 */

import type { Arbiter } from '../bus/arbiter.ts';
import type { CoreBus } from '../bus/core-bus.ts';
import { SLAVE_XIP, SRAM_BYTES } from '../bus/slaves.ts';
import type { XipPort } from '../bus/xip-port.ts';
import type { CallObserver } from '../trace/call-observer.ts';
import { type CodeCache, PAGE_SHIFT, REGION_NONE, REGION_SRAM, REGION_XIP } from './code-cache.ts';
import { ACCESS_DONE, ACCESS_LOST, type Core, NEVER, SEQ_NONE } from './core.ts';
import { branchLinkOffset, FAR_LINK, FETCH_AHEAD, QUIET, WIDE_ALIGNED } from './decode.ts';
import { fetchFault } from './fault.ts';
import { baseAfter, EXTRA_REGISTER, firstAddress, isStore, registerList, wordCycles } from './multiple.ts';
import { branchExchange, branchTo } from './sequence.ts';
import { executeSpecial, stackOverflow } from './special.ts';

// Imported names are property reads in some module systems (test runners among them); these are needed all the time.
const SRAM_BASE = 0x20000000;
const SRAM_END = SRAM_BYTES;
const PAGE = PAGE_SHIFT;
const FAR = FAR_LINK;
const WIDE = WIDE_ALIGNED;
const RUNS_AHEAD = QUIET;
const DONE = ACCESS_DONE;
const LOST = ACCESS_LOST;
const XIP = SLAVE_XIP;
const EXTRA = EXTRA_REGISTER;

/** Everything the loop needs besides the core; one for the chip. */
export interface Machinery {
  bus: CoreBus;
  code: CodeCache;
  arbiter: Arbiter;
  xip: XipPort;
  /** The scheduler must look again: an event comes earlier, a core woke, the run ends. */
  interrupted: boolean;
  /** One of two cores that take turns no longer executes plain instructions. */
  turnsOver: boolean;
  /** Is told of calls and returns. */
  calls: CallObserver | null;
  sram8: Uint8Array;
  sram16: Uint16Array;
  sram32: Int32Array;
  flash32: Int32Array;
}

/** Number of registers in an 8-bit register list. */
const LIST_LENGTH = Uint8Array.from({ length: 256 }, (_, list) => {
  let count = 0;
  for (let bits = list; bits !== 0; bits &= bits - 1) count++;
  return count;
});

/**
 * Runs instructions of `first` up to its limit; returns early when a sequence or an exception begins. With a partner, the
 * two take turns in here, as `runPair` in turns.ts describes, as long as both only execute instructions.
 */
export function runInstructions(
  first: Core,
  partner: Core | null,
  horizon: number,
  machinery: Machinery,
): void {
  const { bus, code, arbiter, xip, calls, sram8, sram16, sram32, flash32 } = machinery;
  const pages = code.sramPages;
  const { resident, lastWay } = xip;
  const { contended, quietLimit } = first;
  let core = first;
  let other = partner;
  /** When the other core may next use the bus. */
  let theirs = other === null ? NEVER : other.pendingTime;

  // Set by an instruction for the shared code behind the switch.
  let address = 0;
  let offset = 0;
  let target = 0;
  let lead = 0;
  let link = 0;
  let d = 0;

  for (;;) {
    const { registers: R, stackLimit, id } = core;
    let limit = core.limit;
    let t = core.time;
    let ip = core.index;
    let fetched = core.fetched;
    let progress = core.progress;
    const decoded = core.region.decoded;
    let base = core.base | 0;
    const codeLength = core.region.length;
    const kind = core.region.kind;
    const fetchMask = contended || kind === REGION_XIP ? FETCH_AHEAD : 0;
    const cachedCode = (base & 0xff000000) === 0x10000000;
    const sramCode = kind === REGION_SRAM;

    let n = core.signWord;
    let z = core.zeroWord;
    let c = core.carry;
    let v = core.overflowWord;

    run: for (;;) {
      d = decoded[ip];
      if ((d & fetchMask) !== 0 && fetched === 0) {
        // The next word, in the cycle before this instruction (one later for a word-aligned 32-bit instruction).
        const way = cachedCode ? resident[(ip + 1) >> 1] : 0;
        if (way !== 0 && !contended) {
          xip.fastHits++;
          lastWay[(ip >> 2) & 1023] = way;
        } else {
          const at = (d & WIDE) === 0 ? t - 1 : t;
          if (at >= limit) break;
          if (way !== 0 && arbiter.claimPort(XIP, at, id)) {
            xip.fastHits++;
            lastWay[(ip >> 2) & 1023] = way;
          } else if (!sramCode || !arbiter.claimSram((ip + 1) << 1, at, id)) {
            const wait = bus.fetch(core, ip + 1, at);
            limit = core.limit;
            if (wait < 0) {
              t = (core.retryAt + (t - at)) | 0;
              continue;
            }
            t = (t + wait) | 0;
          }
        }
        fetched = 1;
      }
      // Decoding takes no time, so it goes on; quiet instructions may run ahead of the other core.
      if (t >= limit && d !== 0 && (t >= quietLimit || limit < 0 || (d & RUNS_AHEAD) === 0)) break;

      // biome-ignore lint/suspicious/noConfusingLabels: leaving this block leads to the code that instructions share
      again: {
        // biome-ignore lint/suspicious/noConfusingLabels: leaving this block leads to the code that instructions share
        memory: {
          // biome-ignore lint/suspicious/noConfusingLabels: leaving this block leads to the code that instructions share
          branch: {
            // biome-ignore lint/suspicious/noConfusingLabels: leaving this block leads to the code that instructions share
            multiple: {
              switch (d & 0xff) {
                case 0:
                  // Not decoded yet, or nothing to execute here.
                  if (ip >= 0 && ip < codeLength) {
                    code.decodeAt(core.region, ip);
                    break again;
                  }
                  core.time = t;
                  core.index = ip;
                  if (core.region.kind !== REGION_NONE) core.jump(core.pc);
                  if (core.region.kind === REGION_NONE) fetchFault(core);
                  limit = core.limit;
                  ip = core.index;
                  break run;
                case 10: {
                  // LSLS Rd, Rm, #imm5    00000 iiiii mmm ddd
                  const shift = d >> 19;
                  const value = R[(d >> 15) & 15];
                  c = (value >>> (32 - shift)) & 1;
                  n = z = R[(d >> 11) & 15] = value << shift;
                  break;
                }
                case 11: // MOVS Rd, Rm          00000 00000 mmm ddd
                  n = z = R[(d >> 11) & 15] = R[(d >> 15) & 15];
                  break;
                case 12: {
                  // LSRS Rd, Rm, #imm5    00001 iiiii mmm ddd
                  const shift = d >> 19;
                  const value = R[(d >> 15) & 15];
                  c = (value >>> (shift - 1)) & 1;
                  n = z = R[(d >> 11) & 15] = shift === 32 ? 0 : value >>> shift;
                  break;
                }
                case 13: {
                  // ASRS Rd, Rm, #imm5    00010 iiiii mmm ddd
                  const shift = d >> 19;
                  const value = R[(d >> 15) & 15];
                  c = (value >>> (shift - 1)) & 1;
                  n = z = R[(d >> 11) & 15] = shift === 32 ? value >> 31 : value >> shift;
                  break;
                }
                case 14: {
                  // ADDS Rd, Rn, Rm       0001100 mmm nnn ddd
                  const a = R[(d >> 15) & 15];
                  const b = R[(d >> 19) & 7];
                  const r = (a + b) | 0;
                  c = ((a & b) | ((a | b) & ~r)) >>> 31;
                  v = (a ^ r) & (b ^ r);
                  n = z = R[(d >> 11) & 15] = r;
                  break;
                }
                case 15: {
                  // SUBS Rd, Rn, Rm       0001101 mmm nnn ddd
                  const a = R[(d >> 15) & 15];
                  const b = R[(d >> 19) & 7];
                  const r = (a - b) | 0;
                  c = a >>> 0 >= b >>> 0 ? 1 : 0;
                  v = (a ^ b) & (a ^ r);
                  n = z = R[(d >> 11) & 15] = r;
                  break;
                }
                case 16: {
                  // ADDS Rd, Rn, #imm3    0001110 iii nnn ddd;  ADDS Rdn, #imm8  00110 ddd iiiiiiii
                  const a = R[(d >> 15) & 15];
                  const b = d >> 19;
                  const r = (a + b) | 0;
                  c = ((a & b) | ((a | b) & ~r)) >>> 31;
                  v = (a ^ r) & (b ^ r);
                  n = z = R[(d >> 11) & 15] = r;
                  break;
                }
                case 17: {
                  // SUBS Rd, Rn, #imm3    0001111 iii nnn ddd;  SUBS Rdn, #imm8  00111 ddd iiiiiiii
                  const a = R[(d >> 15) & 15];
                  const b = d >> 19;
                  const r = (a - b) | 0;
                  c = a >>> 0 >= b ? 1 : 0;
                  v = (a ^ b) & (a ^ r);
                  n = z = R[(d >> 11) & 15] = r;
                  break;
                }
                case 18: // MOVS Rd, #imm8        00100 ddd iiiiiiii
                  n = z = R[(d >> 11) & 15] = d >> 19;
                  break;
                case 19: {
                  // CMP Rn, #imm8         00101 nnn iiiiiiii
                  const a = R[(d >> 15) & 15];
                  const b = d >> 19;
                  const r = (a - b) | 0;
                  c = a >>> 0 >= b ? 1 : 0;
                  v = (a ^ b) & (a ^ r);
                  n = z = r;
                  break;
                }
                case 20: // ANDS Rdn, Rm          0100000000 mmm ddd
                  n = z = R[(d >> 11) & 15] &= R[(d >> 15) & 15];
                  break;
                case 21: // EORS Rdn, Rm          0100000001 mmm ddd
                  n = z = R[(d >> 11) & 15] ^= R[(d >> 15) & 15];
                  break;
                case 22: {
                  // LSLS Rdn, Rm          0100000010 mmm ddd
                  const shift = R[(d >> 15) & 15] & 0xff;
                  let value = R[(d >> 11) & 15];
                  if (shift !== 0) {
                    c = shift <= 32 ? (value >>> (32 - shift)) & 1 : 0;
                    value = shift < 32 ? value << shift : 0;
                  }
                  n = z = R[(d >> 11) & 15] = value;
                  break;
                }
                case 23: {
                  // LSRS Rdn, Rm          0100000011 mmm ddd
                  const shift = R[(d >> 15) & 15] & 0xff;
                  let value = R[(d >> 11) & 15];
                  if (shift !== 0) {
                    c = shift <= 32 ? (value >>> (shift - 1)) & 1 : 0;
                    value = shift < 32 ? value >>> shift : 0;
                  }
                  n = z = R[(d >> 11) & 15] = value | 0;
                  break;
                }
                case 24: {
                  // ASRS Rdn, Rm          0100000100 mmm ddd
                  const shift = R[(d >> 15) & 15] & 0xff;
                  let value = R[(d >> 11) & 15];
                  if (shift !== 0) {
                    c = shift <= 32 ? (value >>> (shift - 1)) & 1 : value >>> 31;
                    value >>= shift < 32 ? shift : 31;
                  }
                  n = z = R[(d >> 11) & 15] = value;
                  break;
                }
                case 25: {
                  // ADCS Rdn, Rm          0100000101 mmm ddd
                  const a = R[(d >> 11) & 15];
                  const b = R[(d >> 15) & 15];
                  const r = (a + b + c) | 0;
                  c = ((a & b) | ((a | b) & ~r)) >>> 31;
                  v = (a ^ r) & (b ^ r);
                  n = z = R[(d >> 11) & 15] = r;
                  break;
                }
                case 26: {
                  // SBCS Rdn, Rm          0100000110 mmm ddd
                  const a = R[(d >> 11) & 15];
                  const b = ~R[(d >> 15) & 15];
                  const r = (a + b + c) | 0;
                  c = ((a & b) | ((a | b) & ~r)) >>> 31;
                  v = (a ^ r) & (b ^ r);
                  n = z = R[(d >> 11) & 15] = r;
                  break;
                }
                case 27: {
                  // RORS Rdn, Rm          0100000111 mmm ddd
                  const rotation = R[(d >> 15) & 15] & 0xff;
                  let value = R[(d >> 11) & 15];
                  if (rotation !== 0) {
                    value = (value >>> (rotation & 31)) | (value << (-rotation & 31));
                    c = value >>> 31;
                  }
                  n = z = R[(d >> 11) & 15] = value;
                  break;
                }
                case 28: // TST Rn, Rm            0100001000 mmm nnn
                  n = z = R[(d >> 11) & 15] & R[(d >> 15) & 15];
                  break;
                case 29: {
                  // RSBS Rd, Rn, #0       0100001001 nnn ddd
                  const b = R[(d >> 15) & 15];
                  const r = -b | 0;
                  c = b === 0 ? 1 : 0;
                  v = b & r;
                  n = z = R[(d >> 11) & 15] = r;
                  break;
                }
                case 30: {
                  // CMP Rn, Rm            0100001010 mmm nnn;  01000101 n mmmm nnn
                  const a = R[(d >> 11) & 15];
                  const b = R[(d >> 15) & 15];
                  const r = (a - b) | 0;
                  c = a >>> 0 >= b >>> 0 ? 1 : 0;
                  v = (a ^ b) & (a ^ r);
                  n = z = r;
                  break;
                }
                case 31: {
                  // CMN Rn, Rm            0100001011 mmm nnn
                  const a = R[(d >> 11) & 15];
                  const b = R[(d >> 15) & 15];
                  const r = (a + b) | 0;
                  c = ((a & b) | ((a | b) & ~r)) >>> 31;
                  v = (a ^ r) & (b ^ r);
                  n = z = r;
                  break;
                }
                case 32: // ORRS Rdn, Rm          0100001100 mmm ddd
                  n = z = R[(d >> 11) & 15] |= R[(d >> 15) & 15];
                  break;
                case 33: // MULS Rdm, Rn          0100001101 nnn ddd
                  n = z = R[(d >> 11) & 15] = Math.imul(R[(d >> 11) & 15], R[(d >> 15) & 15]);
                  break;
                case 34: // BICS Rdn, Rm          0100001110 mmm ddd
                  n = z = R[(d >> 11) & 15] &= ~R[(d >> 15) & 15];
                  break;
                case 35: // MVNS Rd, Rm           0100001111 mmm ddd
                  n = z = R[(d >> 11) & 15] = ~R[(d >> 15) & 15];
                  break;
                case 36: // ADD Rdn, Rm           01000100 d mmmm ddd
                  R[(d >> 11) & 15] += R[(d >> 15) & 15];
                  break;
                case 37: // ADD PC, Rm            01000100 1 mmmm 111
                  address = (base + ip * 2 + 4 + R[(d >> 15) & 15]) & ~1;
                  target = ((address - base) | 0) >>> 1;
                  break branch;
                case 38: // MOV Rd, Rm            01000110 d mmmm ddd
                  R[(d >> 11) & 15] = R[(d >> 15) & 15];
                  break;
                case 39: // MOV PC, Rm            01000110 1 mmmm 111
                  address = R[(d >> 15) & 15] & ~1;
                  target = ((address - base) | 0) >>> 1;
                  break branch;
                case 40: // MOV Rd, PC
                  R[(d >> 11) & 15] = base + ip * 2 + 4;
                  break;
                case 41: // ADD Rd, PC
                  R[(d >> 11) & 15] += base + ip * 2 + 4;
                  break;
                case 42: // MOV SP, Rm
                  R[13] = R[(d >> 15) & 15] & ~3;
                  break;
                case 43: // ADD SP, Rm
                  R[13] = (R[13] + R[(d >> 15) & 15]) & ~3;
                  break;
                case 44: {
                  // ADD SP, #imm7; SUB SP, #imm7    10110000 s iiiiiii
                  const sp = (R[13] + (d >> 19)) | 0;
                  if (stackLimit !== 0 && sp >>> 0 < stackLimit && d < 0) {
                    core.time = t;
                    core.index = ip;
                    stackOverflow(core, sp);
                    limit = core.limit;
                    break run;
                  }
                  R[13] = sp;
                  break;
                }
                case 45: // ADD Rd, SP, #imm8     10101 ddd iiiiiiii
                  R[(d >> 11) & 15] = R[(d >> 15) & 15] + (d >> 19);
                  break;
                case 46: // ADR Rd, label         10100 ddd iiiiiiii
                  R[(d >> 11) & 15] = ((base + ip * 2 + 4) & ~3) + (d >> 19);
                  break;
                case 47: // SXTH                  1011001000 mmm ddd
                  R[(d >> 11) & 15] = (R[(d >> 15) & 15] << 16) >> 16;
                  break;
                case 48: // SXTB                  1011001001 mmm ddd
                  R[(d >> 11) & 15] = (R[(d >> 15) & 15] << 24) >> 24;
                  break;
                case 49: // UXTH                  1011001010 mmm ddd
                  R[(d >> 11) & 15] = R[(d >> 15) & 15] & 0xffff;
                  break;
                case 50: // UXTB                  1011001011 mmm ddd
                  R[(d >> 11) & 15] = R[(d >> 15) & 15] & 0xff;
                  break;
                case 51: {
                  // REV                   1011101000 mmm ddd
                  const value = R[(d >> 15) & 15];
                  R[(d >> 11) & 15] =
                    (value << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24);
                  break;
                }
                case 52: {
                  // REV16                 1011101001 mmm ddd
                  const value = R[(d >> 15) & 15];
                  R[(d >> 11) & 15] = ((value & 0x00ff00ff) << 8) | ((value >>> 8) & 0x00ff00ff);
                  break;
                }
                case 53: {
                  // REVSH                 1011101011 mmm ddd
                  const value = R[(d >> 15) & 15];
                  R[(d >> 11) & 15] = ((value << 24) >> 16) | ((value >>> 8) & 0xff);
                  break;
                }
                case 55: // NOP, YIELD
                  break;
                case 59: // B                     11100 iiiiiiiiiii
                  target = (ip + 2 + (d >> 19)) | 0;
                  break branch;
                case 60: // BEQ                   1101 cccc iiiiiiii, for this and the following
                  if (z !== 0) break;
                  target = (ip + 2 + (d >> 19)) | 0;
                  break branch;
                case 61: // BNE
                  if (z === 0) break;
                  target = (ip + 2 + (d >> 19)) | 0;
                  break branch;
                case 62: // BCS
                  if (c === 0) break;
                  target = (ip + 2 + (d >> 19)) | 0;
                  break branch;
                case 63: // BCC
                  if (c !== 0) break;
                  target = (ip + 2 + (d >> 19)) | 0;
                  break branch;
                case 64: // BMI
                  if (n >= 0) break;
                  target = (ip + 2 + (d >> 19)) | 0;
                  break branch;
                case 65: // BPL
                  if (n < 0) break;
                  target = (ip + 2 + (d >> 19)) | 0;
                  break branch;
                case 66: // BVS
                  if (v >= 0) break;
                  target = (ip + 2 + (d >> 19)) | 0;
                  break branch;
                case 67: // BVC
                  if (v < 0) break;
                  target = (ip + 2 + (d >> 19)) | 0;
                  break branch;
                case 68: // BHI
                  if (c === 0 || z === 0) break;
                  target = (ip + 2 + (d >> 19)) | 0;
                  break branch;
                case 69: // BLS
                  if (c !== 0 && z !== 0) break;
                  target = (ip + 2 + (d >> 19)) | 0;
                  break branch;
                case 70: // BGE
                  if ((n ^ v) < 0) break;
                  target = (ip + 2 + (d >> 19)) | 0;
                  break branch;
                case 71: // BLT
                  if ((n ^ v) >= 0) break;
                  target = (ip + 2 + (d >> 19)) | 0;
                  break branch;
                case 72: // BGT
                  if (z === 0 || (n ^ v) < 0) break;
                  target = (ip + 2 + (d >> 19)) | 0;
                  break branch;
                case 73: // BLE
                  if (z !== 0 && (n ^ v) >= 0) break;
                  target = (ip + 2 + (d >> 19)) | 0;
                  break branch;
                case 74: // BX Rm                 010001110 mmmm 000
                  address = R[(d >> 15) & 15];
                  if (calls !== null) calls.jumped(core, base + ip * 2, address, t + 2);
                  target = (address & 1) === 0 ? -1 : ((address - base) | 0) >>> 1;
                  break branch;
                case 75: // BLX Rm                010001111 mmmm 000
                  address = R[(d >> 15) & 15];
                  target = (address & 1) === 0 ? -1 : ((address - base) | 0) >>> 1;
                  link = base + ip * 2 + 3;
                  if (calls !== null) calls.called(core, base + ip * 2, address, link, t + 2);
                  break branch;
                case 76: {
                  // BL                    11110 s iiiiiiiiii 11 j 1 j iiiiiiiiiii
                  const distance = d >> 11;
                  target = (ip + 2 + (distance === FAR ? farDistance(core, code, ip) : distance)) | 0;
                  link = base + ip * 2 + 5;
                  if (calls !== null) calls.called(core, base + ip * 2, base + target * 2, link, t + 3);
                  lead = 1;
                  break branch;
                }
                case 80: // LDR Rt, [Rn, #imm5]   01101 iiiii nnn ttt;  [SP, #imm8]  10011 ttt iiiiiiii
                  address = (R[(d >> 15) & 15] + (d >> 19)) | 0;
                  offset = (address - SRAM_BASE) | 0;
                  if (offset >>> 0 >= SRAM_END || (offset & 3) !== 0) break memory;
                  if (contended && !arbiter.claimSram(offset, t, id)) break memory;
                  R[(d >> 11) & 15] = sram32[offset >> 2];
                  t = (t + 1) | 0;
                  break;
                case 81: // LDR Rt, [Rn, Rm]      0101100 mmm nnn ttt
                  address = (R[(d >> 15) & 15] + R[(d >> 19) & 7]) | 0;
                  offset = (address - SRAM_BASE) | 0;
                  if (offset >>> 0 >= SRAM_END || (offset & 3) !== 0) break memory;
                  if (contended && !arbiter.claimSram(offset, t, id)) break memory;
                  R[(d >> 11) & 15] = sram32[offset >> 2];
                  t = (t + 1) | 0;
                  break;
                case 82: // LDR Rt, label         01001 ttt iiiiiiii
                  address = (((base + ip * 2 + 4) & ~3) + (d >> 19)) | 0;
                  offset = (address - SRAM_BASE) | 0;
                  if (offset >>> 0 >= SRAM_END) break memory;
                  if (contended && !arbiter.claimSram(offset, t, id)) break memory;
                  R[(d >> 11) & 15] = sram32[offset >> 2];
                  t = (t + 1) | 0;
                  break;
                case 83: // LDRH Rt, [Rn, #imm5]  10001 iiiii nnn ttt
                  address = (R[(d >> 15) & 15] + (d >> 19)) | 0;
                  offset = (address - SRAM_BASE) | 0;
                  if (offset >>> 0 >= SRAM_END || (offset & 1) !== 0) break memory;
                  if (contended && !arbiter.claimSram(offset, t, id)) break memory;
                  R[(d >> 11) & 15] = sram16[offset >> 1];
                  t = (t + 1) | 0;
                  break;
                case 84: // LDRH Rt, [Rn, Rm]     0101101 mmm nnn ttt
                  address = (R[(d >> 15) & 15] + R[(d >> 19) & 7]) | 0;
                  offset = (address - SRAM_BASE) | 0;
                  if (offset >>> 0 >= SRAM_END || (offset & 1) !== 0) break memory;
                  if (contended && !arbiter.claimSram(offset, t, id)) break memory;
                  R[(d >> 11) & 15] = sram16[offset >> 1];
                  t = (t + 1) | 0;
                  break;
                case 85: // LDRB Rt, [Rn, #imm5]  01111 iiiii nnn ttt
                  address = (R[(d >> 15) & 15] + (d >> 19)) | 0;
                  offset = (address - SRAM_BASE) | 0;
                  if (offset >>> 0 >= SRAM_END) break memory;
                  if (contended && !arbiter.claimSram(offset, t, id)) break memory;
                  R[(d >> 11) & 15] = sram8[offset];
                  t = (t + 1) | 0;
                  break;
                case 86: // LDRB Rt, [Rn, Rm]     0101110 mmm nnn ttt
                  address = (R[(d >> 15) & 15] + R[(d >> 19) & 7]) | 0;
                  offset = (address - SRAM_BASE) | 0;
                  if (offset >>> 0 >= SRAM_END) break memory;
                  if (contended && !arbiter.claimSram(offset, t, id)) break memory;
                  R[(d >> 11) & 15] = sram8[offset];
                  t = (t + 1) | 0;
                  break;
                case 87: // LDRSB Rt, [Rn, Rm]    0101011 mmm nnn ttt
                  address = (R[(d >> 15) & 15] + R[(d >> 19) & 7]) | 0;
                  offset = (address - SRAM_BASE) | 0;
                  if (offset >>> 0 >= SRAM_END) break memory;
                  if (contended && !arbiter.claimSram(offset, t, id)) break memory;
                  R[(d >> 11) & 15] = (sram8[offset] << 24) >> 24;
                  t = (t + 1) | 0;
                  break;
                case 88: // LDRSH Rt, [Rn, Rm]    0101111 mmm nnn ttt
                  address = (R[(d >> 15) & 15] + R[(d >> 19) & 7]) | 0;
                  offset = (address - SRAM_BASE) | 0;
                  if (offset >>> 0 >= SRAM_END || (offset & 1) !== 0) break memory;
                  if (contended && !arbiter.claimSram(offset, t, id)) break memory;
                  R[(d >> 11) & 15] = (sram16[offset >> 1] << 16) >> 16;
                  t = (t + 1) | 0;
                  break;
                case 89: // STR Rt, [Rn, #imm5]   01100 iiiii nnn ttt;  [SP, #imm8]  10010 ttt iiiiiiii
                  address = (R[(d >> 15) & 15] + (d >> 19)) | 0;
                  offset = (address - SRAM_BASE) | 0;
                  if (
                    contended ||
                    offset >>> 0 >= SRAM_END ||
                    (offset & 3) !== 0 ||
                    pages[offset >> PAGE] !== 0
                  ) {
                    break memory;
                  }
                  if (contended && !arbiter.claimSram(offset, t, id)) break memory;
                  sram32[offset >> 2] = R[(d >> 11) & 15];
                  t = (t + 1) | 0;
                  break;
                case 90: // STR Rt, [Rn, Rm]      0101000 mmm nnn ttt
                  address = (R[(d >> 15) & 15] + R[(d >> 19) & 7]) | 0;
                  offset = (address - SRAM_BASE) | 0;
                  if (
                    contended ||
                    offset >>> 0 >= SRAM_END ||
                    (offset & 3) !== 0 ||
                    pages[offset >> PAGE] !== 0
                  ) {
                    break memory;
                  }
                  if (contended && !arbiter.claimSram(offset, t, id)) break memory;
                  sram32[offset >> 2] = R[(d >> 11) & 15];
                  t = (t + 1) | 0;
                  break;
                case 91: // STRH Rt, [Rn, #imm5]  10000 iiiii nnn ttt
                  address = (R[(d >> 15) & 15] + (d >> 19)) | 0;
                  offset = (address - SRAM_BASE) | 0;
                  if (
                    contended ||
                    offset >>> 0 >= SRAM_END ||
                    (offset & 1) !== 0 ||
                    pages[offset >> PAGE] !== 0
                  ) {
                    break memory;
                  }
                  if (contended && !arbiter.claimSram(offset, t, id)) break memory;
                  sram16[offset >> 1] = R[(d >> 11) & 15];
                  t = (t + 1) | 0;
                  break;
                case 92: // STRH Rt, [Rn, Rm]     0101001 mmm nnn ttt
                  address = (R[(d >> 15) & 15] + R[(d >> 19) & 7]) | 0;
                  offset = (address - SRAM_BASE) | 0;
                  if (
                    contended ||
                    offset >>> 0 >= SRAM_END ||
                    (offset & 1) !== 0 ||
                    pages[offset >> PAGE] !== 0
                  ) {
                    break memory;
                  }
                  if (contended && !arbiter.claimSram(offset, t, id)) break memory;
                  sram16[offset >> 1] = R[(d >> 11) & 15];
                  t = (t + 1) | 0;
                  break;
                case 93: // STRB Rt, [Rn, #imm5]  01110 iiiii nnn ttt
                  address = (R[(d >> 15) & 15] + (d >> 19)) | 0;
                  offset = (address - SRAM_BASE) | 0;
                  if (offset >>> 0 >= SRAM_END || pages[offset >> PAGE] !== 0) break memory;
                  if (contended && !arbiter.claimSram(offset, t, id)) break memory;
                  sram8[offset] = R[(d >> 11) & 15];
                  t = (t + 1) | 0;
                  break;
                case 94: // STRB Rt, [Rn, Rm]     0101010 mmm nnn ttt
                  address = (R[(d >> 15) & 15] + R[(d >> 19) & 7]) | 0;
                  offset = (address - SRAM_BASE) | 0;
                  if (offset >>> 0 >= SRAM_END || pages[offset >> PAGE] !== 0) break memory;
                  if (contended && !arbiter.claimSram(offset, t, id)) break memory;
                  sram8[offset] = R[(d >> 11) & 15];
                  t = (t + 1) | 0;
                  break;
                case 95: {
                  // LDM Rn(!), {list}     11001 nnn llllllll
                  if (progress !== 0) break multiple;
                  const count = LIST_LENGTH[(d >> 19) & 0xff];
                  const from = R[(d >> 15) & 15];
                  offset = (from - SRAM_BASE) | 0;
                  if (contended || t + count >= limit || (offset & 3) !== 0 || offset >>> 0 > SRAM_END - 32)
                    break multiple;
                  R[(d >> 15) & 15] = from + 4 * count;
                  for (
                    let list = (d >> 19) & 0xff, register = 0, at = offset >> 2;
                    list !== 0;
                    list >>= 1, register++
                  ) {
                    if ((list & 1) !== 0) R[register] = sram32[at++];
                  }
                  t = (t + count) | 0;
                  break;
                }
                case 96: {
                  // STM Rn!, {list}       11000 nnn llllllll
                  if (progress !== 0) break multiple;
                  const count = LIST_LENGTH[(d >> 19) & 0xff];
                  const from = R[(d >> 15) & 15];
                  offset = (from - SRAM_BASE) | 0;
                  if (contended || t + count >= limit || (offset & 3) !== 0 || offset >>> 0 > SRAM_END - 32)
                    break multiple;
                  if ((pages[offset >> PAGE] | pages[(offset + 28) >> PAGE]) !== 0) break multiple;
                  for (
                    let list = (d >> 19) & 0xff, register = 0, at = offset >> 2;
                    list !== 0;
                    list >>= 1, register++
                  ) {
                    if ((list & 1) !== 0) sram32[at++] = R[register];
                  }
                  R[(d >> 15) & 15] = from + 4 * count;
                  t = (t + count) | 0;
                  break;
                }
                case 97: {
                  // PUSH {list, LR}       1011010 r llllllll
                  if (progress !== 0) break multiple;
                  const extra = (d >> 27) & 1;
                  const count = LIST_LENGTH[(d >> 19) & 0xff] + extra;
                  const sp = (R[13] - 4 * count) | 0;
                  if (stackLimit !== 0 && sp >>> 0 < stackLimit) {
                    core.time = t;
                    core.index = ip;
                    stackOverflow(core, sp);
                    limit = core.limit;
                    break run;
                  }
                  offset = (sp - SRAM_BASE) | 0;
                  if (contended || t + count >= limit || offset >>> 0 > SRAM_END - 36) break multiple;
                  if ((pages[offset >> PAGE] | pages[(offset + 32) >> PAGE]) !== 0) break multiple;
                  let at = offset >> 2;
                  for (let list = (d >> 19) & 0xff, register = 0; list !== 0; list >>= 1, register++) {
                    if ((list & 1) !== 0) sram32[at++] = R[register];
                  }
                  if (extra !== 0) sram32[at] = R[14];
                  R[13] = sp;
                  t = (t + count) | 0;
                  break;
                }
                case 98: {
                  // POP {list}            10111100 llllllll
                  if (progress !== 0) break multiple;
                  const count = LIST_LENGTH[(d >> 19) & 0xff];
                  offset = (R[13] - SRAM_BASE) | 0;
                  if (contended || t + count >= limit || offset >>> 0 > SRAM_END - 32) break multiple;
                  for (
                    let list = (d >> 19) & 0xff, register = 0, at = offset >> 2;
                    list !== 0;
                    list >>= 1, register++
                  ) {
                    if ((list & 1) !== 0) R[register] = sram32[at++];
                  }
                  R[13] += 4 * count;
                  t = (t + count) | 0;
                  break;
                }
                case 99: {
                  // POP {list, PC}        10111101 llllllll
                  if (progress !== 0) break multiple;
                  const count = LIST_LENGTH[(d >> 19) & 0xff] + 1;
                  offset = (R[13] - SRAM_BASE) | 0;
                  if (contended || t + count >= limit || offset >>> 0 > SRAM_END - 36) break multiple;
                  let at = offset >> 2;
                  for (let list = (d >> 19) & 0xff, register = 0; list !== 0; list >>= 1, register++) {
                    if ((list & 1) !== 0) R[register] = sram32[at++];
                  }
                  address = sram32[at];
                  R[13] += 4 * count;
                  target = (address & 1) === 0 ? -1 : ((address - base) | 0) >>> 1;
                  t = (t + count + 1) | 0;
                  if (calls !== null) calls.jumped(core, base + ip * 2, address, t + 2);
                  break branch;
                }
                default: {
                  // MRS, MSR, barriers, CPS, hints, SVC, BKPT, breakpoints, undefined instructions.
                  core.time = t;
                  core.index = ip;
                  core.signWord = n;
                  core.zeroWord = z;
                  core.carry = c;
                  core.overflowWord = v;
                  executeSpecial(core, d);
                  t = core.time;
                  ip = core.index;
                  n = core.signWord;
                  z = core.zeroWord;
                  c = core.carry;
                  v = core.overflowWord;
                  limit = core.limit;
                  fetched = 0;
                  continue;
                }
              }
              // Every instruction that leaves the switch this way goes on to the next one.
              t = (t + 1) | 0;
              ip = (ip + 1) | 0;
              fetched = 0;
              continue;
            }

            // LDM, STM, PUSH or POP, word by word; `progress` words are done, `rest` are the registers to do. Loaded
            // registers change as their words come, but not the base: an interrupted instruction can start again.
            core.index = ip;
            const storing = isStore(d);
            const baseRegister = (d >> 15) & 15;
            let rest = core.rest;
            if (progress === 0) {
              rest = registerList(d);
              core.transferAddress = firstAddress(core, d);
            }
            address = core.transferAddress;
            for (;;) {
              const register = 31 - Math.clz32(rest & -rest);
              offset = (address - SRAM_BASE) | 0;
              const cached = !storing && (address & 0xff000003) === 0x10000000;
              const way = cached ? resident[(address & 0xffffff) >> 2] : 0;
              const inSram = offset >>> 0 < SRAM_END && (offset & 3) === 0;
              let word = 0;
              if (storing) word = R[register === EXTRA ? 14 : register];
              if (way !== 0 && (!contended || arbiter.claimPort(XIP, t, id))) {
                xip.fastHits++;
                lastWay[(address >> 3) & 1023] = way;
                word = flash32[(address & 0xffffff) >> 2];
                t = (t + 1) | 0;
              } else if (
                inSram &&
                (!storing || pages[offset >> PAGE] === 0) &&
                (!contended || arbiter.claimSram(offset, t, id))
              ) {
                if (storing) sram32[offset >> 2] = word;
                else word = sram32[offset >> 2];
                t = (t + 1) | 0;
              } else {
                core.time = t;
                if (storing) bus.store(core, address >>> 0, word, 4, t);
                else word = bus.load(core, address >>> 0, 4, t) | 0;
                limit = core.limit;
                if (core.status === LOST) {
                  t = core.retryAt;
                  core.rest = rest;
                  core.transferAddress = address;
                  continue run;
                }
                if (core.status !== DONE) {
                  progress = 0;
                  continue run;
                }
                t = (t + wordCycles(core.cost)) | 0;
              }
              if (!storing) {
                if (register === EXTRA) core.loadedPc = word;
                else if (register === baseRegister) core.loadedBase = word;
                else R[register] = word;
              }
              progress = (progress + 1) | 0;
              rest &= rest - 1;
              if (rest === 0) break;
              address = (address + 4) | 0;
              if (t >= limit) {
                core.rest = rest;
                core.transferAddress = address;
                continue run;
              }
            }
            R[baseRegister] = baseAfter(core, d, progress);
            progress = 0;
            address = core.loadedPc;
            t = (t + 1) | 0;
            if ((d & 0xff) !== 99) {
              ip = (ip + 1) | 0;
              fetched = 0;
              continue;
            }
            if (calls !== null) calls.jumped(core, base + ip * 2, address, t + 2);
            target = (address & 1) === 0 ? -1 : ((address - base) | 0) >>> 1;
          }

          // A taken branch: `target` is the halfword index in this region, when it lies there.
          if (target >>> 0 >= codeLength) {
            // To another region, an exception return, or nowhere.
            const op = d & 0xff;
            core.index = ip;
            core.time = (t + lead) | 0;
            if (op === 74 || op === 75 || op === 99) branchExchange(core, address);
            else branchTo(core, op === 37 || op === 39 ? address : base + target * 2);
            if (link !== 0) R[14] = link;
            ip = core.index;
            t = core.time;
            base = core.base | 0;
            fetched = 0;
            break;
          }
          if (fetchMask !== 0) {
            const way = cachedCode ? resident[target >> 1] : 0;
            if (way !== 0 && (!contended || (t + lead < limit && arbiter.claimPort(XIP, t + lead, id)))) {
              xip.fastHits++;
              lastWay[(target >> 2) & 1023] = way;
            } else if (sramCode && t + lead < limit && arbiter.claimSram(target << 1, t + lead, id)) {
              // Granted.
            } else if (contended && t + lead >= limit) {
              // Another master may ask before the fetch of the target: that becomes a step of its own.
              core.index = ip;
              core.time = (t + lead) | 0;
              branchTo(core, base + target * 2);
              if (link !== 0) R[14] = link;
              ip = core.index;
              t = core.time;
              fetched = 0;
              break;
            } else {
              const wait = bus.fetch(core, target, t + lead);
              limit = core.limit;
              if (wait < 0) {
                t = (core.retryAt - lead) | 0;
                lead = 0;
                link = 0;
                if ((d & 0xff) !== 99) continue;
                // POP has done its work: only the fetch is tried again.
                branchTo(core, base + target * 2);
                ip = core.index;
                fetched = 0;
                break;
              }
              t = (t + wait) | 0;
            }
          }
          if (link !== 0) {
            R[14] = link;
            link = 0;
          }
          t = (t + 2 + lead) | 0;
          lead = 0;
          ip = target;
          fetched = 0;
          continue;
        }

        // Loads and stores that are not a plain access to SRAM: first, loads from flash that hit the cache.
        if ((address & 0xff000000) === 0x10000000 && (d & 0xff) < 89) {
          const way = resident[(address & 0xffffff) >> 2];
          const kind = d & 0xff;
          const aligned =
            kind <= 82 ? (address & 3) === 0 : kind <= 84 || kind === 88 ? (address & 1) === 0 : true;
          if (way !== 0 && aligned && (!contended || arbiter.claimPort(XIP, t, id))) {
            xip.fastHits++;
            lastWay[(address >> 3) & 1023] = way;
            const word = flash32[(address & 0xffffff) >> 2];
            const shift = (address & 3) << 3;
            if (kind <= 82) R[(d >> 11) & 15] = word;
            else if (kind <= 84) R[(d >> 11) & 15] = (word >>> shift) & 0xffff;
            else if (kind <= 86) R[(d >> 11) & 15] = (word >>> shift) & 0xff;
            else if (kind === 87) R[(d >> 11) & 15] = (word << (24 - shift)) >> 24;
            else R[(d >> 11) & 15] = (word << (16 - shift)) >> 16;
            t = (t + 2) | 0;
            ip = (ip + 1) | 0;
            fetched = 0;
            continue;
          }
        }
        core.index = ip;
        core.time = t;
        const op = d & 0xff;
        if (op >= 89) {
          const size = op <= 90 ? 4 : op <= 92 ? 2 : 1;
          bus.store(core, address >>> 0, R[(d >> 11) & 15], size, t);
        } else {
          let value = 0;
          if (op <= 82) value = bus.load(core, address >>> 0, 4, t) | 0;
          else if (op <= 84) value = bus.load(core, address >>> 0, 2, t);
          else if (op <= 86) value = bus.load(core, address >>> 0, 1, t);
          else if (op === 87) value = (bus.load(core, address >>> 0, 1, t) << 24) >> 24;
          else value = (bus.load(core, address >>> 0, 2, t) << 16) >> 16;
          if (core.status === DONE) R[(d >> 11) & 15] = value;
        }
        limit = core.limit;
        if (core.status === DONE) {
          t = (t + core.cost) | 0;
          ip = (ip + 1) | 0;
          fetched = 0;
        } else if (core.status === LOST) {
          t = core.retryAt;
        }
      }
    }

    core.time = t;
    core.index = ip;
    // With the bus to itself, a core has always fetched ahead.
    core.fetched = fetchMask === 0 && core.sequence === SEQ_NONE ? 1 : fetched;
    core.progress = progress;
    core.signWord = n;
    core.zeroWord = z;
    core.carry = c;
    core.overflowWord = v;

    // The other core's turn, if it only executes instructions.
    if (other === null || machinery.turnsOver || core.sequence !== SEQ_NONE) return;
    const mine = fetched === 0 && (ip & 1) === 1 ? t - 1 : t;
    if (theirs >= horizon || theirs > mine) return;
    other.limit = mine < horizon ? mine + 1 : horizon;
    arbiter.rivalAt = mine;
    if (arbiter.deferredBy >= 0) {
      if (arbiter.deferredBy === id) arbiter.rivalAt = NEVER;
      arbiter.deferredBy = -1;
    }
    const next = other;
    other = core;
    core = next;
    theirs = mine;
  }
}

/** Halfwords from the instruction after a BL to its target, when the packed word cannot hold it. */
function farDistance(core: Core, code: CodeCache, index: number): number {
  return branchLinkOffset(code.halfword(core.region, index), code.halfword(core.region, index + 1)) >> 1;
}
