/**
 * Nested vectored interrupt controller of one core: what is pending, active, enabled, and which exception comes next
 * (ARMv6-M ARM B1.5, B3.4). Priorities have two bits, 0 highest; NMI is -2 and HardFault -1.
 */

export const EXC_NMI = 2;
export const EXC_HARDFAULT = 3;
export const EXC_SVC = 11;
export const EXC_PENDSV = 14;
export const EXC_SYSTICK = 15;
/** 26 lines are wired; the other six of the 32 can be made pending by software (the SDK's user interrupts). */
export const FIRST_IRQ = 16;
/** Execution priority of code that no exception interrupts. */
export const PRIORITY_NONE = 4;

const CONFIGURABLE = [EXC_SVC, EXC_PENDSV, EXC_SYSTICK];

export class Nvic {
  /** Level of each interrupt line as the peripherals drive it. */
  lines = 0;
  /** Set by a rising line or by ISPR; stays when the line falls, until taken or cleared by ICPR. */
  private latched = 0;
  enabled = 0;
  private active = 0;
  /** Bit n: exception n (below 16) is pending or active. */
  private pendingSystem = 0;
  private activeSystem = 0;
  /** By exception number: 0 to 3. */
  readonly priority = new Uint8Array(FIRST_IRQ + 32);
  /** Interrupts that are routed to NMI as well (SYSCFG PROCn_NMI_MASK). */
  nmiMask = 0;

  reset(): void {
    this.latched = 0;
    this.enabled = 0;
    this.active = 0;
    this.pendingSystem = 0;
    this.activeSystem = 0;
    this.priority.fill(0);
    this.nmiMask = 0;
  }

  /** Returns true when the change may make something pending. */
  setLine(irq: number, level: boolean): boolean {
    const bit = 1 << irq;
    if (!level) {
      this.lines &= ~bit;
      return false;
    }
    if (this.lines & bit) return false;
    this.lines |= bit;
    this.latched |= bit;
    if (this.nmiMask & bit) this.setPending(EXC_NMI);
    return true;
  }

  /** A line that is high makes its interrupt pending again as soon as the handler has returned. */
  get pendingInterrupts(): number {
    return this.latched | (this.lines & ~this.active);
  }

  get activeInterrupts(): number {
    return this.active;
  }

  setPending(exception: number): void {
    if (exception >= FIRST_IRQ) this.latched |= 1 << (exception - FIRST_IRQ);
    else this.pendingSystem |= 1 << exception;
  }

  clearPending(exception: number): void {
    if (exception >= FIRST_IRQ) this.latched &= ~(1 << (exception - FIRST_IRQ));
    else this.pendingSystem &= ~(1 << exception);
  }

  isPending(exception: number): boolean {
    const bits =
      exception >= FIRST_IRQ
        ? this.pendingInterrupts >>> (exception - FIRST_IRQ)
        : this.pendingSystem >>> exception;
    return (bits & 1) !== 0;
  }

  setPendingBits(bits: number): void {
    this.latched |= bits;
  }

  clearPendingBits(bits: number): void {
    this.latched &= ~bits;
  }

  activate(exception: number): void {
    this.clearPending(exception);
    if (exception >= FIRST_IRQ) this.active |= 1 << (exception - FIRST_IRQ);
    else this.activeSystem |= 1 << exception;
  }

  deactivate(exception: number): void {
    if (exception >= FIRST_IRQ) this.active &= ~(1 << (exception - FIRST_IRQ));
    else this.activeSystem &= ~(1 << exception);
  }

  isActive(exception: number): boolean {
    const bits =
      exception >= FIRST_IRQ ? this.active >>> (exception - FIRST_IRQ) : this.activeSystem >>> exception;
    return (bits & 1) !== 0;
  }

  priorityOf(exception: number): number {
    if (exception === EXC_NMI) return -2;
    if (exception === EXC_HARDFAULT) return -1;
    return this.priority[exception];
  }

  /** Priority of the highest active exception, without PRIMASK. */
  get activePriority(): number {
    if (this.activeSystem & (1 << EXC_NMI)) return -2;
    if (this.activeSystem & (1 << EXC_HARDFAULT)) return -1;
    let best = PRIORITY_NONE;
    if (this.activeSystem) {
      for (const exception of CONFIGURABLE) {
        if (this.activeSystem & (1 << exception)) best = Math.min(best, this.priority[exception]);
      }
    }
    for (let bits = this.active; bits !== 0; bits &= bits - 1) {
      best = Math.min(best, this.priority[FIRST_IRQ + 31 - Math.clz32(bits & -bits)]);
    }
    return best;
  }

  /** The pending, enabled exception that would be taken first, or 0. Among equals the lowest number wins. */
  get next(): number {
    if (this.pendingSystem & (1 << EXC_NMI)) return EXC_NMI;
    if (this.pendingSystem & (1 << EXC_HARDFAULT)) return EXC_HARDFAULT;
    let best = 0;
    let bestPriority = PRIORITY_NONE;
    if (this.pendingSystem) {
      for (const exception of CONFIGURABLE) {
        if (this.pendingSystem & (1 << exception) && this.priority[exception] < bestPriority) {
          best = exception;
          bestPriority = this.priority[exception];
        }
      }
    }
    for (let bits = this.pendingInterrupts & this.enabled; bits !== 0; bits &= bits - 1) {
      const exception = FIRST_IRQ + 31 - Math.clz32(bits & -bits);
      if (this.priority[exception] < bestPriority) {
        best = exception;
        bestPriority = this.priority[exception];
      }
    }
    return best;
  }
}
