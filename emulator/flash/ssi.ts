/**
 * The SSI (DW_apb_ssi): the serial engine between the RP2040 and its flash. RP2040 datasheet 4.10.
 *
 * Direct mode: software or DMA moves words through two 16-deep FIFOs and every frame takes its SCK periods.
 * XIP mode: `readWord` does what the XIP block asks for; what that costs is `cyclesPerWord`.
 *
 * Chosen where the datasheet is silent: a frame starts at the store that makes it possible, with no synchroniser delay; an
 * XIP read while the SSI is set up for direct transfers, or while the chip is busy, is refused with a reason (hardware
 * returns garbage or hangs).
 */
import type { RP2040 } from 'rp2040js';
import { RegisterBlock } from '../peripherals/block.ts';
import type { QspiBus } from './qspi-bus.ts';
import * as R from './ssi-registers.ts';
import { SsiTransfer } from './ssi-transfer.ts';

const XIP_IRQ = 6;
const XIP_FRAME_BITS = 32;

/** Levels of the two DMA request lines, reported when they change. */
export interface SsiRequests {
  /** Free TX entries that DMA may fill, 0 when TX requests are off. */
  tx: number;
  /** RX entries that DMA may take, 0 when RX requests are off. */
  rx: number;
}

export class Ssi extends RegisterBlock {
  readonly bus: QspiBus;
  /** Told after every change of the FIFOs or of the DMA set-up. */
  onRequests: (requests: SsiRequests) => void = () => {};
  /** SCK periods of one XIP word, from the present configuration. */
  sckPerWord = 64;
  /** clk_sys cycles of one XIP word, without the XIP block's own overhead. */
  cyclesPerWord = 0;

  private ctrlr0 = 0;
  private ctrlr1 = 0;
  private spiCtrlr0 = 0x03000000;
  private enabled = false;
  private ser = 0;
  private baudr = 0;
  private txThreshold = 0;
  private rxThreshold = 0;
  private interruptMask = 0x3f;
  private stickyInterrupts = 0;
  private dmaControl = 0;
  private dmaTxLevel = 0;
  private dmaRxLevel = 0;
  private sampleDelay = 0;
  private driveEdge = 0;
  private format = R.decodeFormat(0, this.spiCtrlr0);

  private readonly transfer: SsiTransfer;
  private readonly requests: SsiRequests = { tx: 0, rx: 0 };
  private verifiedBus = -1;
  private verifiedChip = -1;

  constructor(rp2040: RP2040, bus: QspiBus) {
    super(rp2040, 'SSI');
    this.bus = bus;
    const { format } = this;
    this.transfer = new SsiTransfer(rp2040, bus, { format, divider: 0, frames: 1, ready: false });
    this.transfer.onProgress = () => this.changed();
    this.transfer.onOverflow = () => {
      this.stickyInterrupts |= R.INT_RX_OVERFLOW;
    };
  }

  /** State after a chip reset. */
  powerOn(): void {
    this.transfer.abort();
    this.ctrlr0 = 0;
    this.ctrlr1 = 0;
    this.spiCtrlr0 = 0x03000000;
    this.enabled = false;
    this.ser = 0;
    this.baudr = 0;
    this.dmaControl = 0;
    this.stickyInterrupts = 0;
    this.configure();
  }

  // ---- XIP side ------------------------------------------------------------------------------------------------------

  /** Why an XIP read cannot be served now; undefined when it can. */
  get xipProblem(): string | undefined {
    const { format } = this;
    if (!this.enabled) return 'the SSI is disabled';
    if (!(this.ser & 1)) return 'the SSI selects no slave (SER is 0)';
    if (this.baudr < 2) return 'the SSI has no clock (BAUDR is 0)';
    if (format.mode !== R.TMOD_EEPROM_READ || format.frameBits !== XIP_FRAME_BITS)
      return 'the SSI is set up for direct transfers, not for XIP';
    this.transfer.catchUp();
    if (!this.transfer.quiet) return 'the SSI is in the middle of a direct transfer';
    if (this.bus.chip.busy) return 'the flash chip is busy erasing or programming';
    return undefined;
  }

  /**
   * Whether the flash can serve an XIP read now, tried on the pins if something happened since the last one.
   * @returns the reason why not
   */
  xipCheck(offset: number): string | undefined {
    if (this.bus.version === this.verifiedBus && this.bus.chip.activity === this.verifiedChip)
      return undefined;
    const problem = this.xipProblem;
    if (problem) return problem;
    this.readThroughPins(offset);
    if (this.verifiedBus === this.bus.version) return undefined;
    return 'the flash chip is not in the mode that the SSI reads with';
  }

