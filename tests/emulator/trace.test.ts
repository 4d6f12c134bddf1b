import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CallProfile, Pico, type ProgramSymbol, UsageError } from '../../emulator/index.ts';
import {
  adds,
  b,
  barePico,
  bl,
  bne,
  bx,
  CODE,
  halfwords,
  LR,
  movs,
  PC,
  pop,
  push,
  subs,
  vectorRom,
} from './support/bare.ts';

/**
 * 0x00 main: r4 = rounds; loop: bl outer; subs r4; bne loop; end: b end
 * 0x0c outer: push {lr}; bl leaf; bl leaf; pop {pc}
 * 0x18 leaf: r0 = turns; loop: subs r0; bne loop; bx lr
 */
const program = (rounds: number, turns: number) => [
  movs(4, rounds),
  bl(0x0c - 0x02),
  subs(4, 1),
  bne(-6),
  b(0),
  push(LR),
  bl(0x18 - 0x0e),
  bl(0x18 - 0x12),
  pop(PC),

  movs(0, turns),
  subs(0, 1),
  bne(-2),
  bx(14),
];

const SYMBOLS: ProgramSymbol[] = [
  { name: 'main', address: CODE, size: 0x0c, kind: 'function' },
  { name: 'outer', address: CODE + 0x0c, size: 0x0c, kind: 'function' },
  { name: 'leaf', address: CODE + 0x18, size: 0x08, kind: 'function' },
];

const picoWith = (...code: (number | number[])[]): Pico => {
  const pico = new Pico({ bootrom: vectorRom() });
  pico.load({ format: 'bin', segments: [{ address: CODE, data: halfwords(...code) }], symbols: SYMBOLS });
  return pico;
};

const runProfiled = (rounds: number, turns: number, cycles: number) => {
  const pico = picoWith(...program(rounds, turns));
  const profile = new CallProfile({ functions: pico.functionMap(), contexts: 1, timeline: true });
  pico.observeCalls(profile);
  profile.begin(pico.cycles);
  pico.run({ cycle: cycles });
  profile.end(pico.cycles);
  return { pico, profile };
};

/** Own cycles of core 0 by stack of function names. */
const stacks = (profile: CallProfile): Record<string, number> => {
  const result: Record<string, number> = {};
  for (const [node, { core }] of profile.nodes.entries()) {
    const names: string[] = [];
    for (let at = node; (profile.nodes[at]?.function ?? -1) >= 0; at = profile.nodes[at]?.parent ?? -1) {
      names.unshift(profile.functions.names[profile.nodes[at]?.function ?? 0] as string);
    }
    const cycles = profile.selfCycles(node, 0);
    if (core === 0 && cycles > 0) result[names.join(';')] = cycles;
  }
  return result;
};

describe('the call profile', () => {
  test('charges each function by how it was called, instruction by instruction', () => {
    const { pico, profile } = runProfiled(2, 3, 1000);
    // leaf: movs 1, three turns of subs 1 and bne 2 (the last 1), bx 2.
    const leaf = 1 + 3 * 3 - 1 + 2;
    // outer: push of one word 2, two calls of 3, pop to PC of one word 4.
    const outer = 2 + 3 + 3 + 4;
    const spent = stacks(profile);
    expect(spent['main;outer;leaf']).toBe(2 * 2 * leaf);
    expect(spent['main;outer']).toBe(2 * outer);
    expect(spent.main).toBe(pico.cycles - 4 * leaf - 2 * outer - (spent['(boot ROM)'] ?? 0));
  });

  test('charges every cycle of both cores once, and changes none', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 200 }),
        fc.integer({ min: 1, max: 50 }),
        fc.integer({ min: 1, max: 5000 }),
        (rounds, turns, cycles) => {
          const { pico, profile } = runProfiled(rounds, turns, cycles);
          const all = profile.nodes.reduce((total, _, node) => total + profile.selfCycles(node, 0), 0);
          expect(all).toBe(2 * pico.cycles);
          const alone = picoWith(...program(rounds, turns));
          alone.run({ cycle: cycles });
          expect(alone.cycles).toBe(pico.cycles);
          expect(alone.registers()).toEqual(pico.registers());
        },
      ),
      { numRuns: 10 },
    );
  });

  test('splits cycles between contexts where it is told', () => {
    const pico = picoWith(...program(200, 50));
    const profile = new CallProfile({ functions: pico.functionMap(), contexts: 2 });
    pico.observeCalls(profile);
    profile.begin(0);
    pico.run({ cycle: 500 });
    profile.setContext(1, 300);
    pico.run({ cycle: 2000 });
    profile.end(pico.cycles);
    const inContext = (context: number) =>
      profile.nodes.reduce((total, _, node) => total + profile.selfCycles(node, context), 0);
    expect(inContext(0) + inContext(1)).toBe(2 * pico.cycles);
    expect(inContext(0)).toBeGreaterThanOrEqual(2 * 300);
  });

  test('knows when each function began', () => {
    const { profile } = runProfiled(1, 1, 200);
    const names = profile
      .changes(0)
      .map(({ node }) => profile.functions.names[profile.nodes[node]?.function ?? 0]);
    expect(names.slice(-6)).toEqual(['outer', 'leaf', 'outer', 'leaf', 'outer', 'main']);
    const cycles = profile.changes(0).map(({ cycle }) => cycle);
    expect(cycles).toEqual([...cycles].sort((a, c) => a - c));
  });

  test('is not offered on the stock core', () => {
    expect(() => barePico('rp2040js', adds(0, 1), b(0)).observeCalls(null)).toThrow(UsageError);
  });
});
