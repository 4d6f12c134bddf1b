/**
 * The hardware divider of one core (datasheet 2.3.1.5): a write of an operand starts it, the result is there eight
 * cycles later, and nothing stalls. Reading too early gives the quotient and remainder of before.
 */
import { timing } from '../timing/table.ts';

const READY = 1;
const DIRTY = 2;

export class Divider {
  private dividend = 0;
  private divisor = 0;
  private quotient = 0;
  private remainder = 0;
  private dirty = false;
  /** Results not yet visible. */
  private nextQuotient = 0;
  private nextRemainder = 0;
  private readyAt = 0;
  /** In these cycles a result was not there that nobody has asked for yet. */
  private awaitedFrom = 0;
  private awaitedTo = 0;

  readDividend(): number {
    return this.dividend >>> 0;
  }

  readDivisor(): number {
    return this.divisor >>> 0;
  }

  readQuotient(cycle: number): number {
    this.settle(cycle);
    this.dirty = false;
    return this.quotient >>> 0;
  }

  readRemainder(cycle: number): number {
    this.settle(cycle);
    return this.remainder >>> 0;
  }

  /** Cycles [from, to) in which the result that is now looked at was not there and nobody looked; undefined when there are none. */
  awaited(cycle: number): [from: number, to: number] | undefined {
    const from = this.awaitedFrom;
    const to = Math.min(cycle, this.awaitedTo);
    if (to <= from) return undefined;
    this.awaitedFrom = to;
    return [from, to];
  }

  status(cycle: number): number {
    return (cycle >= this.readyAt ? READY : 0) | (this.dirty ? DIRTY : 0);
  }

  writeDividend(value: number, signed: boolean, cycle: number): void {
    this.settle(cycle);
    this.dividend = value;
    this.start(signed, cycle);
  }

  writeDivisor(value: number, signed: boolean, cycle: number): void {
    this.settle(cycle);
    this.divisor = value;
    this.start(signed, cycle);
  }

  /** Restores a saved result (an interrupt handler gives back what it disturbed). */
  writeQuotient(value: number): void {
    this.quotient = value;
    this.finish();
  }

  writeRemainder(value: number): void {
    this.remainder = value;
    this.finish();
  }

  private finish(): void {
    this.readyAt = 0;
    this.dirty = true;
    this.nextQuotient = this.quotient;
    this.nextRemainder = this.remainder;
  }

  private settle(cycle: number): void {
    if (this.readyAt === 0 || cycle < this.readyAt) return;
    this.quotient = this.nextQuotient;
    this.remainder = this.nextRemainder;
    this.readyAt = 0;
  }

  private start(signed: boolean, cycle: number): void {
    const [quotient, remainder] = divide(this.dividend, this.divisor, signed);
    this.nextQuotient = quotient;
    this.nextRemainder = remainder;
    this.readyAt = cycle + 1 + timing.divider;
    this.awaitedFrom = cycle + 1;
    this.awaitedTo = this.readyAt;
    this.dirty = true;
  }
}

/** Division by zero: remainder is the dividend, quotient all ones (or one for a negative signed dividend). */
export function divide(dividend: number, divisor: number, signed: boolean): [number, number] {
  if (signed) {
    const n = dividend | 0;
    const d = divisor | 0;
    if (d === 0) return [n < 0 ? 1 : -1, n];
    return [(n / d) | 0, (n % d) | 0];
  }
  const n = dividend >>> 0;
  const d = divisor >>> 0;
  if (d === 0) return [-1, n];
  return [Math.floor(n / d), n % d];
}
