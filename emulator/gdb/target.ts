/**
 * A Pico under a debugger: both cores stop together and go on together, because they share the chip's cycles. While
 * one core steps, the other goes on by as many cycles. Breakpoints and watchpoints cost no cycles.
 */
import type { Chip } from '../chip/chip.ts';
import { type Core, SEQ_NONE } from '../core/core.ts';
import type { CoreIndex } from '../machine.ts';
import type { Pico } from '../pico.ts';
import { UsageError } from '../program/errors.ts';
import { PC, REGISTER_NAMES } from './description.ts';
import { History, type Moment } from './history.ts';
import { loadAt } from './loads.ts';

export type WatchKind = 'write' | 'read' | 'access';

export type Stop =
  | { kind: 'breakpoint' | 'step' | 'interrupt' | 'history-begins'; core: CoreIndex }
  | { kind: 'watch'; core: CoreIndex; watch: WatchKind; address: number }
  | { kind: 'fault'; core: CoreIndex; fault: string };

interface Hit {
  stop: Stop;
  /** Of the core that was stopped. */
  cycle: number;
}

interface Watchpoint {
  kind: WatchKind;
  address: number;
  bytes: number;
  ends: (() => void)[];
}

/** Cycles that run between two looks at whether the debugger wants to interrupt. */
const SLICE_CYCLES = 500_000;
/** A core that sleeps this long in a step is asleep: the step ends where it began. */
const STEP_CYCLES = 10_000;
const SRAM = 0x20000000;
const SRAM_END = 0x20042000;

export class DebugTarget {
  readonly pico: Pico;
  readonly breakpoints = new Set<number>();
  private readonly watchpoints: Watchpoint[] = [];
  private readonly history: History;
  private attached: Chip | undefined;
  private stop: Stop | undefined;
  private stoppedCore: CoreIndex = 0;
  /** The past is run again: what it prints was printed before. */
  goingBack = false;
  /** Nothing stops a run. */
  private isDeaf = false;

  /** @throws UsageError with the stock core, which cannot be debugged */
  constructor(pico: Pico) {
    if (pico.chip === undefined)
      throw new UsageError('Only our own core can be debugged: use core "starmind"');
    this.pico = pico;
    this.history = new History(pico);
    this.attach();
  }

  get chip(): Chip {
    return this.pico.chip as Chip;
  }

  /** Power-on reset; flash, breakpoints and watchpoints stay. */
  reset(): void {
    this.pico.reset();
    this.history.begin();
    this.attach();
  }

  // ---- running

  /**
   * Runs until something stops it.
   * @param interrupted asked between slices of some milliseconds
   */
  async resume(focus: CoreIndex, interrupted: () => boolean): Promise<Stop> {
    this.leaveBreakpoints();
    const slow = this.watchpoints.some(({ kind }) => kind !== 'write');
    while (this.stop === undefined) {
      if (interrupted()) return this.take({ kind: 'interrupt', core: focus });
      this.runTo(this.pico.cycles + (slow ? SLICE_CYCLES / 50 : SLICE_CYCLES));
      this.history.keep();
      await new Promise((resume) => setImmediate(resume));
    }
    return this.take();
  }

  /**
   * Goes back to the last breakpoint or watchpoint that was reached before now. At a watchpoint it stands behind the store: GDB takes
   * an ARM's watchpoints for such that stop before it, and steps back over it by itself.
   */
  async resumeBack(focus: CoreIndex, interrupted: () => boolean): Promise<Stop> {
    const present = this.now;
    let end = present;
    this.goingBack = true;
    for (const moment of this.history.momentsBefore(present)) {
      // A store that has just stopped the run lies behind; a breakpoint that the core stands on does not.
      const last = this.hitsFrom(moment, end).findLastIndex(
        ({ stop, cycle }) => cycle < present || (stop.kind === 'watch' && cycle === present),
      );
      if (last >= 0) return this.arrive(moment, end, last + 1);
      end = moment.cycle;
      await new Promise((resume) => setImmediate(resume));
      if (interrupted()) return this.standAt(moment, { kind: 'interrupt', core: focus });
    }
    return this.standAt(this.history.beginning, { kind: 'history-begins', core: focus });
  }

