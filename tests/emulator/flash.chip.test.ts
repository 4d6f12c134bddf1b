import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { FLASH_DURATIONS, FlashChip } from '../../emulator/flash/chip.ts';

const SIZE = 2 * 1024 * 1024;

let now = 0;
let array: Uint8Array;
let chip: FlashChip;
let changes: [number, number][];

beforeEach(() => {
  now = 0;
  changes = [];
  array = new Uint8Array(SIZE).fill(0xff);
  chip = new FlashChip({
    array,
    sizeBytes: SIZE,
    nanos: () => now,
    onChange: (start, end) => changes.push([start, end]),
  });
});

/** Full duplex byte on IO0/IO1; the other lines are pulled up. */
function byte(out: number): number {
  let result = 0;
  for (let bit = 7; bit >= 0; bit--)
    result = (result << 1) | ((chip.clock(0xe | ((out >> bit) & 1)) >> 1) & 1);
  return result;
}

/** One chip select low pulse with these bytes; returns what came back. */
function transfer(...out: number[]): number[] {
  chip.select();
  const back = out.map(byte);
  chip.deselect();
  return back;
}

function nibbles(out: number, count: number): void {
  for (let shift = 4 * (count - 1); shift >= 0; shift -= 4) chip.clock((out >>> shift) & 0xf);
}

function quadByte(): number {
  return (chip.clock(0xf) << 4) | chip.clock(0xf);
}

function address(value: number): [number, number, number] {
  return [(value >> 16) & 0xff, (value >> 8) & 0xff, value & 0xff];
}

function settle(): void {
  now += FLASH_DURATIONS.eraseChip;
}

describe('flash chip identity and status', () => {
  it('answers its JEDEC id for a 2 MB Winbond part', () => {
    expect(transfer(0x9f, 0, 0, 0).slice(1)).toEqual([0xef, 0x40, 0x15]);
  });

  it('sends its 64-bit unique id after four dummy bytes', () => {
    expect(transfer(0x4b, 0, 0, 0, 0, ...new Array(8).fill(0)).slice(5)).toEqual([...chip.uniqueId]);
  });

  it('ships with quad enable set, so status register 2 reads 0x02', () => {
    expect(transfer(0x35, 0, 0)).toEqual([0xff, 0x02, 0x02]);
  });

  it('answers the device id to 90h and ABh', () => {
    expect(transfer(0x90, 0, 0, 0, 0, 0).slice(4)).toEqual([0xef, 0x14]);
    expect(transfer(0xab, 0, 0, 0, 0).slice(4)).toEqual([0x14]);
  });

  it('shows the write enable latch in status register 1 and clears it with 04h', () => {
    transfer(0x06);
    expect(transfer(0x05, 0)[1]).toBe(0x02);
    transfer(0x04);
    expect(transfer(0x05, 0)[1]).toBe(0x00);
  });

  it('ignores everything but ABh while powered down', () => {
    transfer(0xb9);
    expect(transfer(0x9f, 0)[1]).toBe(0xff);
    transfer(0xab);
    expect(transfer(0x9f, 0)[1]).toBe(0xef);
  });
});

describe('flash chip reads', () => {
  beforeEach(() => {
    for (let i = 0; i < 4096; i++) array[i] = (i * 7 + (i >> 8)) & 0xff;
  });

  it('reads with 03h from any address and wraps at the end of the array', () => {
    array[SIZE - 1] = 0x5a;
    expect(transfer(0x03, ...address(SIZE - 1), 0, 0, 0).slice(4)).toEqual([0x5a, array[0], array[1]]);
  });

  it('reads with 0Bh after eight dummy clocks', () => {
    expect(transfer(0x0b, ...address(0x123), 0, 0, 0).slice(5)).toEqual([array[0x123], array[0x124]]);
  });

  it('reads quad I/O after mode bits and four dummy clocks, and stays in continuous mode on 1010', () => {
    chip.select();
    byte(0xeb);
    nibbles(0x000200, 6);
    nibbles(0xa0, 2);
    nibbles(0, 4);
    expect([quadByte(), quadByte()]).toEqual([array[0x200], array[0x201]]);
    chip.deselect();
    expect(chip.continuous).toBe(true);

    chip.select();
    nibbles(0x000345, 6);
    nibbles(0xff, 2);
    nibbles(0, 4);
    expect(quadByte()).toBe(array[0x345]);
    chip.deselect();
    expect(chip.continuous).toBe(false);
    expect(transfer(0x9f, 0)[1]).toBe(0xef);
  });

  it('takes commands again after the boot ROM exit sequence', () => {
    chip.select();
    byte(0xeb);
    nibbles(0, 6);
    nibbles(0xa0, 2);
    chip.deselect();
    chip.select();
    for (let i = 0; i < 32; i++) chip.clock(0xf);
    chip.deselect();
    transfer(0xff, 0xff);
    expect(transfer(0x9f, 0)[1]).toBe(0xef);
  });

  it('ignores quad commands while QE is clear', () => {
    transfer(0x06);
    transfer(0x31, 0x00);
    settle();
    chip.select();
    byte(0xeb);
    nibbles(0, 12);
    expect(quadByte()).toBe(0xff);
    chip.deselect();
    expect(chip.continuous).toBe(false);
  });
});

