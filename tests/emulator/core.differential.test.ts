/** Random programs on our core and on the stock one: registers, flags, memory and cycles must be the same. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Chip } from '../../emulator/chip/chip.ts';
import { layOut, registerValue, type Step, thumbStep } from './support/random-thumb.ts';
import { KNOWN_ERRORS, StockOracle } from './support/stock-oracle.ts';

const DATA = 0x20010000;
const DATA_BYTES = 0x800;
const R7 = DATA;
const SP = DATA + 0x600;

interface Program {
  steps: Step[];
  registers: number[];
  flags: number;
}

const program: fc.Arbitrary<Program> = fc.record({
  steps: fc.array(thumbStep, { minLength: 1, maxLength: 120, size: 'max' }),
  registers: fc.array(registerValue, { minLength: 15, maxLength: 15 }),
  flags: fc.integer({ min: 0, max: 15 }).map((bits) => bits << 28),
});

class Comparison {
  readonly chip = new Chip();
  readonly oracle = new StockOracle();
  private readonly code: number;

  constructor(code: number) {
    this.code = code;
    this.chip.cores[1].held = true;
    this.chip.onBreak = () => true;
  }

  /** What both cores end with. */
  run({ steps, registers, flags }: Program): { ours: unknown; stock: unknown } {
    const halfwords = layOut(steps);
    const end = this.code + 2 * (halfwords.length - 2);
    this.put(halfwords);
    return { ours: this.runOurs(registers, flags), stock: this.runStock(registers, flags, end) };
  }

  private put(halfwords: Uint16Array): void {
    const { chip, oracle } = this;
    const bytes = new Uint8Array(halfwords.buffer);
    if (this.code >>> 28 === 1) {
      const offset = this.code & 0xffffff;
      chip.rp2040.flash.set(bytes, offset);
      chip.flashChanged(offset, offset + bytes.length);
      oracle.rp2040.flash.set(bytes, offset);
    } else {
      for (let i = 0; i < halfwords.length; i++)
        chip.bus.writeSram(this.code - 0x20000000 + 2 * i, halfwords[i], 2, 0, 0);
      oracle.rp2040.sram.set(bytes, this.code - 0x20000000);
    }
    for (const sram of [chip.rp2040.sram, oracle.rp2040.sram]) {
      for (let i = 0; i < DATA_BYTES; i++) sram[DATA - 0x20000000 + i] = (i * 167 + (i >> 3)) & 0xff;
    }
  }

  private runOurs(registers: number[], flags: number): unknown {
    const core = this.chip.cores[0];
    for (let r = 0; r < 15; r++) core.registers[r] = registers[r];
    core.registers[7] = R7;
    core.registers[13] = SP;
    core.apsr = flags;
    core.jump(this.code);
    const start = core.cycle;
    const reason = this.chip.run(start + 10_000);
    expect(reason).toBe('break');
    return {
      registers: [...core.registers.subarray(0, 15)].map((value) => value >>> 0),
      pc: core.pc,
      flags: core.apsr >>> 28,
      cycles: core.cycle - start,
      memory: this.memory(this.chip.rp2040.sram),
    };
  }

  private runStock(registers: number[], flags: number, end: number): unknown {
    const { oracle } = this;
    const { core } = oracle.rp2040;
    for (let r = 0; r < 15; r++) core.registers[r] = registers[r];
    core.registers[7] = R7;
    core.registers[13] = SP;
    core.APSR = flags;
    core.PC = this.code;
    oracle.cycles = 0;
    for (let n = 0; n < 10_000 && core.PC !== end; n++) oracle.step();
    return {
      registers: [...core.registers.subarray(0, 15)],
      pc: core.PC,
      flags: core.APSR >>> 28,
      cycles: oracle.cycles,
      memory: this.memory(oracle.rp2040.sram),
    };
  }

  private memory(sram: Uint8Array): string {
    return Buffer.from(sram.subarray(DATA - 0x20000000, DATA - 0x20000000 + DATA_BYTES)).toString('latin1');
  }
}

describe('random programs end as on the stock core, in registers, flags, memory and cycles', () => {
  for (const [where, code, runs] of [
    ['SRAM', 0x20000100, 12_000],
    ['flash', 0x10000102, 8_000],
  ] as const) {
    test(`from ${where}`, () => {
      const comparison = new Comparison(code);
      fc.assert(
        fc.property(program, (one) => {
          const { ours, stock } = comparison.run(one);
          expect(ours).toEqual(stock);
        }),
        { numRuns: runs, seed: 20260 },
      );
      const { instructions, allowed } = comparison.oracle;
      expect(instructions).toBeGreaterThan(runs * 50);
      expect([...allowed.keys()].sort()).toEqual(Object.keys(KNOWN_ERRORS).sort());
    });
  }
});
