import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ModelConfig } from '../../models/config.ts';
import { Random } from '../../models/corpus/index.ts';
import { selectBackend } from '../../models/train/backend.ts';
import type { Batch } from '../../models/train/batches.ts';
import { sourceHash } from '../../models/train/kernels/binary.ts';
import { type Kernels, kernels, Workspace } from '../../models/train/kernels/index.ts';
import { Network } from '../../models/train/network.ts';
import { initialParameters, parameterSpecs } from '../../models/train/parameters.ts';

let fused: Kernels;
beforeAll(async () => {
  await selectBackend('wasm');
  fused = kernels()!;
  expect(fused).not.toBeNull();
});

const someNumbers = (count: number, seed: number) => {
  const random = new Random(seed);
  return Float32Array.from({ length: count }, () => random.normal());
};

const furthest = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0);

describe('the kernels of training', () => {
  it('are compiled from the source that lies beside them', () => {
    const source = readFileSync(new URL('../../models/train/kernels/kernels.c', import.meta.url));
    expect(createHash('sha256').update(source).digest('hex')).toBe(sourceHash);
  });

  it('multiply matrices of any size, either of them transposed, and add to what is there', () => {
    const size = (max: number) => fc.integer({ min: 1, max });
    const shape = fc.tuple(size(21), size(21), size(600), fc.boolean(), fc.boolean(), fc.boolean());
    fc.assert(
      fc.property(shape, ([m, n, k, flipsA, flipsB, adds]) => {
        const workspace = new Workspace(fused);
        const place = (name: string, numbers: Float32Array) => {
          const address = workspace.take(name, numbers.length);
          fused.floats(address, numbers.length).set(numbers);
          return address;
        };
        const [a, b, c] = [m * k, k * n, m * n].map(someNumbers);
        const at = place('c', c);
        fused.run.product(
          ...([m, n, k, place('a', a), ...(flipsA ? [1, m] : [k, 1])] as const),
          ...([place('b', b), ...(flipsB ? [1, k] : [n, 1])] as const),
          ...([at, n, adds ? 1 : 0, workspace.take('panel', 2048)] as const),
        );
        const expected = c.map((before, index) => {
          const [i, j] = [Math.floor(index / n), index % n];
          let sum = adds ? before : 0;
          for (let p = 0; p < k; p++)
            sum += a[flipsA ? p * m + i : i * k + p] * b[flipsB ? j * k + p : p * n + j];
          return sum;
        });
        expect(furthest(fused.floats(at, m * n), expected)).toBeLessThan(1e-3);
        workspace.dispose();
      }),
      { numRuns: 60 },
    );
  });

  it('find the probabilities of rows, however far apart their logits', () => {
    for (const n of [1, 3, 4, 11]) {
      const logits = someNumbers(5 * n, n).map((x, i) => x * 10 ** (i % 4));
      const workspace = new Workspace(fused);
      const at = workspace.take('x', logits.length);
      fused.floats(at, logits.length).set(logits);
      fused.run.softmax(5, n, at);
      const expected = Array.from({ length: 5 }, (_, row) => {
        const own = [...logits.subarray(row * n, (row + 1) * n)];
        const weights = own.map((x) => Math.exp(x - Math.max(...own)));
        const sum = weights.reduce((x, y) => x + y);
        return weights.map((weight) => weight / sum);
      });
      expect(furthest(fused.floats(at, logits.length), expected.flat())).toBeLessThan(1e-6);
      workspace.dispose();
    }
  });
});

describe('the network on kernels', () => {
  const shapes = fc.record({
    family: fc.constantFrom('llama' as const, 'starmind' as const),
    tied: fc.boolean(),
    headSize: fc.constantFrom(2, 4, 8),
    kvHeads: fc.integer({ min: 1, max: 3 }),
    group: fc.integer({ min: 1, max: 3 }),
    dim: fc.integer({ min: 3, max: 18 }),
    hidden: fc.integer({ min: 2, max: 20 }),
    layers: fc.integer({ min: 1, max: 2 }),
    positions: fc.integer({ min: 1, max: 21 }),
    sequences: fc.integer({ min: 1, max: 3 }),
    hasTeacher: fc.boolean(),
  });

  function batchOf(positions: number, sequences: number, vocabulary: number, hasTeacher: boolean): Batch {
    const random = new Random(positions);
    const size = positions * sequences;
    const ids = () => Int32Array.from({ length: size }, () => random.below(vocabulary));
    const weights = Float32Array.from({ length: size }, (_, i) => (i % 5 === 4 ? 0 : 1));
    const soft = {
      weight: 0.6,
      kept: 2,
      ids: Uint16Array.from({ length: 2 * size }, (_, i) => (i % 2) + 2 * random.below(4)),
      shares: Uint16Array.from({ length: 2 * size }, () => random.below(32000)),
    };
    const predicted = weights.reduce((a, b) => a + b);
    const batch = { sequences, positions, inputs: ids(), targets: ids(), weights, predicted };
    return hasTeacher ? { ...batch, soft } : batch;
  }

  it("has the loss and the gradient of TensorFlow.js's own operations", () => {
    fc.assert(
      fc.property(shapes, ({ positions, sequences, group, hasTeacher, ...shape }) => {
        // A large epsilon: the norm of a few equal numbers is 0 / 0 without one, and next to it the order of float sums shows.
        const rest = { vocabulary: 9, context: 24, ropeTheta: 10000, normEps: 0.05 };
        const config: ModelConfig = { ...rest, ...shape, heads: shape.kvHeads * group };
        const parameters = initialParameters(parameterSpecs(config), new Random(2)).map((x) => 1.5 * x);
        const batch = batchOf(positions, sequences, config.vocabulary, hasTeacher);
        const [own, plain] = [true, false].map((fuses) => {
          const network = new Network(config, parameters, false, fuses);
          const gradient = new Float32Array(parameters.length);
          const loss = network.lossAndGradient(batch, gradient);
          network.dispose();
          return { loss, gradient };
        });
        expect(own.loss).toBeCloseTo(plain.loss, 4);
        const most = plain.gradient.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
        expect(furthest(own.gradient, plain.gradient)).toBeLessThan(1e-5 + 1e-4 * most);
      }),
      { numRuns: 40 },
    );
  });

  it('rounds activations where they round', () => {
    const rest = { vocabulary: 9, context: 24, ropeTheta: 10000, normEps: 1e-5, tied: true };
    for (const family of ['llama', 'starmind'] as const) {
      const config: ModelConfig = {
        ...rest,
        family,
        ...{ dim: 16, hidden: 20, layers: 2, heads: 4, kvHeads: 2, headSize: 4 },
      };
      const parameters = initialParameters(parameterSpecs(config), new Random(2));
      const batch = batchOf(19, 2, config.vocabulary, false);
      const losses = [true, false].map((fuses) => {
        const network = new Network(config, parameters, true, fuses);
        const loss = network.meanLoss(batch);
        network.dispose();
        return loss;
      });
      // A number that lies between two steps may go either way.
      expect(Math.abs(losses[0] - losses[1])).toBeLessThan(2e-4);
    }
  });
});
