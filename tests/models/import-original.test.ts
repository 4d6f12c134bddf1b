import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { tensorShapes } from '../../models/checkpoint.ts';
import type { ModelConfig } from '../../models/config.ts';
import { importModel } from '../../models/import/index.ts';
import { StarmindTokenizer } from '../../models/import/starmind-tokenizer.ts';
import { FloatModel } from '../../models/reference/float.ts';
import {
  fastExp,
  fastSigmoid,
  fastSqrt,
  OriginalModel,
  sampleOriginal,
} from '../../models/reference/original.ts';
import { tensorsFor } from './import-files.ts';
import { interopDir } from './interop.ts';

const config: ModelConfig = {
  family: 'starmind',
  vocabulary: 16,
  dim: 8,
  hidden: 12,
  layers: 2,
  heads: 1,
  kvHeads: 1,
  headSize: 8,
  context: 16,
  tied: true,
  ropeTheta: 10000,
  normEps: 1e-6,
};
const model = { config, tensors: tensorsFor(config) };
const largestGap = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Math.max(...Array.from(a, (value, i) => Math.abs(value - b[i])));

describe("the original's functions", () => {
  it('e^x has its least value 0.270 at -1.596, 291 at -10, and 4.54e-5 beyond', () => {
    expect(fastExp(-1.596)).toBeCloseTo(0.27, 3);
    expect(fastExp(-1.6)).toBeGreaterThan(fastExp(-1.596));
    expect(fastExp(-10)).toBeCloseTo(291, 0);
    expect(fastExp(-10.001)).toBe(4.53999e-5);
    expect(fastExp(11)).toBe(22026.4658);
    expect(fastExp(-5)).toBeCloseTo(13.7, 1);
  });

  it('the logistic function collapses above 2', () => {
    expect([2, 3, 5, 10, 10.01].map((x) => Number(fastSigmoid(x).toPrecision(2)))).toEqual([
      0.75, 0.42, 0.068, 0.0034, 1,
    ]);
  });

  it('the square root is right near 1 and far too large near 0', () => {
    for (const x of [0.1, 1, 4, 12]) expect(Math.abs(fastSqrt(x) / Math.sqrt(x) - 1)).toBeLessThan(0.026);
    const excess = [16, 64, 0.01, 1e-4, 1e-6].map((x) => Number((fastSqrt(x) / Math.sqrt(x)).toPrecision(3)));
    expect(excess).toEqual([1.02, 1.3, 1.49, 12.5, 125]);
    expect(fastSqrt(0)).toBe(0);
    expect(fastSqrt(-1)).toBe(0);
  });

  it('sampling takes the first of the largest when greedy, and the last id for NaN', () => {
    expect(sampleOriginal([1, 3, 3, 2], 0, 0.5)).toBe(1);
    expect(sampleOriginal([0, 0, 0, 0], 1, 0.5)).toBe(2);
    expect(sampleOriginal([0, 0, 0, 0], 1, 1)).toBe(3);
    expect(sampleOriginal(Array(256).fill(Number.NaN), 0.9, 0)).toBe(255);
  });
});

