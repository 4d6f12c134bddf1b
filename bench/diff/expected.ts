/** What the integer reference has at each moment of a forward pass at which the firmware changes phase. */
import type { IntegerModel, Tap } from '../../models/index.ts';

/** One tensor of one moment, in the order in which a pass makes them. */
export interface ExpectedTensor {
  /** Undefined before the first layer and after the last. */
  layer: number | undefined;
  phase: string;
  /** As in models/reference/taps.ts. */
  tensor: string;
  values: Int32Array;
}

/** The phase whose end a tensor is complete at; several tensors of one phase are all there at its end. */
export type ExpectedPhase = { phase: string; layer: number | undefined; tensors: ExpectedTensor[] };

/** Runs one pass of the reference and gives its phases in order. */
export const expectedPhases = (
  model: IntegerModel,
  token: number,
  position: number,
  needLogits: boolean,
): ExpectedPhase[] => {
  const phases: ExpectedPhase[] = [];
  let layer: number | undefined;
  const tap: Tap = (n, phase, tensor, values) => {
    layer = n < 0 ? undefined : n;
    const last = phases.at(-1);
    const expected = { layer, phase, tensor, values: Int32Array.from(values) };
    if (last?.phase === phase && last.layer === layer) last.tensors.push(expected);
    else phases.push({ phase, layer, tensors: [expected] });
  };
  model.forward(token, position, tap, needLogits);
  return phases;
};
