import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { memoryTiming } from '../../emulator/timing/memory-rules.ts';
import {
  BSWAP,
  DmaBench,
  EN,
  HIGH_PRIORITY,
  INCR_READ,
  INCR_WRITE,
  IRQ_QUIET,
  RING_WRITE,
  SIZE_8,
  SIZE_16,
  SIZE_32,
  SNIFF,
} from './dma-bench.ts';

const SRC = 0x20000000;
const DST = 0x20008000;
const INTR = 0x400;
const INTE0 = 0x404;
const INTS0 = 0x40c;
const TIMER0 = 0x420;
const MULTI_CHAN_TRIGGER = 0x430;
const SNIFF_CTRL = 0x434;
const SNIFF_DATA = 0x438;
const CHAN_ABORT = 0x444;
const COPY = SIZE_32 | INCR_READ | INCR_WRITE;
/** Trigger to first read address, then read data, write address, write data. */
const FIRST_WRITE = memoryTiming.dmaStart + 2;

/** What a PIO state machine does when it pushes. */
interface StockMachine {
  rxFIFO: { push(word: number): void };
  updateDMARx(): void;
}

let bench: DmaBench;

function fill(bytes: number): Uint8Array {
  for (let i = 0; i < bytes; i++) bench.rp2040.sram[i] = (i * 151 + 7) & 0xff;
  return bench.rp2040.sram.slice(0, bytes);
}

function copied(bytes: number): Uint8Array {
  return bench.rp2040.sram.slice(DST - SRC, DST - SRC + bytes);
}

beforeEach(() => {
  bench = new DmaBench();
});

describe('DMA data', () => {
  it.each([
    [SIZE_8, 1],
    [SIZE_16, 2],
    [SIZE_32, 4],
  ])('copies memory (control %i, %i bytes an element)', (size, bytes) => {
    const source = fill(64);
    bench.start(0, { read: SRC, write: DST, count: 64 / bytes, control: size | INCR_READ | INCR_WRITE });
    bench.run(200);
    expect(copied(64)).toEqual(source);
    expect(bench.busy(0)).toBe(false);
    expect([bench.get(0x00), bench.get(0x04), bench.get(0x08)]).toEqual([SRC + 64, DST + 64, 0]);
  });

  it('swaps bytes of halfwords and words', () => {
    bench.rp2040.writeUint32(SRC, 0x11223344);
    bench.start(0, { read: SRC, write: DST, count: 1, control: SIZE_32 | BSWAP });
    bench.start(1, { read: SRC, write: DST + 4, count: 1, control: SIZE_16 | BSWAP });
    bench.run(20);
    expect(bench.rp2040.readUint32(DST)).toBe(0x44332211);
    expect(bench.rp2040.readUint16(DST + 4)).toBe(0x4433);
  });

  it('wraps the ring side only, at its aligned size', () => {
    fill(32);
    bench.start(0, { read: SRC + 4, write: DST, count: 8, control: COPY | (3 << 6) });
    bench.start(1, { read: SRC, write: DST + 0x104, count: 8, control: COPY | (4 << 6) | RING_WRITE });
    bench.run(40);
    expect(bench.get(0x00)).toBe(SRC + 4);
    expect(bench.get(0x44)).toBe(DST + 0x104);
    const words = bench.writes().filter(({ address }) => address < DST + 0x100);
    expect(words.map(({ value }) => value)).toEqual(
      Array.from({ length: 8 }, (_, i) => bench.rp2040.readUint32(SRC + (i & 1 ? 0 : 4))),
    );
    const addresses = bench.writes().filter(({ address }) => address >= DST + 0x100);
    expect(addresses.map(({ address }) => address - DST - 0x100)).toEqual([4, 8, 12, 0, 4, 8, 12, 0]);
  });

  it('stops with an error bit at an address where there is nothing, and raises its interrupt', () => {
    bench.start(0, { read: 0xe0000000, write: DST, count: 4, control: COPY });
    bench.start(1, { read: SRC, write: 0xe0000000, count: 4, control: COPY });
    bench.run(40);
    expect(bench.get(0x10) >>> 29).toBe(0b110);
    expect(bench.get(0x50) >>> 29).toBe(0b101);
    expect(bench.get(INTR)).toBe(3);
    bench.set(0x10, (bench.get(0x10) & 0xffffff) | (1 << 30));
    expect(bench.get(0x10) >>> 29).toBe(0);
  });
});

