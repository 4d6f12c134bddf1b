/** Which cycles a core waited, and for what: what was waited is exactly what the program took longer. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ZeroWaitXip } from '../../emulator/bus/xip-port.ts';
import { Chip } from '../../emulator/chip/chip.ts';
import type { Core } from '../../emulator/core/core.ts';
import { STALL_BUS, STALL_DIVIDER, STALL_XIP } from '../../emulator/core/stalls.ts';
import { CallProfile, FunctionMap, STALL_NAMES } from '../../emulator/index.ts';
import { assemble } from './support/assemble.ts';
import { chipWith, cyclesToBreak, FLASH, startAt } from './support/bench-chip.ts';
import { layOut, registerValue, thumbStep } from './support/random-thumb.ts';

const waited = (core: Core) =>
  [STALL_BUS, STALL_XIP, STALL_DIVIDER].map((cause) => core.stalls.until(core.cycle, cause));

describe('bus stalls', () => {
  const steps = fc.array(thumbStep, { minLength: 1, maxLength: 60, size: 'max' }).map(layOut);
  const registers = fc.array(registerValue, { minLength: 15, maxLength: 15 });

  const chip = new Chip();
  chip.onBreak = () => false;
  chip.onFault = (id) => {
    chip.cores[id].held = true;
    return false;
  };

  /** Runs programs on the cores that have one; how long each took, and waited for the bus. */
  const run = (programs: (Uint16Array | undefined)[], values: number[][]) => {
    chip.arbiter.reset();
    chip.soleMaster = -1;
    const start = chip.cycle + 1000;
    chip.clock.cycle = start;
    chip.rp2040.sram.fill(0x55, 0x10000, 0x20000);
    const before = chip.cores.map((core) => waited(core)[0]);
    programs.forEach((program, id) => {
      const core = chip.cores[id];
      core.held = program === undefined;
      if (program === undefined) return;
      chip.load(0x20000000 + id * 0x2000, new Uint8Array(program.buffer));
      startAt(core, 0x20000000 + id * 0x2000);
      core.registers.set(values[id]);
      core.registers[7] = 0x20010000 + id * 0x8000;
      core.registers[13] = 0x20010600 + id * 0x8000;
      core.time = start - chip.base;
    });
    chip.run(start + 20_000);
    return chip.cores.map((core) => ({
      cycles: core.cycle - start,
      waited: waited(core)[0] - before[core.id],
    }));
  };

  test('of two cores are exactly the cycles that each takes longer than alone', () => {
    let all = 0;
    fc.assert(
      fc.property(fc.tuple(steps, steps), fc.tuple(registers, registers), (programs, values) => {
        const together = run(programs, values);
        const alone = [run([programs[0], undefined], values)[0], run([undefined, programs[1]], values)[1]];
        expect(alone.map(({ waited }) => waited)).toEqual([0, 0]);
        expect(together.map(({ cycles, waited }) => cycles - waited)).toEqual(
          alone.map(({ cycles }) => cycles),
        );
        all += together[0].waited + together[1].waited;
      }),
      { numRuns: 300, seed: 5 },
    );
    expect(all).toBeGreaterThan(100);
  });
});

describe('XIP stalls', () => {
  /** Flash of which the words `slow` names take as many wait states more. */
  class SlowXip extends ZeroWaitXip {
    private readonly waits: readonly number[];

    constructor(waits: readonly number[]) {
      super();
      this.waits = waits;
      this.resident.fill(0);
    }

    override access(address = 0): number {
      return this.waits[(address >>> 2) % this.waits.length] ?? 0;
    }
  }

  const SOURCE =
    'ldr r7, =0x10000100\nmovs r6, #9\n1: ldm r7!, {r0-r3}\nldr r4, [r7]\nldrb r5, [r7, #3]\nsubs r6, #1\nbne 1b\nbkpt 0\n.ltorg\n';

  test('are exactly the cycles that code and data in flash take longer', () => {
    const fast = cyclesToBreak(chipWith(SOURCE, FLASH));
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 8 }), (waits) => {
        const chip = chipWith(SOURCE, FLASH, { xip: new SlowXip(waits) });
        const slow = cyclesToBreak(chip);
        expect(waited(chip.cores[0])).toEqual([0, slow - fast, 0]);
      }),
      { numRuns: 12 },
    );
  });
});

