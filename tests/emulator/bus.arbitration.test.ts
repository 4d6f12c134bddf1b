/** Two cores (and a DMA master) on one bus: who waits, how long, and what the performance counters say. Datasheet 2.1.1. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { BusMaster } from '../../emulator/bus/master.ts';
import { ZeroWaitXip } from '../../emulator/bus/xip-port.ts';
import { Chip } from '../../emulator/chip/chip.ts';
import { assemble } from './support/assemble.ts';
import { startAt } from './support/bench-chip.ts';
import { arbitrate, coreRequests, type Move } from './support/bus-model.ts';
import { layOut, registerValue, thumbStep } from './support/random-thumb.ts';

/** Code in SRAM4 and SRAM5, so that fetches of the two cores never meet. */
const CODE = [0x20040000, 0x20041000];
const BANK0 = 0x21000000;
const BANK1 = 0x21010000;
const BUS_PRIORITY = 0x40030000;
const PERFCTR0 = 0x40030008;
const PERFSEL0 = 0x4003000c;
const SRAM0_ACCESS = 15;
const SRAM0_CONTESTED = 14;

/** Runs one program per core (an empty one leaves the core out); cycles each needed to come to its WFI. */
function race(sources: [string, string], prepare: (chip: Chip) => void = () => {}): [number, number] {
  const chip = new Chip();
  for (const id of [0, 1] as const) {
    const core = chip.cores[id];
    if (sources[id] === '') {
      core.held = true;
      continue;
    }
    chip.load(CODE[id], assemble(`${sources[id]}\ncpsid i\nwfi\n`, CODE[id]));
    startAt(core, CODE[id], CODE[id] + 0xf00);
  }
  prepare(chip);
  chip.run(100_000);
  return [chip.cores[0].cycle, chip.cores[1].cycle];
}

/** Eight-word LDMs from `address`, in a row. */
const stream = (address: number, count = 20) =>
  `ldr r7, =${address}\n.balign 4\n${'ldm r7!, {r0-r6}\n'.repeat(count)}`;
const alone = (source: string) => race([source, ''])[0];

describe('two cores', () => {
  test('do not disturb each other on different banks', () => {
    const [first, second] = race([stream(BANK0), stream(BANK1)]);
    expect([first, second]).toEqual([alone(stream(BANK0)), alone(stream(BANK1))]);
  });

  test('take turns on one bank: with both asking every cycle, each gets every other one', () => {
    const single = alone(stream(BANK0));
    const [first, second] = race([stream(BANK0), stream(BANK0 + 0x1000)]);
    // Seven of eight cycles of an LDM use the port; each of them may wait one cycle for the other core.
    const words = 20 * 7;
    expect(Math.abs(first - second)).toBeLessThanOrEqual(2);
    expect(first - single).toBeGreaterThan(words / 2);
    expect(first - single).toBeLessThanOrEqual(words);
  });

  test('fall into step when they use the bank every other cycle: one wait in all', () => {
    const loads = `ldr r7, =${BANK0}\n.balign 4\n${'ldr r0, [r7]\n'.repeat(40)}`;
    const single = alone(loads);
    const [first, second] = race([loads, loads]);
    expect([first - single, second - single].sort()).toEqual([0, 1]);
  });

  test('contend for the code they share: striped SRAM gives each bank every fourth word', () => {
    const chip = new Chip();
    chip.load(
      0x20000000,
      assemble('movs r0, #200\n1: adds r1, #1\nadds r2, #1\nadds r3, #1\nsubs r0, #1\nbne 1b\nwfi'),
    );
    for (const core of chip.cores) startAt(core, 0x20000000, CODE[core.id] + 0xf00);
    chip.run(10_000);
    const single = 1 + 200 * 6 - 1 + 2;
    for (const core of chip.cores) {
      expect(core.registers[1]).toBe(200);
      expect(core.cycle - single).toBeLessThanOrEqual(4);
    }
  });
});

