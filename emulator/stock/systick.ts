/**
 * SysTick (ARMv6-M ARM B3.3, RP2040 datasheet 2.4.5) counting whole clk_sys cycles. The stock one rounds nanoseconds and reloads
 * one cycle early (its period is RELOAD instead of RELOAD + 1).
 */
const SYST_CSR = 0x010;
const SYST_RVR = 0x014;
const SYST_CVR = 0x018;
const SYST_CALIB = 0x01c;

const COUNT_BITS = 0xffffff;
const CSR_ENABLE = 1;
const CSR_TICKINT = 2;
const CSR_WRITABLE = 7;
const CSR_COUNTFLAG = 1 << 16;

export class SysTick {
  /** Cycle at which the counter next reaches zero; Infinity when it stands still. */
  zeroCycle = Number.POSITIVE_INFINITY;
  private readonly cyclesNow: () => number;
  private readonly raise: () => void;
  private control = 0;
  private reload = 0;
  private countFlag = false;
  /** The counter and the cycle at which it had this value. */
  private count = 0;
  private countCycle = 0;

  constructor(cyclesNow: () => number, raise: () => void) {
    this.cyclesNow = cyclesNow;
    this.raise = raise;
  }

  handles(offset: number): boolean {
    return offset >= SYST_CSR && offset <= SYST_CALIB;
  }

  isCounter(offset: number): boolean {
    return offset === SYST_CVR;
  }

  read(offset: number): number {
    this.catchUp();
    switch (offset) {
      case SYST_CSR: {
        const value = this.control | (this.countFlag ? CSR_COUNTFLAG : 0);
        this.countFlag = false;
        return value;
      }
      case SYST_RVR:
        return this.reload;
      case SYST_CVR:
        return this.count;
      default:
        return 0; // CALIB: no reference calibration on this chip
    }
  }

  write(offset: number, value: number): void {
    this.catchUp();
    switch (offset) {
      case SYST_CSR:
        this.control = value & CSR_WRITABLE;
        break;
      case SYST_RVR:
        this.reload = value & COUNT_BITS;
        break;
      case SYST_CVR:
        this.count = 0;
        this.countFlag = false;
        break;
    }
    this.plan();
  }

  /** Brings the count up to the present cycle and raises the exception if zero was reached; the machine calls it at `zeroCycle`. */
  catchUp(): void {
    const now = this.cyclesNow();
    let elapsed = now - this.countCycle;
    this.countCycle = now;
    if (!(this.control & CSR_ENABLE) || elapsed <= 0) return;
    if (this.count > 0) {
      if (elapsed < this.count) {
        this.count -= elapsed;
        return;
      }
      elapsed -= this.count;
      this.reachZero();
    }
    if (elapsed > 0 && this.reload > 0) {
      // The tick after zero loads RELOAD, then RELOAD more ticks lead to zero again.
      const period = this.reload + 1;
      const passes = Math.floor(elapsed / period);
      const rest = elapsed - passes * period;
      if (passes > 0) this.reachZero();
      this.count = rest === 0 ? 0 : this.reload - (rest - 1);
    }
    this.plan();
  }

  private reachZero(): void {
    this.count = 0;
    this.countFlag = true;
    if (this.control & CSR_TICKINT) this.raise();
  }

  private plan(): void {
    if (!(this.control & CSR_ENABLE) || (this.count === 0 && this.reload === 0)) {
      this.zeroCycle = Number.POSITIVE_INFINITY;
    } else {
      this.zeroCycle = this.countCycle + (this.count > 0 ? this.count : this.reload + 1);
    }
  }
}
