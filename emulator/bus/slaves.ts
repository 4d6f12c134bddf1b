/**
 * The ten slave ports of the RP2040 crossbar (datasheet 2.1), and which one an address belongs to.
 * Numbers follow the performance-event list backwards: event 19 - 2 * slave counts accesses, 18 - 2 * slave
 * contested accesses.
 */

export const SLAVE_ROM = 0;
export const SLAVE_XIP = 1;
export const SLAVE_SRAM0 = 2;
export const SLAVE_SRAM4 = 6;
export const SLAVE_SRAM5 = 7;
export const SLAVE_FASTPERI = 8;
export const SLAVE_APB = 9;
export const SLAVE_COUNT = 10;

/** Not a crossbar port: the private IOPORT (SIO) or PPB of a core, or an address that nothing answers. */
export const SLAVE_NONE = 10;

export const SRAM_BASE = 0x20000000;
/** 256 KB striped over SRAM0-3, then 4 KB each of SRAM4 and SRAM5. */
export const SRAM_BYTES = 0x42000;
export const STRIPED_BYTES = 0x40000;
/** The same 256 KB, bank after bank, 64 KB each. */
export const UNSTRIPED_BASE = 0x21000000;

/** Port of an address that is inside SRAM, as an offset from 0x20000000. */
export function sramSlave(offset: number): number {
  if (offset < STRIPED_BYTES) return SLAVE_SRAM0 + ((offset >> 2) & 3);
  return offset < 0x41000 ? SLAVE_SRAM4 : SLAVE_SRAM5;
}

/** Offset in the striped view of an offset in the unstriped view. */
export function stripedOffset(unstriped: number): number {
  const bank = unstriped >>> 16;
  return ((unstriped & 0xfffc) << 2) | (bank << 2) | (unstriped & 3);
}

/** Port of any address; SLAVE_NONE when the crossbar has nothing there. */
export function slaveOf(address: number): number {
  const a = address >>> 0;
  switch (a >>> 28) {
    case 0:
      return a < 0x4000 ? SLAVE_ROM : SLAVE_NONE;
    case 1:
      // 0x10-0x13: flash through the cache; 0x14: XIP_CTRL; 0x15: cache as SRAM; 0x18: SSI.
      if (a < 0x14000000) return SLAVE_XIP;
      return a < 0x1a000000 ? SLAVE_XIP : SLAVE_NONE;
    case 2:
      if (a < SRAM_BASE + SRAM_BYTES) return sramSlave(a - SRAM_BASE);
      if (a >= UNSTRIPED_BASE && a < UNSTRIPED_BASE + STRIPED_BYTES) {
        return SLAVE_SRAM0 + ((a - UNSTRIPED_BASE) >>> 16);
      }
      return SLAVE_NONE;
    case 4:
      return SLAVE_APB;
    case 5:
      return SLAVE_FASTPERI;
    default:
      return SLAVE_NONE;
  }
}
