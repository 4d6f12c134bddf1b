/**
 * The RP2040: two Cortex-M0+ cores, the bus between them and everything else, and rp2040js' peripherals, on one clock
 * of whole clk_sys cycles.
 *
 * Peripherals, pins and memories are rp2040js' (`Rp2040Shell` keeps its object model intact for them); its core, SIO and
 * private peripherals are replaced by ours.
 */
import { RP2040 } from 'rp2040js';
import { Arbiter } from '../bus/arbiter.ts';
import { BusControl } from '../bus/busctrl.ts';
import { type BusChip, CoreBus } from '../bus/core-bus.ts';
import type { BusMaster } from '../bus/master.ts';
import { ChipMasterBus } from '../bus/master-bus.ts';
import { SRAM_BASE, SRAM_BYTES } from '../bus/slaves.ts';
import { type XipPort, ZeroWaitXip } from '../bus/xip-port.ts';
import { CodeCache, PAGE_SHIFT, PAGE_WATCHED } from '../core/code-cache.ts';
import { Core, type CoreFault, type CoreHost, NEVER } from '../core/core.ts';
import type { Machinery } from '../core/interpreter.ts';
import { PrivatePeripherals } from '../core/ppb.ts';
import { Sio, type SioHost } from '../sio/sio.ts';
import type { CallObserver } from '../trace/call-observer.ts';
import { ChipClock } from './clock.ts';
import { IoBank0 } from './io-bank0.ts';
import { runCores } from './scheduler.ts';

/** clk_sys before a program sets the clocks: the ring oscillator's nominal frequency (datasheet 2.17). */
const ROSC_HZ = 6_500_000;
const BUSCTRL_BLOCK = 0x40030;
const IO_BANK0_BLOCK = 0x40014;
const IRQ_IO_BANK0 = 13;
const IRQ_SIO_PROC0 = 15;
const IRQ_SIO_PROC1 = 16;

export interface ChipOptions {
  /** Boot ROM image, 16 KB at most. */
  bootrom?: Uint8Array;
  /** @default 12_000_000 */
  xoscHz?: number;
  /** What flash accesses cost. @default no wait states */
  xip?: XipPort;
}

/** Why `run` returned. */
export type StopReason = 'cycle' | 'fault' | 'lockup' | 'break' | 'breakpoint' | 'stopped';

export type WriteWatch = (value: number, cycle: number, master: number) => void;

const quiet = { debug() {}, info() {}, warn() {}, error() {} };

let sharedZeroWaitXip: ZeroWaitXip | undefined;

/** One for all chips that have no XIP block (yet): it holds nothing that could differ. */
function zeroWaitXip(): ZeroWaitXip {
  sharedZeroWaitXip ??= new ZeroWaitXip();
  return sharedZeroWaitXip;
}

/** rp2040js with its interrupts and its bus leading to our cores. */
class Rp2040Shell extends RP2040 {
  chip: Chip | undefined;

  override setInterrupt(irq: number, value: boolean): void {
    this.chip?.setInterrupt(irq, value);
  }

  override updateIOInterrupt(): void {
    this.chip?.updateIoInterrupt();
  }

  override readUint32(address: number): number {
    return this.chip ? this.chip.masterBus.debugRead(address >>> 0, 4) : super.readUint32(address);
  }

  override readUint16(address: number): number {
    return this.chip ? this.chip.masterBus.debugRead(address >>> 0, 2) : super.readUint16(address);
  }

  override readUint8(address: number): number {
    return this.chip ? this.chip.masterBus.debugRead(address >>> 0, 1) : super.readUint8(address);
  }

  override writeUint32(address: number, value: number): void {
    if (this.chip) this.chip.masterBus.debugWrite(address >>> 0, value, 4);
    else super.writeUint32(address, value);
  }

  override writeUint16(address: number, value: number): void {
    if (this.chip) this.chip.masterBus.debugWrite(address >>> 0, value, 2);
    else super.writeUint16(address, value);
  }

  override writeUint8(address: number, value: number): void {
    if (this.chip) this.chip.masterBus.debugWrite(address >>> 0, value, 1);
    else super.writeUint8(address, value);
  }
}

export class Chip implements BusChip, CoreHost, SioHost {
  readonly clock = new ChipClock(ROSC_HZ);
  readonly rp2040: RP2040;
  readonly code: CodeCache;
  readonly arbiter = new Arbiter();
  readonly sioBlock: Sio;
  readonly cores: readonly [Core, Core];
  readonly ppbs: readonly [PrivatePeripherals, PrivatePeripherals];
  readonly bus: CoreBus;
  readonly masterBus: ChipMasterBus;
  readonly machinery: Machinery;
  private readonly ioBank0: IoBank0;
  readonly watches = new Map<number, WriteWatch[]>();
  /** DMA masters; the scheduler serves them with the cores. */
  readonly masters: BusMaster[] = [];
  xip: XipPort;
  /** Absolute cycle of relative cycle 0. */
  base = 0;

