/**
 * A Raspberry Pi Pico in software: load a program, let it run until something happens, look at everything. Synchronous; time is
 * emulated time only.
 */
import type { Chip } from './chip/chip.ts';
import { type DetailedFaultReport, reportFault } from './faults/report.ts';
import { hex } from './hex.ts';
import type {
  CarriedState,
  CoreIndex,
  CounterReadListener,
  Machine,
  StackRange,
  WriteWatcher,
} from './machine.ts';
import { PicoPin } from './ports/pin.ts';
import { PicoUart } from './ports/uart.ts';
import { PicoUsb } from './ports/usb.ts';
import { ProgramError, UsageError } from './program/errors.ts';
import { SymbolTable } from './program/symbols.ts';
import { machineOf, type Snapshot, Snapshots } from './snapshot/snapshot.ts';
import { StockMachine } from './stock/machine.ts';
import { setBootVector } from './stock/wiring.ts';
import type { CallObserver } from './trace/call-observer.ts';
import { FunctionMap } from './trace/function-map.ts';
import type { InstructionProfile } from './trace/instruction-profile.ts';
import { TwoCoreMachine } from './two-cores/machine.ts';
import type { PicoOptions, Program, ProgramSymbol, RunEnd, RunResult, RunUntil } from './types.ts';

const DEFAULT_FLASH_BYTES = 2 * 1024 * 1024;
const MAX_FLASH_BYTES = 16 * 1024 * 1024;
const MAX_BOOTROM_BYTES = 16 * 1024;
const DEFAULT_XOSC_HZ = 12_000_000;
const SRAM_END = 0x20042000;
const GPIO_COUNT = 30;
/** How often `RunUntil.stop` is asked. */
const SLICE_CYCLES = 4096;

/** The stacks to guard; a core left out is not guarded. */
export interface StackRanges {
  core0?: StackRange;
  core1?: StackRange;
}

/** A Raspberry Pi Pico: give it a boot ROM, load a program, run it until something happens. Same input, same cycles. */
export class Pico {
  /** What is connected to UART0 and UART1. */
  readonly uart: readonly [PicoUart, PicoUart] = [new PicoUart(0), new PicoUart(1)];
  /** The host at the USB port. */
  readonly usb = new PicoUsb();
  /** As given, defaults filled in. */
  readonly options: Readonly<Required<PicoOptions>>;
  private machine: Machine;
  private symbols = new SymbolTable([]);
  private program: Program | undefined;
  private readonly pins: PicoPin[] = [];
  private readonly writeWatches = new Map<
    symbol,
    { address: number; watcher: WriteWatcher; end: () => void }
  >();
  private readonly counterWatches = new Map<symbol, { listener: CounterReadListener; end: () => void }>();
  /** Undefined: taken from the program's symbols. */
  private stackRanges: StackRanges | undefined;
  private calls: CallObserver | null = null;
  private stopRequested = false;
  private running = false;
  /** Of the present machine, and of those before its resets. */
  private readonly snapshots = new WeakMap<Machine, Snapshots>();
  private faultReport: DetailedFaultReport | undefined;

  /** @throws UsageError when an option is out of range */
  constructor(options: PicoOptions) {
    this.options = checkOptions(options);
    for (let n = 0; n < GPIO_COUNT; n++) this.pins.push(new PicoPin(n));
    this.machine = this.createMachine(powerOn(new Uint8Array(this.options.flashBytes).fill(0xff)));
    this.connect();
  }

  /**
   * Puts the program into flash (and SRAM, for what it wants there) and resets. A program that is all in SRAM starts at its lowest
   * address, as after a UF2 for SRAM was dropped on the boot drive.
   * @throws ProgramError when it does not fit
   */
  load(program: Program): void {
    this.write(program);
    this.program = program.symbols.length > 0 || !this.program ? program : this.program;
    this.symbols = this.symbols.with(program.symbols);
    this.reset();
    for (const segment of program.segments) {
      if (isSram(segment.address)) this.writeMemory(segment.address, segment.data);
    }
    if (program.segments.every(({ address }) => isSram(address))) {
      setBootVector(this.machine.rp2040, program.segments[0].address, SRAM_END);
    }
  }

  /** Power-on reset: flash stays, everything else starts anew and the cycle count is 0 again. */
  reset(): void {
    this.machine = this.createMachine(powerOn(this.flash.slice()));
    this.faultReport = undefined;
    this.connect();
  }

  /** Ends the present run as `stopped` at the next instruction boundary; for use in listeners. */
  stop(): void {
    this.stopRequested = true;
    this.machine.stop();
  }

