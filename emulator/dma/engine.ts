/**
 * The two bus masters of the DMA and what goes on between them: four overlapped phases (read address, read data, write address, write
 * data), one element per cycle at best, channels in turn. RP2040 datasheet 2.5; raspberrypi/pico-feedback issue 202.
 *
 * Every cycle number is an absolute clk_sys cycle. The engine never looks at a clock by itself: it is told `now`.
 */
import type { AccessSize, BusMaster, MasterBus } from '../bus/master.ts';
import { MASTER_DMA_READ, MASTER_DMA_WRITE } from '../bus/master.ts';
import { memoryTiming } from '../timing/memory-rules.ts';
import type { DmaChannel } from './channel.ts';
import * as R from './registers.ts';
import type { Requests } from './requests.ts';

const NEVER = Number.POSITIVE_INFINITY;

/** What the engine tells the register block. */
export interface EngineEvents {
  /** Data passed through a channel that the sniffer listens to. */
  sniffed(channel: DmaChannel, data: number, size: number): void;
  /** The last write of a sequence is done at `cycle`. */
  finished(channel: DmaChannel, cycle: number): void;
  /** A bus error stopped the channel. */
  failed(channel: DmaChannel, bit: number): void;
  /** An aborted channel has nothing on its way any more. */
  aborted(channel: DmaChannel): void;
}

export class DmaEngine {
  readonly readMaster: BusMaster;
  readonly writeMaster: BusMaster;
  /** Set while a commit is on the bus: register accesses that it causes happen in that cycle. */
  busCycle = -1;

  private readonly channels: readonly DmaChannel[];
  private readonly requests: Requests;
  private readonly events: EngineEvents;
  private bus: MasterBus;

  private readonly fifoDepth = memoryTiming.dmaDataFifo;
  private readonly fifoChannel = new Uint8Array(this.fifoDepth);
  private readonly fifoData = new Uint32Array(this.fifoDepth);
  private readonly fifoReady = new Float64Array(this.fifoDepth);
  private fifoHead = 0;
  private fifoLevel = 0;
  private nextReadAt = 0;
  private nextWriteAt = 0;
  private selected = 0;
  private lastServed = R.CHANNELS - 1;
  /** Channels that are enabled and busy with reads to issue, as bits. */
  private active = 0;

  constructor(channels: readonly DmaChannel[], requests: Requests, events: EngineEvents, bus: MasterBus) {
    this.channels = channels;
    this.requests = requests;
    this.events = events;
    this.bus = bus;
    this.readMaster = {
      id: MASTER_DMA_READ,
      requestCycle: NEVER,
      requestAddress: 0,
      commit: (cycle) => this.commitRead(cycle),
    };
    this.writeMaster = {
      id: MASTER_DMA_WRITE,
      requestCycle: NEVER,
      requestAddress: 0,
      commit: (cycle) => this.commitWrite(cycle),
    };
  }

  /** Leaves the present bus for another; nothing may be on its way. */
  connect(bus: MasterBus): void {
    this.bus = bus;
  }

  reset(): void {
    this.fifoLevel = 0;
    this.active = 0;
    this.nextReadAt = 0;
    this.nextWriteAt = 0;
    this.readMaster.requestCycle = NEVER;
    this.writeMaster.requestCycle = NEVER;
    this.bus.requestChanged();
  }

  /** Elements between read and write now. */
  get level(): number {
    return this.fifoLevel;
  }

  /** A channel was started, paused, resumed or given other settings. */
  channelChanged(channel: DmaChannel, now: number): void {
    const bit = 1 << channel.index;
    const wants = channel.enabled && channel.busy && channel.unread > 0 && !channel.aborting;
    this.active = wants ? this.active | bit : this.active & ~bit;
    this.plan(now);
  }

  /** Something may have become possible for the channels that wait for this request. */
  requested(request: number, now: number): void {
    if (this.active === 0) return;
    for (const channel of this.channels) {
      if (this.active & (1 << channel.index) && channel.request === request) {
        this.plan(now);
        return;
      }
    }
  }

  /** Credits of the channel's request that are not yet spoken for. */
  available(channel: DmaChannel): number {
    const { request } = channel;
    if (request >= R.REQUEST_PWM_FIRST && request <= R.REQUEST_PWM_LAST) return channel.credits;
    if (request >= R.REQUESTS) return 0;
    const level = this.requests.level(request);
    if (level === 0 || !R.isTransmit(request)) return level;
    let onTheWay = 0;
    for (const other of this.channels)
      if (other.inFlight && other.request === request) onTheWay += other.inFlight;
    return level - onTheWay;
  }

