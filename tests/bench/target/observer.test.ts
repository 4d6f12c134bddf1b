import { describe, expect, it } from 'vitest';
import { describeDifference, PhaseObserver } from '../../../bench/target/observer.ts';
import type { Pico } from '../../../emulator/index.ts';

/** A Pico whose counter reads and marker stores happen when the test says so. */
const fakePico = () => {
  const hooks: { read?: (core: number, cycle: number) => void; write?: (value: number) => void } = {};
  const pico = {
    symbol: (name: string) => (name === 'sm_phase_marker' ? { address: 0x20000000 } : undefined),
    onCounterRead: (listener: typeof hooks.read) => {
      hooks.read = listener;
    },
    watchWrite: (_: number, watcher: typeof hooks.write) => {
      hooks.write = watcher;
    },
  };
  const mark = (phase: number, cycle: number): void => {
    hooks.read!(0, cycle);
    hooks.write!(phase);
  };
  return { pico: pico as unknown as Pico, mark, readOnCore1: (cycle: number) => hooks.read!(1, cycle) };
};

describe('the phase observer', () => {
  it('adds up the cycles between boundaries, also of a phase that comes twice', () => {
    const { pico, mark } = fakePico();
    const observer = new PhaseObserver(pico);
    for (const [phase, cycle] of [
      [0, 1000],
      [1, 1010],
      [2, 1030],
      [1, 1060],
      [9, 1100],
    ] as const) {
      mark(phase, cycle);
    }
    expect(observer.take()).toEqual([10, 60, 30, 0, 0, 0, 0, 0, 0]);
    expect(observer.take()).toBeUndefined();
  });

  it('counts nothing between tokens, and nothing of the other core', () => {
    const { pico, mark, readOnCore1 } = fakePico();
    const observer = new PhaseObserver(pico);
    mark(0, 100);
    readOnCore1(500);
    mark(9, 107);
    mark(9, 2000);
    mark(0, 5000);
    mark(9, 5001);
    expect([observer.take(), observer.take(), observer.take()]).toEqual([
      [7, 0, 0, 0, 0, 0, 0, 0, 0],
      [1, 0, 0, 0, 0, 0, 0, 0, 0],
      undefined,
    ]);
  });
});

describe('the comparison of counts', () => {
  const phases = [1, 2, 3, 4, 5, 6, 7, 8, 9];

  it('finds nothing when all are equal and add up', () => {
    expect(describeDifference({ phases, cycles: 45 }, [...phases])).toBeUndefined();
  });

  it('names the first phase that differs, a wrong sum, and a pass that was not seen', () => {
    const seen = phases.map((cycles, i) => (i === 6 ? cycles + 1 : cycles));
    expect(describeDifference({ phases, cycles: 45 }, seen)).toBe(
      'ffn is 7 cycles by the firmware and 8 by the emulator',
    );
    expect(describeDifference({ phases, cycles: 44 }, phases)).toBe('the phases do not add up to 44 cycles');
    expect(describeDifference({ phases, cycles: 45 }, undefined)).toBe('the emulator saw no forward pass');
  });
});
