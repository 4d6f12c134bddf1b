/**
 * The wires between the SSI and the flash chip: chip select after IO_QSPI's output override, and the data lines in
 * one, two or four bit frames. RP2040 datasheet 2.19 (overrides) and 4.10 (SSI).
 */
import type { FlashChip } from './chip.ts';

/** Levels of IO3..IO0 when nothing drives them; the pads' pulls decide. */
export type IdleLines = () => number;

export class QspiBus {
  readonly chip: FlashChip;
  /** Rises when IO_QSPI changes how the pads are routed. */
  version = 0;
  /** Chip select as the SSI drives it, true when high (not selected). */
  private ssiHigh = true;
  /** What IO_QSPI makes of it. Identity until IO_QSPI installs its own. */
  private route: (high: boolean) => boolean = (high) => high;
  private idleLines: IdleLines = () => 0xf;

  constructor(chip: FlashChip) {
    this.chip = chip;
  }

  /** Installed by IO_QSPI: how the SS pad follows the SSI. */
  setRouting(route: (high: boolean) => boolean, idleLines: IdleLines): void {
    this.route = route;
    this.idleLines = idleLines;
    this.reroute();
  }

  /** The SSI raises (true) or lowers chip select. */
  drive(high: boolean): void {
    this.ssiHigh = high;
    this.update();
  }

  /** Recomputes the pads after a change of the routing. */
  reroute(): void {
    this.version++;
    this.update();
  }

  private update(): void {
    if (this.route(this.ssiHigh)) this.chip.deselect();
    else this.chip.select();
  }

  /** Full duplex on IO0 (out) and IO1 (in), most significant bit first. Up to 32 bits. */
  exchange(bits: number, out: number): number {
    const others = this.idleLines() & 0xe;
    let result = 0;
    for (let bit = bits - 1; bit >= 0; bit--) {
      const lines = this.chip.clock(others | ((out >>> bit) & 1));
      result = (result << 1) | ((lines >>> 1) & 1);
    }
    return result >>> 0;
  }

  /** Sends `bits` of `out` on `lines` data lines, most significant first. */
  send(bits: number, lines: number, out: number): void {
    const mask = (1 << lines) - 1;
    const others = this.idleLines() & ~mask;
    for (let bit = bits - lines; bit >= 0; bit -= lines) this.chip.clock(others | ((out >>> bit) & mask));
  }

  /** Receives `bits` on `lines` data lines, most significant first. */
  receive(bits: number, lines: number): number {
    if (lines === 1) return this.exchange(bits, 0);
    const mask = (1 << lines) - 1;
    const idle = this.idleLines();
    let result = 0;
    for (let bit = 0; bit < bits; bit += lines) result = (result << lines) | (this.chip.clock(idle) & mask);
    return result >>> 0;
  }

  /** SCK without meaning on the lines. */
  dummy(clocks: number): void {
    const idle = this.idleLines();
    for (let i = 0; i < clocks; i++) this.chip.clock(idle);
  }
}
