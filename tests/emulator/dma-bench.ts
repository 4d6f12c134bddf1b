/** A DMA controller on an ideal bus, one clk_sys cycle at a time: every port free, words of `memory` and peripherals by address. */
import { RP2040 } from 'rp2040js';
import type { AccessSize, MasterBus } from '../../emulator/bus/master.ts';
import { installPeripherals, type Peripherals } from '../../emulator/peripherals/install.ts';
import { CycleClock } from '../../emulator/stock/clock.ts';

export const DMA = 0x50000000;
export const SIZE_8 = 0;
export const SIZE_16 = 1 << 2;
export const SIZE_32 = 2 << 2;
export const EN = 1;
export const HIGH_PRIORITY = 2;
export const INCR_READ = 1 << 4;
export const INCR_WRITE = 1 << 5;
export const RING_WRITE = 1 << 10;
export const IRQ_QUIET = 1 << 21;
export const BSWAP = 1 << 22;
export const SNIFF = 1 << 23;
export const BUSY = 1 << 24;
export const PERMANENT = 63;

export interface BusEvent {
  kind: 'read' | 'write';
  cycle: number;
  address: number;
  value: number;
}

export class DmaBench implements MasterBus {
  readonly clock = new CycleClock(125_000_000);
  readonly rp2040: RP2040;
  readonly chips: Peripherals;
  readonly events: BusEvent[] = [];
  dataCycle = 0;
  failed = false;
  /** Wait states of an access. */
  wait: (address: number) => number = () => 0;
  /** Ports that are busy with somebody else in a cycle. */
  blocked: (address: number, cycle: number) => boolean = () => false;
  /** Called on each access, before it: a peripheral's own view of its FIFO. */
  onAccess: (event: BusEvent) => void = () => {};

  constructor() {
    this.rp2040 = new RP2040(this.clock);
    this.chips = installPeripherals(this.rp2040);
    this.clock.setFrequency(125_000_000);
    this.rp2040.clkSys = 125_000_000;
    this.chips.dma.connect(this);
  }

  requestChanged(): void {}

  read(address: number, size: AccessSize, cycle: number): number {
    this.failed = address >>> 28 === 0xe;
    this.dataCycle = cycle + 1 + this.wait(address);
    const value =
      size === 4
        ? this.rp2040.readUint32(address)
        : size === 2
          ? this.rp2040.readUint16(address)
          : this.rp2040.readUint8(address);
    this.record({ kind: 'read', cycle, address, value: value >>> 0 });
    return value >>> 0;
  }

  write(address: number, value: number, size: AccessSize, cycle: number): void {
    this.failed = address >>> 28 === 0xe;
    this.dataCycle = cycle + 1 + this.wait(address);
    this.record({ kind: 'write', cycle, address, value });
    if (this.failed) return;
    if (size === 4) this.rp2040.writeUint32(address, value);
    else if (size === 2) this.rp2040.writeUint16(address, value);
    else this.rp2040.writeUint8(address, value);
  }

  private record(event: BusEvent): void {
    this.events.push(event);
    this.onAccess(event);
  }

  /** Runs through the cycles up to and including `cycle`. */
  runTo(cycle: number): void {
    const masters = this.chips.dma.masters;
    while (this.clock.cycles < cycle) {
      this.clock.cycles++;
      const now = this.clock.cycles;
      this.clock.fireDue();
      for (const master of masters) {
        if (master.requestCycle > now || master.requestCycle === Number.POSITIVE_INFINITY) continue;
        if (this.blocked(master.requestAddress, now)) master.requestCycle = now + 1;
        else master.commit(now);
      }
    }
  }

  run(cycles: number): void {
    this.runTo(this.clock.cycles + cycles);
  }

  get cycle(): number {
    return this.clock.cycles;
  }

  set(register: number, value: number): void {
    this.rp2040.writeUint32(DMA + register, value >>> 0);
  }

  get(register: number): number {
    return this.rp2040.readUint32(DMA + register);
  }

  /** Sets a channel up and triggers it. `control` without EN, TREQ and CHAIN_TO. */
  start(
    channel: number,
    {
      read,
      write,
      count,
      control,
      request = PERMANENT,
      chain = channel,
    }: {
      read: number;
      write: number;
      count: number;
      control: number;
      request?: number;
      chain?: number;
    },
  ): void {
    const base = channel * 0x40;
    this.set(base + 0x00, read);
    this.set(base + 0x04, write);
    this.set(base + 0x08, count);
    this.set(base + 0x0c, control | EN | (request << 15) | (chain << 11));
  }

  busy(channel: number): boolean {
    return (this.get(channel * 0x40 + 0x10) & BUSY) !== 0;
  }

  writes(): BusEvent[] {
    return this.events.filter(({ kind }) => kind === 'write');
  }

  reads(): BusEvent[] {
    return this.events.filter(({ kind }) => kind === 'read');
  }
}