describe('bus priority', () => {
  for (const high of [0, 1] as const) {
    test(`core ${high} with high priority never waits for the other`, () => {
      const bits = high === 0 ? 1 : 0x10;
      const sources: [string, string] = [stream(BANK0), stream(BANK0 + 0x1000)];
      const times = race(sources, (chip) => chip.rp2040.writeUint32(BUS_PRIORITY, bits));
      expect(times[high]).toBe(alone(sources[high]));
      expect(times[1 - high]).toBeGreaterThan(times[high]);
    });
  }
});

describe('performance counters', () => {
  test('count each access to a port, and each cycle that someone had to wait for it', () => {
    let counted = [0, 0];
    const count = (chip: Chip) => {
      chip.rp2040.writeUint32(PERFSEL0, SRAM0_ACCESS);
      chip.rp2040.writeUint32(PERFSEL0 + 8, SRAM0_CONTESTED);
      chip.run(100_000);
      counted = [chip.rp2040.readUint32(PERFCTR0), chip.rp2040.readUint32(PERFCTR0 + 8)];
    };
    const single = alone(stream(BANK0));
    const [first, second] = race([stream(BANK0), stream(BANK0 + 0x1000)], count);
    expect(counted[0]).toBe(2 * 20 * 7);
    expect(counted[1]).toBe(first - single + (second - single));
  });

  test('do not change the timing', () => {
    const sources: [string, string] = [stream(BANK0), stream(BANK0 + 0x1000)];
    expect(race(sources, (chip) => chip.rp2040.writeUint32(PERFSEL0, SRAM0_ACCESS))).toEqual(race(sources));
  });
});

/** Asks for a word every `every` cycles, from `start` on, `count` times. */
class TestMaster implements BusMaster {
  readonly id = 2;
  requestCycle: number;
  requestAddress = BANK0;
  readonly granted: number[] = [];
  private readonly chip: Chip;
  private readonly every: number;
  private left: number;

  constructor(chip: Chip, start: number, every: number, count: number) {
    this.chip = chip;
    this.requestCycle = start;
    this.every = every;
    this.left = count;
  }

  commit(cycle: number): void {
    this.chip.masterBus.read(this.requestAddress, 4, cycle, this.id);
    this.granted.push(cycle);
    this.requestCycle = --this.left > 0 ? cycle + this.every : Number.POSITIVE_INFINITY;
  }
}

describe('a DMA master', () => {
  const withMaster = (source: string, priority: number) => {
    let master: TestMaster | undefined;
    const [time] = race([source, ''], (chip) => {
      chip.rp2040.writeUint32(BUS_PRIORITY, priority);
      master = new TestMaster(chip, 10, 1, 50);
      chip.addMaster(master);
    });
    return { time, granted: (master as TestMaster).granted };
  };

  test('shares a bank with a core cycle by cycle', () => {
    const { time, granted } = withMaster(stream(BANK0), 0);
    expect(granted.length).toBe(50);
    expect(time - alone(stream(BANK0))).toBeGreaterThan(30);
    expect(granted[49] - granted[0]).toBeGreaterThan(49 + 30);
  });

  test('moves a word each cycle with high priority, and leaves other banks alone', () => {
    const { granted } = withMaster(stream(BANK0), 0x100);
    expect(granted[49] - granted[0]).toBe(49);
    expect(withMaster(stream(BANK1), 0).time).toBe(alone(stream(BANK1)));
  });
});

describe('flash', () => {
  test('a core waits while the other one misses', () => {
    const xip = new ZeroWaitXip();
    xip.resident.fill(0, 0x1000, 0x2000);
    xip.access = (() => 100) as () => number;
    const chip = new Chip({ xip });
    chip.load(CODE[0], assemble('ldr r0, =0x10004000\nldr r1, [r0]\nwfi\n', CODE[0]));
    chip.load(CODE[1], assemble('ldr r0, =0x10000000\nnop\nldr r1, [r0]\nwfi\n', CODE[1]));
    for (const core of chip.cores) startAt(core, CODE[core.id], CODE[core.id] + 0xf00);
    chip.run(1000);
    expect(chip.cores[0].cycle).toBe(2 + 2 + 100 + 2);
    // Its address phase would have been in cycle 3; the port is busy from 2 to 102.
    expect(chip.cores[1].cycle).toBe(103 + 2 + 2);
  });
});