describe('divider stalls', () => {
  /** Divides, does `between` cycles of something else, and reads the quotient. */
  const divide = (between: number) => {
    const chip = chipWith(
      `ldr r0, =0xd0000000\nmovs r1, #100\nmovs r2, #7\nstr r1, [r0, #0x60]\nstr r2, [r0, #0x64]\n${'nop\n'.repeat(between)}ldr r3, [r0, #0x70]\nldr r4, [r0, #0x74]\nbkpt 0\n.ltorg\n`,
    );
    cyclesToBreak(chip);
    return waited(chip.cores[0]);
  };

  test('are the cycles in which a result was not there that was then read', () => {
    expect(divide(8)).toEqual([0, 0, 8]);
    expect(divide(3)).toEqual([0, 0, 4]);
    // What comes later than the result did not wait for more than it took.
    expect(divide(50)).toEqual([0, 0, 8]);
  });

  test('are none when nobody reads the result', () => {
    const chip = chipWith('ldr r0, =0xd0000000\nstr r0, [r0, #0x60]\nnop\nbkpt 0\n.ltorg\n');
    cyclesToBreak(chip);
    expect(waited(chip.cores[0])).toEqual([0, 0, 0]);
  });
});

describe('a call profile', () => {
  test('knows of each function what it waited for; with what it executed that is all its cycles', () => {
    const chip = new Chip();
    const code = [0x20040000, 0x20041000];
    // Core 0 calls a copy and divides; core 1 sleeps until core 0 is done, and streams from the same bank before that.
    const sources = [
      `main: ldr r4, =0xd0000000
      bl copy
      movs r1, #77
      str r1, [r4, #0x60]
      str r1, [r4, #0x64]
      b 1f
      1: b 1f
      1: b 1f
      1: b 1f
      1: ldr r2, [r4, #0x70]
      sev
      2: b 2b
      .balign 4
      copy: ldr r7, =0x21000000
      .rept 20
      ldm r7!, {r0-r3}
      .endr
      bx lr
      .ltorg`,
      `ldr r7, =0x21001000
      .rept 10
      ldm r7!, {r0-r3}
      .endr
      wfe
      2: b 2b
      .ltorg`,
    ];
    const copy = code[0] + 28;
    const functions = new FunctionMap([
      { name: 'main', address: code[0], size: 28, kind: 'function' },
      { name: 'copy', address: copy, size: 60, kind: 'function' },
      { name: 'stream', address: code[1], size: 80, kind: 'function' },
    ]);
    for (const id of [0, 1] as const) {
      chip.load(code[id], assemble(sources[id], code[id]));
      startAt(chip.cores[id], code[id], code[id] + 0xf00);
    }
    const profile = new CallProfile({ functions, contexts: 1 });
    chip.observeCalls(profile);
    profile.begin(0);
    chip.run(1000);
    profile.end(chip.cycle);
    const spent = (name: string, cause: (typeof STALL_NAMES)[number]) =>
      profile.nodes.reduce(
        (all, { function: number }, node) =>
          functions.names[number] === name ? all + profile.stalledCycles(node, 0, cause) : all,
        0,
      );
    const [first, second] = chip.cores.map(waited);
    expect(spent('copy', 'bus')).toBe(first[0]);
    expect(first[0]).toBeGreaterThan(20);
    expect(spent('main', 'divider')).toBe(8);
    // Core 1 is a function of no call; it waited for the bus, and slept.
    expect(spent('(asleep)', 'wait')).toBeGreaterThan(0);
    const bus = profile.nodes.reduce((all, _, node) => all + profile.stalledCycles(node, 0, 'bus'), 0);
    expect(bus).toBe(first[0] + second[0]);
    for (const node of profile.nodes.keys()) {
      const stalls = STALL_NAMES.map((cause) => profile.stalledCycles(node, 0, cause));
      for (const cycles of stalls) expect(cycles).toBeGreaterThanOrEqual(0);
      expect(stalls.reduce((all, cycles) => all + cycles, 0)).toBeLessThanOrEqual(
        profile.selfCycles(node, 0),
      );
    }
  });
});
