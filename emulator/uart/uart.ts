/**
 * A UART whose bytes take time: 32-deep FIFOs, a shift register, interrupts by level and time-out, DMA requests. PL011, RP2040
 * datasheet 4.2. It has the interface of rp2040js' RPUART, so it can stand in `rp2040.uart`.
 *
 * A bit lasts 16 x (IBRD + FBRD / 64) periods of clk_peri. The start bit follows the store to DR, or the previous stop bit, at once: the
 * hardware aligns it to its 16x baud clock, a delay below a sixteenth of a bit that is left out. Modem lines are not connected.
 */
import type { RP2040 } from 'rp2040js';
import { WordFifo } from '../flash/word-fifo.ts';
import { RegisterBlock } from '../peripherals/block.ts';
import * as R from './registers.ts';

/** FIFO state for DMA. */
export interface UartRequests {
  /** Entries that DMA may write now. */
  tx: number;
  /** Entries that DMA may read now. */
  rx: number;
}

const ROUNDING_NANOS = 1e-3;

type Alarm = ReturnType<RP2040['clock']['createAlarm']>;

export class Uart extends RegisterBlock {
  /** A byte left the shift register; `nanos` is the end of its stop bit. */
  onByte?: (value: number, nanos: number) => void;
  onBaudRateChange?: (baudRate: number) => void;
  /** Told after every change of the FIFOs, for DMA. */
  onRequests: (requests: UartRequests) => void = () => {};
  readonly irq: number;

  private control = R.CR_RESET;
  private line = 0;
  private levels = R.IFLS_RESET;
  private intDivisor = 0;
  private fracDivisor = 0;
  private mask = 0;
  private raw = 0;
  private errors = 0;
  private overrun = false;
  private dmaControl = 0;
  private readonly tx = new WordFifo(R.FIFO_DEPTH);
  private readonly rx = new WordFifo(R.FIFO_DEPTH);
  private readonly requests: UartRequests = { tx: 0, rx: 0 };

  /** End of the stop bit of the byte in the shift register; Infinity when it is idle. */
  private txEnd = Number.POSITIVE_INFINITY;
  private txByte = 0;
  private readonly txAlarm: Alarm;
  private readonly rxTimeout: Alarm;
  /** Bytes from the host that are still on the wire. */
  private wire: number[] = [];
  private wireHead = 0;
  private wireEnd = Number.POSITIVE_INFINITY;
  private readonly wireAlarm: Alarm;

  constructor(rp2040: RP2040, name: string, irq: number) {
    super(rp2040, name);
    this.irq = irq;
    this.txAlarm = rp2040.clock.createAlarm(() => this.catchUp());
    this.wireAlarm = rp2040.clock.createAlarm(() => this.catchUp());
    this.rxTimeout = rp2040.clock.createAlarm(() => this.timedOut());
  }

  powerOn(): void {
    this.control = R.CR_RESET;
    this.line = 0;
    this.levels = R.IFLS_RESET;
    this.intDivisor = 0;
    this.fracDivisor = 0;
    this.mask = 0;
    this.raw = 0;
    this.errors = 0;
    this.overrun = false;
    this.dmaControl = 0;
    this.tx.clear();
    this.rx.clear();
    this.txEnd = Number.POSITIVE_INFINITY;
    this.txAlarm.cancel();
    this.rxTimeout.cancel();
    this.changed();
  }

  // ---- what the host sees --------------------------------------------------------------------------------------------

  get enabled(): boolean {
    return (this.control & R.CR_ENABLE) !== 0;
  }

  get txEnabled(): boolean {
    return (this.control & R.CR_TX) !== 0;
  }

  get rxEnabled(): boolean {
    return (this.control & R.CR_RX) !== 0;
  }

  get fifosEnabled(): boolean {
    return (this.line & R.LCR_FIFOS) !== 0;
  }

  /** Data bits of a character. */
  get wordLength(): number {
    return 5 + ((this.line >>> 5) & 3);
  }

  get baudDivider(): number {
    return this.intDivisor + this.fracDivisor / 64;
  }

  /** Bits per second, rounded; Infinity before the divider is set. */
  get baudRate(): number {
    return Math.round(this.chip.clkPeri / (this.baudDivider * 16));
  }

  /** Bits on the wire for one character: start, data, parity, stop. */
  get frameBits(): number {
    const stop = this.line & R.LCR_TWO_STOP ? 2 : 1;
    return 1 + this.wordLength + (this.line & R.LCR_PARITY ? 1 : 0) + stop;
  }

