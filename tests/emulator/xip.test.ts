import fc from 'fast-check';
import { RP2040 } from 'rp2040js';
import { beforeEach, describe, expect, it } from 'vitest';
import { installPeripherals, type Peripherals } from '../../emulator/peripherals/install.ts';
import { memoryTiming } from '../../emulator/timing/memory-rules.ts';
import { advance, quadXip, serialXip } from './qspi-setup.ts';

const XIP = 0x10000000;
const NOALLOC = 0x11000000;
const NOCACHE = 0x12000000;
const BYPASS = 0x13000000;
const CTRL = 0x14000000;
const FLUSH = 0x14000004;
const STAT = 0x14000008;
const CTR_HIT = 0x1400000c;
const CTR_ACC = 0x14000010;
const STREAM_ADDR = 0x14000014;
const STREAM_CTR = 0x14000018;
const STREAM_FIFO = 0x1400001c;
const AUX = 0x50400000;
const WAY_BYTES = 8192;
/** 20 SCK periods at divider 2, and the overhead that no document gives. */
const QUAD_MISS = 40 + memoryTiming.xipOverhead;

let rp2040: RP2040;
let chips: Peripherals;

/** One access at the present cycle, which then passes with its wait states. */
function access(address: number): number {
  const wait = chips.xip.access(address, cycle());
  advance(rp2040, 1 + wait);
  return wait;
}

function cycle(): number {
  return Math.floor((rp2040.clock.nanos * rp2040.clkSys) / 1e9 + 1e-6);
}

beforeEach(() => {
  rp2040 = new RP2040();
  chips = installPeripherals(rp2040);
  for (let i = 0; i < 65536; i++) rp2040.flash[i] = (i * 31 + (i >> 8)) & 0xff;
  quadXip(rp2040, 2);
  rp2040.writeUint32(CTR_HIT, 0);
  rp2040.writeUint32(CTR_ACC, 0);
});