describe('a plain model of the bus, cycle by cycle,', () => {
  /** NOP, LDR r0, [r<4 + bank>], or LDM of that register, which it moves up inside its bank. */
  const encode = ({ words, bank }: Move) =>
    words === 0
      ? 0xbf00
      : words === 1
        ? 0x6800 | ((bank + 4) << 3)
        : 0xc800 | ((bank + 4) << 8) | ((1 << words) - 1);
  const move = fc.record({
    words: fc.constantFrom(0, 1, 1, 2, 4),
    bank: fc.integer({ min: 0, max: 3 }),
  });
  const moves = fc.array(move, { minLength: 1, maxLength: 60, size: 'max' });

  test('counts the same cycles for both cores, and the same contested accesses', () => {
    const chip = new Chip();
    chip.onBreak = () => false;
    chip.onFault = (id) => {
      chip.cores[id].held = true;
      return false;
    };
    const run = (programs: Move[][], codeBanks: number[], offset: number, highPriority: number) => {
      chip.arbiter.reset();
      chip.arbiter.highPriority = highPriority;
      chip.soleMaster = -1;
      for (let n = 0; n < 4; n++) chip.arbiter.select(n, 14 - 2 * n);
      const start = chip.cycle + 10;
      programs.forEach((program, id) => {
        const at = 0x21000000 + codeBanks[id] * 0x10000 + 0x2000 * id;
        [...program.map(encode), 0xbe00, 0xbe00].forEach((half, i) => {
          chip.rp2040.writeUint16(at + 2 * i, half);
        });
        const core = chip.cores[id];
        core.reset();
        core.held = false;
        for (let bank = 0; bank < 4; bank++) core.registers[4 + bank] = 0x21008000 + bank * 0x10000;
        core.jump(at);
        core.time = start - chip.base + id * offset;
      });
      chip.run(start + 5000);
      return {
        finished: chip.cores.map((core) => core.cycle - start),
        contested: [0, 1, 2, 3].map((n) => chip.arbiter.count(n)),
      };
    };
    fc.assert(
      fc.property(
        fc.tuple(moves, moves),
        fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 3 })),
        fc.integer({ min: 0, max: 9 }),
        fc.integer({ min: 0, max: 3 }),
        (programs, codeBanks, offset, highPriority) => {
          // The BKPT is reached like any instruction: its word must have come, and the one after it when it is misaligned.
          const padded = programs.map((program) =>
            program.length % 2 === 0 ? program : [...program, { words: 0, bank: 0 }],
          );
          const expected = arbitrate(
            padded.map((program, id) => coreRequests(program, codeBanks[id], id * offset)),
            highPriority,
          );
          expect(run(padded, codeBanks, offset, highPriority)).toEqual({
            finished: expected.finished,
            contested: [0, 1, 2, 3].map((bank) => expected.contested.get(bank) ?? 0),
          });
        },
      ),
      { numRuns: 2000, seed: 11 },
    );
  });
});

describe('events', () => {
  test('that a core brings about while the other one runs come at their cycle', () => {
    const until = (slice: number) => {
      const chip = new Chip();
      const vectors = 0x20008000;
      chip.load(CODE[0], assemble('1: adds r0, #1\nb 1b\n', CODE[0]));
      chip.load(
        CODE[1],
        assemble(
          'ldr r0, =0xe000e010\nldr r1, =500\nstr r1, [r0, #4]\nstr r1, [r0, #8]\nmovs r1, #7\nstr r1, [r0]\n1: adds r2, #1\nb 1b\n.balign 4\nhandler: ldr r3, [r0, #8]\nbkpt 0\n',
          CODE[1],
        ),
      );
      chip.load(vectors + 60, new Uint8Array(Uint32Array.of(CODE[1] + 17).buffer));
      for (const core of chip.cores) startAt(core, CODE[core.id], CODE[core.id] + 0xf00);
      chip.cores[1].vtor = vectors;
      chip.onBreak = () => true;
      for (let end = slice; chip.run(end) !== 'break' && end < 10_000; ) end += slice;
      return [chip.cores[1].cycle, chip.cores[1].registers[3]];
    };
    const [cycle, counter] = until(10_000);
    expect(500 - counter).toBeLessThan(20);
    expect([cycle, counter]).toEqual(until(7));
  });
});