  /** Duration of one character in nanoseconds, exact to the divider. */
  get frameNanos(): number {
    return this.frameBits * this.bitNanos;
  }

  private get bitNanos(): number {
    return (this.baudDivider * 16 * 1e9) / this.chip.clkPeri;
  }

  /** Bytes from `send` that have not arrived. */
  get unsent(): number {
    return this.wire.length - this.wireHead;
  }

  /** rp2040js calls this when clk_peri changed; characters already on the wire keep their end. */
  clkPeriChanged(): void {
    this.reportBaud();
    this.startWire();
  }

  private reportBaud(): void {
    if (this.baudDivider) this.onBaudRateChange?.(this.baudRate);
  }

  /** Bytes from the host, one after the other at the UART's own speed; they wait while the receiver is off. */
  send(bytes: Iterable<number>): void {
    for (const byte of bytes) this.wire.push(byte & 0xff);
    this.startWire();
  }

  /** A character whose stop bit ends now. */
  feedByte(value: number): void {
    if (this.enabled && this.rxEnabled) this.receive(value & 0xff);
  }

  /** The line was low for longer than a character. */
  feedBreak(): void {
    if (this.enabled && this.rxEnabled) this.receive(R.DR_BREAK | R.DR_FRAMING);
  }

  // ---- registers -----------------------------------------------------------------------------------------------------

  protected read(offset: number): number {
    this.catchUp();
    switch (offset) {
      case R.DR:
        return this.popData();
      case R.RSR:
        return this.errors;
      case R.FR:
        return this.flags;
      case R.IBRD:
        return this.intDivisor;
      case R.FBRD:
        return this.fracDivisor;
      case R.LCR_H:
        return this.line;
      case R.CR:
        return this.control;
      case R.IFLS:
        return this.levels;
      case R.IMSC:
        return this.mask;
      case R.RIS:
        return this.raw;
      case R.MIS:
        return this.raw & this.mask;
      case R.DMACR:
        return this.dmaControl;
      default:
        return offset >= R.PERIPHID0 ? R.IDENTIFICATION[(offset - R.PERIPHID0) >>> 2] : 0;
    }
  }

  protected override peek(offset: number): number {
    return offset === R.DR ? this.rx.front() : this.read(offset);
  }

  protected write(offset: number, value: number, written: number): void {
    this.catchUp();
    switch (offset) {
      case R.DR:
        this.pushData(value & 0xff);
        break;
      case R.RSR:
        this.errors = 0;
        break;
      case R.IBRD:
        this.intDivisor = value & 0xffff;
        this.reportBaud();
        break;
      case R.FBRD:
        this.fracDivisor = value & 0x3f;
        this.reportBaud();
        break;
      case R.LCR_H:
        this.writeLine(value & 0xff);
        break;
      case R.CR:
        this.control = value & R.CR_MASK;
        break;
      case R.IFLS:
        this.levels = value & 0x3f;
        break;
      case R.IMSC:
        this.mask = value & R.INT_MASK;
        break;
      case R.ICR:
        this.raw &= ~written;
        break;
      case R.DMACR:
        this.dmaControl = value & 7;
        break;
    }
    this.startTransmit();
    this.startWire();
    this.changed();
  }

  private writeLine(value: number): void {
    const fifosChanged = (value ^ this.line) & R.LCR_FIFOS;
    this.line = value;
    if (!fifosChanged) return;
    this.tx.clear();
    this.rx.clear();
  }

  get flags(): number {
    return (
      R.FR_CTS |
      (this.txEnd !== Number.POSITIVE_INFINITY || !this.tx.empty ? R.FR_BUSY : 0) |
      (this.rx.empty ? R.FR_RXFE : 0) |
      (this.tx.level >= this.depth ? R.FR_TXFF : 0) |
      (this.rx.level >= this.depth ? R.FR_RXFF : 0) |
      (this.tx.empty ? R.FR_TXFE : 0)
    );
  }

  /** 32, or the single holding register while the FIFOs are off. */
  private get depth(): number {
    return this.fifosEnabled ? R.FIFO_DEPTH : 1;
  }

  /** The TX interrupt comes when the FIFO drains to this level. */
  private get txTrigger(): number {
    return this.fifosEnabled ? R.TRIGGER_LEVELS[this.levels & 7] : 0;
  }

  private get rxTrigger(): number {
    return this.fifosEnabled ? R.TRIGGER_LEVELS[(this.levels >>> 3) & 7] : 1;
  }

