/**
 * The bus as the cores see it, for every access the interpreter does not do by itself: fetches that may wait, flash,
 * peripherals, SIO, the private peripherals, stores that need a second look, and faults.
 *
 * Each access leaves in the core: `status`, and when done `cost`, the cycles of the whole load or store instruction.
 * Memory map: RP2040 datasheet 2.2.
 */
import type { Peripheral, RP2040 } from 'rp2040js';
import type { ChipClock } from '../chip/clock.ts';
import {
  type CodeCache,
  PAGE_CODE,
  PAGE_SHIFT,
  PAGE_UNSTRIPED_CODE,
  PAGE_WATCHED,
  REGION_ROM,
  REGION_SRAM,
  REGION_UNSTRIPED,
  REGION_XIP,
} from '../core/code-cache.ts';
import { ACCESS_DONE, ACCESS_FAULT, ACCESS_LOST, type Core } from '../core/core.ts';
import { accessFault, hex, raiseFault } from '../core/fault.ts';
import type { PrivatePeripherals } from '../core/ppb.ts';
import { STALL_BUS, STALL_XIP } from '../core/stalls.ts';
import type { Sio } from '../sio/sio.ts';
import { timing } from '../timing/table.ts';
import type { Arbiter } from './arbiter.ts';
import {
  SLAVE_APB,
  SLAVE_FASTPERI,
  SLAVE_NONE,
  SLAVE_ROM,
  SLAVE_SRAM0,
  SLAVE_XIP,
  SRAM_BASE,
  SRAM_BYTES,
  STRIPED_BYTES,
  sramSlave,
  stripedOffset,
  UNSTRIPED_BASE,
} from './slaves.ts';
import type { XipPort } from './xip-port.ts';

const ROM_BYTES = 0x4000;
const DPRAM_BASE = 0x50100000;
const DPRAM_BYTES = 0x1000;
const XIP_SRAM_BASE = 0x15000000;
const XIP_SRAM_BYTES = 0x4000;
const LANES = [0, 0x01010101, 0x00010001, 0, 1];

/** What of the chip the bus reaches. */
export interface BusChip {
  readonly rp2040: RP2040;
  readonly clock: ChipClock;
  readonly base: number;
  readonly code: CodeCache;
  readonly arbiter: Arbiter;
  readonly sioBlock: Sio;
  readonly ppbs: readonly [PrivatePeripherals, PrivatePeripherals];
  xip: XipPort;
  /** Callbacks by SRAM byte offset. */
  readonly watches: Map<number, ((value: number, cycle: number, core: number) => void)[]>;
  /** After an access with side effects: alarms or requests may now come earlier. */
  sideEffects(): void;
}

export class CoreBus {
  private readonly chip: BusChip;
  private readonly rom32: Uint32Array;
  private readonly flash32: Uint32Array;
  private readonly sram8: Uint8Array;
  private readonly sram16: Uint16Array;
  private readonly sram32: Uint32Array;
  /** Cycle in which the cache used as SRAM was last written. */
  private xipSramWritten = -1;

  constructor(chip: BusChip) {
    this.chip = chip;
    const { bootrom, flash, sram } = chip.rp2040;
    this.rom32 = bootrom;
    this.flash32 = new Uint32Array(flash.buffer);
    this.sram8 = sram;
    this.sram16 = new Uint16Array(sram.buffer);
    this.sram32 = new Uint32Array(sram.buffer);
  }

  // ---- fetches

  /**
   * Fetches the word that holds halfword `index` of the core's region, with its address phase at `at`.
   * Returns the wait states, or -1 when another master has the port (`core.retryAt` says when it is free).
   */
  fetch(core: Core, index: number, at: number): number {
    const slave = this.fetchSlave(core, index);
    if (slave < 0) return 0;
    if (core.contended && !this.claim(core, slave, 1, at)) return -1;
    if (slave !== SLAVE_XIP) return 0;
    return this.xipRead(core, core.base + index * 2, at);
  }

  /** Port that an instruction fetch goes to; -1 where nothing can be fetched. */
  fetchSlave(core: Core, index: number): number {
    switch (core.region.kind) {
      case REGION_ROM:
        return SLAVE_ROM;
      case REGION_XIP:
        return SLAVE_XIP;
      case REGION_SRAM:
        return sramSlave(index << 1);
      case REGION_UNSTRIPED:
        return SLAVE_SRAM0 + (index >> 15);
      default:
        return -1;
    }
  }

