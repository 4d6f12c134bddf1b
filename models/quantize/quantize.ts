/** Checkpoint to quantized model: every weight, gain, fraction and constant of ARITHMETIC.md. */
import type { Checkpoint } from '../checkpoint.ts';
import { parameterCount } from '../config.ts';
import { ModelError } from '../errors.ts';
import type {
  LayerConstants,
  QuantizedLayer,
  QuantizedMatrix,
  QuantizedModel,
  WeightFormat,
} from '../quantized.ts';
import { type CalibrationStats, calibrate, type LayerStats } from './calibrate.ts';
import { equalizeLayer } from './equalize.ts';
import { quantizeGain } from './gain.ts';
import { type MatrixOptions, quantizeMatrix } from './matrix.ts';
import { expStep, makeTables } from './tables.ts';

export type MatrixKind = 'embedding' | 'wqkv' | 'wo' | 'w13' | 'w2' | 'output';

export interface QuantizeOptions {
  /** Format of all matrices. @default 'int8' */
  format?: WeightFormat;
  /** Formats of single kinds of matrix, where they differ from `format`. */
  formats?: Partial<Record<MatrixKind, WeightFormat>>;
  /** Token sequences; otherwise the checkpoint's, otherwise the model's own text. */
  calibration?: readonly number[][];
  /** Largest magnitude of 8-bit queries, keys and values, 1..127. @default 127 */
  qMax?: number;
  kMax?: number;
  vMax?: number;
}

/** Bits kept free above the largest calibrated value of the residual, whose unit is then 2^-20 of it or finer. */
const residualBits = 20;

export function quantizeCheckpoint(checkpoint: Checkpoint, options: QuantizeOptions = {}): QuantizedModel {
  const { format = 'int8', formats = {}, qMax = 127, kMax = 127, vMax = 127 } = options;
  const formatOf = (kind: MatrixKind) => formats[kind] ?? format;
  const is8Bit = [format, ...Object.values(formats)].every((each) => each === 'int8');
  const { config, tensors, name, tokenizer } = checkpoint;
  const isExact = checkpoint.grid !== undefined;
  // 4-bit weights rounded alone, each to its nearest, lose too much, unless they were trained to be rounded.
  const stats = calibrate(checkpoint, options.calibration ?? checkpoint.calibration, !is8Bit && !isExact);
  const gain = (tensor: string) => quantizeGain(tensors.get(tensor)!.data);
  const layers = stats.layers.map((layerStats, n) =>
    quantizeLayer(checkpoint, n, layerStats, { formatOf, qMax, kMax, vMax }),
  );
  // Without compensation: as output matrix it would gain, but the same rows are what tokens enter by.
  const quantizeEmbedding = (maximumExponent?: number) =>
    quantizeMatrix(floatMatrix(tensors.get('embed_tokens.weight')!), formatOf('embedding'), {
      importance: config.tied ? stats.finalInput.meanSquares : undefined,
      maximumExponent,
      isExact,
    });
  const unlimited = quantizeEmbedding();
  const residualFraction = Math.min(chooseResidualFraction(config, stats, layers), unlimited.exponent);
  if (residualFraction < 4) throw new ModelError(`${name}: its values are too large for fixed point`);
  // The embedding is shifted right by we - Fx, at most 31.
  const embedding =
    unlimited.exponent > residualFraction + 31 ? quantizeEmbedding(residualFraction + 31) : unlimited;
  const output = config.tied
    ? undefined
    : quantizeMatrix(
        floatMatrix(tensors.get('output.weight')!),
        formatOf('output'),
        finalOptions(stats, isExact),
      );
  const { family, vocabulary, dim, hidden, heads, kvHeads, headSize, context, tied, ropeTheta, normEps } =
    config;
  return {
    name,
    shape: {
      family,
      vocabulary,
      dim,
      hidden,
      layers: config.layers,
      heads,
      kvHeads,
      headSize,
      context,
      tied,
    },
    parameters: parameterCount(config),
    residualFraction,
    logitFraction: chooseLogitFraction(stats, output ?? embedding),
    qMax,
    kMax,
    vMax,
    normEps: Math.round(dim * normEps * 2 ** (2 * residualFraction)),
    bos: tokenizer.bos,
    eos: tokenizer.eos,
    embedding,
    layers,
    finalNorm: gain('norm.weight'),
    output,
    tables: makeTables({ context, headSize, ropeTheta: family === 'llama' ? ropeTheta : undefined }),
    tokenizerSection: tokenizer.section,
    checkpointSha256: checkpoint.sha256 ?? new Uint8Array(32),
  };
}

function finalOptions({ finalInput, finalMoments }: CalibrationStats, isExact: boolean): MatrixOptions {
  return {
    isExact,
    importance: finalInput.meanSquares,
    compensation: finalMoments && { moments: finalMoments },
  };
}

interface LayerLimits {
  formatOf: (kind: MatrixKind) => WeightFormat;
  qMax: number;
  kMax: number;
  vMax: number;
}

