/**
 * The core's view of memory with faults instead of silence. Installed between the stock core and the stock bus; DMA keeps using the
 * bus directly. Memory map: RP2040 datasheet 2.2. Alignment: ARMv6-M ARM A3.2 (every unaligned access faults).
 */
import type { RP2040 } from 'rp2040js';
import { hex } from '../hex.ts';
import type { CounterReadListener, WriteWatcher } from '../machine.ts';
import type { SysTick } from './systick.ts';

const ROM_BYTES = 0x4000;
const SRAM = 0x20000000;
const SRAM_BYTES = 0x42000;
const FLASH_OFFSET_BITS = 0x00ffffff;
const XIP_CTRL_BLOCK = 0x14000000 >>> 14;
const SCS_PAGE = 0xe000e;

/** Where an access ended up. */
export type Region = 'rom' | 'flash' | 'xip' | 'sram' | 'peripheral' | 'sio' | 'ppb' | 'nothing';

/** Thrown through the stock core's instruction to end it; carries no stack trace because it is not a programming error. */
export class AccessFault {
  readonly kind: string;
  readonly message: string;
  readonly address: number;

  constructor(kind: string, message: string, address: number) {
    this.kind = kind;
    this.message = message;
    this.address = address;
  }
}

export function regionOf(rp2040: RP2040, address: number): Region {
  if (address < ROM_BYTES) return 'rom';
  if (address >>> 26 === 0x10000000 >>> 26) return 'flash';
  if (address >= SRAM && address < SRAM + SRAM_BYTES) return 'sram';
  if (address >>> 28 === 0xd) return 'sio';
  if (address >>> 12 === SCS_PAGE) return 'ppb';
  if (address >= 0x50100000 && address < 0x50101000) return 'peripheral'; // USB DPRAM
  if (address >>> 14 === XIP_CTRL_BLOCK) return 'xip';
  if (rp2040.findPeripheral(address)) return address >>> 28 === 1 ? 'xip' : 'peripheral';
  return 'nothing';
}

export class AccessCheck {
  readonly writeWatchers = new Map<number, WriteWatcher[]>();
  readonly counterListeners: CounterReadListener[] = [];
  private readonly rp2040: RP2040;
  private readonly sysTick: SysTick;
  private readonly sramView: DataView;
  private readonly cyclesNow: () => number;

  constructor(rp2040: RP2040, sysTick: SysTick, cyclesNow: () => number) {
    this.rp2040 = rp2040;
    this.sysTick = sysTick;
    this.sramView = rp2040.sramView;
    this.cyclesNow = cyclesNow;
  }

  install(): void {
    const { core } = this.rp2040;
    core.readUint32 = (address) => this.read32(address >>> 0);
    core.readUint16 = (address) => this.read16(address >>> 0);
    core.readUint8 = (address) => this.read8(address >>> 0);
    core.writeUint32 = (address, value) => this.write32(address >>> 0, value >>> 0);
    core.writeUint16 = (address, value) => this.write16(address >>> 0, value & 0xffff);
    core.writeUint8 = (address, value) => this.write8(address >>> 0, value & 0xff);
  }

  /** One halfword of an instruction. */
  fetch(address: number): number {
    const offset = address - SRAM;
    if (offset >= 0 && offset < SRAM_BYTES) return this.sramView.getUint16(offset, true);
    const region = regionOf(this.rp2040, address);
    if (region === 'flash') return this.rp2040.flashView.getUint16(address & FLASH_OFFSET_BITS, true);
    if (region === 'rom') return this.rp2040.readUint16(address);
    const kind = region === 'nothing' ? 'unmapped-fetch' : 'fetch-from-peripheral';
    const where = region === 'nothing' ? 'where there is no memory' : 'in the address range of peripherals';
    throw new AccessFault(kind, `The program jumped to ${hex(address)}, ${where}`, address);
  }

  private read32(address: number): number {
    if (address & 3) this.unaligned('read', 32, address);
    const offset = address - SRAM;
    if (offset >= 0 && offset < SRAM_BYTES) return this.sramView.getUint32(offset, true);
    const region = this.mapped('read', address);
    if (region === 'ppb' && this.sysTick.isCounter(address & 0xfff)) {
      for (const listener of this.counterListeners) listener(0, this.cyclesNow());
    }
    return this.rp2040.readUint32(address);
  }

  private read16(address: number): number {
    if (address & 1) this.unaligned('read', 16, address);
    const offset = address - SRAM;
    if (offset >= 0 && offset < SRAM_BYTES) return this.sramView.getUint16(offset, true);
    this.mapped('read', address);
    return this.rp2040.readUint16(address);
  }

  private read8(address: number): number {
    this.mapped('read', address);
    return this.rp2040.readUint8(address);
  }

  private write32(address: number, value: number): void {
    if (address & 3) this.unaligned('write', 32, address);
    const offset = address - SRAM;
    if (offset >= 0 && offset < SRAM_BYTES) this.sramView.setUint32(offset, value, true);
    else {
      if (!this.writable(address)) return;
      this.rp2040.writeUint32(address, value);
    }
    if (this.writeWatchers.size > 0) this.wrote(address, 4, value);
  }

  private write16(address: number, value: number): void {
    if (address & 1) this.unaligned('write', 16, address);
    if (!this.writable(address)) return;
    this.rp2040.writeUint16(address, value);
    if (this.writeWatchers.size > 0) this.wrote(address, 2, value);
  }

  private write8(address: number, value: number): void {
    if (!this.writable(address)) return;
    this.rp2040.writeUint8(address, value);
    if (this.writeWatchers.size > 0) this.wrote(address, 1, value);
  }

  private mapped(verb: 'read' | 'write', address: number): Region {
    const region = regionOf(this.rp2040, address);
    if (region === 'nothing') {
      const what = verb === 'read' ? 'A read from' : 'A write to';
      throw new AccessFault(`unmapped-${verb}`, `${what} ${hex(address)}, where there is nothing`, address);
    }
    return region;
  }

  /** False where a write has no effect: the boot ROM ignores it, and TinyUSB relies on that (it writes through a null pointer). */
  private writable(address: number): boolean {
    const region = this.mapped('write', address);
    if (region === 'flash')
      throw new AccessFault('write-to-flash', `A write to ${hex(address)}, which is flash`, address);
    return region !== 'rom';
  }

  private unaligned(verb: string, bits: number, address: number): never {
    throw new AccessFault(
      'unaligned-access',
      `A ${bits}-bit ${verb} at ${hex(address)}, which is not a multiple of ${bits / 8}`,
      address,
    );
  }

  private wrote(address: number, bytes: number, value: number): void {
    for (let at = address; at < address + bytes; at++) {
      const watchers = this.writeWatchers.get(at);
      if (watchers) for (const watcher of watchers) watcher(value, this.cyclesNow(), 0);
    }
  }
}
