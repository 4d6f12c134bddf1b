/** One DMA channel: its registers, and how far its transfer sequence has come. RP2040 datasheet 2.5.1. */
import * as R from './registers.ts';
import { swapBytes } from './sniffer.ts';

export class DmaChannel {
  readonly index: number;
  ctrl: number;
  readAddress = 0;
  writeAddress = 0;
  /** Value that TRANS_COUNT starts from at the next trigger. */
  reload = 0;
  /** Transfers whose write is not complete. */
  remaining = 0;
  /** Transfers whose read has not been issued. */
  unread = 0;
  /** Transfers between their read and their write. */
  inFlight = 0;
  /** Earliest cycle of the next read. */
  notBefore = 0;
  /** The peripheral had nothing for this channel; the next request counts from when it comes. */
  starved = true;
  /** Pulses counted for requests that are events rather than levels (PWM wraps). */
  credits = 0;
  /** Requests of the pacing timer used up, including those before the start. */
  pacedTicks = 0;
  aborting = false;

  constructor(index: number) {
    this.index = index;
    this.ctrl = index << 11;
  }

  reset(): void {
    this.ctrl = this.index << 11;
    this.readAddress = 0;
    this.writeAddress = 0;
    this.reload = 0;
    this.remaining = 0;
    this.unread = 0;
    this.inFlight = 0;
    this.aborting = false;
  }

  get enabled(): boolean {
    return (this.ctrl & R.CTRL_EN) !== 0;
  }

  get busy(): boolean {
    return (this.ctrl & R.CTRL_BUSY) !== 0;
  }

  get request(): number {
    return (this.ctrl >>> 15) & 0x3f;
  }

  get chainTo(): number {
    return (this.ctrl >>> 11) & 0xf;
  }

  get highPriority(): boolean {
    return (this.ctrl & R.CTRL_HIGH_PRIORITY) !== 0;
  }

  /** Bytes of a transfer; the reserved size is taken as a word. */
  get size(): 1 | 2 | 4 {
    const code = (this.ctrl >>> 2) & 3;
    return code === 0 ? 1 : code === 1 ? 2 : 4;
  }

  /** The register as read, with AHB_ERROR. */
  get control(): number {
    return (this.ctrl & R.CTRL_ERRORS ? this.ctrl | R.CTRL_AHB_ERROR : this.ctrl) >>> 0;
  }

  /** @param value the word to store  @param written the word on the bus: ones clear the error bits */
  writeControl(value: number, written: number): void {
    this.ctrl = (this.ctrl & ~R.CTRL_WRITABLE) | (value & R.CTRL_WRITABLE);
    this.ctrl &= ~(written & R.CTRL_ERRORS);
  }

  stepRead(): void {
    this.readAddress = this.step(this.readAddress, R.CTRL_INCR_READ, false);
  }

  stepWrite(): void {
    this.writeAddress = this.step(this.writeAddress, R.CTRL_INCR_WRITE, true);
  }

  private step(address: number, increment: number, write: boolean): number {
    if (!(this.ctrl & increment)) return address;
    const next = (address + this.size) >>> 0;
    const ring = (this.ctrl >>> 6) & 0xf;
    if (ring === 0 || ((this.ctrl & R.CTRL_RING_WRITE) !== 0) !== write) return next;
    const mask = (1 << ring) - 1;
    return ((address & ~mask) | (next & mask)) >>> 0;
  }

  /** Data as it leaves the read side. */
  swapped(data: number): number {
    return this.ctrl & R.CTRL_BSWAP ? swapBytes(data, this.size) : data;
  }
}
