/**
 * Random Thumb programs whose memory accesses stay in a data area: r7 points to words of it, r6 holds small multiples
 * of four when it is used as an offset, SP points into its upper half. Branches go forward, inside the program.
 */
import fc from 'fast-check';

/** Halfwords of one step; `skip` asks for a branch over that many of the following halfwords. */
export interface Step {
  code: number[];
  /** Index into `code` of a branch whose distance is filled in when the program is laid out. */
  branch?: { at: number; skip: number };
}

const reg = fc.integer({ min: 0, max: 7 });
/** Registers a result may go to without losing the pointers. */
const dest = fc.integer({ min: 0, max: 5 });
const high = fc.integer({ min: 8, max: 12 });
const imm3 = fc.integer({ min: 0, max: 7 });
const imm5 = fc.integer({ min: 0, max: 31 });
const imm8 = fc.integer({ min: 0, max: 255 });

function one(code: fc.Arbitrary<number>): fc.Arbitrary<Step> {
  return code.map((half) => ({ code: [half] }));
}

const shiftImmediate = one(
  fc
    .tuple(fc.integer({ min: 0, max: 2 }), imm5, reg, dest)
    .map(([op, i, m, d]) => (op << 11) | (i << 6) | (m << 3) | d),
);
const addSubtract = one(
  fc
    .tuple(fc.integer({ min: 0, max: 3 }), imm3, reg, dest)
    .map(([op, i, n, d]) => 0x1800 | (op << 9) | (i << 6) | (n << 3) | d),
);
const immediate8 = one(
  fc
    .tuple(fc.integer({ min: 0, max: 3 }), dest, imm8)
    .map(([op, d, i]) => 0x2000 | (op << 11) | (d << 8) | i),
);
const dataProcessing = one(
  fc.tuple(fc.integer({ min: 0, max: 15 }), reg, dest).map(([op, m, d]) => 0x4000 | (op << 6) | (m << 3) | d),
);
const extendReverse = one(
  fc
    .tuple(fc.constantFrom(0xb200, 0xb240, 0xb280, 0xb2c0, 0xba00, 0xba40, 0xbac0), reg, dest)
    .map(([op, m, d]) => op | (m << 3) | d),
);
/** ADD, CMP and MOV with a high register on one side. */
const highRegisters = one(
  fc.oneof(
    fc.tuple(fc.constantFrom(0x4400, 0x4500, 0x4600), high, dest).map(([op, m, d]) => op | (m << 3) | d),
    fc.tuple(fc.constantFrom(0x4480, 0x4580, 0x4680), reg, high).map(([op, m, d]) => op | (m << 3) | (d & 7)),
    fc.constantFrom(0x4678, 0x4679), // MOV r0/r1, PC
  ),
);
const stackArithmetic = one(
  fc.oneof(
    fc.tuple(dest, imm8).map(([d, i]) => 0xa000 | (d << 8) | i), // ADR
    fc.tuple(dest, imm8).map(([d, i]) => 0xa800 | (d << 8) | i), // ADD Rd, SP
    fc.integer({ min: 0, max: 7 }).map((i) => 0xb000 | i), // ADD SP
    fc.integer({ min: 0, max: 7 }).map((i) => 0xb080 | i), // SUB SP
  ),
);
const loadStoreImmediate = one(
  fc
    .tuple(fc.constantFrom(0x6000, 0x6800, 0x7000, 0x7800, 0x8000, 0x8800), imm5, dest)
    .map(([op, i, t]) => op | (i << 6) | (7 << 3) | t),
);
const loadStoreSp = one(
  fc.tuple(fc.constantFrom(0x9000, 0x9800), dest, imm8).map(([op, t, i]) => op | (t << 8) | (i & 0x3f)),
);
const loadStoreRegister: fc.Arbitrary<Step> = fc
  .tuple(fc.integer({ min: 0, max: 7 }), dest, fc.integer({ min: 0, max: 31 }))
  .map(([op, t, i]) => ({ code: [0x2600 | (i << 2), 0x5000 | (op << 9) | (6 << 6) | (7 << 3) | t] }));
const literal = one(fc.tuple(dest, fc.integer({ min: 0, max: 15 })).map(([t, i]) => 0x4800 | (t << 8) | i));
const list = fc.integer({ min: 1, max: 63 });
/** LDM and STM move r7 up; the SUBS brings it back so that any number of them stays in the area. */
const multiple: fc.Arbitrary<Step> = fc.tuple(fc.constantFrom(0xc000, 0xc800), list).map(([op, bits]) => {
  let count = 0;
  for (let rest = bits; rest !== 0; rest &= rest - 1) count++;
  return { code: [op | (7 << 8) | bits, 0x3f00 | (4 * count)] };
});
const pushPop: fc.Arbitrary<Step> = fc
  .tuple(fc.boolean(), list, list)
  .map(([lr, pushed, popped]) => ({ code: [0xb400 | (lr ? 0x100 : 0) | pushed, 0xbc00 | popped] }));
