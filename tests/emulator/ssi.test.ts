import { RP2040 } from 'rp2040js';
import { beforeEach, describe, expect, it } from 'vitest';
import { installPeripherals, type Peripherals } from '../../emulator/peripherals/install.ts';

const SSI = 0x18000000;
const CTRLR0 = SSI + 0x00;
const CTRLR1 = SSI + 0x04;
const SSIENR = SSI + 0x08;
const SER = SSI + 0x10;
const BAUDR = SSI + 0x14;
const TXFLR = SSI + 0x20;
const RXFLR = SSI + 0x24;
const SR = SSI + 0x28;
const RISR = SSI + 0x30;
const DMACR = SSI + 0x4c;
const DR0 = SSI + 0x60;
const SPI_CTRLR0 = SSI + 0xf4;
const SS_CTRL = 0x4001800c;
const IO_SET = 0x2000;
const IO_CLEAR = 0x3000;

const BUSY = 1;
const TFNF = 2;
const TFE = 4;
const RFNE = 8;

let rp2040: RP2040;
let chips: Peripherals;

function tick(cycles: number): void {
  (rp2040.clock as unknown as { tick(nanos: number): void }).tick((cycles * 1e9) / rp2040.clkSys);
}

/** A store as the core does one: it takes about four cycles. */
function write(address: number, value: number): void {
  rp2040.writeUint32(address, value);
  tick(4);
}

function read(address: number): number {
  tick(3);
  return rp2040.readUint32(address);
}

/** Waits as boot2 does, until the FIFO is empty and nothing is shifted. Returns the polls. */
function waitReady(): number {
  for (let polls = 0; polls < 10_000; polls++) {
    const status = read(SR);
    if (status & TFE && !(status & BUSY)) return polls;
  }
  throw new Error('the SSI never became ready');
}

/** What the boot ROM leaves: plain SPI, eight-bit frames. */
function serialMode(divider = 6): void {
  for (let pin = 0; pin < 6; pin++) write(0x40018004 + 8 * pin, 0);
  write(SSIENR, 0);
  write(BAUDR, divider);
  write(CTRLR0, 7 << 16);
  write(SER, 1);
  write(SSIENR, 1);
}

/** What boot2_w25q080 does after it has checked status register 2. */
function quadContinuousMode(divider = 2): void {
  write(SSIENR, 0);
  write(BAUDR, divider);
  write(CTRLR0, (2 << 21) | (31 << 16) | (3 << 8));
  write(CTRLR1, 0);
  write(SPI_CTRLR0, (8 << 2) | (4 << 11) | (2 << 8) | 1);
  write(SSIENR, 1);
  write(DR0, 0xeb);
  write(DR0, 0xa0);
  waitReady();
  write(SSIENR, 0);
  write(SPI_CTRLR0, ((0xa0 << 24) | (8 << 2) | (4 << 11) | 2) >>> 0);
  write(SSIENR, 1);
}

/** The SDK's flash_do_cmd: chip select by override, at most 14 bytes in flight. */
function command(...out: number[]): number[] {
  const back: number[] = [];
  write(SS_CTRL, (rp2040.readUint32(SS_CTRL) & ~0x300) | 0x200);
  let sent = 0;
  while (back.length < out.length) {
    const status = read(SR);
    if (status & TFNF && sent < out.length && sent - back.length < 14) write(DR0, out[sent++]);
    if (status & RFNE) back.push(read(DR0) & 0xff);
  }
  write(SS_CTRL, (rp2040.readUint32(SS_CTRL) & ~0x300) | 0x300);
  return back;
}

beforeEach(() => {
  rp2040 = new RP2040();
  chips = installPeripherals(rp2040);
  rp2040.flash.fill(0xff);
  for (let i = 0; i < 8192; i++) rp2040.flash[i] = (i * 31 + (i >> 8)) & 0xff;
});