describe('DMA time', () => {
  it('overlaps four phases: one element per cycle, four cycles for the first', () => {
    fill(400);
    const start = bench.cycle;
    bench.start(0, { read: SRC, write: DST, count: 100, control: COPY });
    bench.run(150);
    const reads = bench.reads().map(({ cycle }) => cycle - start - memoryTiming.dmaStart);
    const writes = bench.writes().map(({ cycle }) => cycle - start - memoryTiming.dmaStart);
    expect(reads).toEqual(Array.from({ length: 100 }, (_, i) => i));
    expect(writes).toEqual(Array.from({ length: 100 }, (_, i) => i + 2));
  });

  it('counts down, becomes idle and interrupts when the last write is complete', () => {
    bench.set(INTE0, 1);
    bench.start(0, { read: SRC, write: DST, count: 2, control: COPY });
    bench.run(FIRST_WRITE);
    expect(bench.get(0x08)).toBe(1);
    bench.run(1);
    expect([bench.get(0x08), bench.busy(0), bench.get(INTS0)]).toEqual([0, true, 0]);
    bench.run(1);
    expect([bench.busy(0), bench.get(INTS0)]).toEqual([false, 1]);
    bench.set(INTR, 1);
    expect(bench.get(INTS0)).toBe(0);
  });

  it('lasts as long as its slower side', () => {
    bench.wait = (address) => (address >= DST ? 0 : 3);
    bench.start(0, { read: SRC, write: DST, count: 10, control: COPY });
    bench.run(100);
    const cycles = bench.reads().map(({ cycle }) => cycle);
    expect(cycles.slice(1).map((cycle, i) => cycle - cycles[i])).toEqual(new Array(9).fill(4));
  });

  it('waits for a port that others use, and loses nothing', () => {
    const source = fill(256);
    bench.blocked = (_address, cycle) => cycle % 3 === 0;
    bench.start(0, { read: SRC, write: DST, count: 64, control: COPY });
    bench.run(150);
    expect(copied(256)).toEqual(source);
  });

  it('serves channels in turn, and high priority first', () => {
    bench.set(0x00, SRC);
    for (let n = 0; n < 3; n++) {
      bench.set(n * 0x40, SRC + 0x100 * n);
      bench.set(n * 0x40 + 4, DST + 0x100 * n);
      bench.set(n * 0x40 + 8, 4);
      bench.set(n * 0x40 + 0x10, COPY | EN | (63 << 15) | (n << 11) | (n === 2 ? HIGH_PRIORITY : 0));
    }
    bench.set(MULTI_CHAN_TRIGGER, 7);
    bench.run(40);
    const order = bench.reads().map(({ address }) => (address >> 8) & 0xf);
    expect(order).toEqual([2, 2, 2, 2, 0, 1, 0, 1, 0, 1, 0, 1]);
    const cycles = bench.reads().map(({ cycle }) => cycle);
    expect(cycles[11] - cycles[0]).toBe(11);
  });

  it('takes 11 cycles from a PIO push over two DMAs into the next pull, as measured (pico-feedback 202)', () => {
    const { rp2040 } = bench;
    const machine = rp2040.pio[0].machines[0] as unknown as StockMachine;
    rp2040.writeUint32(SRC + 0x40, 0xfeedface);
    // Channel 1 answers whatever address channel 0 hands it.
    bench.set(0x40 + 0x04, 0x50200010);
    bench.set(0x40 + 0x08, 1);
    bench.set(0x40 + 0x10, SIZE_32 | EN | (63 << 15) | (1 << 11));
    bench.start(0, { read: 0x50200020, write: 0x5000007c, count: 10, control: SIZE_32, request: 4 });
    bench.run(20);
    const pushed = bench.cycle;
    machine.rxFIFO.push(SRC + 0x40);
    machine.updateDMARx();
    bench.run(30);
    const last = bench.writes().at(-1)!;
    expect([last.address, last.value]).toEqual([0x50200010, 0xfeedface]);
    const writeDone = last.cycle + 1;
    // The word is in the FIFO after the write's data phase; the stalled machine takes it in the next cycle and goes on in its own.
    const autopullAndOut = 2;
    expect(writeDone - pushed + autopullAndOut).toBe(11);
  });

  it('runs a machine of control blocks at close to the measured 15.6 cycles per fetch and execute', () => {
    // Channel 0 writes four words over channel 1's registers, the last of which triggers it; channel 1 copies one word and chains back.
    const blocks = 50;
    for (let i = 0; i < blocks; i++) {
      const at = SRC + 16 * i;
      bench.rp2040.writeUint32(at, SRC + 0x1000);
      bench.rp2040.writeUint32(at + 4, DST + 4 * i);
      bench.rp2040.writeUint32(at + 8, 1);
      bench.rp2040.writeUint32(at + 12, (SIZE_32 | EN | (63 << 15) | (0 << 11)) >>> 0);
    }
    bench.start(0, { read: SRC, write: 0x50000040, count: 4, control: COPY | (4 << 6) | RING_WRITE });
    bench.run(blocks * 20);
    const executed = bench.writes().filter(({ address }) => address >= DST && address < DST + 4 * blocks);
    const perBlock = (executed.at(-1)!.cycle - executed[0].cycle) / (executed.length - 1);
    expect(executed).toHaveLength(blocks);
    expect(perBlock).toBeGreaterThanOrEqual(13);
    expect(perBlock).toBeLessThanOrEqual(17);
  });
});

