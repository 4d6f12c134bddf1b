/**
 * ARMv6-M instruction decoding (ARMv6-M ARM, chapter A5) into one packed 32-bit word per halfword address, which the
 * interpreter dispatches on without looking at the encoding again.
 *
 *   bits 0-7    operation, see `Op`
 *   bit  8      FETCH_AHEAD: the next word must be fetched before this instruction goes on
 *   bit  9      WIDE_ALIGNED: a 32-bit instruction whose first half is word-aligned (its fetch is one cycle later)
 *   bit  10     QUIET: touches neither the bus nor anything another core can see
 *   bits 11-14  r1: destination, or the register stored
 *   bits 15-18  r2: first operand or base
 *   bits 19-31  signed immediate, or a register number, or a register list
 */

export const FETCH_AHEAD = 1 << 8;
export const WIDE_ALIGNED = 1 << 9;
export const QUIET = 1 << 10;

/**
 * Operation numbers. The interpreter's `switch` uses the literals (V8 builds a jump table only from literals), with
 * the name beside each.
 */
export const Op = {
  undecoded: 0,
  breakpoint: 1,
  undefined: 2,
  bkpt: 3,
  svc: 4,
  lslImm: 10,
  movReg: 11,
  lsrImm: 12,
  asrImm: 13,
  addReg: 14,
  subReg: 15,
  addImm: 16,
  subImm: 17,
  movImm: 18,
  cmpImm: 19,
  and: 20,
  eor: 21,
  lslReg: 22,
  lsrReg: 23,
  asrReg: 24,
  adc: 25,
  sbc: 26,
  ror: 27,
  tst: 28,
  rsb: 29,
  cmpReg: 30,
  cmn: 31,
  orr: 32,
  mul: 33,
  bic: 34,
  mvn: 35,
  addHigh: 36,
  addPc: 37,
  movHigh: 38,
  movPc: 39,
  movFromPc: 40,
  addFromPc: 41,
  movSp: 42,
  addSpReg: 43,
  addSpImm: 44,
  addPlain: 45,
  adr: 46,
  sxth: 47,
  sxtb: 48,
  uxth: 49,
  uxtb: 50,
  rev: 51,
  rev16: 52,
  revsh: 53,
  cps: 54,
  nop: 55,
  sev: 56,
  wfe: 57,
  wfi: 58,
  branch: 59,
  /** 14 conditions from EQ (60) to LE (73). */
  branchEq: 60,
  bx: 74,
  blx: 75,
  bl: 76,
  mrs: 77,
  msr: 78,
  barrier: 79,
  ldrImm: 80,
  ldrReg: 81,
  ldrLit: 82,
  ldrhImm: 83,
  ldrhReg: 84,
  ldrbImm: 85,
  ldrbReg: 86,
  ldrsb: 87,
  ldrsh: 88,
  strImm: 89,
  strReg: 90,
  strhImm: 91,
  strhReg: 92,
  strbImm: 93,
  strbReg: 94,
  ldm: 95,
  stm: 96,
  push: 97,
  pop: 98,
  popPc: 99,
} as const;

const SP = 13;
const PC = 15;
/** A packed BL keeps its distance in halfwords in bits 11-31; this value says that it does not fit. */
export const FAR_LINK = -(1 << 20);
/** Bit of the extra register (LR in PUSH) in a decoded register list. */
export const LIST_EXTRA = 0x100;

function pack(op: number, r1: number, r2: number, immediate: number): number {
  return op | (r1 << 11) | (r2 << 15) | (immediate << 19);
}

function quiet(op: number, r1: number, r2: number, immediate: number): number {
  return pack(op, r1, r2, immediate) | QUIET;
}

/** Value of the packed immediate field. */
export function immediateOf(decoded: number): number {
  return decoded >> 19;
}

/** True when the halfword is the first of a 32-bit instruction. */
export function isWide(first: number): boolean {
  return first >>> 11 >= 0b11101;
}

/**
 * Decodes the instruction whose first halfword is `first`; `second` is the halfword after it (used by 32-bit
 * instructions). `aligned` says whether the instruction's address is a multiple of four.
 */
export function decode(first: number, second: number, aligned: boolean): number {
  if (isWide(first)) return decodeWide(first, second) | (aligned ? FETCH_AHEAD | WIDE_ALIGNED : FETCH_AHEAD);
  return decodeNarrow(first) | (aligned ? 0 : FETCH_AHEAD);
}

