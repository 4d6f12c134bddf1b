/** Exceptions of the Cortex-M0+: what is saved, who comes first, what it costs (ARMv6-M ARM B1.5, TRM 3.6.1). */
import { describe, expect, test } from 'vitest';
import type { Chip } from '../../emulator/chip/chip.ts';
import { timing } from '../../emulator/timing/table.ts';
import { assemble } from './support/assemble.ts';
import { chipWith, cyclesToBreak, SRAM } from './support/bench-chip.ts';

const VECTORS = 0x20008000;
const HANDLERS = 0x20004000;
const IRQ0 = 16;
const NVIC = 'ldr r0, =0xe000e100\nldr r1, =0xe000e200\n';
/** Enables IRQ n and makes it pending by software. */
const enable = (bits: number) => `ldr r2, =${bits}\nstr r2, [r0]\n`;
const pend = (bits: number) => `ldr r2, =${bits}\n.balign 4\nstr r2, [r1]\n`;

/** A chip whose handlers, one for each exception number, lie 0x100 apart. */
function withHandlers(main: string, handlers: Record<number, string>, address = SRAM): Chip {
  const chip = chipWith(main, address);
  for (const [number, source] of Object.entries(handlers)) {
    const at = HANDLERS + 0x100 * Number(number);
    chip.load(at, assemble(source, at));
    chip.load(VECTORS + 4 * Number(number), new Uint8Array(Uint32Array.of(at | 1).buffer));
  }
  chip.cores[0].vtor = VECTORS;
  return chip;
}

describe('entry and return', () => {
  test('the first instruction of a handler runs 15 cycles after the interrupt could be taken', () => {
    const main = `${NVIC}${enable(1)}ldr r2, =1\n.balign 4\n`;
    const before = cyclesToBreak(chipWith(`${main}bkpt 0\n`));
    const chip = withHandlers(`${main}str r2, [r1]\nnop\nbkpt 1\n`, { [IRQ0]: 'bkpt 0' });
    expect(cyclesToBreak(chip) - before).toBe(timing.ppb + 15);
  });

  test('eight words are stacked, aligned to eight bytes, and all of them come back', () => {
    const chip = withHandlers(
      `sub sp, #4\n${NVIC}${enable(1)}movs r3, #33\nmov r12, r3\nldr r4, =0x20000001\nmov lr, r4\n${pend(1)}nop\nbkpt 0\n`,
      { [IRQ0]: 'mov r6, sp\nmrs r7, ipsr\nmov r5, lr\nmovs r3, #0\nmov r12, r3\nmovs r0, #0\nbx lr' },
    );
    cyclesToBreak(chip);
    const { registers } = chip.cores[0];
    expect(registers[6] & 7).toBe(0);
    expect(registers[7]).toBe(IRQ0);
    expect(registers[5] >>> 0).toBe(0xfffffff9);
    expect([registers[0] >>> 0, registers[3], registers[12], registers[14]]).toEqual([
      0xe000e100, 33, 33, 0x20000001,
    ]);
    expect(registers[13] & 7).toBe(4);
    expect(chip.cores[0].ipsr).toBe(0);
  });

  test('a return costs what the table says after the BX that starts it', () => {
    const main = (handlerDoes: string) =>
      cyclesToBreak(withHandlers(`${NVIC}${enable(1)}${pend(1)}bkpt 0\n`, { [IRQ0]: handlerDoes }));
    const inHandler = main('bkpt 0');
    expect(main('bx lr') - inHandler).toBe(timing.branchTaken + timing.exceptionReturn);
  });

  test('a handler that finds another interrupt pending goes straight on to it, without unstacking', () => {
    const handlers = { [IRQ0]: 'bx lr', [IRQ0 + 1]: 'mov r7, sp\nbkpt 0' };
    const chip = withHandlers(`${NVIC}${enable(3)}${pend(3)}bkpt 1\n`, handlers);
    const both = cyclesToBreak(chip);
    const first = cyclesToBreak(withHandlers(`${NVIC}${enable(3)}${pend(3)}bkpt 1\n`, { [IRQ0]: 'bkpt 0' }));
    expect(both - first).toBe(timing.branchTaken + timing.tailChain + 1);
    expect(chip.cores[0].registers[7] >>> 0).toBe(0x20041f00 - 32);
    expect(chip.cores[0].registers[14] >>> 0).toBe(0xfffffff9);
  });

  test('a higher interrupt that arrives while the first is stacked is taken instead, and the first follows', () => {
    const main = `${NVIC}${enable(3)}ldr r3, =0xe000e400\nmovs r2, #0x80\nstr r2, [r3]\n${pend(1)}nop\nbkpt 1\n`;
    const order: number[] = [];
    const chip = withHandlers(main, { [IRQ0]: 'bkpt 10', [IRQ0 + 1]: 'bkpt 11\nbx lr' });
    chip.onBreak = (_core, value) => {
      order.push(value);
      return true;
    };
    // IRQ1 (priority 0) rises five cycles after IRQ0 (priority 2) began to be entered.
    const entered = cyclesToBreak(withHandlers(main, { [IRQ0]: 'bkpt 10', [IRQ0 + 1]: 'nop' }));
    chip.run(entered - 15 + 5);
    chip.setInterrupt(1, true);
    chip.run(100_000);
    expect(order[0]).toBe(11);
    expect(chip.cores[0].cycle).toBe(entered);
  });

  test('LDM is abandoned by an interrupt and starts again after it', () => {
    const chip = withHandlers(
      `${NVIC}${enable(1)}ldr r3, =0x20010000\nmovs r4, #5\nstr r4, [r3, #20]\n.balign 4\nldm r3, {r2-r7}\nbkpt 0\n`,
      { [IRQ0]: 'ldr r0, =0x20010000\nmovs r1, #9\nstr r1, [r0]\nldr r0, =1f\n1: bx lr' },
    );
    const start = cyclesToBreak(
      withHandlers(
        `${NVIC}${enable(1)}ldr r3, =0x20010000\nmovs r4, #5\nstr r4, [r3, #20]\n.balign 4\nbkpt 0\n`,
        {},
      ),
    );
    chip.run(start + 3);
    chip.setInterrupt(0, true);
    chip.setInterrupt(0, false);
    expect(chip.cores[0].registers[7]).toBe(0);
    cyclesToBreak(chip);
    // The second time, r2 has the word the handler wrote.
    expect([...chip.cores[0].registers.subarray(2, 8)]).toEqual([9, 0, 0, 0, 0, 5]);
  });
});

