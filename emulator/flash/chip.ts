/**
 * A W25Q-class quad SPI flash chip, clock by clock: chip select edges, one to four data lines, status registers,
 * continuous read mode, page program, erases and busy times. W25Q16JV datasheet, sections 6 to 9.
 *
 * It changes the array it was given, so the program that runs from that flash sees what it wrote.
 * Not modelled: block protection (the bits are stored, not enforced), suspend and resume, QPI, SFDP, security registers.
 */
import { memoryTiming } from '../timing/memory-rules.ts';
import { FLASH_COMMANDS, type FlashCommand, isReadEffect, isWriteEffect } from './commands.ts';

/** Durations in nanoseconds. */
export interface FlashDurations {
  programPage: number;
  erase4k: number;
  erase32k: number;
  erase64k: number;
  eraseChip: number;
  writeStatus: number;
}

export const FLASH_DURATIONS: FlashDurations = {
  programPage: memoryTiming.flashPageProgram,
  erase4k: memoryTiming.flashErase4k,
  erase32k: memoryTiming.flashErase32k,
  erase64k: memoryTiming.flashErase64k,
  eraseChip: memoryTiming.flashEraseChip,
  writeStatus: memoryTiming.flashWriteStatus,
};

export interface FlashChipOptions {
  /** The array that holds the contents; at least `sizeBytes` long. */
  array: Uint8Array;
  /** A power of two, at most 16 MB. */
  sizeBytes: number;
  /** Present emulated time in nanoseconds. */
  nanos: () => number;
  /** 64-bit unique id, eight bytes as the chip sends them. */
  uniqueId?: Uint8Array;
  durations?: Partial<FlashDurations>;
  /** Called after the contents of `[start, end)` changed. */
  onChange?: (start: number, end: number) => void;
}

const MANUFACTURER_WINBOND = 0xef;
const MEMORY_TYPE = 0x40;
const STATUS_BUSY = 0x01;
const STATUS_WRITE_ENABLED = 0x02;
/** Quad enable in status register 2; the part on the Pico ships with it set. */
const QUAD_ENABLE = 0x02;
const PAGE_BYTES = 256;
const UNDRIVEN = 0xf;
const CONTINUOUS_MASK = 0x30;
const CONTINUOUS_VALUE = 0x20;

const DEFAULT_UNIQUE_ID = Uint8Array.of(0xe6, 0x60, 0x53, 0x74, 0x61, 0x72, 0x6d, 0x64);

type Phase = 'deselected' | 'command' | 'address' | 'mode' | 'dummy' | 'read' | 'write' | 'ignored';

export class FlashChip {
  readonly array: Uint8Array;
  readonly sizeBytes: number;
  readonly uniqueId: Uint8Array;
  readonly durations: FlashDurations;
  onChange: (start: number, end: number) => void;
  /** The next chip select starts with an address: the last read asked for continuous mode. */
  continuous = false;
  /** Rises with every chip select and every change of state; lets an observer know that nothing happened. */
  activity = 0;

  private readonly nanos: () => number;
  private phase: Phase = 'deselected';
  private command: FlashCommand | undefined;
  private shift = 0;
  private clocksLeft = 0;
  private address = 0;
  private outByte = 0;
  private outBitsLeft = 0;
  private bytes = 0;
  private readonly page = new Uint8Array(PAGE_BYTES);
  private writeEnabled = false;
  private poweredDown = false;
  private resetArmed = false;
  private busyUntilNanos = 0;
  private readonly status = Uint8Array.of(0, QUAD_ENABLE, 0x60);

  constructor({ array, sizeBytes, nanos, uniqueId, durations, onChange }: FlashChipOptions) {
    this.array = array;
    this.sizeBytes = sizeBytes;
    this.nanos = nanos;
    this.uniqueId = uniqueId ?? DEFAULT_UNIQUE_ID;
    this.durations = { ...FLASH_DURATIONS, ...durations };
    this.onChange = onChange ?? (() => {});
  }

  /** A program, erase or status write is under way. */
  get busy(): boolean {
    return this.nanos() < this.busyUntilNanos;
  }

  get selected(): boolean {
    return this.phase !== 'deselected';
  }

  /** Address of the next byte that a read in progress sends, or undefined when the chip is not sending its array. */
  get readingAt(): number | undefined {
    return this.phase === 'read' && this.command?.effect === 'read-array' ? this.address : undefined;
  }

