/** Registers and fields of the SSI, a DW_apb_ssi 4.01 as Raspberry Pi configured it. RP2040 datasheet 4.10.13. */

export const CTRLR0 = 0x00;
export const CTRLR1 = 0x04;
export const SSIENR = 0x08;
export const MWCR = 0x0c;
export const SER = 0x10;
export const BAUDR = 0x14;
export const TXFTLR = 0x18;
export const RXFTLR = 0x1c;
export const TXFLR = 0x20;
export const RXFLR = 0x24;
export const SR = 0x28;
export const IMR = 0x2c;
export const ISR = 0x30;
export const RISR = 0x34;
export const TXOICR = 0x38;
export const RXOICR = 0x3c;
export const RXUICR = 0x40;
export const MSTICR = 0x44;
export const ICR = 0x48;
export const DMACR = 0x4c;
export const DMATDLR = 0x50;
export const DMARDLR = 0x54;
export const IDR = 0x58;
export const VERSION = 0x5c;
/** DR0 answers on 36 word addresses. */
export const DR0 = 0x60;
export const DR_LAST = 0xec;
export const RX_SAMPLE_DLY = 0xf0;
export const SPI_CTRLR0 = 0xf4;
export const TXD_DRIVE_EDGE = 0xf8;

export const SR_BUSY = 1 << 0;
export const SR_TFNF = 1 << 1;
export const SR_TFE = 1 << 2;
export const SR_RFNE = 1 << 3;
export const SR_RFF = 1 << 4;

export const INT_TX_EMPTY = 1 << 0;
export const INT_TX_OVERFLOW = 1 << 1;
export const INT_RX_UNDERFLOW = 1 << 2;
export const INT_RX_OVERFLOW = 1 << 3;
export const INT_RX_FULL = 1 << 4;

export const DMACR_RX = 1 << 0;
export const DMACR_TX = 1 << 1;

export const TMOD_TX_AND_RX = 0;
export const TMOD_TX_ONLY = 1;
export const TMOD_RX_ONLY = 2;
export const TMOD_EEPROM_READ = 3;

export const IDR_VALUE = 0x51535049;
export const VERSION_VALUE = 0x3430312a;
export const CTRLR0_MASK = 0x017fffff;
export const SPI_CTRLR0_MASK = 0xff07fb3f;
export const FIFO_DEPTH = 16;

/** Instruction length codes of SPI_CTRLR0.INST_L in bits. */
const INSTRUCTION_BITS = [0, 4, 8, 16];

/** How the SSI shifts a transfer, decoded from CTRLR0 and SPI_CTRLR0. */
export interface SsiFormat {
  /** TMOD field. */
  mode: number;
  /** Bits of a data frame. */
  frameBits: number;
  /** Data lines: 1, 2 or 4. More than one means the enhanced format: instruction, address, wait cycles, data. */
  lines: 1 | 2 | 4;
  instructionBits: number;
  addressBits: number;
  instructionLines: number;
  addressLines: number;
  waitClocks: number;
  /** Sent as the instruction, or appended to the address when there is no instruction, when the XIP block reads. */
  xipCommand: number;
}

export function decodeFormat(ctrlr0: number, spiCtrlr0: number): SsiFormat {
  const lines = ([1, 2, 4, 1] as const)[(ctrlr0 >>> 21) & 3];
  const transfer = spiCtrlr0 & 3;
  return {
    mode: (ctrlr0 >>> 8) & 3,
    frameBits: ((ctrlr0 >>> 16) & 0x1f) + 1,
    lines,
    instructionBits: INSTRUCTION_BITS[(spiCtrlr0 >>> 8) & 3],
    addressBits: ((spiCtrlr0 >>> 2) & 0xf) * 4,
    instructionLines: transfer === 2 ? lines : 1,
    addressLines: transfer === 0 ? 1 : lines,
    waitClocks: (spiCtrlr0 >>> 11) & 0x1f,
    xipCommand: spiCtrlr0 >>> 24,
  };
}

/** SCK periods that one 32-bit XIP read takes: instruction, address (with mode bits), wait cycles, data. */
export function xipClocksPerWord(format: SsiFormat): number {
  return (
    format.instructionBits / format.instructionLines +
    format.addressBits / format.addressLines +
    format.waitClocks +
    32 / format.lines
  );
}