describe('priorities and masks', () => {
  test('the lowest number wins among equals, the lowest priority value among all', () => {
    const run = (priorities: number) => {
      const chip = withHandlers(
        `cpsid i\n${NVIC}${enable(7)}ldr r3, =0xe000e400\nldr r2, =${priorities}\nstr r2, [r3]\n${pend(6)}cpsie i\nnop\nbkpt 0\n`,
        {
          [IRQ0 + 1]: 'lsls r7, r7, #4\nadds r7, #1\nbx lr',
          [IRQ0 + 2]: 'lsls r7, r7, #4\nadds r7, #2\nbx lr',
        },
      );
      cyclesToBreak(chip);
      return chip.cores[0].registers[7];
    };
    expect(run(0)).toBe(0x12);
    expect(run(0x00c0)).toBe(0x12); // IRQ0 lowered: nothing to do with these two
    expect(run(0x00_40_80_00)).toBe(0x21);
  });

  test('a handler is interrupted by a higher priority only', () => {
    const run = (priorities: number) => {
      const chip = withHandlers(
        `${NVIC}${enable(3)}ldr r3, =0xe000e400\nldr r2, =${priorities}\nstr r2, [r3]\n${pend(1)}nop\nbkpt 0\n`,
        {
          [IRQ0]: 'ldr r1, =0xe000e200\nmovs r2, #2\nstr r2, [r1]\nnop\nlsls r7, r7, #4\nadds r7, #1\nbx lr',
          [IRQ0 + 1]: 'lsls r7, r7, #4\nadds r7, #2\nbx lr',
        },
      );
      cyclesToBreak(chip);
      return chip.cores[0].registers[7];
    };
    expect(run(0x0040)).toBe(0x21);
    expect(run(0x4040)).toBe(0x12);
    expect(run(0x4000)).toBe(0x12);
  });

  test('PRIMASK holds interrupts back, not NMI', () => {
    const chip = withHandlers(
      `cpsid i\n${NVIC}${enable(1)}${pend(1)}nop\nmovs r6, #1\nldr r0, =0xe000ed04\nldr r2, =0x80000000\nstr r2, [r0]\nnop\nbkpt 0\n`,
      { 2: 'movs r5, #1\nbx lr', [IRQ0]: 'movs r7, #1\nbx lr' },
    );
    cyclesToBreak(chip);
    const { registers } = chip.cores[0];
    expect([registers[5], registers[6], registers[7]]).toEqual([1, 1, 0]);
  });

  test('a level that is still high when its handler returns is taken again; a pulse once', () => {
    const chip = withHandlers(`${NVIC}${enable(1)}1: b 1b\n`, { [IRQ0]: 'adds r7, #1\nbx lr' });
    chip.run(100);
    chip.setInterrupt(0, true);
    chip.setInterrupt(0, false);
    chip.run(1000);
    expect(chip.cores[0].registers[7]).toBe(1);
    chip.setInterrupt(0, true);
    chip.run(2000);
    expect(chip.cores[0].registers[7]).toBeGreaterThan(10);
  });

  test('SVC calls its handler, PendSV and SysTick theirs, and process-stack code returns to its own stack', () => {
    const chip = withHandlers(
      `ldr r0, =0x20012000\nmsr psp, r0\nmovs r0, #2\nmsr control, r0\nisb\nsvc 5\nmov r6, sp\n
       ldr r1, =0xe000ed04\nldr r2, =0x10000000\nstr r2, [r1]\nnop\nldr r1, =0xe000e010\nmovs r2, #50\nstr r2, [r1, #4]\nstr r2, [r1, #8]\nmovs r2, #7\nstr r2, [r1]\n1: cmp r5, #0\nbeq 1b\nbkpt 0\n`,
      {
        11: 'mov r4, lr\nmrs r7, psp\nldr r7, [r7, #24]\nsubs r7, #2\nldrb r7, [r7]\nbx lr',
        14: 'mrs r3, ipsr\nmov r8, r3\nbx lr',
        15: 'movs r5, #15\nldr r0, =0xe000e010\nmovs r1, #0\nstr r1, [r0]\nbx lr',
      },
    );
    cyclesToBreak(chip);
    const { registers } = chip.cores[0];
    expect([registers[4] >>> 0, registers[7], registers[8], registers[5]]).toEqual([0xfffffffd, 5, 14, 15]);
    expect(registers[6] >>> 0).toBe(0x20012000);
  });
});