describe('SSI in direct mode', () => {
  it('shifts one byte in eight SCK periods of the divided clock', () => {
    serialMode(6);
    rp2040.writeUint32(DR0, 0x35);
    tick(8 * 6 - 1);
    expect(rp2040.readUint32(SR) & BUSY).toBe(BUSY);
    tick(1);
    expect(rp2040.readUint32(SR) & BUSY).toBe(0);
    expect(rp2040.readUint32(RXFLR)).toBe(1);
  });

  it('keeps chip select low between words that are queued, so a command and its answer are one transfer', () => {
    serialMode(4);
    write(DR0, 0x35);
    write(DR0, 0);
    waitReady();
    expect(read(RXFLR)).toBe(2);
    read(DR0);
    expect(read(DR0)).toBe(0x02);
    expect(read(SR)).toBe(TFE | TFNF);
  });

  it('raises chip select when the FIFO runs dry, so a late byte starts a new command', () => {
    serialMode(2);
    write(DR0, 0x9f);
    waitReady();
    write(DR0, 0);
    waitReady();
    read(DR0);
    expect(read(DR0)).toBe(0xff);
  });

  it('runs flash_do_cmd under a chip select override: unique id', () => {
    serialMode(6);
    const back = command(0x4b, ...new Array(12).fill(0));
    expect(back.slice(5)).toEqual([...chips.flash.uniqueId]);
  });

  it('leaves the chip deselected while SS has no function, overridden or not', () => {
    serialMode(6);
    write(SS_CTRL, 0x1f);
    expect(command(0x9f, 0, 0, 0).slice(1)).toEqual([0xff, 0xff, 0xff]);
    write(SS_CTRL, 0x1f);
    write(DR0, 0x9f);
    write(DR0, 0);
    waitReady();
    read(DR0);
    expect(read(DR0)).toBe(0xff);
  });

  it('accepts the override through the atomic aliases', () => {
    serialMode(6);
    write(SS_CTRL + IO_SET, 0x200);
    expect(chips.flash.selected).toBe(true);
    write(SS_CTRL + IO_CLEAR, 0x200);
    expect(chips.flash.selected).toBe(false);
  });

  it('copies boot2 with 03h in EEPROM-read mode, 64 words at a time', () => {
    serialMode(4);
    write(SSIENR, 0);
    write(CTRLR0, (7 << 16) | (3 << 8));
    write(CTRLR1, 255);
    write(SSIENR, 1);
    for (const value of [0x03, 0, 0, 0]) write(DR0, value);
    const bytes: number[] = [];
    while (bytes.length < 256) if (read(SR) & RFNE) bytes.push(read(DR0));
    expect(bytes).toEqual([...rp2040.flash.subarray(0, 256)]);
    waitReady();
    expect(read(RISR) & 8).toBe(0);
  });

  it('drops received words that nobody takes, and says so', () => {
    serialMode(2);
    for (let i = 0; i < 17; i++) {
      while (!(rp2040.readUint32(SR) & TFNF)) tick(1);
      rp2040.writeUint32(DR0, 0);
    }
    waitReady();
    expect(read(RXFLR)).toBe(16);
    expect(read(RISR) & 8).toBe(8);
  });

  it('holds its configuration registers while enabled', () => {
    serialMode(6);
    write(BAUDR, 2);
    write(CTRLR1, 7);
    expect([read(BAUDR), read(CTRLR1)]).toEqual([6, 0]);
  });

  it('erases and programs the image that programs run from', () => {
    serialMode(6);
    const page = Array.from({ length: 256 }, (_, i) => (i * 3) & 0xff);
    command(0x06);
    command(0x20, 0, 0x10, 0);
    while (command(0x05, 0)[1] & 1) tick(1000);
    command(0x06);
    command(0x02, 0, 0x10, 0, ...page);
    while (command(0x05, 0)[1] & 1) tick(1000);
    expect([...rp2040.flash.subarray(0x1000, 0x1100)]).toEqual(page);
    expect(rp2040.flash.subarray(0x1100, 0x2000).every((value) => value === 0xff)).toBe(true);
    expect(rp2040.flash[0xfff]).toBe((0xfff * 31 + 0xf) & 0xff);
  });
});

describe('SSI in XIP mode', () => {
  it('takes 20 SCK periods per word in quad continuous mode: 40 cycles at divider 2', () => {
    serialMode();
    quadContinuousMode(2);
    expect(chips.ssi.xipProblem).toBeUndefined();
    expect([chips.ssi.sckPerWord, chips.ssi.cyclesPerWord]).toEqual([20, 40]);
    expect(chips.flash.continuous).toBe(true);
    for (const offset of [0, 4, 0x1ffc, 0x100]) {
      const expected = rp2040.flashView.getUint32(offset, true);
      expect(chips.ssi.readWord(offset)).toBe(expected);
    }
  });

  it('takes 64 SCK periods per word with plain 03h reads', () => {
    serialMode();
    write(SSIENR, 0);
    write(BAUDR, 4);
    write(CTRLR0, (31 << 16) | (3 << 8));
    write(SPI_CTRLR0, (0x03 << 24) | (6 << 2) | (2 << 8));
    write(SSIENR, 1);
    expect([chips.ssi.sckPerWord, chips.ssi.cyclesPerWord]).toEqual([64, 256]);
    expect(chips.ssi.readWord(0x40)).toBe(rp2040.flashView.getUint32(0x40, true));
    expect(chips.ssi.readWord(0x44)).toBe(rp2040.flashView.getUint32(0x44, true));
  });

  it('returns garbage when the chip was not put into continuous mode first', () => {
    serialMode();
    write(SSIENR, 0);
    write(CTRLR0, (2 << 21) | (31 << 16) | (3 << 8));
    write(SPI_CTRLR0, ((0xa0 << 24) | (8 << 2) | (4 << 11) | 2) >>> 0);
    write(SSIENR, 1);
    expect(chips.ssi.readWord(0x40)).toBe(0xffffffff);
  });

  it('refuses XIP reads with a reason while set up for direct transfers or while the chip is busy', () => {
    serialMode();
    expect(chips.ssi.xipProblem).toMatch(/direct transfers/);
    quadContinuousMode();
    write(SSIENR, 0);
    expect(chips.ssi.xipProblem).toMatch(/disabled/);
  });

  it('reads in bulk at 8 SCK periods per word after one address', () => {
    serialMode();
    quadContinuousMode(2);
    write(SSIENR, 0);
    write(CTRLR1, 15);
    write(DMACR, 3);
    write(SSIENR, 1);
    const requests: number[] = [];
    chips.ssi.onRequests = ({ rx }) => requests.push(rx);
    rp2040.writeUint32(DR0, (0x100 << 8) | 0xa0);
    tick((8 + 4 + 8) * 2 - 1);
    expect(rp2040.readUint32(RXFLR)).toBe(0);
    tick(1);
    expect(rp2040.readUint32(RXFLR)).toBe(1);
    tick(15 * 16 - 1);
    expect(rp2040.readUint32(RXFLR)).toBe(15);
    tick(1);
    expect(rp2040.readUint32(RXFLR)).toBe(16);
    expect(requests.at(-1)).toBe(16);
    // Outside XIP mode the words come most significant byte first.
    expect(rp2040.readUint32(DR0)).toBe(rp2040.flashView.getUint32(0x100, false));
    expect(rp2040.readUint32(TXFLR)).toBe(0);
  });
});
