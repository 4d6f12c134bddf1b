/** Which kernels are measured, at which shapes: those that have a target, and those of the models that are shipped. */
import type { ModelConfig } from '../../models/config.ts';
import { preset } from '../../models/presets.ts';
import type { WeightFormat } from '../../models/quantized.ts';

/** A matrix-vector product; the portable twin is what a compiler makes of the same job. */
export interface MatvecCase {
  kind: 'matvec';
  name: string;
  format: WeightFormat;
  portable: boolean;
  rows: number;
  columns: number;
}

/** A pass over `rows` x `columns` elements; `rows` is 1, or positions of the cache for attention. */
export interface PassCase {
  kind: 'pass';
  name: PassName;
  rows: number;
  columns: number;
}

export type PassName =
  | 'scores'
  | 'softmax weights'
  | 'mix values'
  | 'head of 8'
  | 'silu'
  | 'swiglu'
  | 'quantize'
  | 'largest'
  | 'norm gain'
  | 'norm of few'
  | 'sums of 8'
  | 'sums of 4'
  | 'rope'
  | 'narrow'
  | 'argmax';

export type KernelCase = MatvecCase | PassCase;

type Shape = readonly [rows: number, columns: number];

const FORMATS: readonly WeightFormat[] = ['int8', 'int4', 'int4g32'];
const TARGET_SHAPES: readonly Shape[] = [
  [64, 64],
  [64, 172],
  [512, 64],
  [256, 8],
  [8, 256],
];
const SHIPPED = ['maximum-speed', 'balanced-production', 'story-90k', 'story-260k'];

/** Every matrix of a model. */
const matrixShapes = ({
  family,
  dim,
  hidden,
  heads,
  kvHeads,
  headSize,
  vocabulary,
}: ModelConfig): Shape[] => [
  [(heads + 2 * kvHeads) * headSize, dim],
  [dim, heads * headSize],
  [family === 'llama' ? 2 * hidden : hidden, dim],
  [dim, hidden],
  [vocabulary, dim],
];

const unique = (shapes: readonly Shape[]): Shape[] => [
  ...new Map(shapes.map((shape) => [shape.join(), shape])).values(),
];

const passes = (): PassCase[] => {
  const pass = (name: PassName, columns: number, rows = 1): PassCase => ({
    kind: 'pass',
    name,
    rows,
    columns,
  });
  return [
    ...[2, 8, 48].flatMap((size) => [pass('scores', size, 64), pass('mix values', size, 64)]),
    pass('head of 8', 8, 64),
    pass('head of 8', 8, 256),
    pass('softmax weights', 64),
    pass('softmax weights', 256),
    pass('silu', 192),
    pass('swiglu', 172),
    pass('quantize', 64),
    pass('quantize', 172),
    pass('largest', 64),
    pass('norm gain', 64),
    pass('norm of few', 4),
    pass('norm of few', 8),
    pass('sums of 8', 192, 8),
    pass('sums of 4', 128, 4),
    pass('rope', 64),
    pass('narrow', 32),
    pass('argmax', 512),
  ];
};

export const kernelCases = (): KernelCase[] => {
  const shapes = unique([...TARGET_SHAPES, ...SHIPPED.flatMap((name) => matrixShapes(preset(name).config))]);
  const matvec = (format: WeightFormat, portable: boolean, [rows, columns]: Shape): MatvecCase => ({
    kind: 'matvec',
    name: portable ? `${format} portable` : format,
    format,
    portable,
    rows,
    columns,
  });
  return [
    ...FORMATS.flatMap((format) => shapes.map((shape) => matvec(format, false, shape))),
    ...FORMATS.flatMap((format) => TARGET_SHAPES.slice(0, 2).map((shape) => matvec(format, true, shape))),
    ...passes(),
  ];
};
