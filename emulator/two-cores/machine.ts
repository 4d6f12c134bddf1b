/** Our own two-core chip as a `Machine`, with the room's replacements for rp2040js' peripherals around it. */
import type { RP2040 } from 'rp2040js';
import { Chip } from '../chip/chip.ts';
import type { Core } from '../core/core.ts';
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
import { UsageError } from '../program/errors.ts';
import { runPioInEmulatedTime } from '../stock/pio.ts';
import { carriedState, connectWatchdog, resetPads } from '../stock/wiring.ts';
import type { CallObserver } from '../trace/call-observer.ts';
import type { InstructionProfile } from '../trace/instruction-profile.ts';

const SRAM = 0x20000000;
const SRAM_BYTES = 0x42000;
const ROM_BYTES = 0x4000;
/** The stack guard looks at these absolute cycles which stack a core is on, so that a run's slices do not matter. */
const GUARD_PERIOD = 1 << 16;

/** A stack pointer this far below the guarded stack got there by one large frame (ADD SP, Rm is not checked by itself). */
const LARGEST_FRAME = 0x4000;

export interface TwoCoreOptions {
  bootrom: Uint8Array;
  xoscHz: number;
  from: CarriedState;
}

export class TwoCoreMachine implements Machine {
  readonly rp2040: RP2040;
  readonly coreCount = 2;
  readonly chip: Chip;
  fault: MachineFault | undefined;
  resetRequested = false;
  /** State that no field leads to. */
  readonly hiddenState: readonly object[];
  private readonly flashBytes: number;
  private readonly counterListeners: CounterReadListener[] = [];
  private readonly stacks: [StackRange | undefined, StackRange | undefined] = [undefined, undefined];
  private instructions: InstructionProfile | undefined;
  private stopRequested = false;

  constructor({ bootrom, xoscHz, from }: TwoCoreOptions) {
    const chip = new Chip({ bootrom, xoscHz });
    this.chip = chip;
    this.rp2040 = chip.rp2040;
    this.flashBytes = from.flash.length;
    chip.rp2040.flash.set(from.flash);
    if (from.sram) chip.rp2040.sram.set(from.sram);
    continueTime(chip, from);
    const peripherals = installPeripherals(chip.rp2040, {
      flashBytes: from.flash.length,
      onFlashChange: (start, end) => chip.flashChanged(start, end),
      onCore1Off: (off) => this.holdCore1(off),
      crossbar: chip,
    });
    peripherals.systemConfig.onNmiMask = (core, mask) => {
      chip.cores[core].nvic.nmiMask = mask;
    };
    resetPads(chip.rp2040);
    this.hiddenState = [peripherals, ...runPioInEmulatedTime(chip.rp2040)];
    connectWatchdog(chip.rp2040, from, () => this.requestReset());
    chip.rp2040.addClockListener(() => this.stop());
    for (const ppb of chip.ppbs) ppb.onResetRequest = () => this.requestReset();
    chip.onFault = (core, fault) => this.faulted({ ...fault, core });
    chip.onCounterRead = (core, cycle) => {
      for (const listener of this.counterListeners) listener(core, cycle);
    };
    chip.reset();
  }

  get cycles(): number {
    return this.chip.cycle;
  }

  get seconds(): number {
    return this.chip.seconds;
  }

  get clockHz(): number {
    return this.rp2040.clkSys;
  }

  runTo(limit: number): void {
    this.stopRequested = this.fault !== undefined || this.resetRequested;
    while (!this.stopRequested && this.cycles < limit) {
      const guardAt = (Math.floor(this.cycles / GUARD_PERIOD) + 1) * GUARD_PERIOD;
      const until = Math.min(limit, guardAt);
      if (this.instructions) this.instructions.run(this.chip, until);
      else this.chip.run(until);
      if (this.cycles >= guardAt) this.armGuards();
    }
  }

  stop(): void {
    this.stopRequested = true;
    this.chip.stop();
  }

  after(seconds: number, callback: () => void): void {
    this.chip.clock.createAlarm(callback).schedule(seconds * 1e9);
    this.chip.reschedule();
  }

