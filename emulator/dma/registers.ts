/** Registers, control fields and request numbers of the DMA. RP2040 datasheet 2.5.7 and 2.5.3. */

export const CHANNELS = 12;
export const CHANNEL_BYTES = 0x40;
export const CHANNELS_END = CHANNELS * CHANNEL_BYTES;

/** What the sixteen words of a channel's register window are: four layouts of the same four registers. */
export const READ_ADDR = 0;
export const WRITE_ADDR = 1;
export const TRANS_COUNT = 2;
export const CTRL = 3;
export const WINDOW = [
  READ_ADDR,
  WRITE_ADDR,
  TRANS_COUNT,
  CTRL,
  CTRL,
  READ_ADDR,
  WRITE_ADDR,
  TRANS_COUNT,
  CTRL,
  TRANS_COUNT,
  READ_ADDR,
  WRITE_ADDR,
  CTRL,
  WRITE_ADDR,
  TRANS_COUNT,
  READ_ADDR,
];
/** The last word of each layout triggers the channel. */
export function isTrigger(word: number): boolean {
  return (word & 3) === 3;
}

export const INTR = 0x400;
export const INTE0 = 0x404;
export const INTF0 = 0x408;
export const INTS0 = 0x40c;
export const INTE1 = 0x414;
export const INTF1 = 0x418;
export const INTS1 = 0x41c;
export const TIMER0 = 0x420;
export const TIMER3 = 0x42c;
export const MULTI_CHAN_TRIGGER = 0x430;
export const SNIFF_CTRL = 0x434;
export const SNIFF_DATA = 0x438;
export const FIFO_LEVELS = 0x440;
export const CHAN_ABORT = 0x444;
export const N_CHANNELS = 0x448;
/** Debug registers of channel n at DEBUG + 0x40 n: DREQ counter, then the reload value of TRANS_COUNT. */
export const DEBUG = 0x800;
export const DBG_CTDREQ = 0x0;
export const DBG_TCR = 0x4;

export const CTRL_EN = 1 << 0;
export const CTRL_HIGH_PRIORITY = 1 << 1;
export const CTRL_INCR_READ = 1 << 4;
export const CTRL_INCR_WRITE = 1 << 5;
export const CTRL_RING_WRITE = 1 << 10;
export const CTRL_IRQ_QUIET = 1 << 21;
export const CTRL_BSWAP = 1 << 22;
export const CTRL_SNIFF = 1 << 23;
export const CTRL_BUSY = 1 << 24;
export const CTRL_WRITE_ERROR = 1 << 29;
export const CTRL_READ_ERROR = 1 << 30;
export const CTRL_AHB_ERROR = 0x80000000;
export const CTRL_WRITABLE = 0xffffff;
export const CTRL_ERRORS = CTRL_WRITE_ERROR | CTRL_READ_ERROR;

export const REQUESTS = 40;
export const REQUEST_PWM_FIRST = 24;
export const REQUEST_PWM_LAST = 31;
export const REQUEST_ADC = 36;
export const REQUEST_XIP_STREAM = 37;
export const REQUEST_SSI_TX = 38;
export const REQUEST_SSI_RX = 39;
export const REQUEST_TIMER0 = 59;
export const REQUEST_TIMER3 = 62;
export const REQUEST_PERMANENT = 63;
/** A channel remembers at most this many requests. */
export const CREDIT_MAX = 63;

/**
 * True for requests that ask for data to be written to the peripheral: each transfer on its way takes a place there already.
 * PIO TX 0-3 and 8-11; SPI, UART and I2C TX are the even numbers of 16-23 and 32-35.
 */
export function isTransmit(request: number): boolean {
  if (request < 16) return (request & 4) === 0;
  if (request < 24 || (request >= 32 && request < 36)) return (request & 1) === 0;
  return request === REQUEST_SSI_TX;
}
