/** What a debugger and the test bench see of the cores: breakpoints, watches, counter reads, changed code, stack guard. */
import { describe, expect, test } from 'vitest';
import { Chip } from '../../emulator/chip/chip.ts';
import { assemble } from './support/assemble.ts';
import { chipWith, cyclesToBreak, FLASH, SRAM, startAt } from './support/bench-chip.ts';

describe('breakpoints', () => {
  test('stop before the instruction, once each time it is reached, and cost no cycles', () => {
    const source = 'movs r0, #3\n1: subs r0, #1\nbne 1b\nbkpt 0\n';
    const free = cyclesToBreak(chipWith(source));
    const chip = chipWith(source);
    chip.onBreak = () => true;
    chip.addBreakpoint(SRAM + 2);
    const seen: number[] = [];
    let reason = chip.run(1000);
    while (reason === 'breakpoint') {
      expect(chip.cores[0].pc).toBe(SRAM + 2);
      seen.push(chip.cores[0].registers[0]);
      reason = chip.run(1000);
    }
    expect(reason).toBe('break');
    expect(seen).toEqual([3, 2, 1]);
    expect(chip.cores[0].cycle).toBe(free);
    chip.removeBreakpoint(SRAM + 2);
    startAt(chip.cores[0], SRAM);
    expect(chip.run(2000)).toBe('break');
  });

  test('hold in flash through any of its aliases', () => {
    const chip = chipWith('nop\nnop\nbkpt 0\n', 0x13000000);
    chip.addBreakpoint(FLASH + 2);
    expect(chip.run(100)).toBe('breakpoint');
    expect(chip.cores[0].pc).toBe(0x13000002);
  });
});

describe('watches', () => {
  test('tell value, cycle and core of every store to the byte, whatever its width', () => {
    const chip = chipWith(
      'ldr r0, =0x20010000\nldr r1, =0x11223344\nstr r1, [r0]\nstrh r1, [r0, #2]\nstrb r1, [r0, #1]\nstm r0!, {r1}\nbkpt 0\n',
    );
    const seen: number[][] = [];
    const end = chip.watchWrite(0x20010002, (value, cycle, core) => seen.push([value, cycle, core]));
    cyclesToBreak(chip);
    expect(seen).toEqual([
      [0x11223344, 4, 0],
      [0x3344, 6, 0],
      [0x11223344, 10, 0],
    ]);
    end();
    startAt(chip.cores[0], SRAM);
    cyclesToBreak(chip);
    expect(seen.length).toBe(3);
  });

  test('do not change the timing', () => {
    const source = 'ldr r0, =0x20010000\npush {r0-r3}\nstm r0!, {r0-r3}\nstr r1, [r0]\nbkpt 0\n';
    const watched = chipWith(source);
    watched.watchWrite(0x20010004, () => {});
    watched.watchWrite(0x20041ef8, () => {});
    expect(cyclesToBreak(watched)).toBe(cyclesToBreak(chipWith(source)));
  });

  test('each read of the SysTick counter is told with its cycle', () => {
    const chip = chipWith(
      'ldr r0, =0xe000e010\nldr r1, [r0, #8]\nnop\nldr r1, [r0, #8]\nldr r1, [r0]\nbkpt 0\n',
    );
    const seen: number[][] = [];
    chip.onCounterRead = (core, cycle) => seen.push([core, cycle]);
    cyclesToBreak(chip);
    expect(seen).toEqual([
      [0, 2],
      [0, 5],
    ]);
  });
});

describe('changed code is seen', () => {
  test('when the flash image changes', () => {
    const chip = chipWith('movs r0, #1\nbkpt 0\n', FLASH);
    cyclesToBreak(chip);
    chip.rp2040.flash.set(assemble('movs r0, #2\nbkpt 0\n', FLASH));
    chip.flashChanged(0, 4);
    startAt(chip.cores[0], FLASH);
    cyclesToBreak(chip);
    expect(chip.cores[0].registers[0]).toBe(2);
  });

  test('when one core writes what the other one runs', () => {
    const chip = new Chip();
    const writer =
      'ldr r0, =0x20000000\nldr r1, =0x2009e7ff\nldr r2, =100\n1: subs r2, #1\nbne 1b\nstrh r1, [r0]\nwfi\n';
    chip.load(0x20000000, assemble('b .\nmovs r3, #9\nwfi\n', 0x20000000));
    chip.load(0x20041000, assemble(writer, 0x20041000));
    startAt(chip.cores[0], 0x20000000);
    startAt(chip.cores[1], 0x20041000, 0x20040f00);
    chip.run(2000);
    expect(chip.cores[0].registers[3]).toBe(9);
  });

  test('through the other view of SRAM, in both directions', () => {
    // Word 1 of bank 0 is word 4 of the striped view.
    const chip = new Chip();
    chip.rp2040.writeUint32(0x21000000, 0xbe00_2001);
    startAt(chip.cores[0], 0x21000000);
    chip.cores[1].held = true;
    cyclesToBreak(chip);
    expect(chip.cores[0].registers[0]).toBe(1);
    chip.rp2040.writeUint32(0x20000000, 0xbe00_2002);
    startAt(chip.cores[0], 0x21000000);
    cyclesToBreak(chip);
    expect(chip.cores[0].registers[0]).toBe(2);
    chip.rp2040.writeUint32(0x21000004, 0xbe00_2003);
    startAt(chip.cores[0], 0x20000010);
    cyclesToBreak(chip);
    expect(chip.cores[0].registers[0]).toBe(3);
  });
});

describe('the stack guard', () => {
  for (const [how, source] of [
    ['PUSH', '1: push {r0-r7}\nb 1b\n'],
    ['SUB SP', '1: sub sp, #64\nb 1b\n'],
  ]) {
    test(`names the ${how} that goes below the end of the stack, before it does`, () => {
      const chip = chipWith(source);
      chip.cores[0].stackLimit = 0x20041e00;
      let kind = '';
      chip.onFault = (_core, fault) => {
        kind = fault.kind;
        return true;
      };
      expect(chip.run(10_000)).toBe('fault');
      expect(kind).toBe('stack-overflow');
      expect(chip.cores[0].registers[13] >>> 0).toBeGreaterThanOrEqual(0x20041e00);
    });
  }
});

describe('time', () => {
  test('goes on past the 31 bits that cores count in', () => {
    const chip = chipWith('1: b 1b\n');
    chip.cores[0].time = 0;
    const far = 3 * 2 ** 28;
    chip.clock.createAlarm(() => {}).schedule(0);
    chip.cores[0].sleeping = true;
    expect(chip.run(far)).toBe('cycle');
    chip.cores[0].sleeping = false;
    chip.cores[0].time = far - chip.base;
    chip.run(far + 1001);
    expect(chip.cores[0].cycle).toBe(far + 1002);
    expect(chip.cycle).toBeGreaterThanOrEqual(far + 1001);
  });

  test('a run without any event comes to its end, however far that is', () => {
    const chip = chipWith('1: b 1b\n');
    const end = 2 ** 28 + 2 ** 27 + 5_000_001;
    chip.cores[0].time = 2 ** 28 - 10;
    expect(chip.run(end)).toBe('cycle');
    expect(chip.cores[0].cycle).toBe(end + 1);
  });
});