  /** Runs until what is asked for happens; synchronous. Afterwards the next run goes on where this one ended. */
  run(until: RunUntil): RunResult {
    this.running = true;
    const stopListening: ((() => void) | undefined)[] = [];
    try {
      return this.runUntil(until, stopListening);
    } finally {
      this.running = false;
      for (const stop of stopListening) stop?.();
    }
  }

  private runUntil(until: RunUntil, listening: ((() => void) | undefined)[]): RunResult {
    this.stopRequested = false;
    let end: RunEnd | undefined;
    const finish = (reason: RunEnd) => {
      end ??= reason;
      this.machine.stop();
    };
    listening.push(this.endAtText(until, finish), this.endAtPin(until, finish));
    const deadline = until.timeoutSeconds === undefined ? undefined : this.seconds + until.timeoutSeconds;
    while (!end) {
      end = this.endAlready(until, deadline);
      if (!end) this.machine.runTo(this.nextLimit(until, deadline));
      if (this.machine.resetRequested) this.restart();
      if (this.machine.fault) end = this.machine.fault.lockup ? 'lockup' : 'fault';
      else if (!end && (this.stopRequested || until.stop?.())) end = 'stopped';
    }
    return { end, cycles: this.cycles, seconds: this.seconds, fault: this.fault };
  }

  /**
   * The whole state, to come back to with `restore` as often as wanted. Listeners, watches and breakpoints are not part of it.
   * @throws UsageError inside a run (in a listener: call `stop` and take it after the run), and on the stock core
   */
  snapshot(): Snapshot {
    return this.snapshotsOf(this.machine).take();
  }

  /**
   * Makes everything as it was when the snapshot was taken; what then happens is what happened then, cycle for cycle.
   * @throws UsageError inside a run, and for a snapshot of another Pico
   */
  restore(snapshot: Snapshot): void {
    const machine = machineOf(snapshot);
    if (!this.snapshots.has(machine))
      throw new UsageError('A snapshot can be restored only on the Pico it was taken of');
    this.snapshotsOf(machine).restore(snapshot);
    this.faultReport = undefined;
    if (machine !== this.machine) {
      this.machine = machine;
      machine.forgetWatches();
      this.watch();
    }
    this.calls?.restarted(machine.cycles);
    machine.observeCalls(this.calls);
  }

  /** A digest of the whole state: equal after runs that were equal. @throws UsageError as `snapshot` does */
  stateHash(): string {
    return this.snapshotsOf(this.machine).hash();
  }

  /** clk_sys cycles since reset. */
  get cycles(): number {
    return this.machine.cycles;
  }

  /** Emulated seconds since reset. */
  get seconds(): number {
    return this.machine.seconds;
  }

  /** clk_sys as the program set it. */
  get clockHz(): number {
    return this.machine.clockHz;
  }

  /** The chip behind, for debuggers; another one after each reset. Undefined with the stock core. */
  get chip(): Chip | undefined {
    return this.machine instanceof TwoCoreMachine ? this.machine.chip : undefined;
  }

  /** 2, or 1 with the stock core. */
  get coreCount(): 1 | 2 {
    return this.machine.coreCount;
  }

  /** Names, stacks and causes of the fault that ended the run; undefined while all is well. */
  get fault(): DetailedFaultReport | undefined {
    if (this.machine.fault && !this.faultReport) {
      this.faultReport = reportFault(this.machine, this.machine.fault, this.symbols, this.program?.path);
    }
    return this.faultReport;
  }

  /** @throws UsageError for a GPIO that does not exist */
  gpio(n: number): PicoPin {
    const pin = this.pins[n];
    if (!pin) throw new UsageError(`There is no GPIO ${n}: the Pico's are 0 to ${GPIO_COUNT - 1}`);
    return pin;
  }

  /** Registers of one core: r0-r12, sp, lr, pc, xpsr, msp, psp, primask, control. */
  registers(core: CoreIndex = 0): Record<string, number> {
    return this.machine.registers(core);
  }

  /** Reads ROM, flash or SRAM without side effects. @throws UsageError where there is no memory */
  readMemory(address: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (let i = 0; i < length; i++) {
      const byte = this.machine.peek(address + i);
      if (byte === undefined) throw new UsageError(`There is no memory at ${hex(address + i)}`);
      bytes[i] = byte;
    }
    return bytes;
  }

  /** A little-endian 32-bit word of ROM, flash or SRAM. @throws UsageError where there is no memory */
  readWord(address: number): number {
    return new DataView(this.readMemory(address, 4).buffer).getUint32(0, true);
  }