describe('flash chip writes', () => {
  it('does nothing without write enable', () => {
    transfer(0x02, ...address(0), 0x00);
    transfer(0x20, ...address(0));
    expect(array[0]).toBe(0xff);
    expect(changes).toEqual([]);
  });

  it('programs by clearing bits only, and is busy for the page program time', () => {
    array[0x100] = 0xf0;
    transfer(0x06);
    transfer(0x02, ...address(0x100), 0x3c, 0x55);
    expect([array[0x100], array[0x101]]).toEqual([0x30, 0x55]);
    expect(changes).toEqual([[0x100, 0x200]]);
    expect(transfer(0x05, 0)[1]).toBe(0x01);
    expect(transfer(0x03, ...address(0x100), 0)[4]).toBe(0xff);
    now += FLASH_DURATIONS.programPage;
    expect(transfer(0x05, 0)[1]).toBe(0x00);
    expect(transfer(0x03, ...address(0x100), 0)[4]).toBe(0x30);
  });

  it('wraps inside a page as the address counter does', () => {
    fc.assert(
      fc.property(fc.nat(255), fc.uint8Array({ minLength: 1, maxLength: 300 }), (start, data) => {
        array.fill(0xff, 0, 1024);
        transfer(0x06);
        transfer(0x02, ...address(0x100 + start), ...data);
        settle();
        const expected = new Uint8Array(256).fill(0xff);
        data.forEach((value, i) => {
          expected[(start + i) & 0xff] = value;
        });
        expect(array.subarray(0x100, 0x200)).toEqual(expected);
        expect(array[0xff]).toBe(0xff);
        expect(array[0x200]).toBe(0xff);
      }),
      { numRuns: 50 },
    );
  });

  it.each([
    [0x20, 0x1000, FLASH_DURATIONS.erase4k],
    [0x52, 0x8000, FLASH_DURATIONS.erase32k],
    [0xd8, 0x10000, FLASH_DURATIONS.erase64k],
  ])('erases the aligned block that contains the address (command %i)', (code, bytes, duration) => {
    array.fill(0);
    transfer(0x06);
    transfer(code, ...address(0x20000 + bytes - 1));
    expect(array[0x20000 - 1]).toBe(0);
    expect(array.subarray(0x20000, 0x20000 + bytes).every((value) => value === 0xff)).toBe(true);
    expect(array[0x20000 + bytes]).toBe(0);
    now += duration - 1;
    expect(chip.busy).toBe(true);
    now += 1;
    expect(chip.busy).toBe(false);
  });

  it('erases the whole chip with C7h', () => {
    array.fill(0);
    transfer(0x06);
    transfer(0xc7);
    expect(array.every((value) => value === 0xff)).toBe(true);
  });

  it('drops a program whose chip select rises inside a byte', () => {
    transfer(0x06);
    chip.select();
    for (const value of [0x02, 0, 0, 0, 0x00]) byte(value);
    for (let i = 0; i < 3; i++) chip.clock(0);
    chip.deselect();
    expect(array[0]).toBe(0xff);
  });

  it('accepts only status reads while busy', () => {
    transfer(0x06);
    transfer(0x20, ...address(0));
    expect(transfer(0x9f, 0)[1]).toBe(0xff);
    transfer(0x06);
    settle();
    expect(transfer(0x05, 0)[1]).toBe(0x00);
  });
});