  /** Power-on state of everything but the array. */
  powerOn(): void {
    this.phase = 'deselected';
    this.busyUntilNanos = 0;
    this.softReset();
  }

  /** Falling edge of chip select. */
  select(): void {
    if (this.selected) return;
    this.activity++;
    this.bytes = 0;
    this.outBitsLeft = 0;
    if (this.continuous && this.command) this.startAddress(this.command);
    else this.enter('command', 8);
  }

  /** Rising edge of chip select: what was shifted in takes effect. */
  deselect(): void {
    if (!this.selected) return;
    this.activity++;
    const { command, phase } = this;
    this.phase = 'deselected';
    if (command && (phase === 'write' || phase === 'read' || phase === 'dummy')) this.finish(command, phase);
  }

  /**
   * One SCK period with chip select low.
   * @param io levels of IO3..IO0 as bits 3..0; lines that the chip drives are disregarded
   * @returns levels of IO3..IO0 that the host samples; undriven lines read as 1
   */
  clock(io: number): number {
    switch (this.phase) {
      case 'command':
        if (this.shiftIn(io, 1)) this.decode(this.shift & 0xff);
        return UNDRIVEN;
      case 'address':
        if (this.shiftIn(io, this.command!.addressLines)) this.addressComplete(this.command!);
        return UNDRIVEN;
      case 'mode':
        if (this.shiftIn(io, this.command!.addressLines)) this.modeComplete(this.command!);
        return UNDRIVEN;
      case 'dummy':
        if (--this.clocksLeft === 0) this.startData(this.command!);
        return UNDRIVEN;
      case 'read':
        return this.shiftOut(this.command!);
      case 'write':
        if (this.shiftIn(io, this.command!.dataLines)) this.byteWritten(this.command!, this.shift & 0xff);
        return UNDRIVEN;
      default:
        return UNDRIVEN;
    }
  }

  private enter(phase: Phase, clocks: number): void {
    this.phase = phase;
    this.clocksLeft = clocks;
    this.shift = 0;
  }

  /** Returns true when the field that is being shifted in is complete. */
  private shiftIn(io: number, lines: number): boolean {
    this.shift = (this.shift << lines) | (io & ((1 << lines) - 1));
    return --this.clocksLeft === 0;
  }

  private decode(code: number): void {
    const command = FLASH_COMMANDS.get(code);
    this.command = command;
    this.phase = 'ignored';
    if (!command) return;
    if (this.poweredDown && command.effect !== 'read-device-id') return;
    if (this.busy && !command.effect.startsWith('read-status')) return;
    if (command.quad && !(this.status[1] & QUAD_ENABLE)) return;
    if (command.addressLines) this.startAddress(command);
    else this.afterAddress(command);
  }

  private startAddress(command: FlashCommand): void {
    this.enter('address', 24 / command.addressLines);
  }

  private addressComplete(command: FlashCommand): void {
    this.address = this.shift & 0xffffff & (this.sizeBytes - 1);
    if (command.mode) this.enter('mode', 8 / command.addressLines);
    else this.afterAddress(command);
  }

  private modeComplete(command: FlashCommand): void {
    this.continuous = (this.shift & CONTINUOUS_MASK) === CONTINUOUS_VALUE;
    this.afterAddress(command);
  }

  private afterAddress(command: FlashCommand): void {
    if (command.dummyClocks) this.enter('dummy', command.dummyClocks);
    else this.startData(command);
  }

  private startData(command: FlashCommand): void {
    if (isReadEffect(command.effect)) {
      this.phase = 'read';
      this.outBitsLeft = 0;
      return;
    }
    if (command.effect === 'program-page') this.page.fill(0xff);
    this.enter('write', 8 / command.dataLines);
  }

  private shiftOut({ effect, dataLines }: FlashCommand): number {
    if (this.outBitsLeft === 0) {
      this.outByte = this.nextByte(effect);
      this.outBitsLeft = 8;
    }
    this.outBitsLeft -= dataLines;
    const bits = (this.outByte >>> this.outBitsLeft) & ((1 << dataLines) - 1);
    // On one line the chip answers on IO1; otherwise on IO0 upwards.
    if (dataLines === 1) return 0xd | (bits << 1);
    return dataLines === 2 ? 0xc | bits : bits;
  }

