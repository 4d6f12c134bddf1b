/**
 * The sniffer: a checksum over the data of one channel. RP2040 datasheet 2.5.5.2.
 *
 * It sees the data after the channel's own byte swap, in the width of the transfer: a word counts as 32 bits, most significant
 * first (or, in the bit-reversed modes, least significant first).
 */

const CTRL_EN = 1 << 0;
const CTRL_BSWAP = 1 << 9;
const CTRL_OUT_REV = 1 << 10;
const CTRL_OUT_INV = 1 << 11;
const CTRL_MASK = 0xfff;

const CALC_CRC32 = 0x0;
const CALC_CRC32_REVERSED = 0x1;
const CALC_CRC16 = 0x2;
const CALC_CRC16_REVERSED = 0x3;
const CALC_EVEN = 0xe;
const CALC_SUM = 0xf;

const CRC32_POLYNOMIAL = 0x04c11db7;
const CRC16_POLYNOMIAL = 0x1021;

export class Sniffer {
  private ctrl = 0;
  /** The accumulator, without the output transformations. */
  private value = 0;

  reset(): void {
    this.ctrl = 0;
    this.value = 0;
  }

  get control(): number {
    return this.ctrl;
  }

  set control(value: number) {
    this.ctrl = value & CTRL_MASK;
  }

  /** SNIFF_DATA as read: reversed and inverted as SNIFF_CTRL says. */
  get data(): number {
    let { value } = this;
    if (this.ctrl & CTRL_OUT_REV) value = reverseBits(value, 32);
    if (this.ctrl & CTRL_OUT_INV) value = ~value;
    return value >>> 0;
  }

  set data(value: number) {
    this.value = value >>> 0;
  }

  /** Channel that it listens to, or -1. */
  get channel(): number {
    return this.ctrl & CTRL_EN ? (this.ctrl >>> 1) & 0xf : -1;
  }

  /** @param size bytes of the transfer: 1, 2 or 4 */
  observe(data: number, size: number): void {
    const seen = this.ctrl & CTRL_BSWAP ? swapBytes(data, size) : data;
    const bits = size * 8;
    switch ((this.ctrl >>> 5) & 0xf) {
      case CALC_CRC32:
        this.value = crc32(this.value, seen, bits);
        break;
      case CALC_CRC32_REVERSED:
        this.value = crc32(this.value, reverseBits(seen, bits), bits);
        break;
      case CALC_CRC16:
        this.value = crc16(this.value, seen, bits);
        break;
      case CALC_CRC16_REVERSED:
        this.value = crc16(this.value, reverseBits(seen, bits), bits);
        break;
      case CALC_EVEN:
        this.value = (this.value ^ parity(seen)) >>> 0;
        break;
      case CALC_SUM:
        this.value = (this.value + seen) >>> 0;
        break;
    }
  }
}

export function swapBytes(value: number, size: number): number {
  if (size === 2) return ((value & 0xff) << 8) | ((value >>> 8) & 0xff);
  if (size === 1) return value;
  return (
    ((value >>> 24) | ((value >>> 8) & 0xff00) | ((value << 8) & 0xff0000) | ((value << 24) & 0xff000000)) >>>
    0
  );
}

function reverseBits(value: number, bits: number): number {
  let reversed = 0;
  for (let i = 0; i < bits; i++) reversed = (reversed << 1) | ((value >>> i) & 1);
  return reversed >>> 0;
}

function crc32(crc: number, data: number, bits: number): number {
  for (let bit = bits - 1; bit >= 0; bit--) {
    const feedback = ((crc >>> 31) ^ (data >>> bit)) & 1;
    crc = (crc << 1) ^ (feedback ? CRC32_POLYNOMIAL : 0);
  }
  return crc >>> 0;
}

function crc16(crc: number, data: number, bits: number): number {
  for (let bit = bits - 1; bit >= 0; bit--) {
    const feedback = ((crc >>> 15) ^ (data >>> bit)) & 1;
    crc = ((crc << 1) & 0xffff) ^ (feedback ? CRC16_POLYNOMIAL : 0);
  }
  return crc & 0xffff;
}

/** 1 when the number of ones is odd. */
function parity(value: number): number {
  let x = value ^ (value >>> 16);
  x ^= x >>> 8;
  x ^= x >>> 4;
  x ^= x >>> 2;
  return (x ^ (x >>> 1)) & 1;
}