  // ---- transmitter ---------------------------------------------------------------------------------------------------

  private pushData(value: number): void {
    if (this.tx.level < this.depth) this.tx.push(value);
    this.startTransmit();
    if (this.tx.level > this.txTrigger) this.raw &= ~R.INT_TX;
  }

  private startTransmit(time = this.chip.clock.nanos): void {
    if (this.txEnd !== Number.POSITIVE_INFINITY || this.tx.empty) return;
    if (!this.enabled || !this.txEnabled || !(this.baudDivider > 0)) return;
    this.txByte = this.tx.pop() & ((1 << this.wordLength) - 1);
    // The interrupt is the FIFO's passage through its level, not the level itself.
    if (this.tx.level === this.txTrigger) this.raw |= R.INT_TX;
    this.txEnd = time + this.frameNanos;
    this.txAlarm.schedule(Math.max(0, this.txEnd - this.chip.clock.nanos));
  }

  private finishTransmit(): void {
    const { txByte, txEnd } = this;
    this.txEnd = Number.POSITIVE_INFINITY;
    this.startTransmit(txEnd);
    if (this.control & R.CR_LOOPBACK) {
      if (this.rxEnabled) this.receive(txByte);
    } else if (!(this.line & R.LCR_BREAK)) {
      this.onByte?.(txByte, txEnd);
    }
  }

  // ---- receiver ------------------------------------------------------------------------------------------------------

  private startWire(time = this.chip.clock.nanos): void {
    if (this.wireEnd !== Number.POSITIVE_INFINITY || this.unsent === 0) return;
    if (!this.enabled || !this.rxEnabled || !(this.baudDivider > 0)) return;
    this.wireEnd = time + this.frameNanos;
    this.wireAlarm.schedule(Math.max(0, this.wireEnd - this.chip.clock.nanos));
  }

  private finishWire(): void {
    const byte = this.wire[this.wireHead++];
    if (this.wireHead === this.wire.length) {
      this.wire = [];
      this.wireHead = 0;
    }
    const end = this.wireEnd;
    this.wireEnd = Number.POSITIVE_INFINITY;
    if (this.enabled && this.rxEnabled) this.receive(byte & ((1 << this.wordLength) - 1));
    this.startWire(end);
  }

  private receive(word: number): void {
    if (this.rx.level >= this.depth) {
      this.overrun = true;
      this.raw |= R.INT_OVERRUN;
    } else {
      this.rx.push(this.overrun ? word | R.DR_OVERRUN : word);
      this.overrun = false;
    }
    if (word & R.DR_BREAK) this.raw |= R.INT_BREAK;
    if (word & R.DR_FRAMING) this.raw |= R.INT_FRAMING;
    if (this.rx.level >= this.rxTrigger) this.raw |= R.INT_RX;
    this.armTimeout();
    this.changed();
  }

  /** Any character or read starts the 32 bit periods of silence anew. */
  private armTimeout(): void {
    this.rxTimeout.cancel();
    if (!this.rx.empty && this.baudDivider > 0) this.rxTimeout.schedule(R.RX_TIMEOUT_BITS * this.bitNanos);
  }

  private timedOut(): void {
    if (this.rx.empty) return;
    this.raw |= R.INT_RX_TIMEOUT;
    this.changed();
  }

  private popData(): number {
    const word = this.rx.pop();
    this.errors = (word >>> 8) & 0xf;
    if (this.rx.level < this.rxTrigger) this.raw &= ~R.INT_RX;
    if (this.rx.empty) this.raw &= ~R.INT_RX_TIMEOUT;
    this.armTimeout();
    this.changed();
    return word;
  }

  // ---- time and lines ------------------------------------------------------------------------------------------------

  /** Finishes what should have finished by now, in order of time. */
  private catchUp(): void {
    const limit = this.chip.clock.nanos + ROUNDING_NANOS;
    let finished = false;
    while (this.txEnd <= limit || this.wireEnd <= limit) {
      if (this.txEnd <= this.wireEnd) this.finishTransmit();
      else this.finishWire();
      finished = true;
    }
    if (finished) this.changed();
  }

  private changed(): void {
    const { requests } = this;
    const active = this.enabled ? this.dmaControl : 0;
    requests.tx = active & R.DMACR_TX ? this.depth - this.tx.level : 0;
    requests.rx = active & R.DMACR_RX ? this.rx.level : 0;
    this.onRequests(requests);
    this.chip.setInterrupt(this.irq, (this.raw & this.mask) !== 0);
  }
}
