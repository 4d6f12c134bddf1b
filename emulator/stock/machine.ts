/**
 * A one-core RP2040 around the stock rp2040js 1.4.1 core: its known cycle errors corrected, its clock whole cycles, its silent errors
 * faults. Kept as an oracle that shares no instruction code with ours.
 */
import { RP2040 } from 'rp2040js';
import { hex } from '../hex.ts';
import type {
  CarriedState,
  CoreIndex,
  CoreRegisters,
  CounterReadListener,
  Machine,
  MachineFault,
  StackRange,
  WriteWatcher,
} from '../machine.ts';
import { installPeripherals } from '../peripherals/install.ts';
import { AccessCheck, AccessFault, regionOf } from './access.ts';
import { CycleClock } from './clock.ts';
import { isBreakpoint, isUndefined16, isUndefined32, missingCycles } from './corrections.ts';
import { runPioInEmulatedTime } from './pio.ts';
import { SysTick } from './systick.ts';
import { carriedState, connectWatchdog, resetPads } from './wiring.ts';

/** clk_sys before the program sets the clocks: the ring oscillator's nominal frequency (datasheet 2.17). */
const ROSC_HZ = 6_500_000;
const SIO_FIFO_STATUS = 0x50;
const SIO_FIFO_READ = 0x58;
const FIFO_READY = 2;

const NMI = 2;
const HARDFAULT = 3;
const SEV = 0xbf40;
const MSR = 0xf38;
const AIRCR = 0xd0c;
const AIRCR_KEY = 0x05fa;
const SYSRESETREQ = 4;
const quiet = { debug() {}, info() {}, warn() {}, error() {} };

export interface StockOptions {
  bootrom: Uint8Array;
  xoscHz: number;
  from: CarriedState;
}

export class StockMachine implements Machine {
  readonly rp2040: RP2040;
  readonly coreCount = 1;
  readonly clock: CycleClock;
  fault: MachineFault | undefined;
  resetRequested = false;
  private readonly sysTick: SysTick;
  private readonly access: AccessCheck;
  private stopRequested = false;
  private readonly flashBytes: number;
  private stack: StackRange | undefined;

  constructor(options: StockOptions) {
    const { from } = options;
    this.clock = new CycleClock(ROSC_HZ, from.cycles, from.seconds * 1e9);
    this.rp2040 = new RP2040(this.clock);
    const { rp2040 } = this;
    rp2040.logger = quiet;
    rp2040.xoscFreq = options.xoscHz;
    rp2040.roscFreq = ROSC_HZ;
    rp2040.clkSys = ROSC_HZ;
    rp2040.clkPeri = ROSC_HZ;
    rp2040.flash.set(from.flash);
    if (from.sram) rp2040.sram.set(from.sram);
    rp2040.bootrom.set(bytesToWords(options.bootrom));
    rp2040.addClockListener((hz) => {
      this.clock.setFrequency(hz);
      this.stop();
    });
    this.flashBytes = from.flash.length;
    const { core } = rp2040;
    this.sysTick = new SysTick(
      () => this.clock.cycles,
      () => {
        core.pendingSystick = true;
        core.interruptsUpdated = true;
      },
    );
    this.replaceSystemRegisters();
    this.completeSio();
    installPeripherals(rp2040, { flashBytes: from.flash.length });
    connectWatchdog(rp2040, from, () => this.requestReset());
    resetPads(rp2040);
    runPioInEmulatedTime(rp2040);
    this.access = new AccessCheck(rp2040, this.sysTick, () => this.clock.cycles);
    this.access.install();
    this.takeResetVector();
  }

  get cycles(): number {
    return this.clock.cycles;
  }

  get seconds(): number {
    return this.clock.nanos / 1e9;
  }

  get clockHz(): number {
    return this.rp2040.clkSys;
  }

  runTo(limit: number): void {
    this.stopRequested = this.fault !== undefined || this.resetRequested;
    const { clock, rp2040 } = this;
    const { core } = rp2040;
    while (clock.cycles < limit && !this.stopRequested) {
      if (core.waiting) this.sleep(limit);
      else this.step();
      if (clock.cycles >= clock.nextDueCycle) clock.fireDue();
      if (clock.cycles >= this.sysTick.zeroCycle) this.sysTick.catchUp();
    }
  }

  stop(): void {
    this.stopRequested = true;
  }

  after(seconds: number, callback: () => void): void {
    this.clock.createAlarm(callback).schedule(seconds * 1e9);
  }

  registers(_core: CoreIndex): CoreRegisters {
    const { core } = this.rp2040;
    const named: CoreRegisters = {};
    for (let n = 0; n <= 12; n++) named[`r${n}`] = core.registers[n];
    return {
      ...named,
      sp: core.SP >>> 0,
      lr: core.LR >>> 0,
      pc: core.PC >>> 0,
      xpsr: core.xPSR >>> 0,
      msp: core.SPmain >>> 0,
      psp: core.SPprocess >>> 0,
      primask: core.PM ? 1 : 0,
      control: core.readSpecialRegister(20),
    };
  }

  peek(address: number): number | undefined {
    const region = regionOf(this.rp2040, address >>> 0);
    if (region === 'rom' || region === 'sram' || region === 'flash')
      return this.rp2040.readUint8(address >>> 0) & 0xff;
    return undefined;
  }

  poke(address: number, byte: number): boolean {
    const region = regionOf(this.rp2040, address >>> 0);
    if (region === 'sram') this.rp2040.sram[address - 0x20000000] = byte;
    else if (region === 'flash') this.rp2040.flash[address & 0xffffff] = byte;
    else return false;
    return true;
  }