describe('DMA under load', () => {
  const channel = fc.record({
    size: fc.constantFrom(SIZE_8, SIZE_16, SIZE_32),
    count: fc.integer({ min: 1, max: 40 }),
    high: fc.boolean(),
    request: fc.constantFrom(63, 63, 59),
  });

  it('copies every channel’s data whole, with one read and one write a cycle at most, whatever the ports do', () => {
    fc.assert(
      fc.property(
        fc.array(channel, { minLength: 1, maxLength: 12 }),
        fc.infiniteStream(fc.nat(3)),
        (channels, noise) => {
          bench = new DmaBench();
          const waits = noise[Symbol.iterator]();
          bench.wait = () => waits.next().value;
          bench.blocked = () => waits.next().value === 0;
          bench.set(TIMER0, (1 << 16) | 3);
          const source = fill(0x1000);
          channels.forEach(({ size, count, high, request }, n) => {
            const control = size | INCR_READ | INCR_WRITE | (high ? HIGH_PRIORITY : 0);
            bench.start(n, { read: SRC + 256 * n, write: DST + 256 * n, count, control, request });
          });
          bench.run(6000);
          channels.forEach(({ size, count }, n) => {
            const bytes = count << (size >> 2);
            expect(copied(0x1000).subarray(256 * n, 256 * n + bytes)).toEqual(
              source.subarray(256 * n, 256 * n + bytes),
            );
            expect(copied(0x1000).subarray(256 * n + bytes, 256 * n + 256)).toEqual(
              new Uint8Array(256 - bytes),
            );
          });
          expect(bench.get(INTR)).toBe((1 << channels.length) - 1);
          for (const events of [bench.reads(), bench.writes()]) {
            for (let i = 1; i < events.length; i++)
              expect(events[i].cycle).toBeGreaterThan(events[i - 1].cycle);
          }
        },
      ),
      { numRuns: 15 },
    );
  });
});