describe('the slices of a run', () => {
  const VECTORS = 0x20008000;
  const HANDLER = 0x20008100;
  /** Counts in memory, with the other core, and moves a block. */
  const HANDLER_CODE =
    'ldr r0, =0x20010400\nldr r1, [r0]\nadds r1, #1\nstr r1, [r0]\nldm r0!, {r1-r3}\nbx lr\n.balign 4\n.ltorg\n';

  interface Case {
    programs: Uint16Array[];
    registers: number[];
    offset: number;
    /** SysTick reload of each core; 0 leaves it off. */
    reloads: [number, number];
  }

  const chip = new Chip();
  chip.onBreak = () => false;
  chip.onFault = (id) => {
    chip.cores[id].held = true;
    chip.ppbs[id].write(0x10, 0);
    return false;
  };
  chip.load(HANDLER, assemble(HANDLER_CODE, HANDLER));
  chip.load(VECTORS + 60, new Uint8Array(Uint32Array.of(HANDLER | 1).buffer));

  function begin({ programs, registers, offset, reloads }: Case): number {
    chip.arbiter.reset();
    chip.soleMaster = -1;
    for (let i = 0; i < 0x800; i++) chip.rp2040.sram[0x10000 + i] = (i * 167) & 0xff;
    const start = chip.cycle + 100;
    chip.clock.cycle = start;
    programs.forEach((halfwords, id) => {
      const at = 0x20000000 + id * 0x2000;
      halfwords.forEach((half, i) => {
        chip.bus.writeSram(at - 0x20000000 + 2 * i, half, 2, 0, 0);
      });
      const core = chip.cores[id];
      core.reset();
      core.held = false;
      core.vtor = VECTORS;
      core.registers.set(registers.slice(15 * id, 15 * id + 15));
      core.registers[7] = 0x20010000;
      core.registers[13] = 0x20010600 - 4 * id;
      core.jump(at);
      core.time = start - chip.base + id * offset;
      chip.ppbs[id].write(0x14, reloads[id]);
      if (reloads[id] > 0) chip.ppbs[id].write(0x10, 7);
    });
    return start;
  }

  function finish(one: Case, slices: number[]): unknown {
    const start = begin(one);
    let end = start;
    for (let n = 0; chip.cores.some((core) => !core.held) && n < 10_000; n++) {
      end += slices[n % slices.length];
      chip.run(end);
    }
    return {
      cores: chip.cores.map((core) => [core.cycle - start, core.pc, core.apsr, ...core.registers]),
      memory: Buffer.from(chip.rp2040.sram.subarray(0x10000, 0x10800)).toString('latin1'),
    };
  }

  const steps = fc.array(thumbStep, { minLength: 1, maxLength: 60, size: 'max' }).map(layOut);
  const slices = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 20 });
  const reload = fc.integer({ min: 45, max: 90 });
  const anyCase = (reloads: fc.Arbitrary<[number, number]>): fc.Arbitrary<Case> =>
    fc.record({
      programs: fc.tuple(steps, steps),
      registers: fc.array(registerValue, { minLength: 30, maxLength: 30 }),
      offset: fc.integer({ min: 0, max: 15 }),
      reloads,
    });

  test('do not change what two cores do, nor when', () => {
    fc.assert(
      fc.property(anyCase(fc.constant([0, 0])), slices, (one, cut) => {
        expect(finish(one, cut)).toEqual(finish(one, [100_000]));
      }),
      { numRuns: 1500, seed: 3 },
    );
  });

  test('do not change when two cores are interrupted, and what is left behind', () => {
    fc.assert(
      fc.property(anyCase(fc.tuple(reload, reload)), slices, (one, cut) => {
        expect(finish(one, cut)).toEqual(finish(one, [100_000]));
      }),
      { numRuns: 1500, seed: 4 },
    );
  });
});
