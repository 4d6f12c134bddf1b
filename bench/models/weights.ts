/** What a model's tensors look like: shapes, ranges, histogram. */
import { type OpenedModel, openModel } from '../../models/import/open.ts';
import { buildImage, ImageError, type MemoryPlan, tokenizerFromSection } from '../../models/index.ts';
import type { QuantizedMatrix, QuantizedModel, WeightFormat } from '../../models/quantized.ts';

export { openModel };

export interface TensorFacts {
  name: string;
  shape: number[];
  format: string;
  least: number;
  most: number;
  mean: number;
  /** Standard deviation. */
  deviation: number;
}

export interface Histogram {
  /** Edges of the bins, one more than there are counts. */
  edges: number[];
  counts: number[];
}

export interface TokenizerFacts {
  tokens: number;
  fallback: string;
  bos: number | null;
  eos: number | null;
  longestPieceBytes: number;
}

interface NamedValues {
  name: string;
  shape: number[];
  format: string;
  values: Float32Array;
}

/** Every tensor with its real values, dequantized where they are integers. */
const namedValues = (opened: OpenedModel): NamedValues[] => {
  if (opened.kind === 'checkpoint') {
    return [...opened.imported.checkpoint.tensors].map(([name, { shape, data }]) => ({
      name,
      shape,
      format: 'float32',
      values: data,
    }));
  }
  return quantizedValues(opened.image.model);
};

const quantizedValues = (model: QuantizedModel): NamedValues[] => {
  const matrix = (name: string, source: QuantizedMatrix): NamedValues => ({
    name,
    shape: [source.rows, source.columns],
    format: source.format,
    values: realWeights(source),
  });
  const layers = model.layers.flatMap(({ wqkv, wo, w13, w2 }, n) => [
    matrix(`layer ${n} wqkv`, wqkv),
    matrix(`layer ${n} wo`, wo),
    matrix(`layer ${n} w13`, w13),
    matrix(`layer ${n} w2`, w2),
  ]);
  const output = model.output === undefined ? [] : [matrix('output', model.output)];
  return [matrix('embedding', model.embedding), ...layers, ...output];
};

/** Real weight = weight * row scale * 2^-exponent, times the group's scale where there are groups. */
const realWeights = ({
  weights,
  rows,
  columns,
  rowScales,
  groupScales,
  exponent,
}: QuantizedMatrix): Float32Array => {
  const values = new Float32Array(weights.length);
  const groups = Math.ceil(columns / 32);
  for (let r = 0; r < rows; r++) {
    for (let k = 0; k < columns; k++) {
      const group = groupScales === undefined ? 1 : groupScales[r * groups + (k >> 5)]!;
      values[r * columns + k] = weights[r * columns + k]! * group * rowScales[r]! * 2 ** -exponent;
    }
  }
  return values;
};

export const tensorFacts = (opened: OpenedModel): TensorFacts[] =>
  namedValues(opened).map(({ name, shape, format, values }) => {
    let [least, most, sum, squares] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0];
    for (const value of values) {
      least = Math.min(least, value);
      most = Math.max(most, value);
      sum += value;
      squares += value * value;
    }
    const mean = sum / values.length;
    const deviation = Math.sqrt(Math.max(0, squares / values.length - mean * mean));
    return { name, shape, format, least, most, mean, deviation };
  });

/** All matrices' weights; norm gains are left out, as they cluster at 1. The outer bins also hold what lies beyond 4 deviations. */
export const histogram = (opened: OpenedModel, bins = 17): Histogram => {
  const values = namedValues(opened)
    .filter(({ shape }) => shape.length === 2)
    .map((each) => each.values);
  let [squares, count] = [0, 0];
  for (const tensor of values) {
    for (const value of tensor) squares += value * value;
    count += tensor.length;
  }
  const reach = 4 * Math.sqrt(squares / Math.max(1, count)) || 1;
  const counts = Array.from({ length: bins }, () => 0);
  for (const tensor of values) {
    for (const value of tensor) {
      const bin = Math.floor(((value + reach) / (2 * reach)) * bins);
      counts[Math.min(bins - 1, Math.max(0, bin))]!++;
    }
  }
  return { edges: Array.from({ length: bins + 1 }, (_, i) => -reach + (2 * reach * i) / bins), counts };
};

export const tokenizerFacts = (opened: OpenedModel): TokenizerFacts => {
  const { section, bos, eos } =
    opened.kind === 'image'
      ? { ...opened.image.model, section: opened.image.model.tokenizerSection }
      : opened.imported.checkpoint.tokenizer;
  const { data, vocabulary } = tokenizerFromSection(section, { bos, eos });
  const longestPieceBytes = Math.max(...data.pieces.map((piece) => piece.length));
  return { tokens: vocabulary, fallback: data.fallback, bos, eos, longestPieceBytes };
};

export interface MemoryMap {
  format: WeightFormat;
  sramBytes: number;
  flashBytes: number;
  sram: { name: string; offset: number; bytes: number }[];
  /** Sections of the image; empty for an image that was read from a file. */
  flash: { name: string; offset: number; bytes: number }[];
}

/** Where everything lies; a text that says why when it does not fit. */
export const memoryMap = (
  opened: OpenedModel,
  { format = 'int8', context }: { format?: WeightFormat; context?: number } = {},
): MemoryMap | string => {
  if (opened.kind === 'image') {
    const { model, arenaBytes, imageBytes, sram } = opened.image;
    return { format: model.embedding.format, sramBytes: arenaBytes, flashBytes: imageBytes, sram, flash: [] };
  }
  try {
    const { plan } = buildImage(opened.imported.checkpoint, { format, context });
    return mapOf(plan, format);
  } catch (error) {
    if (error instanceof ImageError) return error.message;
    throw error;
  }
};

const mapOf = ({ arenaBytes, imageBytes, sram, flash }: MemoryPlan, format: WeightFormat): MemoryMap => ({
  format,
  sramBytes: arenaBytes,
  flashBytes: imageBytes,
  sram,
  flash,
});
