/** Single-cycle IO as each core sees it. RP2040 datasheet 2.3.1. */

import fc from 'fast-check';
import { GPIOPinState } from 'rp2040js';
import { describe, expect, test } from 'vitest';
import { Chip } from '../../emulator/chip/chip.ts';
import { divide } from '../../emulator/sio/divider.ts';
import { assemble } from './support/assemble.ts';
import { chipWith, cyclesToBreak, startAt } from './support/bench-chip.ts';

const CODE = [0x20040000, 0x20041000];
const SIO = 'ldr r0, =0xd0000000\n';

/** Runs a program on each core until both sleep. */
function both(sources: [string, string], cycles = 5000): Chip {
  const chip = new Chip();
  for (const id of [0, 1] as const) {
    chip.load(CODE[id], assemble(`${SIO}${sources[id]}\ncpsid i\nwfi\n`, CODE[id]));
    startAt(chip.cores[id], CODE[id], CODE[id] + 0xf00);
  }
  chip.run(cycles);
  return chip;
}

const registers = (chip: Chip, core: 0 | 1) => [...chip.cores[core].registers].map((value) => value >>> 0);

describe('core id', () => {
  test('is 0 on core 0 and 1 on core 1', () => {
    const chip = both(['ldr r1, [r0]', 'ldr r1, [r0]']);
    expect([registers(chip, 0)[1], registers(chip, 1)[1]]).toEqual([0, 1]);
  });
});

describe('mailboxes', () => {
  test('words written by one core are read by the other, in order', () => {
    const chip = both([
      'movs r1, #11\nstr r1, [r0, #0x54]\nmovs r1, #22\nstr r1, [r0, #0x54]',
      '1: ldr r1, [r0, #0x50]\nlsrs r1, #1\nbcc 1b\nldr r2, [r0, #0x58]\nnop\nnop\nnop\nnop\nldr r3, [r0, #0x58]\nldr r4, [r0, #0x50]',
    ]);
    expect(registers(chip, 1).slice(2, 5)).toEqual([11, 22, 2]);
  });

  test('hold eight words; a ninth is lost and sets WOF, a read of nothing sets ROE, both cleared by writing ones', () => {
    const chip = both([
      `${'str r0, [r0, #0x54]\n'.repeat(8)}ldr r1, [r0, #0x50]\nstr r0, [r0, #0x54]\nldr r2, [r0, #0x50]\nldr r7, [r0, #0x58]\nldr r3, [r0, #0x50]\nmovs r4, #0xff\nstr r4, [r0, #0x50]\nldr r5, [r0, #0x50]`,
      '',
    ]);
    expect(registers(chip, 0).slice(1, 4)).toEqual([0, 4, 12]);
    expect(registers(chip, 0)[5]).toBe(0);
    expect(registers(chip, 0)[7]).toBe(0);
  });

  test('interrupt only the core they are for', () => {
    const chip = new Chip();
    chip.sioBlock.write(0, 0x54, 5);
    expect(chip.cores[1].nvic.pendingInterrupts).toBe(1 << 16);
    expect(chip.cores[0].nvic.pendingInterrupts).toBe(0);
    chip.sioBlock.write(1, 0x54, 6);
    expect(chip.cores[0].nvic.pendingInterrupts).toBe(1 << 15);
    chip.sioBlock.read(1, 0x58);
    expect(chip.cores[1].nvic.lines).toBe(0);
  });

  test('a core in WFE is woken by the other one’s SEV', () => {
    const chip = both([
      'movs r1, #77\nldr r2, =200\n1: subs r2, #1\nbne 1b\nstr r1, [r0, #0x54]\nsev',
      '1: wfe\nldr r1, [r0, #0x50]\nlsrs r1, #1\nbcc 1b\nldr r2, [r0, #0x58]',
    ]);
    expect(registers(chip, 1)[2]).toBe(77);
  });
});

describe('spinlocks', () => {
  test('are claimed by a read and freed by any write', () => {
    const chip = both([
      'adds r0, #0xff\nadds r0, #1\nldr r1, [r0, #0x14]\nldr r2, [r0, #0x14]\nstr r0, [r0, #0x14]\nldr r3, [r0, #0x14]\nsubs r0, #0xa4\nldr r4, [r0]',
      '',
    ]);
    expect(registers(chip, 0).slice(1, 5)).toEqual([32, 0, 32, 32]);
  });

  test('two cores that read a free one in the same cycle: core 0 gets it', () => {
    for (const order of [0, 1]) {
      const source = 'adds r0, #0xff\nadds r0, #1\nldr r1, [r0]';
      const chip = new Chip();
      for (const id of [0, 1] as const) {
        const at = CODE[id ^ order];
        chip.load(at, assemble(`${SIO}${source}\ncpsid i\nwfi\n`, at));
        startAt(chip.cores[id], at, at + 0xf00);
      }
      chip.run(100);
      expect([registers(chip, 0)[1], registers(chip, 1)[1]]).toEqual([1, 0]);
    }
  });

  test('keep two cores that count together from losing a count', () => {
    const count = `
      ldr r1, =0xd0000104
      ldr r2, =0x20010000
      movs r3, #250
    1: ldr r4, [r1]
      cmp r4, #0
      beq 1b
      ldr r4, [r2]
      adds r4, #1
      str r4, [r2]
      str r4, [r1]
      subs r3, #1
      bne 1b`;
    const chip = both([count, count], 50_000);
    expect(chip.rp2040.sramView.getUint32(0x10000, true)).toBe(500);
  });
});

