/**
 * Single-cycle IO (datasheet 2.3.1): GPIO, spinlocks and the mailboxes, shared by both cores; core id, divider and
 * interpolators, one set for each core. GPIO state is held by rp2040js' own SIO object, where its pins look for it.
 */
import type { RP2040 } from 'rp2040js';
import { Divider } from './divider.ts';
import { Mailboxes } from './fifo.ts';
import { type Interpolator, readInterpolator, writeInterpolator } from './interpolators.ts';

const CPUID = 0x000;
const GPIO_LAST = 0x04c;
const FIFO_ST = 0x050;
const FIFO_WR = 0x054;
const FIFO_RD = 0x058;
const SPINLOCK_ST = 0x05c;
const DIV_UDIVIDEND = 0x060;
const DIV_UDIVISOR = 0x064;
const DIV_SDIVIDEND = 0x068;
const DIV_SDIVISOR = 0x06c;
const DIV_QUOTIENT = 0x070;
const DIV_REMAINDER = 0x074;
const DIV_CSR = 0x078;
const INTERP0 = 0x080;
const INTERP1 = 0x0c0;
const SPINLOCK0 = 0x100;
const SPINLOCK31 = 0x17c;

export interface SioHost {
  readonly rp2040: RP2040;
  /** Absolute cycle of the access going on. */
  readonly cycle: number;
  /** Level of interrupt SIO_PROC0 or SIO_PROC1, which only that core has. */
  fifoInterrupt(core: 0 | 1, level: boolean): void;
  divisionBegan(core: 0 | 1): void;
  /** A result was looked at that was not there in the cycles [from, to). */
  divisionAwaited(core: 0 | 1, from: number, to: number): void;
}

export class Sio {
  readonly mailboxes = new Mailboxes();
  private readonly host: SioHost;
  private readonly dividers = [new Divider(), new Divider()];
  private readonly interpolators: Interpolator[][];
  private spinlocks = 0;

  constructor(host: SioHost) {
    this.host = host;
    const { interp0, interp1 } = host.rp2040.sio;
    const Unit = interp0.constructor as new (index: number) => Interpolator;
    this.interpolators = [
      [interp0, interp1],
      [new Unit(0), new Unit(1)],
    ];
  }

  /** The word at `offset` (below 0x1000) as `core` sees it. */
  read(core: 0 | 1, offset: number): number {
    if (offset >= SPINLOCK0) return offset <= SPINLOCK31 ? this.claimLock((offset - SPINLOCK0) >> 2) : 0;
    if (offset >= INTERP0) return readInterpolator(this.interpolator(core, offset), offset & 0x3f);
    if (offset === CPUID) return core;
    if (offset <= GPIO_LAST) return this.host.rp2040.sio.readUint32(offset);
    return this.readOwn(core, offset);
  }

  write(core: 0 | 1, offset: number, value: number): void {
    if (offset >= SPINLOCK0) {
      if (offset <= SPINLOCK31) this.spinlocks &= ~(1 << ((offset - SPINLOCK0) >> 2));
    } else if (offset >= INTERP0) {
      writeInterpolator(this.interpolator(core, offset), offset & 0x3f, value >>> 0);
    } else if (offset <= GPIO_LAST) {
      if (offset !== CPUID) this.host.rp2040.sio.writeUint32(offset, value);
    } else {
      this.writeOwn(core, offset, value);
    }
  }

  reset(): void {
    this.mailboxes.reset();
    this.spinlocks = 0;
    this.updateInterrupts();
  }

  private interpolator(core: number, offset: number): Interpolator {
    return this.interpolators[core][offset < INTERP1 ? 0 : 1];
  }

  /** Reading claims: the lock's bit when it was free, 0 when it was taken. */
  private claimLock(lock: number): number {
    const bit = 1 << lock;
    if (this.spinlocks & bit) return 0;
    this.spinlocks |= bit;
    return bit >>> 0;
  }

  private readOwn(core: 0 | 1, offset: number): number {
    const divider = this.dividers[core];
    const { cycle } = this.host;
    switch (offset) {
      case FIFO_ST:
        return this.mailboxes.status(core);
      case FIFO_RD: {
        const value = this.mailboxes.read(core);
        this.updateInterrupts();
        return value;
      }
      case SPINLOCK_ST:
        return this.spinlocks >>> 0;
      case DIV_UDIVIDEND:
      case DIV_SDIVIDEND:
        return divider.readDividend();
      case DIV_UDIVISOR:
      case DIV_SDIVISOR:
        return divider.readDivisor();
      case DIV_QUOTIENT:
        this.awaited(core, cycle);
        return divider.readQuotient(cycle);
      case DIV_REMAINDER:
        this.awaited(core, cycle);
        return divider.readRemainder(cycle);
      case DIV_CSR:
        this.awaited(core, cycle);
        return divider.status(cycle);
      default:
        return 0;
    }
  }

  private writeOwn(core: 0 | 1, offset: number, value: number): void {
    const divider = this.dividers[core];
    const { cycle } = this.host;
    switch (offset) {
      case FIFO_ST:
        this.mailboxes.clearFlags(core, value);
        this.updateInterrupts();
        break;
      case FIFO_WR:
        this.mailboxes.write(core, value);
        this.updateInterrupts();
        break;
      case DIV_UDIVIDEND:
      case DIV_SDIVIDEND:
        divider.writeDividend(value, offset === DIV_SDIVIDEND, cycle);
        this.host.divisionBegan(core);
        break;
      case DIV_UDIVISOR:
      case DIV_SDIVISOR:
        divider.writeDivisor(value, offset === DIV_SDIVISOR, cycle);
        this.host.divisionBegan(core);
        break;
      case DIV_QUOTIENT:
        divider.writeQuotient(value);
        break;
      case DIV_REMAINDER:
        divider.writeRemainder(value);
        break;
    }
  }

  private awaited(core: 0 | 1, cycle: number): void {
    const cycles = this.dividers[core].awaited(cycle);
    if (cycles) this.host.divisionAwaited(core, ...cycles);
  }

  private updateInterrupts(): void {
    this.host.fifoInterrupt(0, this.mailboxes.interrupt(0));
    this.host.fifoInterrupt(1, this.mailboxes.interrupt(1));
  }
}
