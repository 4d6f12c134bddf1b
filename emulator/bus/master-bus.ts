/** The bus as the DMA masters and debuggers see it: any address, no faults but a flag. */
import type { Chip } from '../chip/chip.ts';
import { timing } from '../timing/table.ts';
import { lane, onLanes, sramOffset, writePeripheral } from './core-bus.ts';
import type { AccessSize, MasterBus, MasterId } from './master.ts';
import { SLAVE_APB, SLAVE_XIP, slaveOf } from './slaves.ts';

const DPRAM_BASE = 0x50100000;
const DPRAM_BYTES = 0x1000;

export class ChipMasterBus implements MasterBus {
  dataCycle = 0;
  failed = false;
  private readonly chip: Chip;

  constructor(chip: Chip) {
    this.chip = chip;
  }

  read(address: number, size: AccessSize, cycle: number, _master: MasterId): number {
    this.chip.clock.cycle = cycle;
    this.failed = false;
    this.dataCycle = cycle + 1 + this.wait(address >>> 0, cycle, timing.apbReadBusy);
    return this.readNow(address >>> 0, size);
  }

  write(address: number, value: number, size: AccessSize, cycle: number, master: MasterId): void {
    this.chip.clock.cycle = cycle;
    this.failed = false;
    this.dataCycle = cycle + 1 + this.wait(address >>> 0, cycle, timing.apbWriteBusy);
    this.writeNow(address >>> 0, value, size, master, cycle);
  }

  requestChanged(): void {
    this.chip.reschedule();
  }

  /** A debugger's or a peripheral's read at the present cycle; 0xffffffff-like silence becomes zero and `failed`. */
  debugRead(address: number, size: AccessSize): number {
    this.failed = false;
    return this.readNow(address, size);
  }

  debugWrite(address: number, value: number, size: AccessSize): void {
    this.failed = false;
    this.writeNow(address, value, size, 3, this.chip.clock.cycle);
  }

  /** Wait states of the port, which stays busy for them. */
  private wait(address: number, cycle: number, apbBusy: number): number {
    const { arbiter, xip, base } = this.chip;
    const slave = slaveOf(address);
    let wait = 0;
    if (slave === SLAVE_APB) wait = apbBusy - 1;
    else if (slave === SLAVE_XIP)
      wait = address < 0x14000000 ? xip.access(address, cycle) : timing.xipRegister - 2;
    if (wait > 0) arbiter.extend(slave, cycle - base + 1 + wait);
    return wait;
  }

  private readNow(address: number, size: AccessSize): number {
    const { rp2040 } = this.chip;
    switch (address >>> 28) {
      case 0:
        if (address < 0x4000) return lane(rp2040.bootrom[address >>> 2], address, size);
        break;
      case 1:
        if (address < 0x14000000)
          return lane(rp2040.flashView.getUint32(address & 0xfffffc, true), address, size);
        break;
      case 2: {
        const offset = sramOffset(address);
        if (offset >= 0) return lane(rp2040.sramView.getUint32(offset & ~3, true), offset, size);
        break;
      }
      case 0xd:
        return lane(this.chip.sioBlock.read(0, address & 0xffc), address, size);
      case 0xe:
        if (address >>> 12 === 0xe000e) return lane(this.chip.ppbs[0].read(address & 0xffc), address, size);
        break;
    }
    if (address >= DPRAM_BASE && address < DPRAM_BASE + DPRAM_BYTES) {
      return lane(rp2040.usbDPRAMView.getUint32(address & (DPRAM_BYTES - 4), true), address, size);
    }
    const peripheral = rp2040.findPeripheral(address);
    if (peripheral) return lane(peripheral.readUint32(address & 0xffc), address, size);
    this.failed = true;
    return 0;
  }

  private writeNow(address: number, value: number, size: AccessSize, master: number, cycle: number): void {
    const { rp2040, bus, base } = this.chip;
    const offset = address >>> 28 === 2 ? sramOffset(address) : -1;
    if (offset >= 0) {
      bus.writeSram(offset, value, size, master, cycle - base);
      return;
    }
    if (address >= DPRAM_BASE && address < DPRAM_BASE + DPRAM_BYTES) {
      bus.writeDpram(address & (DPRAM_BYTES - 1), value, size);
      return;
    }
    if (address >>> 28 === 0xd) this.chip.sioBlock.write(0, address & 0xffc, onLanes(value, size));
    else if (address >>> 12 === 0xe000e) this.chip.ppbs[0].write(address & 0xffc, onLanes(value, size) >>> 0);
    else {
      const peripheral = rp2040.findPeripheral(address);
      if (peripheral) writePeripheral(peripheral, address, onLanes(value, size), (address & 0x3000) >> 12);
      else this.failed = true;
    }
  }
}