function decodeNarrow(i: number): number {
  const low = i & 7;
  const mid = (i >> 3) & 7;
  const imm5 = (i >> 6) & 31;
  const imm8 = i & 0xff;
  const r8 = (i >> 8) & 7;
  switch (i >>> 11) {
    case 0b00000:
      return imm5 === 0 ? quiet(Op.movReg, low, mid, 0) : quiet(Op.lslImm, low, mid, imm5);
    case 0b00001:
      return quiet(Op.lsrImm, low, mid, imm5 === 0 ? 32 : imm5);
    case 0b00010:
      return quiet(Op.asrImm, low, mid, imm5 === 0 ? 32 : imm5);
    case 0b00011: {
      const third = (i >> 6) & 7;
      const op = [Op.addReg, Op.subReg, Op.addImm, Op.subImm][(i >> 9) & 3];
      return quiet(op, low, mid, third);
    }
    case 0b00100:
      return quiet(Op.movImm, r8, 0, imm8);
    case 0b00101:
      return quiet(Op.cmpImm, r8, r8, imm8);
    case 0b00110:
      return quiet(Op.addImm, r8, r8, imm8);
    case 0b00111:
      return quiet(Op.subImm, r8, r8, imm8);
    case 0b01000:
      return (i & 0x0400) === 0 ? quiet(Op.and + ((i >> 6) & 15), low, mid, 0) : decodeHigh(i);
    case 0b01001:
      return pack(Op.ldrLit, r8, PC, imm8 << 2);
    case 0b01010:
    case 0b01011: {
      const op = [Op.strReg, Op.strhReg, Op.strbReg, Op.ldrsb, Op.ldrReg, Op.ldrhReg, Op.ldrbReg, Op.ldrsh][
        (i >> 9) & 7
      ];
      return pack(op, low, mid, (i >> 6) & 7);
    }
    case 0b01100:
      return pack(Op.strImm, low, mid, imm5 << 2);
    case 0b01101:
      return pack(Op.ldrImm, low, mid, imm5 << 2);
    case 0b01110:
      return pack(Op.strbImm, low, mid, imm5);
    case 0b01111:
      return pack(Op.ldrbImm, low, mid, imm5);
    case 0b10000:
      return pack(Op.strhImm, low, mid, imm5 << 1);
    case 0b10001:
      return pack(Op.ldrhImm, low, mid, imm5 << 1);
    case 0b10010:
      return pack(Op.strImm, r8, SP, imm8 << 2);
    case 0b10011:
      return pack(Op.ldrImm, r8, SP, imm8 << 2);
    case 0b10100:
      return quiet(Op.adr, r8, PC, imm8 << 2);
    case 0b10101:
      return quiet(Op.addPlain, r8, SP, imm8 << 2);
    case 0b10110:
    case 0b10111:
      return decodeMiscellaneous(i);
    case 0b11000:
      return imm8 === 0 ? pack(Op.undefined, 0, 0, 0) : pack(Op.stm, 0, r8, imm8);
    case 0b11001:
      return imm8 === 0 ? pack(Op.undefined, 0, 0, 0) : pack(Op.ldm, 0, r8, imm8);
    case 0b11010:
    case 0b11011: {
      const condition = (i >> 8) & 15;
      if (condition === 14) return pack(Op.undefined, 0, 0, 0);
      if (condition === 15) return pack(Op.svc, 0, 0, imm8);
      return pack(Op.branchEq + condition, 0, 0, (i << 24) >> 24);
    }
    default: // 0b11100
      return pack(Op.branch, 0, 0, (i << 21) >> 21);
  }
}

/** Special data instructions and branch and exchange: 010001xx. */
function decodeHigh(i: number): number {
  const rd = (i & 7) | ((i >> 4) & 8);
  const rm = (i >> 3) & 15;
  switch ((i >> 8) & 3) {
    case 0:
      if (rd === PC) return pack(Op.addPc, rd, rm, 0);
      if (rm === PC) return quiet(Op.addFromPc, rd, rm, 0);
      return quiet(rd === SP ? Op.addSpReg : Op.addHigh, rd, rm, 0);
    case 1:
      return rd === PC || rm === PC ? pack(Op.undefined, 0, 0, 0) : quiet(Op.cmpReg, rd, rm, 0);
    case 2:
      if (rd === PC) return pack(Op.movPc, rd, rm, 0);
      if (rm === PC) return quiet(Op.movFromPc, rd, rm, 0);
      return quiet(rd === SP ? Op.movSp : Op.movHigh, rd, rm, 0);
    default:
      if ((i & 7) !== 0 || rm === PC) return pack(Op.undefined, 0, 0, 0);
      return pack(i & 0x80 ? Op.blx : Op.bx, 0, rm, 0);
  }
}