  private xipRead(core: Core, address: number, at: number): number {
    const { xip, base, arbiter } = this.chip;
    const word = (address & 0xffffff) >>> 2;
    if (address >>> 24 === 0x10) {
      const way = xip.resident[word];
      if (way !== 0) {
        xip.fastHits++;
        xip.lastWay[(word >> 1) & 1023] = way;
        return 0;
      }
    }
    const wait = xip.access(address >>> 0, base + at);
    if (wait > 0) core.stalls.add(STALL_XIP, base + at, wait);
    if (xip.problem !== undefined) this.flashProblem(core, xip, address);
    if (core.contended) arbiter.extend(SLAVE_XIP, at + 1 + wait);
    return wait;
  }

  private flashProblem(core: Core, xip: XipPort, address: number): void {
    const reason = xip.problem;
    xip.problem = undefined;
    raiseFault(core, 'flash-unreadable', `A read of flash at ${hex(address)}, but ${reason}`, address >>> 0);
  }

  // ---- loads

  /** @returns the value, zero-extended. `address` is unsigned, `size` 1, 2 or 4. */
  load(core: Core, address: number, size: number, at: number): number {
    core.status = ACCESS_DONE;
    if ((address & (size - 1)) !== 0) return this.fail(core, 'unaligned-access', address, size);
    switch (address >>> 28) {
      case 0:
        if (address >= ROM_BYTES) break;
        if (core.contended && !this.claim(core, SLAVE_ROM, 1, at)) return 0;
        core.cost = timing.load;
        return lane(this.rom32[address >>> 2], address, size);
      case 1:
        return this.loadXip(core, address, size, at);
      case 2: {
        const offset = sramOffset(address);
        if (offset < 0) break;
        if (core.contended && !this.claim(core, sramSlave(offset), 1, at)) return 0;
        core.cost = timing.load;
        return lane(this.sram32[offset >>> 2], offset, size);
      }
      case 4:
        return this.loadPeripheral(core, address, size, at, SLAVE_APB);
      case 5:
        return this.loadPeripheral(core, address, size, at, SLAVE_FASTPERI);
      case 0xd:
        if (core.contended && !this.claim(core, SLAVE_NONE, 0, at)) return 0;
        this.present(core, at);
        core.cost = timing.sio;
        return this.after(core, lane(this.chip.sioBlock.read(core.id, address & 0xffc), address, size));
      case 0xe:
        if (address >>> 12 !== 0xe000e || !core.privileged) break;
        this.present(core, at);
        core.cost = timing.ppb;
        core.sampleDelay = timing.ppbSample;
        return this.after(core, lane(this.chip.ppbs[core.id].read(address & 0xffc), address, size));
    }
    return this.fail(core, 'unmapped-read', address, size);
  }

  private loadXip(core: Core, address: number, size: number, at: number): number {
    if (address < 0x14000000) {
      if (core.contended && !this.claim(core, SLAVE_XIP, 1, at)) return 0;
      core.cost = timing.load + this.xipRead(core, address, at);
      return lane(this.flash32[(address & 0xffffff) >>> 2], address, size);
    }
    const sram = this.xipSram(address);
    if (sram) {
      if (core.contended && !this.claim(core, SLAVE_XIP, 1, at)) return 0;
      const afterWrite = this.xipSramWritten === this.chip.base + at - 1;
      core.cost = timing.load + (afterWrite ? timing.xipSramWriteRead : 0);
      if (afterWrite) core.stalls.add(STALL_XIP, this.chip.base + at, timing.xipSramWriteRead);
      return readBytes(sram, address & (XIP_SRAM_BYTES - 1), size);
    }
    return this.loadPeripheral(core, address, size, at, SLAVE_XIP);
  }

  private loadPeripheral(core: Core, address: number, size: number, at: number, slave: number): number {
    const dpram = address >= DPRAM_BASE && address < DPRAM_BASE + DPRAM_BYTES;
    const peripheral = dpram ? undefined : this.chip.rp2040.findPeripheral(address);
    if (!dpram && !peripheral) return this.fail(core, 'unmapped-read', address, size);
    const cost =
      slave === SLAVE_APB ? timing.apbLoad : slave === SLAVE_XIP ? timing.xipRegister : timing.fastPeripheral;
    if (core.contended && !this.claim(core, slave, cost - 1, at)) return 0;
    this.present(core, at);
    core.cost = cost;
    const word = peripheral
      ? peripheral.readUint32(address & 0xffc)
      : this.chip.rp2040.usbDPRAMView.getUint32(address & (DPRAM_BYTES - 4), true);
    if (slave === SLAVE_XIP) this.addReadWait(core, peripheral, at);
    return this.after(core, lane(word, address, size));
  }

