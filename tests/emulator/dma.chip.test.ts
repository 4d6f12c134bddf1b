/** DMA on the arbitrated bus of our chip, beside a core that runs. */
import type { RP2040 } from 'rp2040js';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Pico } from '../../emulator/index.ts';
import { memoryTiming } from '../../emulator/timing/memory-rules.ts';
import { configureQuad, configureQuadContinuous, connectPins } from './qspi-setup.ts';
import { barePico, LOOP } from './support/bare.ts';

const DMA = 0x50000000;
const SRC = 0x20000000;
const DST = 0x20000400;
const COPY = 1 | (2 << 2) | (1 << 4) | (1 << 5) | (63 << 15);
const BUSY = 1 << 24;

let pico: Pico;
let rp2040: RP2040;

beforeEach(() => {
  pico = barePico('starmind', LOOP);
  rp2040 = (pico as unknown as { machine: { rp2040: RP2040 } }).machine.rp2040;
  pico.run({ cycle: 50 });
});

function write(address: number, value: number): void {
  rp2040.writeUint32(address, value >>> 0);
}

/** Triggers channel 0 and returns the cycles until it is idle again. */
function transfer(read: number, target: number, count: number, control: number): number {
  write(DMA, read);
  write(DMA + 4, target);
  write(DMA + 8, count);
  const start = pico.cycles;
  write(DMA + 0xc, control);
  return untilIdle(start);
}

function untilIdle(start: number): number {
  while (rp2040.readUint32(DMA + 0x10) & BUSY) pico.run({ cycle: pico.cycles + 1 });
  return pico.cycles - start;
}

function words(address: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => rp2040.readUint32(address + 4 * i) >>> 0);
}

describe('DMA on the crossbar', () => {
  it('copies 512 words of striped memory at one word per cycle and a handful of cycles', () => {
    for (let i = 0; i < 512; i++) write(SRC + 4 * i, i * 2654435761);
    // Source and destination move through the banks together, a bank apart: no conflict.
    const cycles = transfer(SRC, SRC + 0x10004, 512, COPY);
    expect(words(SRC + 0x10004, 512)).toEqual(words(SRC, 512));
    expect(cycles).toBeGreaterThanOrEqual(512 + memoryTiming.dmaStart + 3);
    expect(cycles).toBeLessThanOrEqual(512 + 12);
  });

  it('takes two cycles per word when both ends are in one bank that the core leaves alone', () => {
    const cycles = transfer(0x21010000, 0x21018000, 256, COPY);
    expect(cycles).toBeGreaterThanOrEqual(2 * 256);
    expect(cycles).toBeLessThanOrEqual(2 * 256 + 12);
  });

  it('pays for flash misses: 50 cycles a word through the cache, and nothing the second time', () => {
    quad();
    const first = transfer(0x10001000, DST, 64, COPY);
    const perMiss = 40 + memoryTiming.xipOverhead;
    expect(first).toBeGreaterThanOrEqual(64 * (perMiss + 1));
    expect(first).toBeLessThanOrEqual(64 * (perMiss + 1) + 12);
    const second = transfer(0x10001000, DST, 64, COPY);
    expect(second).toBeLessThanOrEqual(64 + 12);
  });

  it('streams flash to memory at 40 cycles per word while the core runs from SRAM', () => {
    quad();
    for (let i = 0; i < 256; i++) rp2040.flash[0x2000 + i] = (i * 7) & 0xff;
    write(DMA, 0x50400000);
    write(DMA + 4, DST);
    write(DMA + 8, 64);
    write(DMA + 0xc, 1 | (2 << 2) | (1 << 5) | (37 << 15));
    const start = pico.cycles;
    write(0x14000014, 0x10002000);
    write(0x14000018, 64);
    const cycles = untilIdle(start);
    expect(words(DST, 64)).toEqual(
      Array.from({ length: 64 }, (_, i) => rp2040.flashView.getUint32(0x2000 + 4 * i, true)),
    );
    expect(cycles).toBeGreaterThanOrEqual(64 * 40);
    expect(cycles).toBeLessThanOrEqual(64 * 40 + 12);
  });
});

function quad(): void {
  connectPins(rp2040);
  configureQuad(rp2040, 2);
  pico.run({ cycle: pico.cycles + 200 });
  configureQuadContinuous(rp2040);
}