  registers(id: CoreIndex): CoreRegisters {
    const core = this.chip.cores[id];
    const named: CoreRegisters = {};
    for (let n = 0; n <= 12; n++) named[`r${n}`] = core.registers[n] >>> 0;
    return {
      ...named,
      sp: core.registers[13] >>> 0,
      lr: core.registers[14] >>> 0,
      pc: core.pc,
      xpsr: core.xpsr >>> 0,
      msp: core.msp >>> 0,
      psp: core.psp >>> 0,
      primask: core.primask,
      control: (core.processStack << 1) | core.unprivileged,
    };
  }

  peek(address: number): number | undefined {
    const { rp2040 } = this;
    const offset = address - SRAM;
    if (offset >= 0 && offset < SRAM_BYTES) return rp2040.sram[offset];
    if (address >>> 26 === 0x10000000 >>> 26) return rp2040.flash[address & 0xffffff];
    if (address < ROM_BYTES) return new Uint8Array(rp2040.bootrom.buffer)[address];
    return undefined;
  }

  poke(address: number, byte: number): boolean {
    const sram = address >= SRAM && address < SRAM + SRAM_BYTES;
    if (!sram && address >>> 26 !== 0x10000000 >>> 26) return false;
    if (sram) this.rp2040.sram[address - SRAM] = byte;
    else this.rp2040.flash[address & 0xffffff] = byte;
    return true;
  }

  poked(): void {
    this.chip.code.forgetAll();
  }

  watchWrite(address: number, watcher: WriteWatcher): () => void {
    if (address < SRAM || address >= SRAM + SRAM_BYTES) {
      throw new UsageError(`Only SRAM can be watched on this core; 0x${address.toString(16)} is outside`);
    }
    return this.chip.watchWrite(address, (value, cycle, master) => {
      if (master <= 1) watcher(value >>> 0, cycle, master as CoreIndex);
    });
  }

  onCounterRead(listener: CounterReadListener): () => void {
    this.counterListeners.push(listener);
    return () => {
      const at = this.counterListeners.indexOf(listener);
      if (at >= 0) this.counterListeners.splice(at, 1);
    };
  }

  /** Nobody watches any more. */
  forgetWatches(): void {
    this.chip.watches.clear();
    this.counterListeners.length = 0;
  }

  profileInstructions(profile: InstructionProfile | undefined): void {
    this.instructions = profile;
  }

  observeCalls(observer: CallObserver | null): void {
    this.chip.observeCalls(observer);
  }

  setStackRange(core: CoreIndex, range: StackRange | undefined): void {
    this.stacks[core] = range;
    this.chip.cores[core].stackLimit = range?.lowest ?? 0;
  }

  carry(): CarriedState {
    return carriedState(this.rp2040, this.flashBytes, this.cycles, this.seconds);
  }

  /** Always stops the chip; what was no fault after all is done again when `runTo` goes on. */
  private faulted(fault: MachineFault): boolean {
    if (fault.kind === 'stack-overflow' && this.isOtherStack(fault.core)) return true;
    this.fault ??= fault;
    this.stopRequested = true;
    return true;
  }

  private requestReset(): void {
    this.resetRequested = true;
    this.stop();
  }

  private holdCore1(off: boolean): void {
    const [, core1] = this.chip.cores;
    core1.held = off;
    if (!off) this.chip.resetCore(core1);
    this.chip.reschedule();
  }

  /** The core is on another stack (MSR, a task switch, one of the program's own): disarms the guard until it is back. */
  private isOtherStack(id: CoreIndex): boolean {
    const core = this.chip.cores[id];
    const below = core.stackLimit - (core.registers[13] >>> 0);
    if (isInside(core, this.stacks[id]) || (below > 0 && below <= LARGEST_FRAME)) return false;
    core.stackLimit = 0;
    return true;
  }

  private armGuards(): void {
    for (const core of this.chip.cores) {
      const range = this.stacks[core.id];
      if (range && isInside(core, range)) core.stackLimit = range.lowest;
    }
  }
}

function isInside(core: Core, range: StackRange | undefined): boolean {
  const sp = core.registers[13] >>> 0;
  return range !== undefined && sp >= range.lowest && sp <= range.top;
}

/** After a reset by the watchdog, cycles and seconds go on from where they were. */
function continueTime(chip: Chip, { cycles, seconds }: CarriedState): void {
  if (cycles === 0) return;
  const { clock } = chip;
  const hz = clock.frequency;
  // One stretch of time that is as long as what has passed, whatever the frequencies were in it.
  clock.setFrequency(cycles / seconds);
  clock.cycle = cycles;
  clock.setFrequency(hz);
  chip.base = cycles;
}
