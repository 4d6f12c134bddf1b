import { describe, expect, it } from 'vitest';
import { randomModel } from '../../models/random.ts';
import { IntegerModel } from '../../models/reference/integer.ts';

describe('integer reference', () => {
  it('runs random models of both families and all formats over their whole context', () => {
    let distinct = 0;
    for (let seed = 0; seed < 200; seed++) {
      const model = randomModel({ seed });
      const integer = new IntegerModel(model);
      for (let position = 0; position < model.shape.context; position++) {
        const logits = integer.forward((seed + 3 * position) % model.shape.vocabulary, position);
        expect(logits).toHaveLength(model.shape.vocabulary);
        if (new Set(logits).size > Math.min(8, model.shape.vocabulary / 2)) distinct++;
      }
    }
    // Random models must say something: constant logits would test nothing.
    expect(distinct).toBeGreaterThan(1000);
  });

  it('gives the same logits again for the same tokens', () => {
    const integer = new IntegerModel(randomModel({ seed: 11, shape: { context: 8, vocabulary: 40 } }));
    const tokens = [1, 5, 3, 39, 0];
    const once = tokens.map((token, position) => integer.forward(token, position).slice());
    const again = tokens.map((token, position) => integer.forward(token, position).slice());
    expect(again).toEqual(once);
  });
});