  /**
   * One 32-bit read by the XIP block.
   * @param offset byte offset into the flash; the low two bits are disregarded
   * @returns the little-endian word as the chip sends it
   */
  readWord(offset: number): number {
    const { bus } = this;
    const { chip } = bus;
    if (bus.version !== this.verifiedBus || chip.activity !== this.verifiedChip)
      return this.readThroughPins(offset);
    const at = offset & (chip.sizeBytes - 4);
    const { array } = chip;
    return (array[at] | (array[at + 1] << 8) | (array[at + 2] << 16) | (array[at + 3] << 24)) >>> 0;
  }

  /**
   * The same, clock by clock. When the chip turns out to have understood (it was sending that address), later reads take
   * the array directly until something happens on the bus again.
   */
  private readThroughPins(offset: number): number {
    const { bus, format } = this;
    const { chip } = bus;
    const at = offset & 0xfffffc;
    bus.drive(false);
    if (format.instructionBits) bus.send(format.instructionBits, format.instructionLines, format.xipCommand);
    // Without an instruction the address field carries the mode bits below the 24 address bits.
    const modeBits = format.addressBits - 24;
    const addressWord =
      modeBits > 0 ? ((at << modeBits) | (format.xipCommand & ((1 << modeBits) - 1))) >>> 0 : at;
    bus.send(format.addressBits, format.addressLines, addressWord);
    bus.dummy(format.waitClocks);
    const understood = chip.readingAt === (at & (chip.sizeBytes - 1));
    const word = bus.receive(XIP_FRAME_BITS, format.lines);
    const complete = chip.readingAt === ((at + 4) & (chip.sizeBytes - 1));
    bus.drive(true);
    if (understood && complete && !chip.selected && chip.continuous === !format.instructionBits) {
      this.verifiedBus = bus.version;
      this.verifiedChip = chip.activity;
    }
    return swap32(word);
  }

  // ---- registers -----------------------------------------------------------------------------------------------------

  protected read(offset: number): number {
    this.transfer.catchUp();
    switch (offset) {
      case R.CTRLR0:
        return this.ctrlr0;
      case R.CTRLR1:
        return this.ctrlr1;
      case R.SSIENR:
        return this.enabled ? 1 : 0;
      case R.SER:
        return this.ser;
      case R.BAUDR:
        return this.baudr;
      case R.TXFTLR:
        return this.txThreshold;
      case R.RXFTLR:
        return this.rxThreshold;
      case R.TXFLR:
        return this.transfer.tx.level;
      case R.RXFLR:
        return this.transfer.rx.level;
      case R.SR:
        return this.statusRegister;
      case R.IMR:
        return this.interruptMask;
      case R.ISR:
        return this.rawInterrupts & this.interruptMask;
      case R.RISR:
        return this.rawInterrupts;
      case R.TXOICR:
        return this.clearInterrupts(R.INT_TX_OVERFLOW);
      case R.RXOICR:
        return this.clearInterrupts(R.INT_RX_OVERFLOW);
      case R.RXUICR:
        return this.clearInterrupts(R.INT_RX_UNDERFLOW);
      case R.ICR:
        return this.clearInterrupts(R.INT_TX_OVERFLOW | R.INT_RX_OVERFLOW | R.INT_RX_UNDERFLOW);
      case R.DMACR:
        return this.dmaControl;
      case R.DMATDLR:
        return this.dmaTxLevel;
      case R.DMARDLR:
        return this.dmaRxLevel;
      case R.IDR:
        return R.IDR_VALUE;
      case R.VERSION:
        return R.VERSION_VALUE;
      case R.RX_SAMPLE_DLY:
        return this.sampleDelay;
      case R.SPI_CTRLR0:
        return this.spiCtrlr0;
      case R.TXD_DRIVE_EDGE:
        return this.driveEdge;
      default:
        return offset >= R.DR0 && offset <= R.DR_LAST ? this.popData() : 0;
    }
  }

  /** An atomic alias must not take a word out of the RX FIFO. */
  protected override peek(offset: number): number {
    return offset >= R.TXOICR && offset <= R.ICR
      ? 0
      : offset >= R.DR0 && offset <= R.DR_LAST
        ? 0
        : this.read(offset);
  }

  protected write(offset: number, value: number): void {
    this.transfer.catchUp();
    if (offset >= R.DR0 && offset <= R.DR_LAST) {
      this.pushData(value);
      return;
    }
    if (!this.writeConfiguration(offset, value)) this.writeControl(offset, value);
    this.configure();
    this.transfer.tryStart();
    this.changed();
  }

