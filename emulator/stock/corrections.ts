/**
 * The cycle errors of rp2040js 1.4.1's core that are corrected here; everything else stays as the stock core has it, so that it
 * remains an independent oracle. Right values: ARM Cortex-M0+ TRM table 3-1.
 *
 * 1. PUSH with LR costs 1 + N where N counts LR; the stock core forgets LR (one cycle short).
 * 2. POP with PC costs 3 + N where N counts PC; the stock core gives one less.
 * 3. An operand write to the SIO divider costs nothing beyond the store; the stock SIO adds 8 to `core.cycles`. The machine counts
 *    what `executeInstruction` returns instead of reading `core.cycles`, which leaves the 8 out.
 */
export function missingCycles(opcode: number): number {
  // PUSH {..., LR}: 1011 0101; POP {..., PC}: 1011 1101
  const high = opcode >>> 8;
  return high === 0xb5 || high === 0xbd ? 1 : 0;
}

/** True for a 16-bit encoding that the stock core only logs and steps over. */
export function isUndefined16(opcode: number): boolean {
  const high = opcode >>> 8;
  if (high === 0xde) return true; // UDF
  if (high === 0xb1 || high === 0xb3 || high === 0xb8 || high === 0xb9 || high === 0xbb) return true; // CBZ, CBNZ and holes
  if (high === 0xba) return (opcode & 0xc0) === 0x80; // between REV16 and REVSH
  if (high === 0xb6) return (opcode & 0xffef) !== 0xb662; // only CPSIE i and CPSID i exist on ARMv6-M
  if (high === 0xb7) return true;
  if (high === 0xbf) return (opcode & 0xf) !== 0; // IT
  return opcode >>> 11 === 0b11101; // 32-bit encodings of ARMv7-M
}

export function isBreakpoint(opcode: number): boolean {
  return opcode >>> 8 === 0xbe;
}

/** True for a 32-bit encoding that ARMv6-M does not have (ARMv6-M ARM A5.3). */
export function isUndefined32(first: number, second: number): boolean {
  if (first >>> 11 !== 0b11110) return true;
  if ((second & 0xd000) === 0xd000) return false; // BL
  if ((second & 0xd000) !== 0x8000) return true;
  if (first >>> 4 === 0xf38 || first === 0xf3ef) return false; // MSR, MRS
  return !(first === 0xf3bf && [4, 5, 6].includes((second >>> 4) & 0xf)); // DSB, DMB, ISB
}
