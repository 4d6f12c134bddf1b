/**
 * XIP streaming: flash words read in the background into a two-deep FIFO. RP2040 datasheet 2.6.3.3.
 *
 * Streaming gives way to XIP misses (a word under way is finished first) and goes on seven cycles after the last of them.
 * Time is clk_sys cycles; the state is worked out when somebody looks, and an alarm at the end of each word tells DMA.
 */
import type { RP2040 } from 'rp2040js';
import { WordFifo } from '../flash/word-fifo.ts';
import { memoryTiming } from '../timing/memory-rules.ts';

const FIFO_DEPTH = 2;
const COUNTER_MASK = 0x3fffff;

export interface StreamSource {
  /** clk_sys cycles that the SSI needs for one word; 0 when it is not set up. */
  cyclesPerWord(): number;
  /** Little-endian flash word. */
  readWord(address: number): number;
}

export class XipStream {
  readonly fifo = new WordFifo(FIFO_DEPTH);
  /** Told when a word arrived or was taken: the FIFO's level. */
  onLevel: (level: number) => void = () => {};
  private next = 0;
  private left = 0;
  private begin = Number.POSITIVE_INFINITY;
  private end = Number.POSITIVE_INFINITY;
  /** Earliest start after the last XIP miss. */
  private resumeAt = 0;
  private alarmCycle = 0;
  private readonly chip: RP2040;
  private readonly source: StreamSource;
  private readonly now: () => number;
  private readonly alarm: { schedule(deltaNanos: number): void; cancel(): void };

  /** @param now present clk_sys cycle */
  constructor(chip: RP2040, source: StreamSource, now: () => number) {
    this.chip = chip;
    this.source = source;
    this.now = now;
    this.alarm = chip.clock.createAlarm(() => this.catchUp(Math.max(now(), this.alarmCycle)));
  }

  powerOn(): void {
    this.halt();
    this.fifo.clear();
    this.next = 0;
    this.resumeAt = 0;
  }

  get address(): number {
    return this.next;
  }

  set address(value: number) {
    this.next = (value & ~3) >>> 0;
  }

  /** Words still to be read from flash. */
  get count(): number {
    this.catchUp(this.now());
    return this.left;
  }

  /** Non-zero starts; zero halts and drops the word under way. */
  set count(value: number) {
    this.catchUp(this.now());
    this.halt();
    this.left = value & COUNTER_MASK;
    this.plan(this.now());
  }

  /** Takes a word; 0 when there is none. */
  pop(): number {
    this.catchUp(this.now());
    const word = this.fifo.pop();
    this.plan(this.now());
    this.onLevel(this.fifo.level);
    return word;
  }

  get level(): number {
    this.catchUp(this.now());
    return this.fifo.level;
  }

  /**
   * A miss asks for the SSI at `cycle` and needs it for `cost` cycles. A word under way is finished first; one that has not
   * begun waits. Returns the cycle in which the miss is done.
   */
  serveMiss(cycle: number, cost: number): number {
    this.catchUp(cycle);
    const underWay = this.begin <= cycle;
    const done = (underWay ? this.end : cycle) + cost;
    this.resumeAt = done + memoryTiming.xipStreamHoldOff;
    if (!underWay) {
      this.stop();
      this.plan(done);
    }
    return done;
  }

  private halt(): void {
    this.left = 0;
    this.stop();
  }

  private stop(): void {
    this.begin = Number.POSITIVE_INFINITY;
    this.end = Number.POSITIVE_INFINITY;
    this.alarm.cancel();
  }

  private catchUp(cycle: number): void {
    while (this.end <= cycle) {
      const finished = this.end;
      this.stop();
      this.fifo.push(this.source.readWord(this.next));
      this.next = (this.next + 4) >>> 0;
      this.left--;
      this.plan(finished);
      this.onLevel(this.fifo.level);
    }
  }

  /** Begins the next word at `cycle` or later, if there is one and room for it. */
  private plan(cycle: number): void {
    const cost = this.source.cyclesPerWord();
    if (this.end !== Number.POSITIVE_INFINITY || this.left === 0 || this.fifo.full || cost === 0) return;
    this.begin = Math.max(cycle, this.resumeAt);
    this.end = this.begin + cost + memoryTiming.xipStreamOverhead;
    this.alarmCycle = this.end;
    this.alarm.schedule((Math.max(0, this.end - this.now()) * 1e9) / this.chip.clkSys);
  }
}