describe('DMA triggers', () => {
  it('chains to the next channel when the last write is done', () => {
    bench.set(0x40 + 0x00, SRC);
    bench.set(0x40 + 0x04, DST + 0x100);
    bench.set(0x40 + 0x08, 2);
    bench.set(0x40 + 0x10, COPY | EN | (63 << 15) | (1 << 11));
    bench.start(0, { read: SRC, write: DST, count: 2, control: COPY, chain: 1 });
    bench.run(40);
    const [, last, next] = bench.writes();
    expect(next.address).toBe(DST + 0x100);
    const fromDone = next.cycle - (last.cycle + 1);
    expect(fromDone).toBe(memoryTiming.dmaChain + memoryTiming.dmaStart + 2);
    expect(bench.get(INTR)).toBe(3);
  });

  it('takes each register through its four layouts, and triggers on the last word of each', () => {
    bench.set(0x10, COPY | EN | (63 << 15));
    bench.set(0x14, SRC);
    bench.set(0x18, DST);
    bench.set(0x1c, 1);
    bench.run(10);
    expect(bench.writes()).toHaveLength(1);
    bench.set(0x24, 2);
    bench.set(0x28, SRC);
    bench.set(0x2c, DST);
    bench.run(10);
    expect(bench.writes()).toHaveLength(3);
    bench.set(0x34, DST);
    bench.set(0x38, 1);
    bench.set(0x3c, SRC);
    bench.run(10);
    expect(bench.writes()).toHaveLength(4);
  });

  it('restarts from the count that was written last, without a new write', () => {
    bench.start(0, { read: SRC, write: DST, count: 3, control: COPY });
    bench.run(20);
    bench.set(MULTI_CHAN_TRIGGER, 1);
    bench.run(20);
    expect(bench.writes()).toHaveLength(6);
    expect(bench.get(0x804)).toBe(3);
  });

  it('interrupts a quiet channel only on a null trigger', () => {
    bench.start(0, { read: SRC, write: DST, count: 1, control: COPY | IRQ_QUIET });
    bench.run(20);
    expect(bench.get(INTR)).toBe(0);
    bench.set(0x3c, 0);
    bench.run(20);
    expect(bench.get(INTR)).toBe(1);
    expect(bench.writes()).toHaveLength(1);
  });

  it('pauses without EN and goes on with it', () => {
    bench.start(0, { read: SRC, write: DST, count: 50, control: COPY });
    bench.run(10);
    const { ctrl } = bench.chips.dma.channels[0];
    bench.set(0x10, ctrl & 0xfffffe);
    bench.run(100);
    const before = bench.writes().length;
    expect(before).toBeLessThan(12);
    bench.set(0x10, ctrl);
    bench.run(100);
    expect(bench.writes()).toHaveLength(50);
  });

  it('aborts: what is on its way completes, the rest never starts, and no interrupt comes', () => {
    bench.start(0, { read: SRC, write: DST, count: 50, control: COPY });
    bench.run(10);
    bench.set(CHAN_ABORT, 1);
    const reads = bench.reads().length;
    expect(bench.get(CHAN_ABORT)).toBe(1);
    bench.run(10);
    expect([bench.get(CHAN_ABORT), bench.busy(0), bench.get(INTR)]).toEqual([0, false, 0]);
    expect([bench.reads().length, bench.writes().length]).toEqual([reads, reads]);
    bench.start(0, { read: SRC, write: DST, count: 2, control: COPY });
    bench.run(20);
    expect(bench.writes()).toHaveLength(reads + 2);
  });
});

describe('DMA requests', () => {
  it('never writes more than the FIFO has room for, however late the room is seen', () => {
    const { dma } = bench.chips;
    let room = 4;
    dma.requests.provide(36, () => 0);
    dma.requests.provide(16, () => room);
    bench.onAccess = ({ kind, address }) => {
      if (kind === 'write' && address === DST) room--;
      expect(room).toBeGreaterThanOrEqual(0);
    };
    bench.start(0, { read: SRC, write: DST, count: 20, control: SIZE_32 | INCR_READ, request: 16 });
    bench.run(30);
    expect(bench.writes()).toHaveLength(4);
    for (let i = 0; i < 16; i++) {
      room++;
      dma.setDREQ(16);
      bench.run(3);
    }
    bench.run(10);
    expect(bench.writes()).toHaveLength(20);
    expect(bench.busy(0)).toBe(false);
  });

  it('takes one element per PWM wrap', () => {
    bench.start(0, { read: SRC, write: DST, count: 10, control: COPY, request: 26 });
    bench.run(50);
    expect(bench.writes()).toHaveLength(0);
    for (let i = 1; i <= 5; i++) {
      bench.chips.dma.setDREQ(26);
      bench.run(20);
      expect(bench.writes()).toHaveLength(i);
    }
  });

  it.each([
    [1, 3],
    [2, 5],
    [1, 1],
    [3, 65535],
  ])('paces by X/Y of clk_sys with the fractional timers (%i/%i)', (x, y) => {
    bench.set(TIMER0, ((x << 16) | y) >>> 0);
    bench.start(0, { read: SRC, write: DST, count: 12, control: COPY, request: 59 });
    bench.run(Math.ceil((12 * y) / x) + 20);
    const cycles = bench.reads().map(({ cycle }) => cycle);
    expect(cycles).toHaveLength(12);
    const span = cycles[11] - cycles[0];
    expect(Math.abs(span - (11 * y) / x)).toBeLessThan(1);
  });

  it('sends memory to the UART at the UART’s own pace and no byte is lost', () => {
    const { rp2040, clock } = bench;
    const sent: number[] = [];
    rp2040.clkPeri = 125_000_000;
    rp2040.uart[0].onByte = (byte) => sent.push(byte);
    rp2040.writeUint32(0x40034024, 67);
    rp2040.writeUint32(0x40034028, 52);
    rp2040.writeUint32(0x4003402c, 0x70);
    rp2040.writeUint32(0x40034048, 2);
    rp2040.writeUint32(0x40034030, 0x301);
    const text = [...fill(100)];
    const start = clock.cycles;
    bench.start(0, { read: SRC, write: 0x40034000, count: 100, control: SIZE_8 | INCR_READ, request: 20 });
    while (sent.length < 100) bench.run(1000);
    expect(sent).toEqual(text);
    // 67 13/16 times 16 cycles a bit, ten bits a byte.
    const cycles = clock.cycles - start;
    expect(cycles).toBeGreaterThanOrEqual(100 * 10850);
    expect(cycles).toBeLessThan(100 * 10850 + 1100);
  });
});