  /** Writes flash or SRAM, past every protection. @throws UsageError where there is no such memory */
  writeMemory(address: number, data: Uint8Array): void {
    for (let i = 0; i < data.length; i++) {
      if (!this.machine.poke(address + i, data[i])) {
        throw new UsageError(`There is no memory to write at ${hex(address + i)}`);
      }
    }
    this.machine.poked();
  }

  /** A function or object of the loaded program by its name; undefined when it has none of this name. */
  symbol(name: string): ProgramSymbol | undefined {
    return this.symbols.named(name);
  }

  /** The function or object that covers an address. */
  symbolAt(address: number): ProgramSymbol | undefined {
    return this.symbols.covering(address);
  }

  /** Calls back on each store of a core that touches the byte address; lasts over resets. Returns the function that ends it. */
  watchWrite(address: number, watcher: WriteWatcher): () => void {
    const key = Symbol('watch');
    this.writeWatches.set(key, { address, watcher, end: this.machine.watchWrite(address, watcher) });
    return () => {
      this.writeWatches.get(key)?.end();
      this.writeWatches.delete(key);
    };
  }

  /** Calls back when a core reads its SysTick counter; lasts over resets. Returns the function that ends it. */
  onCounterRead(listener: CounterReadListener): () => void {
    const key = Symbol('counter');
    this.counterWatches.set(key, { listener, end: this.machine.onCounterRead(listener) });
    return () => {
      this.counterWatches.get(key)?.end();
      this.counterWatches.delete(key);
    };
  }

  /**
   * Tells somebody of every call, return and exception; lasts over resets, and takes the place of who was told before.
   * @throws UsageError on the stock core, which does not tell
   */
  observeCalls(observer: CallObserver | null): void {
    if (!this.machine.observeCalls) throw new UsageError('Calls can be observed on the starmind core only');
    this.calls = observer;
    this.machine.observeCalls(observer);
  }

  /**
   * Counts the cycles of each instruction of a function from now to the next reset. Its code must be in place: kernels in SRAM are
   * only after the program's start.
   * @throws UsageError on the stock core
   */
  profileInstructions(profile: InstructionProfile): void {
    if (!this.machine.profileInstructions)
      throw new UsageError('Instructions can be profiled on the starmind core only');
    this.machine.profileInstructions(profile);
  }

  /** Functions by address, for `CallProfile`. */
  functionMap(): FunctionMap {
    return new FunctionMap(this.symbols.all);
  }

  /**
   * Which stacks are guarded: a stack pointer that leaves its range downwards ends the run with `stack-overflow`. By default the
   * two stacks of the SDK's linker script, when the program has their symbols. `{}` switches the guard off.
   */
  guardStacks(ranges: StackRanges): void {
    this.stackRanges = ranges;
    this.applyStackRanges();
  }

  private get flash(): Uint8Array {
    return this.machine.rp2040.flash.subarray(0, this.options.flashBytes);
  }

  private write(program: Program): void {
    for (const { address, data } of program.segments) {
      if (isSram(address)) continue;
      const offset = address - 0x10000000;
      if (offset < 0 || offset + data.length > this.options.flashBytes) {
        throw new ProgramError(
          'out-of-range',
          `The program wants ${data.length} bytes at ${hex(address)}, outside the ${this.options.flashBytes} bytes of flash`,
        );
      }
      this.flash.set(data, offset);
    }
  }

  private createMachine(from: CarriedState): Machine {
    const { core, bootrom, xoscHz } = this.options;
    const Kind = core === 'rp2040js' ? StockMachine : TwoCoreMachine;
    return new Kind({ bootrom, xoscHz, from });
  }

  /** A reset by the watchdog or by software: memory, time and the watchdog's scratch registers go on. */
  private restart(): void {
    this.machine = this.createMachine(this.machine.carry());
    this.connect();
  }

  private connect(): void {
    const { machine } = this;
    for (const port of this.uart) port.connect(machine.rp2040.uart[port.index], machine);
    this.usb.connect(machine.rp2040, machine);
    for (const pin of this.pins) pin.connect(machine.rp2040.gpio[pin.index], () => machine.cycles);
    this.watch();
    this.applyStackRanges();
    this.calls?.restarted(machine.cycles);
    machine.observeCalls?.(this.calls);
  }

  private watch(): void {
    const { machine } = this;
    for (const watch of this.writeWatches.values())
      watch.end = machine.watchWrite(watch.address, watch.watcher);
    for (const watch of this.counterWatches.values()) watch.end = machine.onCounterRead(watch.listener);
  }

