/** What boot ROM and boot2 leave behind, through the registers: the flash in quad continuous mode or in plain 03h mode. */
import type { RP2040 } from 'rp2040js';
import type { CycleClock } from '../../emulator/stock/clock.ts';

const SSI = 0x18000000;
const CTRLR0 = SSI + 0x00;
const CTRLR1 = SSI + 0x04;
const SSIENR = SSI + 0x08;
const SER = SSI + 0x10;
const BAUDR = SSI + 0x14;
const SR = SSI + 0x28;
const DR0 = SSI + 0x60;
const SPI_CTRLR0 = SSI + 0xf4;

/** A clock that tests move by hand: rp2040js' own, or one that counts cycles. */
type TestClock = { tick(nanos: number): void } | CycleClock;

export function advance(rp2040: RP2040, cycles: number): void {
  const clock = rp2040.clock as unknown as TestClock;
  if ('tick' in clock) {
    clock.tick((cycles * 1e9) / rp2040.clkSys);
    return;
  }
  clock.cycles += cycles;
  clock.fireDue();
}

function configure(rp2040: RP2040, divider: number, ctrlr0: number, spiCtrlr0: number): void {
  rp2040.writeUint32(SSIENR, 0);
  rp2040.writeUint32(BAUDR, divider);
  rp2040.writeUint32(CTRLR0, ctrlr0);
  rp2040.writeUint32(CTRLR1, 0);
  rp2040.writeUint32(SPI_CTRLR0, spiCtrlr0);
  rp2040.writeUint32(SER, 1);
  rp2040.writeUint32(SSIENR, 1);
}

export function connectPins(rp2040: RP2040): void {
  for (let pin = 0; pin < 6; pin++) rp2040.writeUint32(0x40018004 + 8 * pin, 0);
}

/** One quad read with its command, which puts the chip into continuous mode. */
export function configureQuad(rp2040: RP2040, divider: number): void {
  configure(rp2040, divider, (2 << 21) | (31 << 16) | (3 << 8), (8 << 2) | (4 << 11) | (2 << 8) | 1);
  rp2040.writeUint32(DR0, 0xeb);
  rp2040.writeUint32(DR0, 0xa0);
}

/** From then on without command. */
export function configureQuadContinuous(rp2040: RP2040): void {
  rp2040.writeUint32(SSIENR, 0);
  rp2040.writeUint32(SPI_CTRLR0, ((0xa0 << 24) | (8 << 2) | (4 << 11) | 2) >>> 0);
  rp2040.writeUint32(SSIENR, 1);
}

/** boot2_w25q080's last steps. */
export function quadXip(rp2040: RP2040, divider: number): void {
  connectPins(rp2040);
  configureQuad(rp2040, divider);
  while ((rp2040.readUint32(SR) & 5) !== 4) advance(rp2040, 1);
  configureQuadContinuous(rp2040);
}

/** boot2_generic_03h. */
export function serialXip(rp2040: RP2040, divider: number): void {
  connectPins(rp2040);
  configure(rp2040, divider, (31 << 16) | (3 << 8), (0x03 << 24) | (6 << 2) | (2 << 8));
}