  /** Registers that hold still while the SSI is enabled. Returns true when `offset` is one of them. */
  private writeConfiguration(offset: number, value: number): boolean {
    const locked = this.enabled;
    switch (offset) {
      case R.CTRLR0:
        if (!locked) this.ctrlr0 = value & R.CTRLR0_MASK;
        return true;
      case R.CTRLR1:
        if (!locked) this.ctrlr1 = value & 0xffff;
        return true;
      case R.BAUDR:
        if (!locked) this.baudr = value & 0xfffe;
        return true;
      case R.RX_SAMPLE_DLY:
        if (!locked) this.sampleDelay = value & 0xff;
        return true;
      case R.SPI_CTRLR0:
        if (!locked) this.spiCtrlr0 = value & R.SPI_CTRLR0_MASK;
        return true;
      case R.TXD_DRIVE_EDGE:
        if (!locked) this.driveEdge = value & 0xff;
        return true;
      default:
        return false;
    }
  }

  private writeControl(offset: number, value: number): void {
    switch (offset) {
      case R.SSIENR:
        this.enabled = (value & 1) !== 0;
        if (!this.enabled) this.transfer.abort();
        return;
      case R.SER:
        this.ser = value & 1;
        return;
      case R.TXFTLR:
        this.txThreshold = value & 0xff;
        return;
      case R.RXFTLR:
        this.rxThreshold = value & 0xff;
        return;
      case R.IMR:
        this.interruptMask = value & 0x3f;
        return;
      case R.DMACR:
        this.dmaControl = value & 3;
        return;
      case R.DMATDLR:
        this.dmaTxLevel = value & 0xff;
        return;
      case R.DMARDLR:
        this.dmaRxLevel = value & 0xff;
        return;
    }
  }

  private get statusRegister(): number {
    const { tx, rx } = this.transfer;
    return (
      (this.transfer.busy ? R.SR_BUSY : 0) |
      (tx.full ? 0 : R.SR_TFNF) |
      (tx.empty ? R.SR_TFE : 0) |
      (rx.empty ? 0 : R.SR_RFNE) |
      (rx.full ? R.SR_RFF : 0)
    );
  }

  private get rawInterrupts(): number {
    return (
      this.stickyInterrupts |
      (this.enabled && this.transfer.tx.level <= this.txThreshold ? R.INT_TX_EMPTY : 0) |
      (this.transfer.rx.level > this.rxThreshold ? R.INT_RX_FULL : 0)
    );
  }

  private clearInterrupts(which: number): number {
    const had = this.stickyInterrupts & which ? 1 : 0;
    this.stickyInterrupts &= ~which;
    this.changed();
    return had;
  }

  private popData(): number {
    if (this.transfer.rx.empty) {
      this.stickyInterrupts |= R.INT_RX_UNDERFLOW;
      this.changed();
      return 0;
    }
    const word = this.transfer.rx.pop();
    this.changed();
    return word;
  }

  private pushData(value: number): void {
    if (!this.enabled) return;
    if (!this.transfer.tx.push(value)) this.stickyInterrupts |= R.INT_TX_OVERFLOW;
    this.transfer.tryStart();
    this.changed();
  }

  private configure(): void {
    this.format = R.decodeFormat(this.ctrlr0, this.spiCtrlr0);
    this.sckPerWord = R.xipClocksPerWord(this.format);
    this.cyclesPerWord = this.sckPerWord * this.baudr;
    const { settings } = this.transfer;
    settings.format = this.format;
    settings.divider = this.baudr;
    settings.frames = this.ctrlr1 + 1;
    settings.ready = this.enabled && (this.ser & 1) === 1;
    this.verifiedBus = -1;
  }

  private changed(): void {
    const { requests } = this;
    const tx = this.enabled && this.dmaControl & R.DMACR_TX && this.transfer.tx.level <= this.dmaTxLevel;
    const rx = this.enabled && this.dmaControl & R.DMACR_RX && this.transfer.rx.level > this.dmaRxLevel;
    requests.tx = tx ? R.FIFO_DEPTH - this.transfer.tx.level : 0;
    requests.rx = rx ? this.transfer.rx.level : 0;
    this.onRequests(requests);
    this.chip.setInterrupt(XIP_IRQ, this.enabled && (this.rawInterrupts & this.interruptMask) !== 0);
  }
}

function swap32(word: number): number {
  return (
    ((word >>> 24) | ((word >>> 8) & 0xff00) | ((word << 8) & 0xff0000) | ((word << 24) & 0xff000000)) >>> 0
  );
}