  /** XIP_CTRL.FLUSH holds its reader, and the port, until the flush is done. */
  private addReadWait(
    core: Core,
    peripheral: (Peripheral & { readWait?: number }) | undefined,
    at: number,
  ): void {
    const wait = peripheral?.readWait ?? 0;
    if (wait === 0) return;
    core.cost += wait;
    core.stalls.add(STALL_XIP, this.chip.base + at, wait);
    if (core.contended) this.chip.arbiter.extend(SLAVE_XIP, at + core.cost - 1);
  }

  // ---- stores

  /** Stores the low `size` bytes of `value`. */
  store(core: Core, address: number, value: number, size: number, at: number): void {
    core.status = ACCESS_DONE;
    if ((address & (size - 1)) !== 0) {
      this.refuse(core, 'unaligned-access', address, size);
      return;
    }
    switch (address >>> 28) {
      case 0:
        if (address >= ROM_BYTES) break;
        // The ROM ignores writes (datasheet 2.6.1), and TinyUSB relies on that: it writes through a null pointer.
        if (core.contended && !this.claim(core, SLAVE_ROM, 1, at)) return;
        core.cost = timing.store;
        return;
      case 1:
        this.storeXip(core, address, value, size, at);
        return;
      case 2: {
        const offset = sramOffset(address);
        if (offset < 0) break;
        if (core.contended && !this.claim(core, sramSlave(offset), 1, at)) return;
        core.cost = timing.store;
        this.writeSram(offset, value, size, core.id, at);
        return;
      }
      case 4:
        this.storePeripheral(core, address, value, size, at, SLAVE_APB);
        return;
      case 5:
        this.storePeripheral(core, address, value, size, at, SLAVE_FASTPERI);
        return;
      case 0xd:
        if (core.contended && !this.claim(core, SLAVE_NONE, 0, at)) return;
        this.present(core, at);
        core.cost = timing.sio;
        this.chip.sioBlock.write(core.id, address & 0xffc, onLanes(value, size));
        this.chip.sideEffects();
        return;
      case 0xe:
        if (address >>> 12 !== 0xe000e || !core.privileged) break;
        this.present(core, at);
        core.cost = timing.ppb;
        core.sampleDelay = timing.ppbSample;
        this.chip.ppbs[core.id].write(address & 0xffc, onLanes(value, size) >>> 0);
        core.sampleDelay = 0;
        this.chip.sideEffects();
        return;
    }
    this.fail(core, 'unmapped-write', address, size);
  }

  private storeXip(core: Core, address: number, value: number, size: number, at: number): void {
    if (address < 0x14000000) {
      // The hardware ignores the data (and drops the cache line): a program that does this is lost, so it is a fault.
      this.refuse(core, 'write-to-flash', address, size);
      return;
    }
    const sram = this.xipSram(address);
    if (!sram) {
      this.storePeripheral(core, address, value, size, at, SLAVE_XIP);
      return;
    }
    if (core.contended && !this.claim(core, SLAVE_XIP, 1, at)) return;
    core.cost = timing.store;
    this.xipSramWritten = this.chip.base + at;
    writeBytes(sram, address & (XIP_SRAM_BYTES - 1), value, size);
  }

  private storePeripheral(
    core: Core,
    address: number,
    value: number,
    size: number,
    at: number,
    slave: number,
  ): void {
    const { rp2040 } = this.chip;
    const dpram = address >= DPRAM_BASE && address < DPRAM_BASE + DPRAM_BYTES;
    const peripheral = dpram ? undefined : rp2040.findPeripheral(address);
    if (!dpram && !peripheral) {
      this.refuse(core, 'unmapped-write', address, size);
      return;
    }
    const alias = (address & 0x3000) >> 12;
    let cost =
      slave === SLAVE_APB
        ? timing.apbStore
        : slave === SLAVE_XIP
          ? timing.xipRegisterStore
          : timing.fastPeripheral;
    if (peripheral && alias !== 0 && hasInterposer(address)) cost += timing.atomicInterposer;
    if (core.contended && !this.claim(core, slave, cost - 1, at)) return;
    this.present(core, at);
    core.cost = cost;
    if (peripheral) writePeripheral(peripheral, address, onLanes(value, size), alias);
    else this.writeDpram(address & (DPRAM_BYTES - 1), value, size);
    this.chip.sideEffects();
  }

