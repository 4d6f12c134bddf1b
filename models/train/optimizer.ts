/** AdamW (Loshchilov and Hutter, 2019) on one flat vector, with warm-up, cosine decay and a bound on the gradient's norm. */
import type { ParameterSpec } from './parameters.ts';

export interface Schedule {
  /** Highest learning rate. */
  peak: number;
  /** Steps of linear rise. */
  warmup: number;
  /** The rate at the end, as a part of the peak. */
  floor: number;
}

/** @param progress how much of the training is done, 0 to 1 */
export function learningRate({ peak, warmup, floor }: Schedule, step: number, progress: number): number {
  const rise = Math.min(1, (step + 1) / warmup);
  return peak * rise * (floor + (1 - floor) * 0.5 * (1 + Math.cos(Math.PI * Math.min(1, progress))));
}

/** Scales the gradient down to norm 1 where it is longer; returns the norm it had. */
export function clip(gradient: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < gradient.length; i++) sum += gradient[i] * gradient[i];
  const length = Math.sqrt(sum);
  if (length > 1) {
    const factor = 1 / length;
    for (let i = 0; i < gradient.length; i++) gradient[i] *= factor;
  }
  return length;
}

const BETA1 = 0.9;
const BETA2 = 0.95;
/** For weights that are rounded, whose gradients are noisier (EXPERIMENTS.md). */
export const GRID_BETA2 = 0.99;
const EPSILON = 1e-8;

export class AdamW {
  /** Running means of the gradient and of its square. */
  readonly mean: Float32Array;
  readonly square: Float32Array;
  private readonly decayed: { from: number; to: number; decay: number }[];
  private readonly beta2: number;
  private step: number;

  /** Matrices decay; gains do not. Takes over `start`, which is zeros and step 0 for a new training. */
  constructor(
    specs: ParameterSpec[],
    decay: number,
    start: { step: number; mean: Float32Array; square: Float32Array },
    beta2 = BETA2,
  ) {
    this.beta2 = beta2;
    this.mean = start.mean.slice();
    this.square = start.square.slice();
    this.step = start.step;
    this.decayed = specs.map(({ offset, size, shape }) => ({
      from: offset,
      to: offset + size,
      decay: shape.length === 1 ? 0 : decay,
    }));
  }

  update(parameters: Float32Array, gradient: Float32Array, rate: number): void {
    const { mean, square, beta2 } = this;
    this.step++;
    const meanScale = 1 / (1 - BETA1 ** this.step);
    const squareScale = 1 / (1 - beta2 ** this.step);
    for (const { from, to, decay } of this.decayed) {
      for (let i = from; i < to; i++) {
        const g = gradient[i];
        mean[i] = BETA1 * mean[i] + (1 - BETA1) * g;
        square[i] = beta2 * square[i] + (1 - beta2) * g * g;
        const direction = (mean[i] * meanScale) / (Math.sqrt(square[i] * squareScale) + EPSILON);
        parameters[i] -= rate * (direction + decay * parameters[i]);
      }
    }
  }
}