describe('XIP cache', () => {
  it('charges a miss 20 SCK periods at the divider that boot2 set, and a hit nothing', () => {
    expect([access(XIP), access(XIP)]).toEqual([QUAD_MISS, 0]);
    expect(chips.ssi.sckPerWord).toBe(memoryTiming.xipQuadWord);
    quadXip(rp2040, 4);
    expect(access(XIP + 4)).toBe(80 + memoryTiming.xipOverhead);
    serialXip(rp2040, 4);
    expect(chips.ssi.sckPerWord).toBe(memoryTiming.xipSerialWord);
    expect(access(XIP + 8)).toBe(256 + memoryTiming.xipOverhead);
  });

  it('lies between the published 320 ns floor and about 400 ns for a 32-bit read at 125 MHz, divider 2', () => {
    const nanos = (access(BYPASS) * 1e9) / 125e6;
    expect(nanos).toBeGreaterThanOrEqual(320);
    expect(nanos).toBeLessThanOrEqual(416);
  });

  it('fills one word per miss: the other half of the line misses on its own', () => {
    expect([access(XIP), access(XIP + 4), access(XIP), access(XIP + 4)]).toEqual([
      QUAD_MISS,
      QUAD_MISS,
      0,
      0,
    ]);
  });

  it('reads the 28 bytes of an LDM as seven single words', () => {
    const waits = Array.from({ length: 7 }, (_, i) => access(XIP + 0x100 + 4 * i));
    expect(waits).toEqual(new Array(7).fill(QUAD_MISS));
  });

  it('keeps two lines per set; a third evicts the least recently used', () => {
    access(XIP);
    access(XIP + WAY_BYTES);
    access(XIP);
    expect(access(XIP + 2 * WAY_BYTES)).toBe(QUAD_MISS);
    expect(access(XIP)).toBe(0);
    expect(access(XIP + WAY_BYTES)).toBe(QUAD_MISS);
  });

  it('tells the bus which words hit without wait, and learns from the hits the bus took by itself', () => {
    access(XIP);
    access(XIP + WAY_BYTES);
    const { resident, lastWay } = chips.xip;
    expect([resident[0], resident[1], resident[WAY_BYTES / 4]]).toEqual([1, 0, 2]);
    lastWay[0] = 1;
    chips.xip.fastHits += 3;
    access(XIP + 2 * WAY_BYTES);
    expect([resident[0], resident[WAY_BYTES / 4], resident[(2 * WAY_BYTES) / 4]]).toEqual([1, 0, 2]);
    expect([rp2040.readUint32(CTR_HIT), rp2040.readUint32(CTR_ACC)]).toEqual([3, 6]);
  });

  it('obeys the four aliases', () => {
    expect([access(NOALLOC), access(NOALLOC)]).toEqual([QUAD_MISS, QUAD_MISS]);
    expect([access(XIP), access(NOALLOC)]).toEqual([QUAD_MISS, 0]);
    expect([access(NOCACHE), access(NOCACHE + 0x40), access(XIP + 0x40)]).toEqual([QUAD_MISS, QUAD_MISS, 0]);
    expect([access(BYPASS), access(BYPASS + 0x80), access(XIP + 0x80)]).toEqual([
      QUAD_MISS,
      QUAD_MISS,
      QUAD_MISS,
    ]);
  });

  it('drops a line on a store to the caching alias only', () => {
    access(XIP);
    access(XIP + 4);
    chips.xip.write(BYPASS, cycle());
    expect(access(XIP)).toBe(0);
    chips.xip.write(XIP + 4, cycle());
    expect([access(XIP), access(XIP + 4)]).toEqual([QUAD_MISS, QUAD_MISS]);
  });

  it('counts accesses and hits, and clears each on a write', () => {
    access(XIP);
    access(XIP);
    access(BYPASS);
    expect([rp2040.readUint32(CTR_HIT), rp2040.readUint32(CTR_ACC)]).toEqual([1, 3]);
    rp2040.writeUint32(CTR_ACC, 0);
    expect([rp2040.readUint32(CTR_HIT), rp2040.readUint32(CTR_ACC)]).toEqual([1, 0]);
  });

  it('flushes in 1024 cycles, during which accesses wait', () => {
    access(XIP);
    rp2040.writeUint32(FLUSH, 1);
    expect(rp2040.readUint32(STAT) & 1).toBe(0);
    rp2040.readUint32(FLUSH);
    expect(chips.xipControl.readWait).toBe(1024);
    advance(rp2040, 24);
    expect(access(XIP)).toBe(1000 + QUAD_MISS);
    expect(rp2040.readUint32(STAT) & 1).toBe(1);
  });

  it('turns into SRAM at 0x15000000 while disabled, and every flash read then misses', () => {
    access(XIP);
    expect(chips.xip.sram).toBeNull();
    rp2040.writeUint32(CTRL, 0);
    expect([access(XIP), access(XIP)]).toEqual([QUAD_MISS, QUAD_MISS]);
    expect(chips.xip.sram).toHaveLength(16384);
    rp2040.writeUint32(0x15000010, 0x12345678);
    rp2040.writeUint32(0x15003ffc, 0x9abcdef0);
    expect([rp2040.readUint32(0x15000010), rp2040.readUint32(0x15003ffc)]).toEqual([0x12345678, 0x9abcdef0]);
    rp2040.writeUint32(CTRL, 1);
    expect([access(XIP), access(XIP)]).toEqual([QUAD_MISS, 0]);
  });

  it('cannot be enabled, or reached as SRAM, while its memory is powered down', () => {
    rp2040.writeUint32(CTRL, 0);
    rp2040.writeUint32(0x15000000, 42);
    rp2040.writeUint32(CTRL, 9);
    expect([rp2040.readUint32(CTRL), chips.xip.sram]).toEqual([8, null]);
    rp2040.writeUint32(CTRL, 0);
    expect(rp2040.readUint32(0x15000000)).toBe(42);
  });

  it('makes a second miss wait for the first, as both cores share the port', () => {
    const now = cycle();
    expect(chips.xip.access(XIP, now)).toBe(QUAD_MISS);
    expect(chips.xip.access(XIP + 0x40, now + 10)).toBe(QUAD_MISS - 10 + QUAD_MISS);
  });

  it('says why the flash cannot answer while it is busy or in direct mode', () => {
    access(XIP);
    rp2040.writeUint32(0x18000008, 0);
    access(XIP);
    expect(chips.xip.problem).toBeUndefined();
    access(XIP + 0x100);
    expect(chips.xip.problem).toBe('the SSI is disabled');
  });

  it('never hits what was not filled and never misses what is resident, against a plain model', () => {
    const addresses = fc.array(fc.tuple(fc.nat(3), fc.nat(7), fc.nat(3)), { maxLength: 200 });
    fc.assert(
      fc.property(addresses, (steps) => {
        rp2040.writeUint32(FLUSH, 1);
        advance(rp2040, 1024);
        // Set -> lines in order of use, oldest first; a line is its tag and the set of its words.
        const model = new Map<number, { tag: number; words: Set<number> }[]>();
        for (const [tag, word, alias] of steps) {
          const address = (alias << 24) | (tag * WAY_BYTES + word * 4);
          const set = word >> 1;
          const lines = model.get(set) ?? [];
          model.set(set, lines);
          const line = lines.find((candidate) => candidate.tag === tag);
          const expectHit = alias < 2 && line !== undefined && line.words.has(word);
          expect(access(XIP | address) === 0).toBe(expectHit);
          const fills = !expectHit && (alias === 0 || alias === 2);
          if (!expectHit && !fills) continue;
          const used = line ?? { tag, words: new Set<number>() };
          used.words.add(word);
          if (line) lines.splice(lines.indexOf(line), 1);
          else if (lines.length === 2) lines.shift();
          lines.push(used);
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe('XIP streaming', () => {
  const WORD = 40;

  it('brings flash words in order at 40 cycles each and stops when its two entries are full', () => {
    rp2040.writeUint32(STREAM_ADDR, XIP + 0x200);
    rp2040.writeUint32(STREAM_CTR, 5);
    advance(rp2040, WORD - 1);
    expect(rp2040.readUint32(STAT) & 6).toBe(2);
    advance(rp2040, 1);
    expect(rp2040.readUint32(STAT) & 6).toBe(0);
    advance(rp2040, WORD);
    expect(rp2040.readUint32(STAT) & 6).toBe(4);
    advance(rp2040, 10 * WORD);
    expect(rp2040.readUint32(STREAM_CTR)).toBe(3);
    const words: number[] = [];
    for (let i = 0; i < 5; i++) {
      words.push(rp2040.readUint32(i & 1 ? AUX : STREAM_FIFO));
      advance(rp2040, WORD);
    }
    expect(words).toEqual([0, 4, 8, 12, 16].map((at) => rp2040.flashView.getUint32(0x200 + at, true)));
    expect(rp2040.readUint32(STREAM_CTR)).toBe(0);
    expect(rp2040.readUint32(STREAM_FIFO)).toBe(0);
  });

  it('gives way to misses and goes on seven cycles after the last', () => {
    rp2040.writeUint32(STREAM_ADDR, XIP);
    rp2040.writeUint32(STREAM_CTR, 100);
    advance(rp2040, 10);
    // The word under way has 30 cycles to go; the miss follows it.
    expect(access(XIP + 0x400)).toBe(WORD - 10 + QUAD_MISS);
    expect(rp2040.readUint32(STREAM_CTR)).toBe(99);
    advance(rp2040, 7 - 1 + WORD - 1);
    expect(rp2040.readUint32(STREAM_CTR)).toBe(99);
    advance(rp2040, 1);
    expect(rp2040.readUint32(STREAM_CTR)).toBe(98);
  });

  it('is 2.5 times slower than direct DMA in quad mode and twice in serial mode, as the vendor example says', () => {
    expect(chips.ssi.cyclesPerWord / (8 * 2)).toBe(2.5);
    serialXip(rp2040, 2);
    expect(chips.ssi.cyclesPerWord / (32 * 2)).toBe(2);
  });
});
