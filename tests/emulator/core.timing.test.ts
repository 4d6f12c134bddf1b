/** Cycles of every class of instruction with nothing in the way: ARM Cortex-M0+ TRM table 3-1, RP2040 datasheet 2.4.3.3. */
import { describe, expect, test } from 'vitest';
import { ZeroWaitXip } from '../../emulator/bus/xip-port.ts';
import { timing } from '../../emulator/timing/table.ts';
import { chipWith, cyclesToBreak, FLASH, SRAM } from './support/bench-chip.ts';

/** Cycles of `instructions` after `setup`, at a word-aligned and at a misaligned address. */
function cost(instructions: string, setup = ''): number[] {
  return ['', 'nop\n'].map((shift) => {
    const program = (body: string) =>
      `${setup}\n.balign 4\n${shift}${body}\nbkpt 0\nnop\n.balign 4\n.ltorg\n`;
    const all = cyclesToBreak(chipWith(program(instructions)));
    return all - cyclesToBreak(chipWith(program('')));
  });
}

const DATA = 'ldr r7, =0x20010000\nmovs r6, #4\n';

describe('cycles of an instruction, wherever it lies', () => {
  for (const [instruction, cycles, setup] of [
    ['movs r0, #1', 1],
    ['adds r0, r1, r2', 1],
    ['muls r0, r1', 1],
    ['lsls r0, r1, #3', 1],
    ['rev r0, r1', 1],
    ['mov r8, r0', 1],
    ['add sp, #8', 1],
    ['add r0, pc, #8', 1],
    ['nop', 1],
    ['sev', 1],
    ['cpsid i', 1],
    ['beq 1f\n1:', 1, 'movs r0, #1'],
    ['bne 1f\n1:', 2, 'movs r0, #1'],
    ['b 1f\n1:', 2],
    ['b 1f\nnop\n1:', 2],
    ['bl 1f\n1:', 3],
    ['bl 1f\nnop\n1:', 3],
    ['adr r0, 1f\nadds r0, #1\nbx r0\n.balign 4\n1:', 4],
    ['adr r0, 1f\nadds r0, #1\nblx r0\n.balign 4\n1:', 4],
    ['adr r0, 1f\nmov pc, r0\n.balign 4\n1:', 3],
    ['mrs r0, apsr', 3],
    ['msr apsr, r0', 3],
    ['dmb', 3],
    ['dsb', 3],
    ['isb', 3],
    ['ldr r0, [r7]', 2, DATA],
    ['ldrb r0, [r7, r6]', 2, DATA],
    ['ldrsh r0, [r7, r6]', 2, DATA],
    ['ldr r0, [sp, #4]', 2],
    ['ldr r0, =0x12345678', 2],
    ['str r0, [r7]', 2, DATA],
    ['strb r0, [r7, r6]', 2, DATA],
    ['strh r0, [r7, #2]', 2, DATA],
    ['ldm r7!, {r0-r3}', 5, DATA],
    ['stm r7!, {r0-r5}', 7, DATA],
    ['push {r0, lr}', 3],
    ['push {r0-r7}', 9],
    ['pop {r0-r2}', 4],
    ['ldr r3, =1f+1\npush {r0-r3}\npop {r0-r2}\npop {pc}\n.balign 4\n1:', 2 + 5 + 4 + 4],
    ['ldr r0, [r1]', 1, 'ldr r1, =0xd0000000'],
    ['str r0, [r1, #0x14]', 1, 'ldr r1, =0xd0000000'],
    ['ldr r0, [r1]', 2, 'ldr r1, =0xe000e018'],
    ['str r0, [r1]', 2, 'ldr r1, =0xe000e014'],
    ['ldr r0, [r1]', 4, 'ldr r1, =0x40054028'],
    ['str r0, [r1]', 5, 'ldr r1, =0x4005803c'],
    ['ldr r0, [r1]', 2, 'ldr r1, =0x50000400'],
    ['str r0, [r1]', 2, 'ldr r1, =0x50000404'],
    ['str r0, [r1]', 5, 'ldr r1, =0x4005a00c'],
    ['str r0, [r1]', 7, 'ldr r1, =0x40036024'],
  ] as [string, number, string?][]) {
    test(`${instruction.replaceAll('\n', '; ')}${setup && setup !== DATA ? ` (${setup})` : ''}: ${cycles}`, () => {
      expect(cost(instruction, setup)).toEqual([cycles, cycles]);
    });
  }
});