  private standAt(moment: Moment, stop: Stop): Stop {
    this.pico.restore(moment.snapshot);
    this.attach();
    this.history.forgetAfter(moment.cycle);
    this.goingBack = false;
    this.stop = undefined;
    return this.take(stop);
  }

  /** One instruction of a core (an exception that comes first counts as one). */
  step(id: CoreIndex): Stop {
    this.stop = this.faultStop();
    if (this.stop === undefined) this.stepCore(id);
    this.noticeFault();
    this.history.keep();
    return this.take({ kind: 'step', core: id });
  }

  /** Back to before the core's last instruction. */
  stepBack(id: CoreIndex): Stop {
    const breakpoints = [...this.breakpoints];
    for (const address of breakpoints) this.removeBreakpoint(address);
    this.goingBack = true;
    this.isDeaf = true;
    const found = this.history.back(
      () => this.chip.cores[id].cycle,
      () => this.stepCore(id),
    );
    this.goingBack = false;
    this.isDeaf = false;
    this.attach();
    for (const address of breakpoints) this.addBreakpoint(address);
    this.stop = undefined;
    this.stoppedCore = id;
    return { kind: found ? 'step' : 'history-begins', core: id };
  }

  /** Sends a text to UART0, as the person at the other end of it. */
  send(text: string): void {
    this.history.record(this.now, () => this.pico.uart[0].send(text));
  }

  // ---- breakpoints and watchpoints

  addBreakpoint(address: number): void {
    this.breakpoints.add(address & ~1);
    this.chip.code.addBreakpoint(address & ~1);
  }

  removeBreakpoint(address: number): void {
    this.breakpoints.delete(address & ~1);
    this.chip.code.removeBreakpoint(address & ~1);
  }

  /** False where it cannot be watched: stores outside SRAM. */
  addWatchpoint(kind: WatchKind, address: number, bytes: number): boolean {
    const inSram = address >= SRAM && address + bytes <= SRAM_END;
    if (bytes < 1 || bytes > 4096 || (kind !== 'read' && !inSram)) return false;
    const watchpoint: Watchpoint = { kind, address, bytes, ends: [] };
    this.watchpoints.push(watchpoint);
    if (kind !== 'read') {
      for (let at = address; at < address + bytes; at++) {
        watchpoint.ends.push(
          this.pico.watchWrite(at, (_value, _cycle, core) => this.watched(watchpoint, core)),
        );
      }
    }
    return true;
  }

  removeWatchpoint(kind: WatchKind, address: number, bytes: number): void {
    const at = this.watchpoints.findIndex(
      (known) => known.kind === kind && known.address === address && known.bytes === bytes,
    );
    if (at < 0) return;
    for (const end of this.watchpoints[at].ends) end();
    this.watchpoints.splice(at, 1);
  }

  removeAllPoints(): void {
    for (const address of [...this.breakpoints]) this.removeBreakpoint(address);
    for (const { kind, address, bytes } of [...this.watchpoints]) this.removeWatchpoint(kind, address, bytes);
  }

  // ---- registers and memory

  /** In the order of REGISTER_NAMES. */
  registers(id: CoreIndex): number[] {
    const named = this.pico.registers(id);
    return REGISTER_NAMES.map((name) => named[name]);
  }

  writeRegister(id: CoreIndex, index: number, value: number): void {
    this.history.record(this.now, () => setRegister(this.chip.cores[id], index, value));
  }