describe("the original's forward pass", () => {
  it('in exact mode is the float reference with one head', () => {
    const original = new OriginalModel(model, 'exact');
    const float = new FloatModel(model);
    for (const [position, token] of [1, 5, 9, 2, 14].entries()) {
      expect(largestGap(original.forward(token, position), float.forward(token, position))).toBeLessThan(
        1e-5,
      );
    }
  });

  it('in exact and fast mode gives the same for a prompt at once as for one token after the other', () => {
    for (const mode of ['exact', 'fast'] as const) {
      const [atOnce, stepwise] = [new OriginalModel(model, mode), new OriginalModel(model, mode)];
      let last: ArrayLike<number> = [];
      for (const [position, token] of [1, 5, 9].entries()) last = stepwise.forward(token, position);
      expect(largestGap(atOnce.feed([1, 5, 9]), last)).toBeLessThan(1e-5);
    }
  });

  it('in device mode counts the newest token twice once there is a cache', () => {
    // One layer with no values but those of q, k, v, o: what attention adds is a weighted mean of the values.
    const single = attentionOnly();
    const device = new OriginalModel(single, 'device');
    const fast = new OriginalModel(single, 'fast');
    expect(largestGap(device.feed([0]), fast.feed([0]))).toBe(0);
    // Keys are zero, so scores are equal: the mean of v0 and v1 for fast; (v0 + 2 v1) / 3 for the device.
    const [v0, v1] = [0, 1].map((token) => normedValue(single, token));
    const added = (m: OriginalModel, share: number) => {
      const x = embeddingOf(single, 1).map((value, d) => value + (1 - share) * v0[d] + share * v1[d]);
      expect(largestGap(m.feed([1]), logitsOf(single, x))).toBeLessThan(1e-9);
    };
    added(fast, 1 / 2);
    added(device, 2 / 3);
  });

  it('in device mode lets hidden positions of a prompt take 4.54e-5 each of the softmax', () => {
    const single = attentionOnly();
    const device = new OriginalModel(single, 'device');
    const fast = new OriginalModel(single, 'fast');
    // The last position has nothing hidden from it: with one layer both agree.
    expect(largestGap(device.feed([0, 1, 2]), fast.feed([0, 1, 2]))).toBeLessThan(1e-12);
    // With two layers the earlier positions, which had some hidden, are seen.
    const two = new OriginalModel(model, 'device');
    const twoFast = new OriginalModel(model, 'fast');
    const gap = largestGap(two.feed([1, 5, 9]), twoFast.feed([1, 5, 9]));
    expect(gap).toBeGreaterThan(1e-8);
    expect(gap).toBeLessThan(1e-2);
  });

  it('in device mode does not read the cache for several tokens, but lets it grow', () => {
    const device = new OriginalModel(model, 'device');
    const first = device.feed([1, 5]);
    expect(largestGap(device.feed([1, 5]), first)).toBe(0);
    const afterTwo = device.feed([9]);
    device.clearCache();
    device.feed([1, 5]);
    expect(largestGap(device.feed([9]), afterTwo)).toBeGreaterThan(1e-6);
  });

  it('takes a token outside the vocabulary for 3', () => {
    const device = new OriginalModel(model, 'device');
    const wanted = device.feed([3]);
    device.clearCache();
    expect(largestGap(device.feed([99]), wanted)).toBe(0);
  });

  it('is refused for true heads', () => {
    const heads = { ...config, heads: 2, kvHeads: 2, headSize: 4 };
    expect(() => new OriginalModel({ config: heads, tensors: tensorsFor(heads) }, 'device')).toThrow(
      /one head/,
    );
  });

  it.skipIf(interopDir === undefined)(
    'of story-1k mostly repeats its input, as random weights with tied output do',
    () => {
      const { checkpoint } = importModel(join(interopDir!, 'starmind/v4/story-1k'));
      const device = new OriginalModel(checkpoint, 'device');
      let repeats = 0;
      for (let token = 4; token < 64; token++) {
        device.clearCache();
        const logits = [...device.feed([token])];
        if (logits.indexOf(Math.max(...logits)) === token) repeats++;
      }
      expect(repeats / 60).toBeGreaterThan(0.5);
    },
  );
});

/** Keys and queries zero, feed-forward zero, values and output the identity on the normed embedding. */
function attentionOnly() {
  const one = { ...config, layers: 1 };
  const tensors = tensorsFor(one);
  for (const [name, shape] of tensorShapes(one)) {
    if (/norm/.test(name)) tensors.get(name)!.data.fill(1);
    else if (/attention\.[vo]/.test(name)) {
      tensors.get(name)!.data.fill(0);
      for (let d = 0; d < shape[0]; d++) tensors.get(name)!.data[d * shape[1] + d] = 1;
    } else if (name.startsWith('layers')) tensors.get(name)!.data.fill(0);
  }
  return { config: one, tensors };
}

type Single = ReturnType<typeof attentionOnly>;

function embeddingOf({ config: { dim }, tensors }: Single, token: number): number[] {
  return [...tensors.get('embed_tokens.weight')!.data.subarray(token * dim, (token + 1) * dim)];
}

function fastNorm(x: number[]): number[] {
  const mean = x.reduce((a, b) => a + b, 0) / x.length;
  const variance = x.reduce((sum, value) => sum + (value - mean) ** 2, 0) / x.length;
  return x.map((value) => (value - mean) / fastSqrt(variance + 1e-6));
}

function normedValue(single: Single, token: number): number[] {
  return fastNorm(embeddingOf(single, token));
}

function logitsOf(single: Single, x: number[]): number[] {
  const a = fastNorm(x);
  return Array.from({ length: single.config.vocabulary }, (_, token) =>
    embeddingOf(single, token).reduce((sum, value, d) => sum + value * a[d], 0),
  );
}

describe("the original's tokenizer", () => {
  const pieces = ['<pad>', '<s>', '</s>', '<unk>', ' ', 't', 'h', 'e', 'th', 'the', ''].map((p) =>
    new TextEncoder().encode(p),
  );
  const tokenizer = new StarmindTokenizer(pieces);

  it('takes the longest match, lower-cases, and writes unknown characters as 3', () => {
    expect(tokenizer.encode('The tz')).toEqual([1, 9, 4, 5, 3]);
    expect(tokenizer.encode('')).toEqual([1]);
    expect(tokenizer.encode('<s>')).toEqual([1, 1]);
  });

  it('decodes up to id 2 and prints unused ids', () => {
    expect(tokenizer.decode([1, 9, 10, 99, 3, 2, 9])).toBe('the<empty_10><unk>');
  });
});