  watchWrite(address: number, watcher: WriteWatcher): () => void {
    const { writeWatchers } = this.access;
    writeWatchers.set(address, [...(writeWatchers.get(address) ?? []), watcher]);
    return () => {
      const rest = (writeWatchers.get(address) ?? []).filter((other) => other !== watcher);
      if (rest.length > 0) writeWatchers.set(address, rest);
      else writeWatchers.delete(address);
    };
  }

  onCounterRead(listener: CounterReadListener): () => void {
    const { counterListeners } = this.access;
    counterListeners.push(listener);
    return () => {
      const at = counterListeners.indexOf(listener);
      if (at >= 0) counterListeners.splice(at, 1);
    };
  }

  setStackRange(_core: CoreIndex, range: StackRange | undefined): void {
    this.stack = range;
  }

  carry(): CarriedState {
    return carriedState(this.rp2040, this.flashBytes, this.cycles, this.seconds);
  }

  /** The stock core decodes anew each time. */
  poked(): void {}

  private step(): void {
    const { core } = this.rp2040;
    let pc = core.PC & ~1;
    try {
      // The stock core would do this itself; done here first, the opcode read below is the one that will run.
      if (core.interruptsUpdated && core.checkForInterrupts()) core.waiting = false;
      pc = (core.PC & ~1) >>> 0;
      const opcode = this.access.fetch(pc);
      this.refuseUndefined(opcode, pc);
      const sp = core.registers[13];
      const cycles = core.executeInstruction() + missingCycles(opcode);
      if (opcode === SEV) core.eventRegistered = true; // the stock core only logs it; WFE after SEV must not sleep
      if (this.stack && core.registers[13] < this.stack.lowest) this.checkStack(sp, opcode, this.stack);
      this.clock.cycles += cycles;
    } catch (error) {
      if (!(error instanceof AccessFault)) throw error;
      this.raiseFault(error, pc);
    }
  }

  private refuseUndefined(opcode: number, pc: number): void {
    if (isBreakpoint(opcode)) {
      throw new AccessFault(
        'breakpoint-instruction',
        `BKPT ${opcode & 0xff} without a debugger, at ${hex(pc)}`,
        pc,
      );
    }
    const wide = opcode >>> 11 >= 0b11101;
    if (wide ? isUndefined32(opcode, this.access.fetch(pc + 2)) : isUndefined16(opcode)) {
      throw new AccessFault(
        'undefined-instruction',
        `The instruction at ${hex(pc)} (${opcode.toString(16)}) does not exist`,
        pc,
      );
    }
  }

  /** Below the stack is an overflow only when the pointer moved there from inside it, and not by MSR (a change of stacks). */
  private checkStack(before: number, opcode: number, { lowest, top }: StackRange): void {
    if (before < lowest || before > top || opcode >>> 4 === MSR) return;
    const sp = this.rp2040.core.SP >>> 0;
    throw new AccessFault(
      'stack-overflow',
      `The stack pointer went to ${hex(sp)}, below the end of the stack at ${hex(lowest)}`,
      sp,
    );
  }

  private raiseFault(fault: AccessFault, pc: number): void {
    const { core } = this.rp2040;
    core.PC = pc;
    const lockup = core.IPSR === HARDFAULT || core.IPSR === NMI;
    this.stop();
    this.fault = { kind: fault.kind, message: fault.message, core: 0, address: fault.address, pc, lockup };
  }

  /** WFI or WFE: time passes until something that could wake the core. */
  private sleep(limit: number): void {
    const { core } = this.rp2040;
    if (core.interruptsUpdated && core.checkForInterrupts()) {
      core.waiting = false;
      return;
    }
    const wake = Math.min(limit, this.clock.nextDueCycle, this.sysTick.zeroCycle);
    if (wake > this.clock.cycles) this.clock.cycles = wake;
  }

  private takeResetVector(): void {
    const { core } = this.rp2040;
    core.SP = this.rp2040.readUint32(0);
    core.PC = this.rp2040.readUint32(4) & ~1;
  }

  private replaceSystemRegisters(): void {
    const { ppb } = this.rp2040;
    const { sysTick } = this;
    ppb.systickAlarm.enable = false;
    const read = ppb.readUint32.bind(ppb);
    const write = ppb.writeUint32.bind(ppb);
    ppb.readUint32 = (offset) => (sysTick.handles(offset) ? sysTick.read(offset) : read(offset));
    ppb.writeUint32 = (offset, value) => {
      if (sysTick.handles(offset)) sysTick.write(offset, value);
      else if (offset === AIRCR && value >>> 16 === AIRCR_KEY && value & SYSRESETREQ) this.requestReset();
      else write(offset, value);
    };
  }

  private requestReset(): void {
    this.resetRequested = true;
    this.stop();
  }

  /** The stock SIO has no FIFO and prints to the console: one core alone sees an empty FIFO with room to write. */
  private completeSio(): void {
    const { sio } = this.rp2040;
    const read = sio.readUint32.bind(sio);
    const write = sio.writeUint32.bind(sio);
    const isFifo = (offset: number) => offset >= SIO_FIFO_STATUS && offset <= SIO_FIFO_READ;
    const exists = (offset: number) => offset <= 0x17c;
    sio.readUint32 = (offset) => {
      if (offset === SIO_FIFO_STATUS) return FIFO_READY;
      return isFifo(offset) || !exists(offset) ? 0 : read(offset);
    };
    sio.writeUint32 = (offset, value) => {
      if (!isFifo(offset) && exists(offset)) write(offset, value);
    };
  }
}

function bytesToWords(bytes: Uint8Array): Uint32Array {
  const padded = new Uint8Array(Math.ceil(bytes.length / 4) * 4);
  padded.set(bytes);
  return new Uint32Array(padded.buffer);
}
