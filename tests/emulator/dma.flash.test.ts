/** Flash to memory without a core: XIP streaming and direct SSI transfers, as the vendor's flash examples do them. */
import { beforeEach, describe, expect, it } from 'vitest';
import { memoryTiming } from '../../emulator/timing/memory-rules.ts';
import { BSWAP, DmaBench, INCR_READ, INCR_WRITE, SIZE_32 } from './dma-bench.ts';
import { quadXip, serialXip } from './qspi-setup.ts';

const SSI = 0x18000000;
const DR0 = SSI + 0x60;
const DST = 0x20008000;
const AUX = 0x50400000;
const WORDS = 64;

let bench: DmaBench;

beforeEach(() => {
  bench = new DmaBench();
  for (let i = 0; i < 4096; i++) bench.rp2040.flash[i] = (i * 73 + 5) & 0xff;
});

function flashBytes(offset: number): number[] {
  return [...bench.rp2040.flash.subarray(offset, offset + 4 * WORDS)];
}

function received(): number[] {
  const offset = DST - 0x20000000;
  return [...bench.rp2040.sram.subarray(offset, offset + 4 * WORDS)];
}

/** Cycles from one written word to the next, in the middle of the run. */
function pace(): number {
  const cycles = bench
    .writes()
    .filter(({ address }) => address >= DST)
    .map(({ cycle }) => cycle);
  expect(cycles).toHaveLength(WORDS);
  return (cycles[WORDS - 2] - cycles[8]) / (WORDS - 10);
}

function stream(offset: number): number {
  bench.start(0, { read: AUX, write: DST, count: WORDS, control: SIZE_32 | INCR_WRITE, request: 37 });
  bench.rp2040.writeUint32(0x14000014, 0x10000000 + offset);
  bench.rp2040.writeUint32(0x14000018, WORDS);
  bench.run(WORDS * 300);
  expect(received()).toEqual(flashBytes(offset));
  return pace();
}

/** flash/ssi_dma: the XIP settings with a frame count, words swapped by the DMA, started by one address word. */
function direct(offset: number, words: number[]): number {
  const { rp2040 } = bench;
  rp2040.writeUint32(SSI + 0x08, 0);
  rp2040.writeUint32(SSI + 0x04, WORDS - 1);
  rp2040.writeUint32(SSI + 0x4c, 3);
  rp2040.writeUint32(SSI + 0x08, 1);
  bench.start(0, { read: DR0, write: DST, count: WORDS, control: SIZE_32 | INCR_WRITE | BSWAP, request: 39 });
  for (const word of words) rp2040.writeUint32(DR0, word);
  bench.run(WORDS * 300);
  expect(received()).toEqual(flashBytes(offset));
  return pace();
}

describe('flash to memory by DMA', () => {
  it('streams one word per 20 SCK periods in quad mode: 12.5 MB/s at 125 MHz and divider 2', () => {
    quadXip(bench.rp2040, 2);
    const cycles = stream(0x100);
    expect(cycles).toBe(40 + memoryTiming.xipStreamOverhead);
    expect((4 * 125) / cycles).toBe(12.5);
  });

  it('reads directly at one word per 8 SCK periods: 31.25 MB/s, 2.5 times the streaming rate', () => {
    quadXip(bench.rp2040, 2);
    const cycles = direct(0x200, [((0x200 << 8) | 0xa0) >>> 0]);
    expect(cycles).toBe(16);
    expect((4 * 125) / cycles).toBe(31.25);
  });

  it('halves both at divider 4', () => {
    quadXip(bench.rp2040, 4);
    expect(stream(0)).toBe(80);
    bench = new DmaBench();
    bench.rp2040.flash.fill(0x5a, 0, 4096);
    quadXip(bench.rp2040, 4);
    expect(direct(0, [0xa0])).toBe(32);
  });

  it('streams at 64 SCK periods per word in serial mode', () => {
    serialXip(bench.rp2040, 4);
    expect(stream(0x40)).toBe(256);
  });

  it('feeds a program page to the chip through the TX requests', () => {
    const { rp2040, chips } = bench;
    serialXip(rp2040, 4);
    rp2040.writeUint32(SSI + 0x08, 0);
    rp2040.writeUint32(SSI + 0x00, (7 << 16) | (1 << 8));
    rp2040.writeUint32(SSI + 0x4c, 2);
    rp2040.writeUint32(SSI + 0x50, 12);
    rp2040.writeUint32(SSI + 0x08, 1);
    rp2040.writeUint32(DR0, 0x06);
    bench.run(100);
    const bytes = Uint8Array.of(0x02, 0x00, 0x20, 0x00, ...Array.from({ length: 32 }, (_, i) => i));
    for (let i = 0; i < bytes.length; i++) rp2040.sram[i] = bytes[i];
    rp2040.flash.fill(0xff, 0x2000, 0x2100);
    bench.start(0, { read: 0x20000000, write: DR0, count: bytes.length, control: INCR_READ, request: 38 });
    bench.run(bytes.length * 8 * 4 + 100);
    expect([...rp2040.flash.subarray(0x2000, 0x2020)]).toEqual([...bytes.subarray(4)]);
    expect(chips.flash.busy).toBe(true);
    expect(rp2040.readUint32(SSI + 0x30) & 2).toBe(0);
  });
});
