/** Which bytes the instruction at the PC is about to read, for read watchpoints (ARMv6-M ARM, A5.2 and A6.7). */

export interface Load {
  address: number;
  bytes: number;
}

/** @param r r0-r12, sp, lr, pc as `registers` of a core gives them; undefined when the instruction reads no data */
export const loadAt = (instruction: number, r: readonly number[]): Load | undefined => {
  const base = r[(instruction >> 3) & 7];
  const offset = (instruction >> 6) & 31;
  const at = (address: number, bytes: number): Load => ({ address: address >>> 0, bytes });
  switch (instruction >> 11) {
    case 0b01001:
      return at(((r[15] + 4) & ~3) + 4 * (instruction & 0xff), 4);
    case 0b01101:
      return at(base + 4 * offset, 4);
    case 0b01111:
      return at(base + offset, 1);
    case 0b10001:
      return at(base + 2 * offset, 2);
    case 0b10011:
      return at(r[13] + 4 * (instruction & 0xff), 4);
    case 0b11001:
      return at(r[(instruction >> 8) & 7], 4 * ones(instruction & 0xff));
  }
  // POP {..., pc}
  if (instruction >> 9 === 0b1011110) return at(r[13], 4 * ones(instruction & 0x1ff));
  const width = REGISTER_OFFSET_BYTES[instruction >> 9];
  return width === undefined ? undefined : at(base + r[(instruction >> 6) & 7], width);
};

/** LDRSB, LDR, LDRH, LDRB, LDRSH with a register offset. */
const REGISTER_OFFSET_BYTES: Record<number, number> = {
  43: 1,
  44: 4,
  45: 2,
  46: 1,
  47: 2,
};

const ones = (bits: number): number => {
  let count = 0;
  for (let rest = bits; rest !== 0; rest &= rest - 1) count++;
  return count;
};
