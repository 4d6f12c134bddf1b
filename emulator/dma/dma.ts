/**
 * The DMA controller: registers, interrupts, triggers, chains and the sniffer around `DmaEngine`. RP2040 datasheet 2.5.
 * It has what rp2040js' peripherals ask of `rp2040.dma` (setDREQ, clearDREQ).
 */
import type { RP2040 } from 'rp2040js';
import type { BusMaster, MasterBus } from '../bus/master.ts';
import { RegisterBlock } from '../peripherals/block.ts';
import { memoryTiming } from '../timing/memory-rules.ts';
import { DmaChannel } from './channel.ts';
import { DmaEngine } from './engine.ts';
import * as R from './registers.ts';
import { Requests } from './requests.ts';
import { Sniffer } from './sniffer.ts';
import { StandaloneBus } from './standalone-bus.ts';

const IRQS = [11, 12];
const ALL_CHANNELS = (1 << R.CHANNELS) - 1;

type Alarm = ReturnType<RP2040['clock']['createAlarm']>;

export class Dma extends RegisterBlock {
  readonly channels: readonly DmaChannel[];
  readonly requests = new Requests();
  private readonly engine: DmaEngine;
  private readonly sniffer = new Sniffer();
  private readonly cycles: () => number;
  private readonly completions: Alarm[];
  private raw = 0;
  private readonly enables = new Uint32Array(2);
  private readonly forces = new Uint32Array(2);

  /** @param cycles present clk_sys cycle */
  constructor(rp2040: RP2040, cycles: () => number) {
    super(rp2040, 'DMA_BASE');
    this.cycles = cycles;
    this.channels = Array.from({ length: R.CHANNELS }, (_, n) => new DmaChannel(n));
    this.completions = this.channels.map((channel) => rp2040.clock.createAlarm(() => this.complete(channel)));
    const bus = new StandaloneBus(rp2040, cycles);
    this.engine = new DmaEngine(this.channels, this.requests, this, bus);
    bus.serve([this.engine.readMaster, this.engine.writeMaster]);
  }

  /** Read master, write master. */
  get masters(): [BusMaster, BusMaster] {
    return [this.engine.readMaster, this.engine.writeMaster];
  }

  /** Moves to a bus that arbitrates; the caller serves `masters` from now on. */
  connect(bus: MasterBus): void {
    this.engine.connect(bus);
  }

  powerOn(): void {
    for (const channel of this.channels) channel.reset();
    for (const alarm of this.completions) alarm.cancel();
    this.engine.reset();
    this.requests.reset();
    this.sniffer.reset();
    this.raw = 0;
    this.enables.fill(0);
    this.forces.fill(0);
    this.updateInterrupts();
  }

  /** The cycle of whatever is happening: a bus access of the DMA itself, or the present. */
  private get now(): number {
    return this.engine.busCycle >= 0 ? this.engine.busCycle : this.cycles();
  }

  // ---- requests of peripherals ---------------------------------------------------------------------------------------

  /** The peripheral can take or give `level` elements. */
  setLevel(request: number, level: number): void {
    this.requests.setLevel(request, level);
    if (level > 0) this.engine.requested(request, this.now);
  }

  /** rp2040js' way: at least one element is possible. For PWM, one wrap. */
  setDREQ(request: number): void {
    if (request >= R.REQUEST_PWM_FIRST && request <= R.REQUEST_PWM_LAST) {
      for (const channel of this.channels) {
        if (channel.busy && channel.request === request)
          channel.credits = Math.min(channel.credits + 1, R.CREDIT_MAX);
      }
    }
    this.requests.setLevel(request, 1);
    this.engine.requested(request, this.now);
  }

  clearDREQ(request: number): void {
    this.requests.setLevel(request, 0);
  }

  // ---- sequences -----------------------------------------------------------------------------------------------------

  private trigger(channel: DmaChannel, cycle: number): void {
    if (!channel.enabled || channel.busy) return;
    const { request } = channel;
    channel.ctrl |= R.CTRL_BUSY;
    channel.remaining = channel.reload;
    channel.unread = channel.reload;
    channel.credits = 0;
    channel.starved = false;
    channel.notBefore = cycle + memoryTiming.dmaStart;
    if (request >= R.REQUEST_TIMER0 && request <= R.REQUEST_TIMER3) {
      channel.pacedTicks = this.requests.ticksAt(request, cycle);
    }
    if (channel.reload === 0) this.finished(channel, cycle + memoryTiming.dmaStart);
    else this.engine.channelChanged(channel, cycle);
  }

  /** EngineEvents: the last write is done at `cycle`. */
  finished(channel: DmaChannel, cycle: number): void {
    this.completions[channel.index].schedule(this.nanosUntil(cycle));
  }

  private nanosUntil(cycle: number): number {
    return (Math.max(0, cycle - this.cycles()) * 1e9) / this.chip.clkSys;
  }

  private complete(channel: DmaChannel): void {
    channel.ctrl &= ~R.CTRL_BUSY;
    if (!(channel.ctrl & R.CTRL_IRQ_QUIET)) this.raise(channel);
    const next = this.channels[channel.chainTo];
    if (next && next !== channel) this.trigger(next, this.now + memoryTiming.dmaChain);
  }

  /** EngineEvents. */
  failed(channel: DmaChannel, bit: number): void {
    channel.ctrl = (channel.ctrl | bit) & ~R.CTRL_BUSY;
    this.raise(channel);
  }

  /** EngineEvents. */
  sniffed(channel: DmaChannel, data: number, size: number): void {
    if (this.sniffer.channel === channel.index) this.sniffer.observe(data, size);
  }

