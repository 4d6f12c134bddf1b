import fc from 'fast-check';
import { expect, test } from 'vitest';
import { blockMoves, everyOtherCycle, lostCycles } from '../../bench/conformance/crossbar.ts';

const core = (id: number, requests: ReturnType<typeof blockMoves>) => ({ id, requests });

test('a master alone loses nothing', () => {
  expect(
    lostCycles([
      core(
        0,
        blockMoves(4, 4, () => 0),
      ),
    ]),
  ).toEqual([0]);
});

test('two that always want the same port get every other cycle each', () => {
  const words = blockMoves(1, 10, () => 0);
  expect(lostCycles([core(0, words), core(1, words)])).toEqual([10, 9]);
});

test('two that want it every other cycle meet once and then keep out of each other’s way', () => {
  const words = everyOtherCycle(10, 3);
  expect(lostCycles([core(0, words), core(1, words)])).toEqual([1, 0]);
});

test('priority comes before turns', () => {
  const words = blockMoves(1, 5, () => 0);
  expect(lostCycles([core(0, words), core(1, words)], { high: [0] })).toEqual([0, 5]);
});

test('different ports never contend, whatever is asked for', () => {
  const moves = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(moves, moves, (a, b) => {
      const requests = (gaps: number[], port: number) => gaps.map((after) => ({ port, after }));
      expect(lostCycles([core(0, requests(a, 0)), core(1, requests(b, 1))])).toEqual([0, 0]);
    }),
  );
});