  /** A core faulted. Return true to stop the run there; false lets the program's HardFault handler have it. */
  onFault: ((core: 0 | 1, fault: CoreFault) => boolean) | undefined;
  /** BKPT. Return true to stop the run there; false makes it a HardFault. */
  onBreak: ((core: 0 | 1, value: number) => boolean) | undefined;
  /** A core reached a breakpoint that was set from outside; the run stops before its instruction. */
  onBreakpoint: ((core: 0 | 1) => void) | undefined;
  /** Each read of SYST_CVR by a core. */
  onCounterRead: ((core: 0 | 1, cycle: number) => void) | undefined;

  /** Set to end `run` at the next instruction boundary. */
  stopReason: StopReason | undefined;
  /** The core that had the bus to itself in the last step; see Arbiter.soleMasterWas. */
  soleMaster = -1;
  /** Relative cycle of the next event or DMA request that the running cores know of. */
  horizon = 0;
  readonly breakpoints = new Set<number>();

  constructor(options: ChipOptions = {}) {
    const shell = new Rp2040Shell(this.clock);
    this.rp2040 = shell;
    shell.logger = quiet;
    shell.xoscFreq = options.xoscHz ?? 12_000_000;
    shell.roscFreq = ROSC_HZ;
    shell.clkSys = ROSC_HZ;
    shell.clkPeri = ROSC_HZ;
    shell.ppb.systickAlarm.enable = false;
    const { sram, flash, bootrom } = shell;
    if (options.bootrom) new Uint8Array(bootrom.buffer).set(options.bootrom);
    this.xip = options.xip ?? zeroWaitXip();
    this.code = new CodeCache(
      new Uint16Array(bootrom.buffer),
      new Uint16Array(flash.buffer),
      new Uint16Array(sram.buffer),
    );
    this.cores = [new Core(0, this, this.code), new Core(1, this, this.code)];
    this.ppbs = [new PrivatePeripherals(this.cores[0]), new PrivatePeripherals(this.cores[1])];
    for (const id of [0, 1] as const)
      this.ppbs[id].onCounterRead = (cycle) => this.onCounterRead?.(id, cycle);
    this.sioBlock = new Sio(this);
    this.bus = new CoreBus(this);
    this.masterBus = new ChipMasterBus(this);
    this.machinery = {
      bus: this.bus,
      code: this.code,
      arbiter: this.arbiter,
      xip: this.xip,
      interrupted: false,
      turnsOver: false,
      calls: null,
      sram8: sram,
      sram16: new Uint16Array(sram.buffer),
      sram32: new Int32Array(sram.buffer),
      flash32: new Int32Array(flash.buffer),
    };
    this.ioBank0 = new IoBank0(shell, shell.peripherals[IO_BANK0_BLOCK]);
    shell.peripherals[IO_BANK0_BLOCK] = this.ioBank0;
    shell.peripherals[BUSCTRL_BLOCK] = new BusControl(shell, this.arbiter, () => this.reschedule());
    shell.addClockListener((hz) => {
      this.clock.setFrequency(hz);
      this.reschedule();
    });
    shell.chip = this;
    this.reset();
  }

  // ---- time

  /** Absolute clk_sys cycles since reset: how far both cores have come. */
  get cycle(): number {
    return this.clock.cycle;
  }

  get presentTime(): number {
    return this.clock.cycle - this.base;
  }

  get microsecondCycles(): number {
    return this.clock.frequency / 1e6;
  }

  get seconds(): number {
    return this.clock.nanos / 1e9;
  }

  /** Runs to the first instruction boundary at or after the absolute cycle, or until something ends it. */
  run(untilCycle: number): StopReason {
    return runCores(this, untilCycle);
  }

  stop(reason: StopReason = 'stopped'): void {
    this.stopReason = reason;
    this.reschedule();
  }

  // ---- reset and memory

  /** Both cores take the reset vector of the boot ROM. Memories keep their contents. */
  reset(): void {
    this.arbiter.reset();
    this.sioBlock.reset();
    for (const core of this.cores) this.resetCore(core);
    this.stopReason = undefined;
    this.reschedule();
  }

  resetCore(core: Core): void {
    core.reset();
    core.time = this.presentTime;
    const rom = this.rp2040.bootrom;
    core.registers[13] = rom[0] & ~3;
    core.registers[14] = -1;
    core.jumpThumb(rom[1]);
  }