  /** Memory without side effects, peripherals with theirs. As many bytes as there are; undefined when there are none. */
  readMemory(address: number, length: number): Uint8Array | undefined {
    const bytes: number[] = [];
    for (let at = address; at < address + length; at++) {
      const byte = this.readByte(at);
      if (byte === undefined) break;
      bytes.push(byte);
    }
    return bytes.length === 0 && length > 0 ? undefined : Uint8Array.from(bytes);
  }

  /** False where there is no memory to write. */
  writeMemory(address: number, data: Uint8Array): boolean {
    if (isMemory(address) && isMemory(address + Math.max(data.length - 1, 0))) {
      try {
        this.history.record(this.now, () => this.pico.writeMemory(address, data));
        return true;
      } catch {
        return false;
      }
    }
    return this.writePeripheral(address, data);
  }

  private readByte(address: number): number | undefined {
    try {
      return this.pico.readMemory(address, 1)[0];
    } catch {
      const { masterBus } = this.chip;
      if (address > 0xffffffff || isMemory(address)) return undefined;
      const word = masterBus.debugRead(address & ~3, 4);
      return masterBus.failed ? undefined : (word >>> (8 * (address & 3))) & 0xff;
    }
  }

  private writePeripheral(address: number, data: Uint8Array): boolean {
    if (address % 4 !== 0 || data.length % 4 !== 0 || address + data.length > 2 ** 32) return false;
    const words = new DataView(data.buffer, data.byteOffset, data.byteLength);
    for (let at = 0; at < data.length; at += 4) {
      const value = words.getUint32(at, true);
      this.history.record(this.now, () => this.chip.masterBus.debugWrite((address + at) >>> 0, value, 4));
      if (this.chip.masterBus.failed) return false;
    }
    return true;
  }

  // ---- inside

  /** The present cycle of the core that stopped last: it stands at an instruction's beginning, the other may not. */
  private get now(): number {
    const core = this.chip.cores[this.stoppedCore];
    return core.stopped ? this.pico.cycles : core.cycle;
  }

  /** Another chip is there after a reset: it learns of the breakpoints. */
  private attach(): void {
    if (this.attached === this.chip) return;
    this.attached = this.chip;
    for (const address of this.breakpoints) this.chip.code.addBreakpoint(address);
    this.chip.onBreakpoint = (core) => this.stopAt({ kind: 'breakpoint', core });
  }

  private stopAt(stop: Stop): void {
    if (this.isDeaf) return;
    this.stop ??= stop;
    this.pico.stop();
  }

  private take(otherwise?: Stop): Stop {
    const stop = (this.stop ?? otherwise) as Stop;
    this.stop = undefined;
    this.stoppedCore = stop.core;
    return stop;
  }

  private watched({ kind, address }: Watchpoint, core: CoreIndex): void {
    this.stopAt({ kind: 'watch', core, watch: kind, address });
  }

  private faultStop(): Stop | undefined {
    const { fault } = this.pico;
    return fault && { kind: 'fault', core: fault.core, fault: fault.kind };
  }

  private noticeFault(): void {
    this.stop ??= this.faultStop();
  }

  /** A core that stands on a breakpoint executes that instruction first. */
  private leaveBreakpoints(): void {
    this.stop = this.faultStop();
    for (const core of this.chip.cores) {
      if (this.stop === undefined && this.breakpoints.has(core.pc) && !core.stopped) this.stepCore(core.id);
    }
  }

  private stepCore(id: CoreIndex): void {
    const core = this.chip.cores[id];
    const { cycle: before, pc } = core;
    const giveUp = this.pico.cycles + STEP_CYCLES;
    if (this.breakpoints.has(pc)) this.chip.code.removeBreakpoint(pc);
    do {
      // A sleeping core has no time of its own.
      const from = core.stopped ? this.pico.cycles : Math.max(this.pico.cycles, core.cycle);
      this.pico.run({ cycle: from + 1 });
    } while (
      this.stop === undefined &&
      this.pico.fault === undefined &&
      this.chip.cores[id] === core &&
      !(core.cycle > before && core.sequence === SEQ_NONE && core.progress === 0) &&
      this.pico.cycles < giveUp
    );
    this.attach();
    if (this.breakpoints.has(pc)) this.chip.code.addBreakpoint(pc);
  }

