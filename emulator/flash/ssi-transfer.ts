/**
 * The shift engine of the SSI in direct mode: words wait in the TX FIFO, take their SCK periods on the pins, and what comes back waits in the
 * RX FIFO. RP2040 datasheet 4.10.8 to 4.10.10.
 */
import type { RP2040 } from 'rp2040js';
import type { QspiBus } from './qspi-bus.ts';
import * as R from './ssi-registers.ts';
import { WordFifo } from './word-fifo.ts';

/** Alarms come back with rounded times; a stage that ends within a picosecond has ended. */
const ROUNDING_NANOS = 1e-3;

type Stage = 'idle' | 'frame' | 'command' | 'receive' | 'send';

/** The registers that the engine follows, kept up to date by the register block. */
export interface TransferSettings {
  format: R.SsiFormat;
  /** clk_sys cycles per SCK period; below 2 the clock stands still. */
  divider: number;
  /** Data frames of a receive-only transfer. */
  frames: number;
  /** SSIENR is set and a slave is selected. */
  ready: boolean;
}

export class SsiTransfer {
  readonly tx = new WordFifo(R.FIFO_DEPTH);
  readonly rx = new WordFifo(R.FIFO_DEPTH);
  readonly settings: TransferSettings;
  /** A received word found the RX FIFO full and is lost. */
  onOverflow: () => void = () => {};
  /** Frames were finished since the last call. */
  onProgress: () => void = () => {};

  private stage: Stage = 'idle';
  /** Infinity while idle. */
  private stageEnd = Number.POSITIVE_INFINITY;
  private framesLeft = 0;
  private frameOut = 0;
  private readonly chip: RP2040;
  private readonly bus: QspiBus;
  private readonly alarm: { schedule(deltaNanos: number): void; cancel(): void };

  constructor(chip: RP2040, bus: QspiBus, settings: TransferSettings) {
    this.chip = chip;
    this.bus = bus;
    this.settings = settings;
    this.alarm = chip.clock.createAlarm(() => this.catchUp());
  }

  get busy(): boolean {
    return this.stage !== 'idle';
  }

  /** Nothing is shifted and nothing waits. */
  get quiet(): boolean {
    return this.stage === 'idle' && this.tx.empty;
  }

  private get now(): number {
    return this.chip.clock.nanos;
  }

  /** Stops in the middle, empties both FIFOs and raises chip select. */
  abort(): void {
    this.alarm.cancel();
    this.stage = 'idle';
    this.stageEnd = Number.POSITIVE_INFINITY;
    this.tx.clear();
    this.rx.clear();
    this.bus.drive(true);
  }

  /** Finishes the stages whose time has passed. */
  catchUp(): void {
    const limit = this.now + ROUNDING_NANOS;
    if (this.stageEnd > limit) return;
    while (this.stageEnd <= limit) this.finishStage(this.stageEnd);
    this.onProgress();
  }

  /** Starts a transfer if the FIFO holds enough for one. */
  tryStart(time = this.now): void {
    const { ready, divider, format } = this.settings;
    if (this.stage !== 'idle' || !ready || divider < 2) return;
    const { tx } = this;
    if (format.lines > 1) {
      const needed = (format.instructionBits ? 1 : 0) + (format.addressBits ? 1 : 0);
      if (tx.level < Math.max(needed, 1)) return;
      this.bus.drive(false);
      const clocks =
        format.instructionBits / format.instructionLines +
        format.addressBits / format.addressLines +
        format.waitClocks;
      this.enter('command', clocks, time);
      return;
    }
    if (tx.empty) return;
    this.bus.drive(false);
    if (format.mode === R.TMOD_RX_ONLY) {
      tx.pop();
      this.framesLeft = this.settings.frames;
      this.enter('receive', format.frameBits, time);
    } else {
      this.startFrame(time);
    }
  }

  /** The word leaves the FIFO for the shift register when its frame starts. */
  private startFrame(time: number): void {
    this.frameOut = this.tx.pop();
    this.enter('frame', this.settings.format.frameBits, time);
  }

  private enter(stage: Stage, clocks: number, time: number): void {
    this.stage = stage;
    this.stageEnd = time + (clocks * this.settings.divider * 1e9) / this.chip.clkSys;
    this.alarm.schedule(Math.max(0, this.stageEnd - this.now));
  }

  private finishStage(time: number): void {
    switch (this.stage) {
      case 'frame':
        this.finishFrame(time);
        return;
      case 'command':
        this.finishCommand(time);
        return;
      case 'receive':
        this.finishReceive(time);
        return;
      case 'send':
        this.bus.send(this.settings.format.frameBits, this.settings.format.lines, this.frameOut);
        this.nextSend(time);
        return;
    }
  }

  private finishFrame(time: number): void {
    const { tx } = this;
    const { format } = this.settings;
    const word = this.bus.exchange(format.frameBits, this.frameOut);
    if (format.mode === R.TMOD_TX_AND_RX) this.received(word);
    if (!tx.empty) {
      this.startFrame(time);
      return;
    }
    if (format.mode !== R.TMOD_EEPROM_READ) {
      this.finishTransfer(time);
      return;
    }
    this.framesLeft = this.settings.frames;
    this.enter('receive', format.frameBits, time);
  }

  /** Instruction, address and wait cycles of the enhanced formats are over. */
  private finishCommand(time: number): void {
    const { tx, bus } = this;
    const { format } = this.settings;
    if (format.instructionBits) bus.send(format.instructionBits, format.instructionLines, tx.pop());
    if (format.addressBits) bus.send(format.addressBits, format.addressLines, tx.pop());
    if (format.mode === R.TMOD_TX_ONLY || format.mode === R.TMOD_TX_AND_RX) {
      this.nextSend(time);
      return;
    }
    bus.dummy(format.waitClocks);
    this.framesLeft = this.settings.frames;
    this.enter('receive', format.frameBits / format.lines, time);
  }

  private nextSend(time: number): void {
    if (this.tx.empty) {
      this.finishTransfer(time);
      return;
    }
    this.frameOut = this.tx.pop();
    this.enter('send', this.settings.format.frameBits / this.settings.format.lines, time);
  }

  private finishReceive(time: number): void {
    const { format } = this.settings;
    this.received(this.bus.receive(format.frameBits, format.lines));
    if (--this.framesLeft > 0) this.enter('receive', format.frameBits / format.lines, time);
    else this.finishTransfer(time);
  }

  private received(word: number): void {
    if (!this.rx.push(word)) this.onOverflow();
  }

  private finishTransfer(time: number): void {
    this.stage = 'idle';
    this.stageEnd = Number.POSITIVE_INFINITY;
    this.alarm.cancel();
    this.bus.drive(true);
    this.tryStart(time);
  }
}