const branch: fc.Arbitrary<Step> = fc
  .tuple(fc.integer({ min: 0, max: 14 }), fc.integer({ min: 0, max: 6 }))
  .map(([condition, skip]) => ({
    code: [condition === 14 ? 0xe000 : 0xd000 | (condition << 8)],
    branch: { at: 0, skip },
  }));
const link: fc.Arbitrary<Step> = fc
  .integer({ min: 0, max: 6 })
  .map((skip) => ({ code: [0xf000, 0xf800], branch: { at: 0, skip } }));
/** MOV r5, PC; ADDS r5, #imm; BX or BLX r5, to just behind itself. */
const exchange: fc.Arbitrary<Step> = fc
  .boolean()
  .map((linked) => ({ code: [0x467d, 0x3503, linked ? 0x47a8 : 0x4728] }));
/** MOV r5, PC; ADDS r5, #5; PUSH {r5}; POP {PC}, to just behind itself. */
const popPc: fc.Arbitrary<Step> = fc.constant({ code: [0x467d, 0x3505, 0xb420, 0xbd00] });
const special: fc.Arbitrary<Step> = fc.constantFrom(
  { code: [0xbf00] },
  { code: [0xf3ef, 0x8000] }, // MRS r0, APSR
  { code: [0xf380, 0x8800] }, // MSR APSR, r0
  { code: [0xf3bf, 0x8f5f] }, // DMB
  { code: [0xf3bf, 0x8f6f] }, // ISB
);

export const thumbStep: fc.Arbitrary<Step> = fc.oneof(
  { arbitrary: shiftImmediate, weight: 3 },
  { arbitrary: addSubtract, weight: 3 },
  { arbitrary: immediate8, weight: 3 },
  { arbitrary: dataProcessing, weight: 8 },
  { arbitrary: extendReverse, weight: 2 },
  { arbitrary: highRegisters, weight: 2 },
  { arbitrary: stackArithmetic, weight: 1 },
  { arbitrary: loadStoreImmediate, weight: 3 },
  { arbitrary: loadStoreSp, weight: 1 },
  { arbitrary: loadStoreRegister, weight: 2 },
  { arbitrary: literal, weight: 1 },
  { arbitrary: multiple, weight: 1 },
  { arbitrary: pushPop, weight: 1 },
  { arbitrary: branch, weight: 3 },
  { arbitrary: link, weight: 1 },
  { arbitrary: exchange, weight: 1 },
  { arbitrary: popPc, weight: 1 },
  { arbitrary: special, weight: 1 },
);

const edge = fc.constantFrom(0, 1, -1, 0x7fffffff, -0x80000000, 31, 32, 33, 64, 255, 256);
export const registerValue = fc.oneof(edge, fc.integer());

const BKPT = 0xbe00;
const NOP = 0xbf00;

/** Lays the steps out one after the other, with a BKPT behind them, and fills in the branches. */
export function layOut(steps: Step[]): Uint16Array {
  const total = steps.reduce((sum, step) => sum + step.code.length, 0);
  const starts: number[] = [];
  let next = 0;
  for (const step of steps) {
    starts.push(next);
    next += step.code.length;
  }
  starts.push(total);
  const halfwords = new Uint16Array(total + 2);
  steps.forEach((step, n) => {
    // An exchange lands behind itself only from a word-aligned or misaligned MOV alike: PC reads as address + 4.
    halfwords.set(step.code, starts[n]);
    if (!step.branch) return;
    const from = starts[n];
    const to = starts[Math.min(n + 1 + step.branch.skip, steps.length)];
    const distance = to - from - 2;
    if (step.code.length === 2) halfwords[from + 1] = 0xf800 | (distance & 0x7ff);
    else if (step.code[0] === 0xe000) halfwords[from] = 0xe000 | (distance & 0x7ff);
    else halfwords[from] = step.code[0] | (distance & 0xff);
    if (step.code.length === 2) halfwords[from] = 0xf000 | ((distance >> 11) & 0x3ff);
  });
  halfwords[total] = BKPT;
  halfwords[total + 1] = NOP;
  return halfwords;
}
