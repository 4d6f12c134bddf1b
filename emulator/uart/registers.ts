/** Registers and fields of the UARTs, PL011 revision 1p5. RP2040 datasheet 4.2.8. */

export const DR = 0x00;
export const RSR = 0x04;
export const FR = 0x18;
export const ILPR = 0x20;
export const IBRD = 0x24;
export const FBRD = 0x28;
export const LCR_H = 0x2c;
export const CR = 0x30;
export const IFLS = 0x34;
export const IMSC = 0x38;
export const RIS = 0x3c;
export const MIS = 0x40;
export const ICR = 0x44;
export const DMACR = 0x48;
export const PERIPHID0 = 0xfe0;

export const DR_FRAMING = 1 << 8;
export const DR_PARITY = 1 << 9;
export const DR_BREAK = 1 << 10;
export const DR_OVERRUN = 1 << 11;

export const FR_CTS = 1 << 0;
export const FR_BUSY = 1 << 3;
export const FR_RXFE = 1 << 4;
export const FR_TXFF = 1 << 5;
export const FR_RXFF = 1 << 6;
export const FR_TXFE = 1 << 7;

export const LCR_BREAK = 1 << 0;
export const LCR_PARITY = 1 << 1;
export const LCR_TWO_STOP = 1 << 3;
export const LCR_FIFOS = 1 << 4;

export const CR_ENABLE = 1 << 0;
export const CR_LOOPBACK = 1 << 7;
export const CR_TX = 1 << 8;
export const CR_RX = 1 << 9;
export const CR_RESET = CR_TX | CR_RX;
export const CR_MASK = 0xff87;

export const INT_RX = 1 << 4;
export const INT_TX = 1 << 5;
export const INT_RX_TIMEOUT = 1 << 6;
export const INT_FRAMING = 1 << 7;
export const INT_PARITY = 1 << 8;
export const INT_BREAK = 1 << 9;
export const INT_OVERRUN = 1 << 10;
export const INT_MASK = 0x7ff;

export const DMACR_RX = 1 << 0;
export const DMACR_TX = 1 << 1;

export const FIFO_DEPTH = 32;
export const IFLS_RESET = 0x12;
/** FIFO levels of the IFLS codes: 1/8, 1/4, 1/2, 3/4, 7/8. */
export const TRIGGER_LEVELS = [4, 8, 16, 24, 28, 28, 28, 28];
/** UARTPeriphID0-3 and UARTPCellID0-3. */
export const IDENTIFICATION = [0x11, 0x10, 0x34, 0x00, 0x0d, 0xf0, 0x05, 0xb1];
/** A receive time-out comes after this many bit periods without a character. */
export const RX_TIMEOUT_BITS = 32;
