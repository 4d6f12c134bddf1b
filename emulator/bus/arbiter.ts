/**
 * Arbitration of the ten slave ports (datasheet 2.1.1) and the performance counters that watch it (2.1.1.2).
 *
 * Requests arrive in order of time (the scheduler sees to that), so a port is simply busy until a cycle. In a cycle that
 * two masters share, the one that runs first may not be the one the port serves first: it then defers (`deferredBy`) and
 * asks again after the other one has had its turn. The rule is the priority bit, then round-robin.
 * Cycles are relative to the chip's base cycle and fit 31 bits.
 */
import { SLAVE_COUNT } from './slaves.ts';

const COUNTER_MAX = 0xffffff;
const EVENT_COUNT = 20;
const NO_EVENT = 0x1f;
/** SIO and the private ports are no slave ports, but in a shared cycle core 0 acts first there (datasheet 2.3.1). */
const PRIVATE = SLAVE_COUNT;
const NEVER = 0x3fffffff;

export class Arbiter {
  /**
   * Per port, four times the first cycle in which it takes a new address phase, plus the master served last. (One word
   * for both: cores that take turns look here at every access.) The last entry is for `PRIVATE`.
   */
  private readonly ports = new Int32Array(SLAVE_COUNT + 1);
  private priorities = 0;
  /** Counting or priorities: the interpreter's short way is not enough. */
  private closer = false;
  /** When the last lost request may be tried again. */
  retryAt = 0;
  /** Cycle in which the other core may ask too, and has not yet. */
  rivalAt = NEVER;
  /** The core that let the other one go first in the present cycle, or -1. */
  deferredBy = -1;
  private readonly events = new Float64Array(EVENT_COUNT);
  private readonly selected = [NO_EVENT, NO_EVENT, NO_EVENT, NO_EVENT];
  private readonly zero = [0, 0, 0, 0];

  constructor() {
    this.reset();
  }

  /** Bit n: master n has high priority (0 core 0, 1 core 1, 2 DMA read, 3 DMA write). */
  get highPriority(): number {
    return this.priorities;
  }

  set highPriority(masters: number) {
    this.priorities = masters;
    this.update();
  }

  /** A performance counter is selected: every access must pass through here. */
  get counting(): boolean {
    return this.selected.some((selected) => selected < EVENT_COUNT);
  }

  /** Takes the port at `at` for `busy` cycles, or returns false and says in `retryAt` when to ask again. */
  claim(slave: number, at: number, busy: number, master: number): boolean {
    const free = this.ports[slave] >> 2;
    if (free > at) {
      this.retryAt = free;
      if (slave < SLAVE_COUNT) this.events[18 - 2 * slave]++;
      return false;
    }
    if (at === this.rivalAt && master < 2 && !this.prefers(master, 1 - master, slave)) {
      this.retryAt = at;
      this.deferredBy = master;
      return false;
    }
    if (slave === PRIVATE) return true;
    this.ports[slave] = ((at + busy) << 2) | master;
    this.events[19 - 2 * slave]++;
    return true;
  }

  /**
   * `claim` for one cycle, for the interpreter, which asks at every load and store. Gives up in every case that needs a
   * closer look; the caller then goes through `claim`.
   */
  claimPort(slave: number, at: number, master: number): boolean {
    const port = this.ports[slave];
    if (port >> 2 > at || this.closer) return false;
    // Of the two cores, only the one that was not served last is sure to come first.
    if (at === this.rivalAt && (port & 3) !== 1 - master) return false;
    this.ports[slave] = ((at + 1) << 2) | master;
    return true;
  }

  /** `claimPort` for SRAM, by offset from 0x20000000; spelled out because two cores ask it at every access. */
  claimSram(offset: number, at: number, master: number): boolean {
    const slave = offset < 0x40000 ? 2 + ((offset >> 2) & 3) : 6 + ((offset >> 12) & 1);
    const port = this.ports[slave];
    if (port >> 2 > at || this.closer) return false;
    if (at === this.rivalAt && (port & 3) !== 1 - master) return false;
    this.ports[slave] = ((at + 1) << 2) | master;
    return true;
  }

  /** The access that was granted takes longer than claimed. */
  extend(slave: number, until: number): void {
    this.ports[slave] = (until << 2) | (this.ports[slave] & 3);
  }

  /** A master that had the bus to itself takes part in arbitration from now on: it was served last everywhere. */
  soleMasterWas(master: number): void {
    for (let slave = 0; slave < SLAVE_COUNT; slave++) this.ports[slave] = (this.ports[slave] & ~3) | master;
  }

  /** True when `first` is served before `second` if both ask for the port in the same cycle. */
  prefers(first: number, second: number, slave: number): boolean {
    const firstHigh = (this.priorities >> first) & 1;
    const secondHigh = (this.priorities >> second) & 1;
    if (firstHigh !== secondHigh && slave !== PRIVATE) return firstHigh > secondHigh;
    const last = this.ports[slave] & 3;
    return ((first - last + 3) & 3) < ((second - last + 3) & 3);
  }

  /** All relative cycles move when the chip's base cycle moves. */
  rebase(by: number): void {
    for (let slave = 0; slave < SLAVE_COUNT; slave++) {
      const port = this.ports[slave];
      this.ports[slave] = (Math.max((port >> 2) - by, 0) << 2) | (port & 3);
    }
  }

  reset(): void {
    this.ports.fill(3);
    this.priorities = 0;
    this.selected.fill(NO_EVENT);
    this.update();
    this.rivalAt = NEVER;
    this.deferredBy = -1;
  }

  select(counter: number, event: number): void {
    this.selected[counter] = event;
    this.clear(counter);
    this.update();
  }

  selection(counter: number): number {
    return this.selected[counter];
  }

  clear(counter: number): void {
    this.zero[counter] = this.total(counter);
  }

  /** Saturates at 24 bits. */
  count(counter: number): number {
    return Math.min(this.total(counter) - this.zero[counter], COUNTER_MAX);
  }

  private update(): void {
    this.closer = this.priorities !== 0 || this.counting;
  }

  private total(counter: number): number {
    const event = this.selected[counter];
    return event < EVENT_COUNT ? this.events[event] : 0;
  }
}
