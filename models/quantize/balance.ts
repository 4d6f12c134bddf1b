/** Moves the factors that quantization would put along rows into the weights, before they are trained to be rounded. */
import type { Checkpoint } from '../checkpoint.ts';
import { calibrate } from './calibrate.ts';
import {
  activationFactors,
  divideColumns,
  perQueryHead,
  scaleRows,
  turnKeys,
  turnQueries,
  valueFactors,
} from './equalize.ts';
import { scoreFactors } from './score-factors.ts';

/**
 * The same model with the factors of `equalizeLayer` that go along a row (v into wo, up into w2) and the turns of q and k already in
 * its weights, so that training for 4 bits rounds what will be rounded. Factors average 1: learning rates keep their meaning.
 */
export function balanceCheckpoint(checkpoint: Checkpoint): Checkpoint {
  const { config } = checkpoint;
  const { dim, layers, family } = config;
  const stats = calibrate(checkpoint, checkpoint.calibration);
  const tensors = new Map(checkpoint.tensors);
  const change = (name: string, by: (data: Float32Array) => Float32Array) => {
    const { shape, data } = tensors.get(name)!;
    tensors.set(name, { shape, data: by(data) });
  };
  for (let n = 0; n < layers; n++) {
    const weight = (name: string) => `layers.${n}.${name}.weight`;
    const layer = stats.layers[n];
    const { angles } = scoreFactors(config, layer, { qMax: 127, kMax: 127 });
    const vFactors = averagingOne(valueFactors(layer, 127));
    change(weight('attention.q'), (data) => turnQueries(config, data, angles));
    change(weight('attention.k'), (data) => turnKeys(config, data, angles));
    change(weight('attention.v'), (data) => scaleRows(data, dim, vFactors));
    change(weight('attention.o'), (data) => divideColumns(data, perQueryHead(config, vFactors)));
    if (family !== 'llama') continue;
    const upFactors = averagingOne(activationFactors(layer));
    change(weight('ffn.up'), (data) => scaleRows(data, dim, upFactors));
    change(weight('ffn.down'), (data) => divideColumns(data, upFactors));
  }
  return { ...checkpoint, tensors };
}

/** Divided by their geometric mean. */
function averagingOne(factors: Float64Array): Float64Array {
  const mean = Math.exp(factors.reduce((sum, f) => sum + Math.log(f), 0) / factors.length);
  return factors.map((f) => f / mean);
}