  /** EngineEvents. */
  aborted(channel: DmaChannel): void {
    channel.aborting = false;
    channel.remaining = 0;
    channel.ctrl &= ~R.CTRL_BUSY;
  }

  private abort(mask: number): void {
    for (const channel of this.channels) {
      if (!(mask & (1 << channel.index)) || !channel.busy) continue;
      channel.aborting = true;
      channel.unread = 0;
      this.completions[channel.index].cancel();
      this.engine.channelChanged(channel, this.now);
      if (channel.inFlight === 0) this.aborted(channel);
    }
  }

  // ---- interrupts ----------------------------------------------------------------------------------------------------

  private raise(channel: DmaChannel): void {
    this.raw |= 1 << channel.index;
    this.updateInterrupts();
  }

  private status(line: number): number {
    return (this.raw & this.enables[line]) | this.forces[line];
  }

  private updateInterrupts(): void {
    for (let line = 0; line < 2; line++) this.chip.setInterrupt(IRQS[line], this.status(line) !== 0);
  }

  // ---- registers -----------------------------------------------------------------------------------------------------

  protected read(offset: number): number {
    if (offset < R.CHANNELS_END) return this.readChannel(offset);
    if (offset >= R.DEBUG && offset < R.DEBUG + R.CHANNELS_END) return this.readDebug(offset - R.DEBUG);
    if (offset >= R.TIMER0 && offset <= R.TIMER3) return this.requests.timer((offset - R.TIMER0) >>> 2);
    switch (offset) {
      case R.INTR:
        return this.raw;
      case R.INTE0:
      case R.INTE1:
        return this.enables[offset === R.INTE0 ? 0 : 1];
      case R.INTF0:
      case R.INTF1:
        return this.forces[offset === R.INTF0 ? 0 : 1];
      case R.INTS0:
      case R.INTS1:
        return this.status(offset === R.INTS0 ? 0 : 1);
      case R.SNIFF_CTRL:
        return this.sniffer.control;
      case R.SNIFF_DATA:
        return this.sniffer.data;
      case R.FIFO_LEVELS:
        return this.engine.level;
      case R.CHAN_ABORT:
        return this.channels.reduce((bits, { aborting, index }) => bits | (aborting ? 1 << index : 0), 0);
      case R.N_CHANNELS:
        return R.CHANNELS;
      default:
        return 0;
    }
  }

  private readChannel(offset: number): number {
    const channel = this.channels[offset >>> 6];
    switch (R.WINDOW[(offset >>> 2) & 15]) {
      case R.READ_ADDR:
        return channel.readAddress;
      case R.WRITE_ADDR:
        return channel.writeAddress;
      case R.TRANS_COUNT:
        return channel.remaining;
      default:
        return channel.control;
    }
  }

  private readDebug(offset: number): number {
    const channel = this.channels[offset >>> 6];
    if ((offset & 0x3c) === R.DBG_TCR) return channel.reload;
    if ((offset & 0x3c) !== R.DBG_CTDREQ || !channel.busy) return 0;
    return Math.min(Math.max(this.engine.available(channel), 0), R.CREDIT_MAX);
  }

  protected write(offset: number, value: number, written: number): void {
    if (offset < R.CHANNELS_END) {
      this.writeChannel(offset, value, written);
      return;
    }
    if (offset >= R.TIMER0 && offset <= R.TIMER3) {
      this.writeTimer((offset - R.TIMER0) >>> 2, value);
      return;
    }
    switch (offset) {
      case R.INTR:
      case R.INTS0:
      case R.INTS1:
        this.raw &= ~written;
        break;
      case R.INTE0:
      case R.INTE1:
        this.enables[offset === R.INTE0 ? 0 : 1] = value & ALL_CHANNELS;
        break;
      case R.INTF0:
      case R.INTF1:
        this.forces[offset === R.INTF0 ? 0 : 1] = value & ALL_CHANNELS;
        break;
      case R.MULTI_CHAN_TRIGGER:
        for (const channel of this.channels)
          if (written & (1 << channel.index)) this.trigger(channel, this.now);
        return;
      case R.SNIFF_CTRL:
        this.sniffer.control = value;
        return;
      case R.SNIFF_DATA:
        this.sniffer.data = value;
        return;
      case R.CHAN_ABORT:
        this.abort(written);
        return;
    }
    this.updateInterrupts();
  }

  private writeTimer(n: number, value: number): void {
    this.requests.setTimer(n, value, this.now);
    const request = R.REQUEST_TIMER0 + n;
    for (const channel of this.channels) if (channel.request === request) channel.pacedTicks = 0;
    this.engine.requested(request, this.now);
  }

  private writeChannel(offset: number, value: number, written: number): void {
    const channel = this.channels[offset >>> 6];
    const word = (offset >>> 2) & 15;
    switch (R.WINDOW[word]) {
      case R.READ_ADDR:
        channel.readAddress = value;
        break;
      case R.WRITE_ADDR:
        channel.writeAddress = value;
        break;
      case R.TRANS_COUNT:
        channel.reload = value;
        break;
      default:
        channel.writeControl(value, written);
    }
    if (channel.busy) this.engine.channelChanged(channel, this.now);
    if (!R.isTrigger(word)) return;
    // A zero written to a trigger register is a null trigger: nothing starts, and a quiet channel says so.
    if (value !== 0) this.trigger(channel, this.now);
    else if (channel.ctrl & R.CTRL_IRQ_QUIET) this.raise(channel);
  }
}