describe('divider', () => {
  test('has its result eight cycles after the operand, and does not stall', () => {
    const early = (nops: number) => {
      const chip = chipWith(
        `${SIO}movs r1, #100\nstr r1, [r0, #0x60]\nmovs r1, #7\nstr r1, [r0, #0x64]\n${'nop\n'.repeat(nops)}ldr r2, [r0, #0x70]\nldr r3, [r0, #0x74]\nbkpt 0\n`,
      );
      const cycles = cyclesToBreak(chip);
      return { cycles: cycles - nops, result: registers(chip, 0).slice(2, 4) };
    };
    expect(early(8)).toEqual({ cycles: 2 + 4 + 2, result: [14, 2] });
    expect(early(0).cycles).toBe(2 + 4 + 2);
    expect(early(7).result).not.toEqual([14, 2]);
  });

  test('says when it is ready, and that its result has not been read', () => {
    const chip = chipWith(
      `${SIO}movs r1, #9\nstr r1, [r0, #0x60]\nldr r2, [r0, #0x78]\nnop\nnop\nnop\nnop\nnop\nnop\nnop\nnop\nldr r3, [r0, #0x78]\nldr r4, [r0, #0x70]\nldr r5, [r0, #0x78]\nbkpt 0\n`,
    );
    cyclesToBreak(chip);
    expect(registers(chip, 0).slice(2, 6)).toEqual([2, 3, 0xffffffff, 1]);
  });

  test('each core has its own', () => {
    const divider = (n: number) =>
      `movs r1, #${n}\nstr r1, [r0, #0x68]\nmovs r1, #3\nnegs r1, r1\nstr r1, [r0, #0x6c]\nb 1f\n1: b 1f\n1: b 1f\n1: b 1f\n1: ldr r3, [r0, #0x74]\nldr r2, [r0, #0x70]`;
    const chip = both([divider(100), divider(50)]);
    expect(registers(chip, 0).slice(2, 4)).toEqual([-33 >>> 0, 1]);
    expect(registers(chip, 1).slice(2, 4)).toEqual([-16 >>> 0, 2]);
  });

  test('divides as integers do, and by zero as the datasheet says', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer(), (n, d) => {
        fc.pre(d !== 0);
        expect(divide(n, d, true)).toEqual([Number(BigInt.asIntN(32, BigInt(n) / BigInt(d))), (n % d) | 0]);
        const [q, r] = divide(n, d, false);
        expect(q * (d >>> 0) + r).toBe(n >>> 0);
      }),
    );
    expect(divide(5, 0, true)).toEqual([-1, 5]);
    expect(divide(-5, 0, true)).toEqual([1, -5]);
    expect(divide(5, 0, false)).toEqual([-1, 5]);
  });
});

describe('interpolators', () => {
  test('add masked, shifted accumulators to bases, one set per core', () => {
    // Lane 0: shift 2, mask 0-7. PEEK_FULL = BASE2 + both lanes' results.
    const use = (accumulator: number) =>
      `adds r0, #0x80\nldr r1, =${2 | (7 << 10)}\nstr r1, [r0, #0x2c]\nldr r1, =${accumulator}\nstr r1, [r0]\nmovs r1, #5\nstr r1, [r0, #8]\nldr r2, [r0, #0x20]`;
    const chip = both([use(0x1234), use(0x44)]);
    expect(registers(chip, 0)[2]).toBe(((0x1234 >> 2) & 0xff) + 5);
    expect(registers(chip, 1)[2]).toBe((0x44 >> 2) + 5);
  });
});

describe('GPIO', () => {
  test('a pin follows SIO from both cores, and tells its listeners at the cycle of the store', () => {
    const chip = new Chip();
    const pin = chip.rp2040.gpio[3];
    pin.ctrl = 5;
    const edges: [GPIOPinState, number][] = [];
    pin.addListener((state) => edges.push([state, chip.cycle]));
    chip.load(
      CODE[0],
      assemble(
        `${SIO}movs r1, #8\nstr r1, [r0, #0x24]\nstr r1, [r0, #0x14]\nnop\nstr r1, [r0, #0x18]\ncpsid i\nwfi\n`,
        CODE[0],
      ),
    );
    startAt(chip.cores[0], CODE[0]);
    chip.cores[1].held = true;
    chip.run(100);
    expect(edges).toEqual([
      [GPIOPinState.Low, 3],
      [GPIOPinState.High, 4],
      [GPIOPinState.Low, 6],
    ]);
  });
});

describe('pin interrupts', () => {
  test('go to the core that enabled them', () => {
    const chip = new Chip();
    const pin = chip.rp2040.gpio[9];
    pin.padValue = 0x56; // as after reset: input enabled
    const edgeHigh = 8;
    chip.rp2040.writeUint32(0x40014134, edgeHigh << 4); // PROC1_INTE1, pin 9
    expect(chip.rp2040.readUint32(0x40014134)).toBe(edgeHigh << 4);
    pin.setInputValue(true);
    expect(chip.rp2040.readUint32(0x40014154)).toBe(edgeHigh << 4);
    expect([chip.cores[0].nvic.lines, chip.cores[1].nvic.lines]).toEqual([0, 1 << 13]);
    chip.rp2040.writeUint32(0x400140f4, edgeHigh << 4); // INTR1: acknowledged
    expect(chip.cores[1].nvic.lines).toBe(0);
    chip.rp2040.writeUint32(0x40014104, edgeHigh << 4); // PROC0_INTE1
    chip.rp2040.writeUint32(0x40014134, 0);
    pin.setInputValue(false);
    pin.setInputValue(true);
    expect([chip.cores[0].nvic.lines, chip.cores[1].nvic.lines]).toEqual([1 << 13, 0]);
  });
});