describe('SysTick', () => {
  test('wraps every RELOAD + 1 cycles and sets COUNTFLAG, cleared by reading it', () => {
    const chip = chipWith(
      'ldr r0, =0xe000e010\nmovs r1, #99\nstr r1, [r0, #4]\nstr r1, [r0, #8]\nmovs r1, #5\nstr r1, [r0]\nnop\nldr r2, [r0, #8]\nldr r3, =0\n1: adds r3, #1\ncmp r3, #24\nbne 1b\nldr r4, [r0, #8]\nldr r5, [r0]\nldr r6, [r0]\nbkpt 0\n',
    );
    cyclesToBreak(chip);
    const r = chip.cores[0].registers;
    // From one read of the counter to the other: LDR 2, LDR literal 2, 24 passes of 4 cycles less one.
    expect((r[2] - r[4] + 100) % 100).toBe((2 + 2 + 24 * 4 - 1) % 100);
    expect([r[5], r[6]]).toEqual([0x10005, 5]);
  });

  test('its exception can be taken in the cycle in which the counter becomes zero', () => {
    const main =
      'ldr r0, =0xe000e010\nmovs r1, #200\nstr r1, [r0, #4]\nstr r1, [r0, #8]\nmovs r1, #7\nstr r1, [r0]\n1: nop\nnop\nb 1b\n';
    const chip = withHandlers(main, { 15: 'ldr r2, [r0, #8]\nbkpt 0' });
    cyclesToBreak(chip);
    // Entry 15 and up to 2 cycles for the instruction that was running; the read samples one cycle in; the tick after
    // zero loads 200.
    const sinceZero = 200 - chip.cores[0].registers[2] + 1;
    expect(sinceZero).toBeGreaterThanOrEqual(15 + timing.ppbSample);
    expect(sinceZero).toBeLessThanOrEqual(15 + timing.ppbSample + 2);
  });
});

