/**
 * The trained numbers: one flat vector, cut into matrices laid out for training, (inputs, outputs); a checkpoint has their
 * transposes.
 */
import { tensorShapes } from '../checkpoint.ts';
import type { ModelConfig } from '../config.ts';
import type { Random } from '../corpus/random.ts';
import type { Tensor } from '../tensors/safetensors.ts';

export interface ParameterSpec {
  /** Name of the checkpoint tensor. */
  name: string;
  /** [inputs, outputs], or [n] for a gain. */
  shape: number[];
  /** Start in the flat vector. */
  offset: number;
  size: number;
  /** Standard deviation of the first values; 0 for gains, which start at 1. */
  spread: number;
}

/** Matrices that write to the residual stream start smaller the more of them there are. */
function spreadOf(name: string, inputs: number, layers: number): number {
  if (/embed|output/.test(name)) return 0.5 / Math.sqrt(inputs);
  const writesResidual = /attention\.o|ffn\.down/.test(name);
  return (writesResidual ? 0.7 / Math.sqrt(2 * layers) : 0.7) / Math.sqrt(inputs);
}

/** One per checkpoint tensor, in file order. */
export function parameterSpecs(config: ModelConfig): ParameterSpec[] {
  let offset = 0;
  return [...tensorShapes(config)].map(([name, shape]) => {
    const size = shape.reduce((a, b) => a * b, 1);
    const spread = shape.length === 1 ? 0 : spreadOf(name, shape[1], config.layers);
    const spec = { name, shape: shape.toReversed(), offset, size, spread };
    offset += size;
    return spec;
  });
}

export function countOf(specs: ParameterSpec[]): number {
  return specs.reduce((sum, { size }) => sum + size, 0);
}

export function initialParameters(specs: ParameterSpec[], random: Random): Float32Array {
  const flat = new Float32Array(countOf(specs));
  for (const { offset, size, spread } of specs) {
    for (let i = 0; i < size; i++) flat[offset + i] = spread === 0 ? 1 : spread * random.normal();
  }
  return flat;
}

/** (rows, columns) to (columns, rows). */
function transpose(values: Float32Array, rows: number, columns: number): Float32Array {
  const out = new Float32Array(values.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++)
      out[column * rows + row] = values[row * columns + column];
  }
  return out;
}

/** The checkpoint tensors of a flat vector. */
export function toTensors(config: ModelConfig, flat: Float32Array): Map<string, Tensor> {
  return new Map(
    parameterSpecs(config).map(({ name, shape, offset, size }) => {
      const [rows, columns = 1] = shape;
      const data = transpose(flat.subarray(offset, offset + size), rows, columns);
      return [name, { shape: shape.toReversed(), data }];
    }),
  );
}

/** The flat vector of a checkpoint's tensors. */
export function fromTensors(config: ModelConfig, tensors: ReadonlyMap<string, Tensor>): Float32Array {
  const specs = parameterSpecs(config);
  const flat = new Float32Array(countOf(specs));
  for (const { name, shape, offset } of specs) {
    const [rows, columns = 1] = shape.toReversed();
    flat.set(transpose(tensors.get(name)!.data, rows, columns), offset);
  }
  return flat;
}