  private snapshotsOf(machine: Machine): Snapshots {
    if (this.running)
      throw new UsageError(
        'A snapshot is taken or restored between runs, not by a listener: call stop() first',
      );
    if (!(machine instanceof TwoCoreMachine))
      throw new UsageError('Snapshots are offered on the starmind core only');
    const known = this.snapshots.get(machine);
    if (known !== undefined) return known;
    const made = new Snapshots(machine, [...this.uart, this.usb, ...this.pins]);
    this.snapshots.set(machine, made);
    return made;
  }

  private applyStackRanges(): void {
    const ranges = this.stackRanges ?? stacksOf(this.symbols);
    this.machine.setStackRange(0, ranges.core0);
    if (this.machine.coreCount === 2) this.machine.setStackRange(1, ranges.core1);
  }

  private endAlready(until: RunUntil, deadline: number | undefined): RunEnd | undefined {
    const { machine } = this;
    if (machine.fault) return machine.fault.lockup ? 'lockup' : 'fault';
    if (until.pin && this.gpio(until.pin.gpio).level === until.pin.level) return 'pin';
    if (until.cycle !== undefined && machine.cycles >= until.cycle) return 'cycle';
    if (deadline !== undefined && machine.seconds >= deadline - 1e-12) return 'timeout';
    return undefined;
  }

  /** The cycle to run to before looking again. A change of clock makes `runTo` return early, so the deadline is then taken anew. */
  private nextLimit(until: RunUntil, deadline: number | undefined): number {
    const { machine } = this;
    const limits = [until.cycle ?? Number.POSITIVE_INFINITY];
    if (deadline !== undefined) {
      limits.push(
        machine.cycles + Math.max(1, Math.ceil((deadline - machine.seconds) * machine.clockHz - 1e-5)),
      );
    }
    if (until.stop) limits.push(machine.cycles + SLICE_CYCLES);
    return Math.min(...limits);
  }

  private endAtText(until: RunUntil, finish: (end: RunEnd) => void): (() => void) | undefined {
    if (until.text === undefined) return undefined;
    const wanted = new TextEncoder().encode(until.text);
    const recent: number[] = [];
    if (wanted.length === 0) finish('text');
    return this.uart[0].onByte((byte) => {
      recent.push(byte);
      if (recent.length > wanted.length) recent.shift();
      if (recent.length === wanted.length && recent.every((value, i) => value === wanted[i])) finish('text');
    });
  }

  private endAtPin(until: RunUntil, finish: (end: RunEnd) => void): (() => void) | undefined {
    const { pin } = until;
    if (!pin) return undefined;
    return this.gpio(pin.gpio).onChange((level) => {
      if (level === pin.level) finish('pin');
    });
  }
}

function powerOn(flash: Uint8Array): CarriedState {
  return { flash, cycles: 0, seconds: 0 };
}

/** The SDK's linker script puts core 0's stack at the top of SRAM5 and core 1's at the top of SRAM4, each behind what else is there. */
function stacksOf(symbols: SymbolTable): StackRanges {
  const range = (end: string, top: string): StackRange | undefined => {
    const lowest = symbols.named(end)?.address;
    const highest = symbols.named(top)?.address;
    return lowest === undefined || highest === undefined ? undefined : { lowest, top: highest };
  };
  return {
    core0: range('__scratch_y_end__', '__StackTop'),
    core1: range('__scratch_x_end__', '__StackOneTop'),
  };
}

function isSram(address: number): boolean {
  return address >>> 28 === 2;
}

function checkOptions(options: PicoOptions): Required<PicoOptions> {
  const { core = 'starmind', bootrom, flashBytes = DEFAULT_FLASH_BYTES, xoscHz = DEFAULT_XOSC_HZ } = options;
  if (core !== 'starmind' && core !== 'rp2040js')
    throw new UsageError(`There is no core kind "${core}": starmind or rp2040js`);
  if (bootrom.length < 8 || bootrom.length > MAX_BOOTROM_BYTES) {
    throw new UsageError(`A boot ROM has 8 to ${MAX_BOOTROM_BYTES} bytes; this one has ${bootrom.length}`);
  }
  if (flashBytes < 4096 || flashBytes > MAX_FLASH_BYTES || (flashBytes & (flashBytes - 1)) !== 0) {
    throw new UsageError(`Flash is a power of two from 4 KB to 16 MB; ${flashBytes} bytes is not`);
  }
  if (!(xoscHz >= 1_000_000 && xoscHz <= 15_000_000)) {
    throw new UsageError(`The crystal is 1 to 15 MHz; ${xoscHz} Hz is not`);
  }
  return { core, bootrom, flashBytes, xoscHz };
}
