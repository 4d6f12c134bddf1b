/**
 * The stock rp2040js 1.4.1 core as an oracle, with its known errors named and set right after the fact by arithmetic on
 * BigInt, which shares nothing with our interpreter.
 */
import { RP2040 } from 'rp2040js';

/** Known errors of rp2040js 1.4.1; each one's count says how often a comparison had to allow for it. */
export const KNOWN_ERRORS = {
  pushLrCycles: 'PUSH with LR costs one cycle too little',
  popPcCycles: 'POP with PC costs one cycle too little',
  shiftByZeroCarry: 'LSRS, ASRS and RORS by a register whose low byte is zero change C',
  shiftByManyCarry: 'LSLS by a register of 33 or more sets C from a bit that was not shifted out',
  addCarryOverflow: 'ADCS works out C and V as if the carry were part of one operand',
  subtractCarryOverflow: 'SBCS works out C and V as if the borrow were part of one operand',
} as const;
export type KnownError = keyof typeof KNOWN_ERRORS;

interface Flags {
  C: boolean;
  V: boolean;
}

export class StockOracle {
  readonly rp2040 = new RP2040();
  readonly allowed = new Map<KnownError, number>();
  cycles = 0;
  instructions = 0;

  constructor() {
    this.rp2040.logger = { debug() {}, info() {}, warn() {}, error() {} };
  }

  /** Executes one instruction. */
  step(): void {
    const { core } = this.rp2040;
    const opcode = this.rp2040.readUint16(core.PC);
    const before = core.registers.slice(0, 16);
    const carryIn = core.C;
    const { C, V } = core;
    this.cycles += core.executeInstruction();
    this.instructions++;
    if (opcode >>> 8 === 0xb5) this.repair('pushLrCycles', () => this.cycles++);
    if (opcode >>> 8 === 0xbd) this.repair('popPcCycles', () => this.cycles++);
    if (opcode >>> 10 === 0b010000) this.dataProcessing(opcode, before, carryIn, { C, V });
  }

  private dataProcessing(opcode: number, before: Uint32Array, carryIn: boolean, old: Flags): void {
    const d = opcode & 7;
    const a = before[d];
    const b = before[(opcode >> 3) & 7];
    const shift = b & 0xff;
    switch ((opcode >> 6) & 15) {
      case 2: {
        const wide = shift <= 32 ? BigInt(a) << BigInt(shift) : 0n;
        const carry = shift === 0 ? old.C : ((wide >> 32n) & 1n) === 1n;
        this.result('shiftByManyCarry', d, Number(wide & 0xffffffffn), carry, old.V);
        break;
      }
      case 3: {
        const value = shift < 32 ? a >>> shift : 0;
        const carry = shift === 0 ? old.C : shift <= 32 && ((BigInt(a) >> BigInt(shift - 1)) & 1n) === 1n;
        this.result(shift === 0 ? 'shiftByZeroCarry' : 'shiftByManyCarry', d, value, carry, old.V);
        break;
      }
      case 4: {
        const signed = BigInt(a | 0);
        const value = Number(BigInt.asUintN(32, signed >> BigInt(Math.min(shift, 32))));
        const carry = shift === 0 ? old.C : ((signed >> BigInt(Math.min(shift, 33) - 1)) & 1n) === 1n;
        this.result(shift === 0 ? 'shiftByZeroCarry' : 'shiftByManyCarry', d, value, carry, old.V);
        break;
      }
      case 5:
        this.sum('addCarryOverflow', d, a, b, carryIn);
        break;
      case 6:
        this.sum('subtractCarryOverflow', d, a, ~b >>> 0, carryIn);
        break;
      case 7: {
        const turn = BigInt(shift & 31);
        const value = Number(((BigInt(a) >> turn) | (BigInt(a) << (32n - turn))) & 0xffffffffn);
        const carry = shift === 0 ? old.C : value >>> 31 === 1;
        this.result(shift === 0 ? 'shiftByZeroCarry' : 'shiftByManyCarry', d, value, carry, old.V);
        break;
      }
    }
  }

  private sum(name: KnownError, d: number, a: number, b: number, carryIn: boolean): void {
    const value = this.flagsOfSum(name, a, b, carryIn);
    if (this.rp2040.core.registers[d] !== value)
      this.repair(name, () => (this.rp2040.core.registers[d] = value));
  }

  private flagsOfSum(name: KnownError, a: number, b: number, carryIn: boolean): number {
    const extra = carryIn ? 1n : 0n;
    const unsigned = BigInt(a) + BigInt(b) + extra;
    const signed = BigInt(a | 0) + BigInt(b | 0) + extra;
    const value = Number(unsigned & 0xffffffffn);
    this.flags(name, value, unsigned > 0xffffffffn, signed !== BigInt.asIntN(32, signed));
    return value;
  }

  private result(name: KnownError, d: number, value: number, carry: boolean, overflow: boolean): void {
    const { core } = this.rp2040;
    if (core.registers[d] !== value) this.repair(name, () => (core.registers[d] = value));
    this.flags(name, value, carry, overflow);
  }

  private flags(name: KnownError, value: number, carry: boolean, overflow: boolean): void {
    const { core } = this.rp2040;
    const right = { N: value >>> 31 === 1, Z: value === 0, C: carry, V: overflow };
    if (core.N !== right.N || core.Z !== right.Z || core.C !== right.C || core.V !== right.V) {
      this.repair(name, () => Object.assign(core, right));
    }
  }

  private repair(name: KnownError, act: () => void): void {
    this.allowed.set(name, (this.allowed.get(name) ?? 0) + 1);
    act();
  }
}