  /** Earliest cycle in which the channel can issue its next read, seen from `now`. */
  private readyAt(channel: DmaChannel, now: number): number {
    const { request } = channel;
    if (request === R.REQUEST_PERMANENT) return channel.notBefore;
    if (request >= R.REQUEST_TIMER0) {
      const tick = this.requests.tickCycle(request, channel.pacedTicks + 1);
      return Math.max(channel.notBefore, tick + memoryTiming.dmaDreqLatency);
    }
    if (this.available(channel) <= 0) {
      channel.starved = true;
      return NEVER;
    }
    if (channel.starved) {
      channel.starved = false;
      channel.notBefore = Math.max(channel.notBefore, now + memoryTiming.dmaDreqLatency);
    }
    return channel.notBefore;
  }

  /** Decides what the two masters ask for next. During a commit that is left to its end. */
  private plan(now: number): void {
    if (this.busCycle >= 0) return;
    this.planRead(now);
    this.planWrite();
    this.bus.requestChanged();
  }

  private planRead(now: number): void {
    const { readMaster } = this;
    if (this.active === 0 || this.fifoLevel === this.fifoDepth) {
      readMaster.requestCycle = NEVER;
      return;
    }
    const earliest = Math.max(this.nextReadAt, now);
    let best = NEVER;
    let bestHigh = false;
    for (let turn = 1; turn <= R.CHANNELS; turn++) {
      const index = (this.lastServed + turn) % R.CHANNELS;
      if (!(this.active & (1 << index))) continue;
      const channel = this.channels[index];
      const ready = Math.max(earliest, this.readyAt(channel, now));
      const { highPriority } = channel;
      if (ready < best || (ready === best && ready < NEVER && highPriority && !bestHigh)) {
        best = ready;
        bestHigh = highPriority;
        this.selected = index;
      }
    }
    readMaster.requestCycle = best;
    if (best < NEVER) readMaster.requestAddress = this.channels[this.selected].readAddress;
  }

  private planWrite(): void {
    const { writeMaster, fifoHead } = this;
    if (this.fifoLevel === 0) {
      writeMaster.requestCycle = NEVER;
      return;
    }
    writeMaster.requestCycle = Math.max(this.fifoReady[fifoHead], this.nextWriteAt);
    writeMaster.requestAddress = this.channels[this.fifoChannel[fifoHead]].writeAddress;
  }

  private commitRead(cycle: number): void {
    const { bus } = this;
    const channel = this.channels[this.selected];
    const size: AccessSize = channel.size;
    this.readMaster.requestCycle = NEVER;
    this.busCycle = cycle;
    const data = channel.swapped(bus.read(channel.readAddress, size, cycle, MASTER_DMA_READ));
    this.nextReadAt = Math.max(cycle + 1, bus.dataCycle);
    if (bus.failed) this.fail(channel, R.CTRL_READ_ERROR);
    else this.readDone(channel, data, size);
    this.busCycle = -1;
    this.plan(cycle + 1);
  }

  private readDone(channel: DmaChannel, data: number, size: number): void {
    this.lastServed = channel.index;
    channel.stepRead();
    channel.unread--;
    channel.inFlight++;
    channel.pacedTicks++;
    if (channel.credits > 0) channel.credits--;
    if (channel.unread === 0) this.active &= ~(1 << channel.index);
    if (channel.ctrl & R.CTRL_SNIFF) this.events.sniffed(channel, data, size);
    const tail = (this.fifoHead + this.fifoLevel) % this.fifoDepth;
    this.fifoChannel[tail] = channel.index;
    this.fifoData[tail] = data;
    this.fifoReady[tail] = this.nextReadAt + memoryTiming.dmaReadToWrite;
    this.fifoLevel++;
  }

  private commitWrite(cycle: number): void {
    const { bus, fifoHead } = this;
    const channel = this.channels[this.fifoChannel[fifoHead]];
    const data = this.fifoData[fifoHead];
    this.fifoHead = (fifoHead + 1) % this.fifoDepth;
    this.fifoLevel--;
    this.writeMaster.requestCycle = NEVER;
    channel.inFlight--;
    this.busCycle = cycle + 1;
    bus.write(channel.writeAddress, data, channel.size, cycle, MASTER_DMA_WRITE);
    this.nextWriteAt = Math.max(cycle + 1, bus.dataCycle);
    if (bus.failed) this.fail(channel, R.CTRL_WRITE_ERROR);
    else this.writeDone(channel);
    this.busCycle = -1;
    this.plan(cycle + 1);
  }

  private writeDone(channel: DmaChannel): void {
    channel.stepWrite();
    channel.remaining--;
    if (channel.aborting) {
      if (channel.inFlight === 0) this.events.aborted(channel);
    } else if (channel.remaining === 0) {
      this.events.finished(channel, this.nextWriteAt);
    }
  }

  private fail(channel: DmaChannel, bit: number): void {
    this.active &= ~(1 << channel.index);
    channel.unread = 0;
    this.events.failed(channel, bit);
  }
}
