/** XIP_CTRL, the streaming FIFO's fast window and the cache used as SRAM. RP2040 datasheet 2.6.3.6. */
import type { RP2040 } from 'rp2040js';
import { RegisterBlock } from '../peripherals/block.ts';
import { CACHE_BYTES, type XipCache } from './cache.ts';
import type { XipStream } from './stream.ts';

const CTRL = 0x00;
const FLUSH = 0x04;
const STAT = 0x08;
const CTR_HIT = 0x0c;
const CTR_ACC = 0x10;
const STREAM_ADDR = 0x14;
const STREAM_CTR = 0x18;
const STREAM_FIFO = 0x1c;

const CTRL_EN = 1 << 0;
const CTRL_ERR_BADWRITE = 1 << 1;
const CTRL_POWER_DOWN = 1 << 3;
const CTRL_RESET = CTRL_EN | CTRL_ERR_BADWRITE;
const STAT_FLUSH_READY = 1 << 0;
const STAT_FIFO_EMPTY = 1 << 1;
const STAT_FIFO_FULL = 1 << 2;
const COUNTER_MAX = 0xffffffff;

export class XipControl extends RegisterBlock {
  /** Wait states of the last register read: reading FLUSH waits for the end of the flush. */
  readWait = 0;
  private ctrl = CTRL_RESET;
  private readonly cache: XipCache;
  private readonly stream: XipStream;
  private readonly now: () => number;

  constructor(rp2040: RP2040, cache: XipCache, stream: XipStream, now: () => number) {
    super(rp2040, 'XIP_CTRL_BASE');
    this.cache = cache;
    this.stream = stream;
    this.now = now;
  }

  powerOn(): void {
    this.ctrl = CTRL_RESET;
    this.cache.powerOn();
    this.stream.powerOn();
  }

  /** Stores to the non-caching aliases are bus errors, not silence. */
  get refusesBadWrites(): boolean {
    return (this.ctrl & CTRL_ERR_BADWRITE) !== 0;
  }

  protected override peek(offset: number): number {
    return offset === STREAM_FIFO ? 0 : this.read(offset);
  }

  protected read(offset: number): number {
    this.readWait = 0;
    switch (offset) {
      case CTRL:
        return this.ctrl;
      case FLUSH:
        this.readWait = Math.max(0, this.cache.flushEndCycle - this.now());
        return 0;
      case STAT: {
        const { level } = this.stream;
        const ready = this.now() >= this.cache.flushEndCycle ? STAT_FLUSH_READY : 0;
        return ready | (level === 0 ? STAT_FIFO_EMPTY : 0) | (level === 2 ? STAT_FIFO_FULL : 0);
      }
      case CTR_HIT:
        return Math.min(this.cache.hitCount, COUNTER_MAX);
      case CTR_ACC:
        return Math.min(this.cache.accessCount, COUNTER_MAX);
      case STREAM_ADDR:
        return this.stream.address;
      case STREAM_CTR:
        return this.stream.count;
      case STREAM_FIFO:
        return this.stream.pop();
      default:
        return 0;
    }
  }

  protected write(offset: number, value: number): void {
    switch (offset) {
      case CTRL:
        this.ctrl = value & (CTRL_EN | CTRL_ERR_BADWRITE | CTRL_POWER_DOWN);
        if (value & CTRL_POWER_DOWN) this.ctrl &= ~CTRL_EN;
        this.cache.poweredDown = (value & CTRL_POWER_DOWN) !== 0;
        this.cache.setEnabled((this.ctrl & CTRL_EN) !== 0);
        break;
      case FLUSH:
        if (value & 1) this.cache.flush(this.now());
        break;
      case CTR_HIT:
        this.cache.clearHits();
        break;
      case CTR_ACC:
        this.cache.clearAccesses();
        break;
      case STREAM_ADDR:
        this.stream.address = value;
        break;
      case STREAM_CTR:
        this.stream.count = value;
        break;
    }
  }
}

/** 0x50400000: the streaming FIFO without wait states. */
export class XipAux extends RegisterBlock {
  private readonly stream: XipStream;

  constructor(rp2040: RP2040, stream: XipStream) {
    super(rp2040, 'XIP_AUX_BASE');
    this.stream = stream;
  }

  protected override peek(): number {
    return 0;
  }

  protected read(): number {
    return this.stream.pop();
  }

  protected write(): void {}
}

/** 0x15000000 for the stock bus, which knows peripherals only: whole words of the disabled cache's memory. */
export class XipSram extends RegisterBlock {
  private readonly cache: XipCache;

  constructor(rp2040: RP2040, cache: XipCache) {
    super(rp2040, 'XIP_SRAM_BASE');
    this.cache = cache;
  }

  override readUint32(offset: number): number {
    const { sram } = this.cache;
    if (!sram) return 0;
    const at = offset & (CACHE_BYTES - 4);
    return (sram[at] | (sram[at + 1] << 8) | (sram[at + 2] << 16) | (sram[at + 3] << 24)) >>> 0;
  }

  override writeUint32(offset: number, value: number): void {
    const { sram } = this.cache;
    if (!sram) return;
    const at = offset & (CACHE_BYTES - 4);
    for (let byte = 0; byte < 4; byte++) sram[at + byte] = value >>> (8 * byte);
  }

  /** There are no aliases here: the two bits are address bits. */
  override writeUint32Atomic(offset: number, value: number, atomicType: number): void {
    this.writeUint32((atomicType << 12) | offset, value);
  }

  protected read(): number {
    return 0;
  }

  protected write(): void {}
}