  private nextByte(effect: FlashCommand['effect']): number {
    const index = this.bytes++;
    switch (effect) {
      case 'read-array': {
        const value = this.array[this.address];
        this.address = (this.address + 1) & (this.sizeBytes - 1);
        return value;
      }
      case 'read-status-1':
        return this.status1();
      case 'read-status-2':
        return this.status[1];
      case 'read-status-3':
        return this.status[2];
      case 'read-jedec-id':
        return [MANUFACTURER_WINBOND, MEMORY_TYPE, this.capacityCode][index] ?? 0xff;
      case 'read-device-id':
        return this.capacityCode - 1;
      case 'read-manufacturer-id':
        return (index + (this.address & 1)) & 1 ? this.capacityCode - 1 : MANUFACTURER_WINBOND;
      default:
        return this.uniqueId[index & 7];
    }
  }

  /** Third byte of the JEDEC id: log2 of the size in bytes. */
  private get capacityCode(): number {
    return 31 - Math.clz32(this.sizeBytes);
  }

  private status1(): number {
    return (
      (this.status[0] & ~(STATUS_BUSY | STATUS_WRITE_ENABLED)) |
      (this.busy ? STATUS_BUSY : 0) |
      (this.writeEnabled ? STATUS_WRITE_ENABLED : 0)
    );
  }

  private byteWritten({ effect, dataLines }: FlashCommand, value: number): void {
    if (effect === 'program-page') {
      // Past the end of the page the address wraps to its start.
      this.page[(this.address + this.bytes) & (PAGE_BYTES - 1)] = value;
    } else if (this.bytes < 2) {
      this.page[this.bytes] = value;
    }
    this.bytes++;
    this.enter('write', 8 / dataLines);
  }

  /** Chip select rose after `command`. A write that stopped inside a byte is dropped, as the datasheet says. */
  private finish(command: FlashCommand, phase: Phase): void {
    const { effect } = command;
    if (effect === 'read-device-id') this.poweredDown = false;
    if (phase !== 'write') return;
    if (this.clocksLeft !== 8 / command.dataLines) return;
    const wasArmed = this.resetArmed;
    this.resetArmed = effect === 'reset-enable';
    if (effect === 'write-enable') this.writeEnabled = true;
    else if (effect === 'write-disable') this.writeEnabled = false;
    else if (effect === 'power-down') this.poweredDown = true;
    else if (effect === 'reset' && wasArmed) this.softReset();
    else if (isWriteEffect(effect) && this.writeEnabled) this.write(effect);
  }

  private softReset(): void {
    this.continuous = false;
    this.writeEnabled = false;
    this.poweredDown = false;
    this.resetArmed = false;
    this.activity++;
  }

  private write(effect: FlashCommand['effect']): void {
    const { durations } = this;
    switch (effect) {
      case 'program-page':
        if (this.bytes === 0) return;
        this.program();
        return;
      case 'erase-4k':
        this.erase(4096, durations.erase4k);
        return;
      case 'erase-32k':
        this.erase(32768, durations.erase32k);
        return;
      case 'erase-64k':
        this.erase(65536, durations.erase64k);
        return;
      case 'erase-chip':
        this.erase(this.sizeBytes, durations.eraseChip);
        return;
      default:
        this.writeStatus(effect);
        return;
    }
  }

  /** Programming only clears bits. */
  private program(): void {
    const start = this.address & ~(PAGE_BYTES - 1);
    for (let i = 0; i < PAGE_BYTES; i++) this.array[start + i] &= this.page[i];
    this.startBusy(this.durations.programPage);
    this.onChange(start, start + PAGE_BYTES);
  }

  private erase(bytes: number, duration: number): void {
    if (this.bytes !== 0) return;
    const start = bytes === this.sizeBytes ? 0 : this.address & ~(bytes - 1);
    this.array.fill(0xff, start, start + bytes);
    this.startBusy(duration);
    this.onChange(start, start + bytes);
  }

  private writeStatus(effect: FlashCommand['effect']): void {
    if (this.bytes === 0) return;
    const first = effect === 'write-status-1' ? 0 : effect === 'write-status-2' ? 1 : 2;
    this.status[first] = this.page[0];
    if (first === 0 && this.bytes === 2) this.status[1] = this.page[1];
    this.startBusy(this.durations.writeStatus);
  }

  private startBusy(duration: number): void {
    this.writeEnabled = false;
    this.busyUntilNanos = this.nanos() + duration;
  }
}