  /** Puts bytes into ROM, flash or SRAM, whatever is there now. */
  load(address: number, bytes: Uint8Array): void {
    const { sram, flash, bootrom } = this.rp2040;
    if (address < 0x4000) new Uint8Array(bootrom.buffer).set(bytes, address);
    else if (address >>> 28 === 1) flash.set(bytes, address & 0xffffff);
    else if (address >= SRAM_BASE && address + bytes.length <= SRAM_BASE + SRAM_BYTES)
      sram.set(bytes, address - SRAM_BASE);
    else throw new RangeError(`There is no memory to load at 0x${address.toString(16)}`);
    this.code.forgetAll();
  }

  /** The flash chip changed bytes [start, end) of its image. */
  flashChanged(start: number, end: number): void {
    this.code.flashChanged(start, end);
  }

  setXip(xip: XipPort): void {
    this.xip = xip;
    this.machinery.xip = xip;
  }

  /** A DMA engine takes part in the bus. */
  addMaster(master: BusMaster): void {
    this.masters.push(master);
  }

  // ---- watching

  /** Calls back after a store to the SRAM byte, by a core (0, 1) or the DMA (3). Returns the function that ends it. */
  watchWrite(address: number, watch: WriteWatch): () => void {
    const offset = address - SRAM_BASE;
    if (offset < 0 || offset >= SRAM_BYTES) throw new RangeError(`0x${address.toString(16)} is not in SRAM`);
    this.watches.set(offset, [...(this.watches.get(offset) ?? []), watch]);
    this.code.sramPages[offset >> PAGE_SHIFT] |= PAGE_WATCHED;
    return () => {
      const rest = (this.watches.get(offset) ?? []).filter((other) => other !== watch);
      if (rest.length > 0) this.watches.set(offset, rest);
      else this.watches.delete(offset);
    };
  }

  addBreakpoint(pc: number): void {
    this.breakpoints.add(pc & ~1);
    this.code.addBreakpoint(pc);
  }

  removeBreakpoint(pc: number): void {
    this.breakpoints.delete(pc & ~1);
    this.code.removeBreakpoint(pc);
  }

  get calls(): CallObserver | null {
    return this.machinery.calls;
  }

  /** Somebody who is told of every call and return from the next `run` on. */
  observeCalls(observer: CallObserver | null): void {
    this.machinery.calls = observer;
    observer?.attached(this.cores);
  }

  // ---- interrupts and events

  /** The FIFO interrupts are private to a core; every other line goes to both NVICs. */
  setInterrupt(irq: number, level: boolean): void {
    for (const core of this.cores) this.setCoreInterrupt(core, irq, level);
  }

  setCoreInterrupt(core: Core, irq: number, level: boolean): void {
    if (core.nvic.setLine(irq, level)) core.interruptPended();
  }

  /** Each core has its own enables for the pins. */
  updateIoInterrupt(): void {
    this.setCoreInterrupt(
      this.cores[0],
      IRQ_IO_BANK0,
      this.rp2040.gpio.some((pin) => pin.irqValue),
    );
    this.setCoreInterrupt(this.cores[1], IRQ_IO_BANK0, this.ioBank0.core1Interrupt);
  }

  fifoInterrupt(core: 0 | 1, level: boolean): void {
    this.setCoreInterrupt(this.cores[core], core === 0 ? IRQ_SIO_PROC0 : IRQ_SIO_PROC1, level);
  }

  divisionBegan(core: 0 | 1): void {
    this.cores[core].stalls.divisionBegan();
  }

  divisionAwaited(core: 0 | 1, from: number, to: number): void {
    this.cores[core].stalls.divisionAwaited(from, to);
  }

  sendEvent(core: Core): void {
    this.clock.cycle = core.cycle;
    for (const other of this.cores) other.signalEvent();
  }

  // ---- what cores report

  faulted(core: Core, fault: CoreFault): boolean {
    const stop = this.onFault?.(core.id, fault) ?? false;
    if (stop) this.stop(fault.lockup ? 'lockup' : 'fault');
    return stop;
  }

  breakInstruction(core: Core, value: number): boolean {
    const stop = this.onBreak?.(core.id, value) ?? false;
    if (stop) this.stop('break');
    return stop;
  }

  breakpointHit(core: Core): void {
    this.onBreakpoint?.(core.id);
    this.stop('breakpoint');
  }

  // ---- limits

  /** Whatever runs now comes back at the next instruction boundary, for its limits to be worked out anew. */
  reschedule(): void {
    this.machinery.interrupted = true;
    this.machinery.turnsOver = true;
    for (const core of this.cores) core.limit = -NEVER;
  }

  endTurns(): void {
    this.machinery.turnsOver = true;
  }

  sideEffects(): void {
    const soonest = Math.min(
      this.clock.nextDueCycle,
      this.cores[0].sysTick.zeroCycle,
      this.cores[1].sysTick.zeroCycle,
    );
    if (soonest - this.base < this.horizon) this.reschedule();
  }
}