function quantizeLayer(
  checkpoint: Checkpoint,
  n: number,
  stats: LayerStats,
  limits: LayerLimits,
): QuantizedLayer {
  const { config, tensors } = checkpoint;
  const { formatOf } = limits;
  const isExact = checkpoint.grid !== undefined;
  const { wqkv, wo, w13, w2, scoreFactor, upFactors, mixedFactors } = equalizeLayer(
    checkpoint,
    n,
    stats,
    limits,
    isExact,
  );
  const inputOf = (
    input: 'attentionInput' | 'mixed' | 'ffnInput' | 'activated',
    factors?: Float64Array,
  ): MatrixOptions => ({
    isExact,
    importance: stats[input].meanSquares.map((square, i) => square * (factors?.[i] ?? 1) ** 2),
    compensation: stats.moments && { moments: stats.moments[input], factors },
  });
  const zPeak = stats.z.largest.reduce((peak, z, i) => {
    const factor = config.family === 'llama' && i >= config.hidden ? upFactors[i - config.hidden] : 1;
    return Math.max(peak, z * factor);
  }, 0);
  const quantizedW13 = quantizeMatrix(w13, formatOf('w13'), inputOf('ffnInput'));
  return {
    attentionNorm: quantizeGain(tensors.get(`layers.${n}.input_norm.weight`)!.data),
    wqkv: quantizeMatrix(wqkv, formatOf('wqkv'), inputOf('attentionInput')),
    wo: quantizeMatrix(wo, formatOf('wo'), inputOf('mixed', mixedFactors)),
    ffnNorm: quantizeGain(tensors.get(`layers.${n}.post_norm.weight`)!.data),
    w13: quantizedW13,
    w2: quantizeMatrix(w2, formatOf('w2'), inputOf('activated', upFactors)),
    constants: {
      // The factors on q, k and v already make one 8-bit step the unit; 7 more bits round it well and leave room to 2^15.
      fqkv: 7,
      qShift: 7,
      kShift: 7,
      vShift: 7,
      ...scoreScale(config.headSize, scoreFactor, limits),
      fz: chooseFfnFraction(zPeak, quantizedW13, stats.ffnInput.peak),
    },
  };
}

/** scoreMul * 2^-scoreShift turns a difference of 8-bit scores into steps of the softmax table. */
function scoreScale(
  headSize: number,
  scoreFactor: number,
  { qMax, kMax }: { qMax: number; kMax: number },
): Pick<LayerConstants, 'scoreMul' | 'scoreShift'> {
  const scale = 1 / (scoreFactor * Math.sqrt(headSize) * expStep);
  for (let scoreShift = 31; scoreShift >= 1; scoreShift--) {
    const scoreMul = Math.round(scale * 2 ** scoreShift);
    const fits = 2 * headSize * qMax * kMax * scoreMul + 2 ** (scoreShift - 1) < 2 ** 32;
    if (fits && scoreMul <= 65535) return { scoreMul, scoreShift };
  }
  // Scores so far apart that any difference picks the best one alone.
  const scoreMul = Math.min(65535, Math.floor((2 ** 32 - 2) / (2 * headSize * qMax * kMax)));
  return { scoreMul, scoreShift: 1 };
}

/** Largest fraction with peak * 2^fraction <= limit. */
function largestFraction(peak: number, limit: number): number {
  return Math.floor(Math.log2(limit / Math.max(peak, 2 ** -40)));
}

/**
 * matvec's final shift must be at least 1: the largest destination fraction that keeps it so for activations up to `peak`
 * (with a factor 2 to spare).
 */
function largestExactFraction({ exponent, pre }: QuantizedMatrix, peak: number): number {
  const activationExponent = 15 - Math.floor(Math.log2(Math.max(peak * 2, 2 ** -30) / 127));
  return exponent + activationExponent - pre - 18;
}

function chooseFfnFraction(zPeak: number, w13: QuantizedMatrix, inputPeak: number): number {
  const byRange = largestFraction(zPeak, 2 ** 15 / 1.3);
  return Math.max(-10, Math.min(20, byRange, largestExactFraction(w13, inputPeak)));
}

function chooseResidualFraction(
  { dim, normEps }: Checkpoint['config'],
  stats: CalibrationStats,
  layers: QuantizedLayer[],
): number {
  const byRange = largestFraction(stats.residual.peak, 2 ** residualBits);
  // normEps = dim * eps * 2^(2 Fx) must stay below 2^26.
  const byEps = normEps === 0 ? 20 : Math.floor(Math.log2((2 ** 26 - 1) / (dim * normEps)) / 2);
  const byShift = layers.map(({ wo, w2, constants }, n) => {
    const { v, activated } = stats.layers[n];
    const vSteps = v.peak === 0 ? 1 : 127 * 2 ** (7 - constants.vShift);
    return Math.min(largestExactFraction(wo, vSteps), largestExactFraction(w2, activated.peak));
  });
  return Math.min(20, byRange, byEps, ...byShift);
}

function chooseLogitFraction(stats: CalibrationStats, output: QuantizedMatrix): number {
  // The sampler resolves differences up to 2^19 units.
  const byRange = largestFraction(stats.logitSpread, 2 ** 19);
  return Math.max(8, Math.min(16, byRange, largestExactFraction(output, stats.finalInput.peak)));
}

function floatMatrix({ shape, data }: { shape: number[]; data: Float32Array }) {
  return { rows: shape[0], columns: shape[1], data };
}
