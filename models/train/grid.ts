/**
 * Training with quantized weights: the forward pass sees every weight as a whole number of its row's (or group's) scale, rounded
 * and limited as models/quantize does it; the gradient passes through the rounding to the weight behind it, and the scales are
 * trained along (Esser et al., "Learned Step Size Quantization", 2020). Scales are held as logarithms, after the weights in the
 * flat vector. What is written in the end are the rounded weights, which the exporter then stores without loss.
 */
import type { ModelConfig } from '../config.ts';
import { bestScale, exactRatios } from '../quantize/matrix.ts';
import { groupSize } from '../quantized.ts';
import { countOf, type ParameterSpec, parameterSpecs } from './parameters.ts';

/** `ternary` (-1, 0, 1) is an experiment; its weights are stored as int4. */
export const grids = ['int8', 'int4', 'int4g32', 'ternary'] as const;
export type Grid = (typeof grids)[number];

const ranges: Record<Grid, { least: number; most: number }> = {
  int8: { least: -127, most: 127 },
  int4: { least: -8, most: 7 },
  int4g32: { least: -8, most: 7 },
  ternary: { least: -1, most: 1 },
};

/** The least scale: of rows that are zero. */
const LEAST_SCALE = 1e-8;

/** A matrix in the flat vector, weight (input i, output o) at offset + i * outputs + o; scale at `scales + group * outputs + o`. */
interface Gridded {
  offset: number;
  inputs: number;
  outputs: number;
  group: number;
  scales: number;
}

export class WeightGrid {
  readonly weights: number;
  readonly scales: number;
  /** The scales' place in the flat vector, as the optimizer wants it. */
  readonly spec: ParameterSpec;
  private readonly matrices: Gridded[];
  private readonly grid: Grid;

  constructor(config: ModelConfig, grid: Grid) {
    const specs = parameterSpecs(config);
    this.grid = grid;
    this.weights = countOf(specs);
    let at = this.weights;
    this.matrices = specs
      .filter(({ shape }) => shape.length === 2)
      .map(({ offset, shape: [inputs, outputs] }) => {
        const group = grid === 'int4g32' ? groupSize : inputs;
        const matrix = { offset, inputs, outputs, group, scales: at };
        at += Math.ceil(inputs / group) * outputs;
        return matrix;
      });
    this.scales = at - this.weights;
    this.spec = { name: 'scales', shape: [this.scales], offset: this.weights, size: this.scales, spread: 0 };
  }

  /** The weights with the scales that the exporter would choose for them. */
  withScales(weights: Float32Array): Float32Array {
    const state = new Float32Array(this.weights + this.scales);
    state.set(weights.subarray(0, this.weights));
    const range = ranges[this.grid];
    for (const { offset, inputs, outputs, group, scales } of this.matrices) {
      for (let first = 0; first < inputs; first += group) {
        const column = new Float32Array(Math.min(group, inputs - first));
        for (let o = 0; o < outputs; o++) {
          for (let i = 0; i < column.length; i++) column[i] = weights[offset + (first + i) * outputs + o];
          const scale = Math.max(bestScale(column, range, clipRatios(this.grid)), LEAST_SCALE);
          state[scales + (first / group) * outputs + o] = Math.log(scale);
        }
      }
    }
    return state;
  }

  /** The rounded weights; gains as they are. */
  round(state: Float32Array): Float32Array {
    const rounded = state.slice(0, this.weights);
    const { least, most } = ranges[this.grid];
    const scale = this.scalesOf(state);
    this.eachRow((row, outputs, scaleRow) => {
      for (let o = 0; o < outputs; o++) {
        const size = scale[scaleRow + o];
        rounded[row + o] = size * whole(state[row + o] / size, least, most);
      }
    });
    return rounded;
  }

  /**
   * Makes the gradient of the rounded weights one of the weights behind them, in place, and adds that of the scales: a weight beyond
   * the range moves only its scale.
   */
  backward(state: Float32Array, gradient: Float32Array): void {
    const { least, most } = ranges[this.grid];
    const scale = this.scalesOf(state);
    const scales = new Float64Array(this.scales);
    this.eachRow((row, outputs, scaleRow) => {
      for (let o = 0; o < outputs; o++) {
        const size = scale[scaleRow + o];
        const steps = state[row + o] / size;
        const slope = gradient[row + o];
        const isInside = steps >= least - 0.5 && steps <= most + 0.5;
        scales[scaleRow + o] += slope * size * (whole(steps, least, most) - (isInside ? steps : 0));
        if (!isInside) gradient[row + o] = 0;
      }
    });
    gradient.set(scales, this.weights);
  }

  private scalesOf(state: Float32Array): Float64Array {
    return Float64Array.from(state.subarray(this.weights), Math.exp);
  }

  /** Calls `visit` with the place of every row of weights (of one input) of a matrix, its length, and the place of its scales among scales. */
  private eachRow(visit: (row: number, outputs: number, scaleRow: number) => void): void {
    for (const { offset, inputs, outputs, group, scales } of this.matrices) {
      for (let i = 0; i < inputs; i++) {
        visit(offset + i * outputs, outputs, scales - this.weights + Math.floor(i / group) * outputs);
      }
    }
  }
}

/** The nearest whole number within the range; `Math.round`, which is an order slower, in all but the sign of 0. */
function whole(steps: number, least: number, most: number): number {
  const nearest = Math.floor(steps + 0.5);
  return nearest < least ? least : nearest > most ? most : nearest;
}

/** Ternary rows do best with about half of their largest weight; rows already on the grid keep their scale. */
const clipRatios = (grid: Grid): readonly number[] =>
  grid === 'int8'
    ? [1, 0.95, 0.9]
    : [...(grid === 'ternary' ? [] : exactRatios[grid]), ...Array.from({ length: 16 }, (_, i) => 1 - i / 20)];
