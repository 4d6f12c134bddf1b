/** From a slot of the tensor directory to the model's tensor. */
import type { QuantizedGain, QuantizedMatrix, QuantizedModel } from '../quantized.ts';
import type { TensorSlot } from './layout.ts';

export function matrixOf(model: QuantizedModel, { kind, layer }: TensorSlot): QuantizedMatrix {
  if (kind === 'embedding') return model.embedding;
  if (kind === 'output') return model.output!;
  return model.layers[layer!][kind as 'wqkv' | 'wo' | 'w13' | 'w2'];
}

/** The float weights of a slot, of a model that has such. */
export function singleOf({ single }: QuantizedModel, { kind, layer }: TensorSlot): Float32Array {
  if (layer !== undefined) return single!.layers[layer][kind as 'wqkv'];
  return single![kind as 'embedding' | 'finalNorm' | 'output']!;
}

export function gainOf(model: QuantizedModel, { kind, layer }: TensorSlot): QuantizedGain {
  if (kind === 'finalNorm') return model.finalNorm;
  return model.layers[layer!][kind as 'attentionNorm' | 'ffnNorm'];
}