describe('the timing table', () => {
  for (const [name, instruction, setup, extra] of [
    ['alu', 'adds r0, #1'],
    ['multiply', 'muls r0, r1'],
    ['branchTaken', 'b 1f\nnop\n1:'],
    ['branchNotTaken', 'beq 1f\n1:', 'movs r0, #1'],
    ['branchLink', 'bl 1f\n1:'],
    ['special', 'mrs r0, primask'],
    ['load', 'ldr r0, [r7]', DATA],
    ['store', 'str r0, [r7]', DATA],
    ['loadMultiple', 'ldm r7!, {r0-r3}', DATA, 4],
    // LDR literal 2, PUSH 1 + 4, POP 1 + 4 and what loading PC adds.
    ['popPc', 'ldr r3, =1f + 1\npush {r0-r3}\npop {r0-r2, pc}\n.balign 4\n1:', '', 2 + 5 + 5],
    ['sio', 'ldr r0, [r1]', 'ldr r1, =0xd0000000'],
    ['ppb', 'ldr r0, [r1]', 'ldr r1, =0xe000ed08'],
    ['apbLoad', 'ldr r0, [r1]', 'ldr r1, =0x40054028'],
    ['apbStore', 'str r0, [r1]', 'ldr r1, =0x4005803c'],
    ['fastPeripheral', 'ldr r0, [r1]', 'ldr r1, =0x50000400'],
  ] as [keyof typeof timing, string, string?, number?][]) {
    test(`has what ${name} costs`, () => {
      expect(cost(instruction, setup)[0] - (extra ?? 0)).toBe(timing[name]);
    });
  }
});

describe('flash', () => {
  test('costs nothing extra when every word is in the cache', () => {
    const source = 'movs r0, #9\n1: subs r0, #1\nbne 1b\nldr r1, =0x11223344\nbkpt 0\n';
    expect(cyclesToBreak(chipWith(source, FLASH))).toBe(cyclesToBreak(chipWith(source, SRAM)));
  });

  test('stalls straight-line code for each word that is not', () => {
    const xip = new ZeroWaitXip();
    xip.resident.fill(0);
    const asked: number[] = [];
    xip.access = ((address: number) => {
      asked.push(address);
      return 40;
    }) as () => number;
    const chip = chipWith('nop\nnop\nnop\nnop\nnop\nnop\nbkpt 0\nnop', FLASH, { xip });
    // The first word was there when the test began; one word is fetched before each second instruction.
    expect(cyclesToBreak(chip)).toBe(6 + 3 * 40);
    expect(asked).toEqual([0x10000004, 0x10000008, 0x1000000c]);
  });

  test('makes a taken branch wait for the word of its target, and for the next one when the target is misaligned', () => {
    const xip = new ZeroWaitXip();
    xip.resident.fill(0);
    xip.access = (() => 40) as () => number;
    const to = (target: string) =>
      chipWith(`b ${target}\nnop\nnop\nnop\naligned: bkpt 0\nmisaligned: bkpt 0\nnop\nnop`, FLASH, { xip });
    expect(cyclesToBreak(to('aligned'))).toBe(2 + 40);
    expect(cyclesToBreak(to('misaligned'))).toBe(2 + 2 * 40);
  });

  test('a load from flash waits once, with its own address', () => {
    const xip = new ZeroWaitXip();
    const words: number[] = [];
    xip.resident.fill(0, 0x400);
    xip.access = ((address: number) => {
      words.push(address);
      return 25;
    }) as () => number;
    const chip = chipWith('ldr r0, =0x10001004\nldrb r1, [r0, #2]\nbkpt 0\n', SRAM, { xip });
    chip.load(0x10001004, Uint8Array.of(1, 2, 3, 4));
    expect(cyclesToBreak(chip)).toBe(2 + 2 + 25);
    expect(words).toEqual([0x10001006]);
    expect(chip.cores[0].registers[1]).toBe(3);
  });
});

describe('published loops', () => {
  test('the SDK busy-wait loop takes 3 cycles a pass', () => {
    expect(cyclesToBreak(chipWith('movs r0, #100\n1: subs r0, #1\nbcs 1b\nbkpt 0\n'))).toBe(1 + 101 * 3 - 1);
  });

  test('two SysTick reads in a row differ by two cycles', () => {
    const chip = chipWith(
      'ldr r0, =0xe000e010\nldr r1, =0xffffff\nstr r1, [r0, #4]\nstr r1, [r0, #8]\nmovs r1, #5\nstr r1, [r0]\nnop\nldr r2, [r0, #8]\nldr r3, [r0, #8]\nbkpt 0\n',
    );
    cyclesToBreak(chip);
    const [, , first, second] = chip.cores[0].registers;
    expect(first - second).toBe(timing.ppb);
  });
});

describe('instructions that change themselves', () => {
  test('a store over an instruction that has run already is seen the next time', () => {
    const chip = chipWith(`
      ldr r0, =0x2000002a @ MOVS r0, #42 in the low half
      adr r1, patched
      movs r3, #2
    again: nop
      .balign 4
    patched: movs r2, #7
      nop
      mov r4, r2
      ldr r5, =0xbf00222a
      str r5, [r1]
      subs r3, #1
      bne again
      bkpt 0
    `);
    cyclesToBreak(chip);
    expect(chip.cores[0].registers[4]).toBe(42);
  });
});
