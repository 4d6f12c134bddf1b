import { describe, expect, it } from 'vitest';
import { SecondMoments } from '../../models/quantize/compensate.ts';
import { dequantize, quantizeMatrix } from '../../models/quantize/matrix.ts';
import { Rng } from '../../models/reference/rng.ts';

const rows = 16;
const columns = 32;
const rng = new Rng(3);
const uniform = () => rng.next() / 2 ** 31 - 1;

/** Inputs that live near a plane of 6 dimensions, as activations do. */
const basis = Array.from({ length: 6 }, () => Array.from({ length: columns }, uniform));
const inputs = Array.from({ length: 400 }, () => {
  const shares = basis.map(uniform);
  return Array.from({ length: columns }, (_, k) =>
    basis.reduce((sum, direction, i) => sum + shares[i] * direction[k], 0.05 * uniform()),
  );
});
const data = Float32Array.from({ length: rows * columns }, uniform);

function outputError(weights: Float32Array, scaleInput: (a: number[]) => number[]): number {
  let error = 0;
  for (const input of inputs) {
    const a = scaleInput(input);
    for (let r = 0; r < rows; r++) {
      let difference = 0;
      for (let k = 0; k < columns; k++)
        difference += (weights[r * columns + k] - data[r * columns + k]) * a[k];
      error += difference * difference;
    }
  }
  return error;
}

describe('rounding with error compensation', () => {
  const moments = new SecondMoments(columns);
  for (const input of inputs) moments.add(input);
  const matrix = { rows, columns, data };

  it.each(['int4', 'int4g32'] as const)(
    'more than halves the output error of %s on correlated inputs',
    (format) => {
      const nearest = outputError(dequantize(quantizeMatrix(matrix, format)), (a) => a);
      const compensated = dequantize(quantizeMatrix(matrix, format, { compensation: { moments } }));
      expect(outputError(compensated, (a) => a)).toBeLessThan(nearest / 2);
    },
  );

  it('takes factors on the inputs into account', () => {
    const factors = Float64Array.from({ length: columns }, (_, k) => 2 ** (k % 5));
    const scaled = (a: number[]) => a.map((value, k) => value * factors[k]);
    const right = dequantize(quantizeMatrix(matrix, 'int4', { compensation: { moments, factors } }));
    const nearest = dequantize(quantizeMatrix(matrix, 'int4'));
    expect(outputError(right, scaled)).toBeLessThan(outputError(nearest, scaled) / 2);
  });

  it('leaves 8-bit weights at the nearest', () => {
    const plain = quantizeMatrix(matrix, 'int8');
    expect(quantizeMatrix(matrix, 'int8', { compensation: { moments } })).toEqual(plain);
  });
});