describe('DMA sniffer', () => {
  const REVERSED = 1 << 5;
  const CRC16 = 2 << 5;
  const PARITY = 0xe << 5;
  const SUM = 0xf << 5;
  const OUT_REV = 1 << 10;
  const OUT_INV = 1 << 11;

  function sniff(bytes: Uint8Array, control: number, seed: number, size: number, unit: number): number {
    bench.rp2040.sram.set(bytes);
    bench.set(SNIFF_CTRL, control | 1);
    bench.set(SNIFF_DATA, seed);
    bench.start(0, {
      read: SRC,
      write: DST,
      count: bytes.length / unit,
      control: size | INCR_READ | SNIFF,
    });
    bench.run(bytes.length + 20);
    return bench.get(SNIFF_DATA);
  }

  it('computes the CRC-32 of zlib in the reversed mode, byte by byte or word by word', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 4, maxLength: 64 }), fc.boolean(), (data, words) => {
        const bytes = data.subarray(0, data.length & ~3);
        const [size, unit] = words ? [SIZE_32, 4] : [SIZE_8, 1];
        const result = sniff(bytes, REVERSED | OUT_REV | OUT_INV, 0xffffffff, size, unit);
        expect(result).toBe(crc32(bytes) >>> 0);
      }),
      { numRuns: 40 },
    );
  });

  it('computes CRC-32/MPEG-2, the boot2 checksum, in the plain mode', () => {
    const bytes = new TextEncoder().encode('123456789');
    expect(sniff(bytes, 0, 0xffffffff, SIZE_8, 1)).toBe(0x0376e6e7);
  });

  it('computes CRC-16/CCITT-FALSE, sums and parity', () => {
    const bytes = new TextEncoder().encode('123456789');
    expect(sniff(bytes, CRC16, 0xffff, SIZE_8, 1)).toBe(0x29b1);
    expect(sniff(bytes, SUM, 5, SIZE_8, 1)).toBe(bytes.reduce((sum, byte) => sum + byte, 5));
    expect(sniff(Uint8Array.of(1, 2, 4), PARITY, 0, SIZE_8, 1)).toBe(1);
    expect(sniff(Uint8Array.of(1, 2), PARITY, 0, SIZE_8, 1)).toBe(0);
  });

  it('listens only to its channel, and only when that lets it', () => {
    bench.set(SNIFF_CTRL, SUM | (1 << 1) | 1);
    bench.set(SNIFF_DATA, 0);
    fill(16);
    bench.start(0, { read: SRC, write: DST, count: 4, control: COPY | SNIFF });
    bench.start(1, { read: SRC, write: DST, count: 4, control: COPY });
    bench.run(30);
    expect(bench.get(SNIFF_DATA)).toBe(0);
  });
});