  /** Runs to a cycle, or to what stops before it. */
  private runTo(cycle: number): void {
    if (this.watchpoints.some(({ kind }) => kind !== 'write')) this.runWatchingLoads(cycle);
    else this.pico.run({ cycle });
    this.attach();
    this.noticeFault();
  }

  /** Loads are told from instructions about to be executed, so the chip runs cycle by cycle. */
  private runWatchingLoads(end: number): void {
    const { cores } = this.chip;
    let left = [-1, -1];
    while (this.stop === undefined && this.pico.cycles < end && this.chip.cores === cores) {
      if (this.pico.fault !== undefined) return;
      for (const core of cores) {
        if (!core.stopped && left[core.id] !== core.cycle) this.noticeLoad(core);
      }
      left = cores.map((core) => core.cycle);
      this.pico.run({ cycle: this.pico.cycles + 1 });
    }
  }

  /** What stops a run from a moment to a cycle, in order; the Pico is then there, or at the stop of number `most`. */
  private hitsFrom(moment: Moment, end: number, most = Number.POSITIVE_INFINITY): Hit[] {
    const hits: Hit[] = [];
    this.pico.restore(moment.snapshot);
    this.attach();
    this.stop = undefined;
    const later = [...this.history.interventionsAfter(moment, end)];
    for (;;) {
      const next = later[0]?.cycle ?? end;
      if (this.stop === undefined) this.runTo(Math.min(next, end));
      const stop = this.stop as Stop | undefined;
      if (stop !== undefined) {
        hits.push({ stop, cycle: this.chip.cores[stop.core].cycle });
        if (hits.length >= most || stop.kind === 'fault') return hits;
        this.leaveBreakpoints();
      } else if (later.length > 0 && this.pico.cycles >= next) later.shift()?.apply();
      else if (this.pico.cycles >= end) return hits;
    }
  }

  /** Stands at one of the hits on the way from a moment, and forgets what came after it. */
  private arrive(moment: Moment, end: number, number: number): Stop {
    const { stop, cycle } = this.hitsFrom(moment, end, number).at(-1) as Hit;
    this.history.forgetAfter(cycle);
    this.stop = undefined;
    this.stoppedCore = stop.core;
    this.goingBack = false;
    return stop;
  }

  private noticeLoad(core: Core): void {
    const code = this.readMemory(core.pc, 2);
    if (code?.length !== 2) return;
    const load = loadAt(code[0] | (code[1] << 8), this.registers(core.id));
    if (load === undefined) return;
    const hit = this.watchpoints.find(
      ({ kind, address, bytes }) =>
        kind !== 'write' && address < load.address + load.bytes && load.address < address + bytes,
    );
    // As on silicon the access is made before the core stops.
    if (hit === undefined) return;
    this.stepCore(core.id);
    this.watched(hit, core.id);
  }
}

const isMemory = (address: number): boolean => address < 0x30000000;

const setRegister = (core: Core, index: number, value: number): void => {
  const name = REGISTER_NAMES[index];
  if (index < 13 || name === 'lr') core.registers[index] = value | 0;
  else if (name === 'sp') core.registers[13] = value & ~3;
  else if (index === PC) {
    core.jumpThumb(value | 1);
    core.sequence = SEQ_NONE;
  } else if (name === 'xpsr') core.apsr = value;
  else if (name === 'msp') core.msp = value;
  else if (name === 'psp') core.psp = value;
  else if (name === 'primask') core.primask = value & 1;
  else if (name === 'control') {
    core.unprivileged = value & 1;
    core.setMode(core.ipsr, (value >> 1) & 1);
  }
};