describe('faults', () => {
  const faults: [string, string, string][] = [
    ['an unaligned load', 'ldr r0, =0x20010001\nldr r1, [r0]\n', 'unaligned-access'],
    ['an unaligned LDM', 'ldr r0, =0x20010002\nldm r0!, {r1-r2}\n', 'unaligned-access'],
    ['a load from nothing', 'ldr r0, =0x30000000\nldr r1, [r0]\n', 'unmapped-read'],
    ['a store to nothing', 'ldr r0, =0x20042000\nstr r1, [r0]\n', 'unmapped-write'],
    ['an undefined instruction', 'udf 3\n', 'undefined-instruction'],
    ['a jump to nothing', 'ldr r0, =0x60000001\nbx r0\n', 'unmapped-fetch'],
    ['a jump to a peripheral', 'ldr r0, =0x40054001\nbx r0\n', 'fetch-from-peripheral'],
    ['a branch without the Thumb bit', 'ldr r0, =0x20000000\nbx r0\n', 'thumb-bit-clear'],
    ['SVC while it cannot be taken', 'cpsid i\nsvc 0\n', 'svc-blocked'],
  ];
  for (const [what, source, kind] of faults) {
    test(`${what} becomes HardFault, with the address of the instruction stacked`, () => {
      const chip = withHandlers(`${source}nop\nbkpt 1\n`, { 3: 'ldr r7, [sp, #24]\nbkpt 0' });
      const seen: string[] = [];
      let pc = 0;
      chip.onFault = (_core, fault) => {
        seen.push(fault.kind);
        pc = fault.pc;
        return false;
      };
      cyclesToBreak(chip);
      expect(seen).toEqual([kind]);
      expect(chip.cores[0].registers[7] >>> 0).toBe(pc);
      expect(chip.cores[0].ipsr).toBe(3);
    });
  }

  test('a fault inside HardFault locks the core up', () => {
    const chip = withHandlers('udf 0\n', { 3: 'nop\nudf 1\n' });
    const seen: boolean[] = [];
    chip.onFault = (_core, fault) => {
      seen.push(fault.lockup);
      return false;
    };
    chip.run(10_000);
    expect(seen).toEqual([false, true]);
    expect(chip.cores[0].lockedUp).toBe(true);
  });
});

describe('sleep', () => {
  test('WFI sleeps until an interrupt, and wakes without taking it when PRIMASK is set', () => {
    const chip = withHandlers(`cpsid i\n${NVIC}${enable(1)}wfi\nmovs r6, #1\nbkpt 0\n`, {
      [IRQ0]: 'movs r7, #1\nbx lr',
    });
    chip.onBreak = () => true;
    expect(chip.run(5000)).toBe('cycle');
    expect(chip.cores[0].sleeping).toBe(true);
    chip.setInterrupt(0, true);
    expect(chip.run(6000)).toBe('break');
    const { registers, cycle } = chip.cores[0];
    expect([registers[6], registers[7]]).toEqual([1, 0]);
    expect(cycle).toBe(5000 + timing.wake + 1);
  });

  test('WFE goes on at once after SEV, and then sleeps', () => {
    const chip = chipWith('sev\nwfe\nmovs r0, #1\nwfe\nbkpt 0\n');
    chip.onBreak = () => true;
    chip.run(1000);
    expect(chip.cores[0].sleeping).toBe(true);
    expect(chip.cores[0].registers[0]).toBe(1);
  });

  test('SEVONPEND wakes WFE for an interrupt that is not enabled', () => {
    const chip = chipWith('ldr r0, =0xe000ed10\nmovs r1, #16\nstr r1, [r0]\nwfe\nbkpt 0\n');
    chip.onBreak = () => true;
    chip.run(1000);
    expect(chip.cores[0].sleeping).toBe(true);
    chip.setInterrupt(3, true);
    expect(chip.run(2000)).toBe('break');
  });

  test('SLEEPONEXIT sleeps again after each handler', () => {
    const chip = withHandlers(
      `${NVIC}${enable(1)}ldr r0, =0xe000ed10\nmovs r2, #2\nstr r2, [r0]\nwfi\nbkpt 1\n`,
      {
        [IRQ0]: 'adds r7, #1\nbx lr',
      },
    );
    chip.run(1000);
    for (let n = 1; n <= 3; n++) {
      chip.setInterrupt(0, true);
      chip.setInterrupt(0, false);
      chip.run(1000 * (n + 1));
      expect(chip.cores[0].registers[7]).toBe(n);
      expect(chip.cores[0].sleeping).toBe(true);
    }
  });
});
