/** BUSCTRL registers (datasheet 2.1.5): bus priorities and the four performance counters. */
import type { RP2040 } from 'rp2040js';
import { RegisterBlock } from '../peripherals/block.ts';
import type { Arbiter } from './arbiter.ts';

const BUS_PRIORITY = 0x00;
const BUS_PRIORITY_ACK = 0x04;
const PERFCTR0 = 0x08;
const PERFSEL3 = 0x24;

/** BUS_PRIORITY bits in the order of master numbers: PROC0, PROC1, DMA_R, DMA_W. */
const PRIORITY_BITS = [0, 4, 8, 12];

export class BusControl extends RegisterBlock {
  private readonly arbiter: Arbiter;
  private readonly changed: () => void;

  /** `changed` is called when the way the cores must run changes (counting on or off). */
  constructor(rp2040: RP2040, arbiter: Arbiter, changed: () => void) {
    super(rp2040, 'BUSCTRL');
    this.arbiter = arbiter;
    this.changed = changed;
  }

  protected read(offset: number): number {
    if (offset === BUS_PRIORITY) {
      return PRIORITY_BITS.reduce(
        (bits, bit, master) => bits | (((this.arbiter.highPriority >> master) & 1) << bit),
        0,
      );
    }
    if (offset === BUS_PRIORITY_ACK) return 1;
    if (offset < PERFCTR0 || offset > PERFSEL3) return 0;
    const counter = (offset - PERFCTR0) >> 3;
    return offset & 4 ? this.arbiter.selection(counter) : this.arbiter.count(counter);
  }

  protected write(offset: number, value: number): void {
    if (offset === BUS_PRIORITY) {
      this.arbiter.highPriority = PRIORITY_BITS.reduce(
        (masters, bit, master) => masters | (((value >> bit) & 1) << master),
        0,
      );
    } else if (offset >= PERFCTR0 && offset <= PERFSEL3) {
      const counter = (offset - PERFCTR0) >> 3;
      if (offset & 4) this.arbiter.select(counter, value & 0x1f);
      else this.arbiter.clear(counter);
      this.changed();
    }
  }
}