/** Miscellaneous 16-bit instructions: 1011xxxx. */
function decodeMiscellaneous(i: number): number {
  const low = i & 7;
  const mid = (i >> 3) & 7;
  const list = i & 0xff;
  switch ((i >> 8) & 15) {
    case 0b0000:
      return quiet(Op.addSpImm, SP, SP, (i & 0x80 ? -1 : 1) * ((i & 0x7f) << 2));
    case 0b0010:
      return quiet([Op.sxth, Op.sxtb, Op.uxth, Op.uxtb][(i >> 6) & 3], low, mid, 0);
    case 0b0100:
      return list === 0 ? pack(Op.undefined, 0, 0, 0) : pack(Op.push, 0, SP, list);
    case 0b0101:
      return pack(Op.push, 0, SP, list | LIST_EXTRA);
    case 0b0110:
      return (i & 0xef) === 0x62 ? pack(Op.cps, 0, 0, (i >> 4) & 1) : pack(Op.undefined, 0, 0, 0);
    case 0b1010: {
      const kind = (i >> 6) & 3;
      if (kind === 2) return pack(Op.undefined, 0, 0, 0);
      return quiet([Op.rev, Op.rev16, 0, Op.revsh][kind], low, mid, 0);
    }
    case 0b1100:
      return list === 0 ? pack(Op.undefined, 0, 0, 0) : pack(Op.pop, 0, SP, list);
    case 0b1101:
      return pack(Op.popPc, 0, SP, list);
    case 0b1110:
      return pack(Op.bkpt, 0, 0, list);
    case 0b1111:
      return decodeHint(i);
    default:
      return pack(Op.undefined, 0, 0, 0);
  }
}

/** NOP, YIELD, WFE, WFI, SEV and the unallocated hints, which are NOPs. */
function decodeHint(i: number): number {
  if ((i & 15) !== 0) return pack(Op.undefined, 0, 0, 0);
  switch ((i >> 4) & 15) {
    case 2:
      return pack(Op.wfe, 0, 0, 0);
    case 3:
      return pack(Op.wfi, 0, 0, 0);
    case 4:
      return pack(Op.sev, 0, 0, 0);
    default:
      return quiet(Op.nop, 0, 0, 0);
  }
}

/** 32-bit instructions: BL, MSR, MRS and the barriers; everything else is undefined on ARMv6-M. */
function decodeWide(first: number, second: number): number {
  const undefinedWide = pack(Op.undefined, 0, 0, 1);
  if (first >>> 11 !== 0b11110 || (second & 0x8000) === 0) return undefinedWide;
  if ((second & 0x5000) === 0x5000) {
    const halfwords = branchLinkOffset(first, second) >> 1;
    const fits = halfwords > FAR_LINK && halfwords < -FAR_LINK;
    return Op.bl | ((fits ? halfwords : FAR_LINK) << 11);
  }
  if ((second & 0x5000) !== 0) return undefinedWide;
  if ((first & 0xffe0) === 0xf380) return pack(Op.msr, 0, first & 15, second & 0xff);
  if ((first & 0xffe0) === 0xf3e0) return pack(Op.mrs, (second >> 8) & 15, 0, second & 0xff);
  if ((first & 0xfff0) === 0xf3b0) {
    const kind = (second >> 4) & 15;
    if (kind >= 4 && kind <= 6) return pack(Op.barrier, 0, 0, 0);
  }
  return undefinedWide;
}

/** Byte distance from the address of a BL plus four to its target. */
export function branchLinkOffset(first: number, second: number): number {
  const s = (first >> 10) & 1;
  const i1 = ~((second >> 13) ^ s) & 1;
  const i2 = ~((second >> 11) ^ s) & 1;
  const offset = (s << 24) | (i1 << 23) | (i2 << 22) | ((first & 0x3ff) << 12) | ((second & 0x7ff) << 1);
  return (offset << 7) >> 7;
}