  writeDpram(offset: number, value: number, size: number): void {
    const { usbDPRAM, usbDPRAMView, usbCtrl } = this.chip.rp2040;
    writeBytes(usbDPRAM, offset, value, size);
    const word = offset & ~3;
    usbCtrl.DPRAMUpdated(word, usbDPRAMView.getUint32(word, true));
  }

  /** A store to SRAM by any master, with the consequences for decoded instructions and watches. */
  writeSram(offset: number, value: number, size: number, master: number, at: number): void {
    if (size === 4) this.sram32[offset >> 2] = value;
    else if (size === 2) this.sram16[offset >> 1] = value;
    else this.sram8[offset] = value;
    const flags = this.chip.code.sramPages[offset >> PAGE_SHIFT];
    if (flags & (PAGE_CODE | PAGE_UNSTRIPED_CODE)) this.chip.code.sramStored(offset, size);
    if (flags & PAGE_WATCHED) this.watched(offset, value, size, master, at);
  }

  private watched(offset: number, value: number, size: number, master: number, at: number): void {
    const stored = size === 4 ? value >>> 0 : value & ((1 << (8 * size)) - 1);
    for (let byte = offset; byte < offset + size; byte++) {
      const watchers = this.chip.watches.get(byte);
      if (watchers) for (const watcher of watchers) watcher(stored, this.chip.base + at, master);
    }
  }

  // ---- shared by loads and stores

  private claim(core: Core, slave: number, busy: number, at: number): boolean {
    const { arbiter } = this.chip;
    if (arbiter.claim(slave, at, busy, core.id)) return true;
    core.status = ACCESS_LOST;
    core.retryAt = arbiter.retryAt;
    if (core.retryAt > at) core.stalls.add(STALL_BUS, this.chip.base + at, core.retryAt - at);
    // Deferred: the other core has its turn before this access is tried again.
    if (arbiter.deferredBy === core.id) core.limit = at;
    return false;
  }

  /** The clock shows the cycle of this access while peripherals look at it. */
  private present(core: Core, at: number): void {
    this.chip.clock.cycle = this.chip.base + at;
    core.time = at;
  }

  private after(core: Core, value: number): number {
    core.sampleDelay = 0;
    this.chip.sideEffects();
    return value;
  }

  private fail(core: Core, kind: string, address: number, size: number): 0 {
    core.status = ACCESS_FAULT;
    core.cost = timing.load;
    accessFault(core, kind, address, size);
    return 0;
  }

  private refuse(core: Core, kind: string, address: number, size: number): void {
    this.fail(core, kind, address, size);
  }

  private xipSram(address: number): Uint8Array | null {
    if (address < XIP_SRAM_BASE || address >= XIP_SRAM_BASE + XIP_SRAM_BYTES) return null;
    return this.chip.xip.sram ?? null;
  }
}

/** Offset in the striped view of an SRAM address in either view; -1 outside. */
export function sramOffset(address: number): number {
  const offset = address - SRAM_BASE;
  if (offset < SRAM_BYTES) return offset;
  const unstriped = address - UNSTRIPED_BASE;
  return unstriped >= 0 && unstriped < STRIPED_BYTES ? stripedOffset(unstriped) : -1;
}

/** UART, SPI, I2C and SSI need a read-modify-write for the atomic aliases (datasheet 2.1.2). */
function hasInterposer(address: number): boolean {
  const block = address >>> 14;
  return (block >= 0x4003_4000 >>> 14 && block <= 0x4004_8000 >>> 14) || block === 0x1800_0000 >>> 14;
}

export function writePeripheral(peripheral: Peripheral, address: number, word: number, alias: number): void {
  peripheral.writeUint32Atomic(address & 0xffc, word >>> 0, alias);
}

/** Narrow writes appear on all byte lanes (datasheet 2.1.4). */
export function onLanes(value: number, size: number): number {
  if (size === 4) return value;
  return Math.imul(size === 1 ? value & 0xff : value & 0xffff, LANES[size]);
}

/** The addressed part of a word read from the bus. */
export function lane(word: number, address: number, size: number): number {
  if (size === 4) return word >>> 0;
  const shifted = word >>> ((address & 3) * 8);
  return size === 1 ? shifted & 0xff : shifted & 0xffff;
}

function readBytes(bytes: Uint8Array, offset: number, size: number): number {
  let value = 0;
  for (let byte = size - 1; byte >= 0; byte--) value = value * 256 + bytes[offset + byte];
  return value;
}

function writeBytes(bytes: Uint8Array, offset: number, value: number, size: number): void {
  for (let byte = 0; byte < size; byte++) bytes[offset + byte] = value >>> (8 * byte);
}
