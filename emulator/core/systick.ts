/**
 * SysTick of one core (ARMv6-M ARM B3.3, RP2040 datasheet 2.4.5.1.1), exact to the cycle. The counter is not stepped: it is
 * worked out from the cycle in which it last had a known value.
 *
 * The tick after zero loads RELOAD, so the period is RELOAD + 1. With CLKSOURCE 0 it counts the 1 us reference tick.
 */

const CSR = 0x10;
const RVR = 0x14;
const CVR = 0x18;
const CALIB = 0x1c;

const COUNT_MASK = 0xffffff;
const ENABLE = 1;
const TICKINT = 2;
const CLKSOURCE = 4;
const COUNTFLAG = 1 << 16;
/** No calibration value; the reference clock is there. */
const CALIB_VALUE = 0x40000000;

export interface SysTickHost {
  /** Absolute cycle of the access or event. */
  now(): number;
  /** Cycles of one reference tick (1 us), for CLKSOURCE 0. */
  referenceCycles(): number;
  /** The exception becomes pending. */
  raise(): void;
}

export class SysTick {
  /** Cycle at which the counter next becomes zero; Infinity when it stands still. */
  zeroCycle = Number.POSITIVE_INFINITY;
  private readonly host: SysTickHost;
  private control = 0;
  private reload = 0;
  private countFlag = false;
  /** The counter had this value in cycle `since`. */
  private value = 0;
  private since = 0;

  constructor(host: SysTickHost) {
    this.host = host;
  }

  handles(offset: number): boolean {
    return offset >= CSR && offset <= CALIB;
  }

  isCounter(offset: number): boolean {
    return offset === CVR;
  }

  read(offset: number): number {
    this.catchUp();
    switch (offset) {
      case CSR: {
        const value = this.control | (this.countFlag ? COUNTFLAG : 0);
        this.countFlag = false;
        return value;
      }
      case RVR:
        return this.reload;
      case CVR:
        return this.value;
      default:
        return CALIB_VALUE;
    }
  }

  write(offset: number, value: number): void {
    this.catchUp();
    if (offset === CSR) this.control = value & (ENABLE | TICKINT | CLKSOURCE);
    else if (offset === RVR) this.reload = value & COUNT_MASK;
    else if (offset === CVR) {
      this.value = 0;
      this.countFlag = false;
    }
    this.since = this.host.now();
    this.plan();
  }

  reset(): void {
    this.control = 0;
    this.reload = 0;
    this.value = 0;
    this.countFlag = false;
    this.plan();
  }

  /** Brings the counter to the present cycle, and raises the exception when it became zero on the way. */
  catchUp(): void {
    const now = this.host.now();
    if ((this.control & ENABLE) === 0) {
      this.since = now;
      return;
    }
    const ticks = Math.floor((now - this.since) / this.tickCycles);
    if (ticks <= 0) return;
    this.since += ticks * this.tickCycles;
    this.advance(ticks);
    this.plan();
  }

  private get tickCycles(): number {
    return this.control & CLKSOURCE ? 1 : this.host.referenceCycles();
  }

  private advance(ticks: number): void {
    if (ticks < this.value) {
      this.value -= ticks;
      return;
    }
    let rest = ticks - this.value;
    if (this.value > 0) this.zero();
    this.value = 0;
    if (rest === 0 || this.reload === 0) return;
    const period = this.reload + 1;
    if (rest >= period) this.zero();
    rest %= period;
    this.value = rest === 0 ? 0 : period - rest;
  }

  private zero(): void {
    this.countFlag = true;
    if (this.control & TICKINT) this.host.raise();
  }

  private plan(): void {
    const ticks = this.value > 0 ? this.value : this.reload > 0 ? this.reload + 1 : 0;
    const counts = (this.control & ENABLE) !== 0 && (this.control & TICKINT) !== 0 && ticks > 0;
    this.zeroCycle = counts ? Math.ceil(this.since + ticks * this.tickCycles) : Number.POSITIVE_INFINITY;
  }
}
