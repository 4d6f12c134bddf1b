/**
 * What a teacher says about the training sequences, computed once before the training. Of every prediction its likeliest tokens are
 * kept, all others count as one: whole distributions of a corpus would not fit into memory, and it knows little beyond these.
 */
import type { ModelConfig } from '../config.ts';
import { BatchOrder, makeBatch, type Sequences, type SoftTargets } from './batches.ts';
import { WHOLE } from './entropy.ts';
import { Network } from './network.ts';

/** Tokens of each prediction whose probability is kept. */
const KEPT = 32;

/** A float model in the layout of training. */
export interface Teacher {
  config: ModelConfig;
  parameters: Float32Array;
}

/** Room for the soft targets of these sequences, in shared memory. */
export function softTargets({ tokens }: Sequences, vocabulary: number, weight: number): SoftTargets {
  const kept = Math.min(KEPT, vocabulary);
  return {
    weight,
    kept,
    ids: new Uint16Array(new SharedArrayBuffer(2 * kept * tokens.length)),
    shares: new Uint16Array(new SharedArrayBuffer(2 * kept * tokens.length)),
  };
}

/** The ids of the `kept` largest of `values[at .. at + n)`, in no order, as written to `out`. */
function largest(values: Float32Array, at: number, n: number, out: Uint16Array): void {
  const kept = out.length;
  let least = 0;
  for (let id = 0; id < n; id++) {
    if (id >= kept && values[at + id] <= values[at + out[least]]) continue;
    out[id < kept ? id : least] = id;
    if (id < kept - 1) continue;
    least = 0;
    for (let k = 1; k < kept; k++) if (values[at + out[k]] < values[at + out[least]]) least = k;
  }
}

/**
 * Fills the soft targets of this worker's share of the batches; the same whichever worker does it.
 * @returns the teacher's mean loss on `heldOut`, nats per token
 */
export function teach(
  teacher: Teacher,
  sequences: Sequences,
  heldOut: Sequences,
  { worker, workers, batchTokens }: { worker: number; workers: number; batchTokens: number },
): number {
  const network = new Network(teacher.config, teacher.parameters);
  const soft = sequences.soft!;
  const { vocabulary } = teacher.config;
  new BatchOrder(sequences, batchTokens, 0).epoch().forEach((members, i) => {
    if (i % workers !== worker) return;
    const batch = makeBatch(sequences, members);
    const p = network.probabilities(batch);
    members.forEach((member, row) => {
      const [start, end] = [sequences.starts[member], sequences.starts[member + 1]];
      for (let t = start; t < end - 1; t++) {
        const at = (row * batch.positions + t - start) * vocabulary;
        const ids = soft.ids.subarray(t * soft.kept, (t + 1) * soft.kept);
        largest(p, at, vocabulary, ids);
        for (let k = 0; k < soft.kept; k++)
          soft.shares[t * soft.kept + k] = Math.round(WHOLE * p[at + ids[k]]);
      }
    });
  });
  let [loss, predicted] = [0, 0];
  for (const members of worker === 0 ? new BatchOrder(heldOut, batchTokens, 0).epoch() : []) {
    const batch = makeBatch(heldOut, members);
    loss += network.meanLoss(batch) * batch.predicted;
    predicted += batch.predicted;
  }
  network.dispose();
  return loss / predicted;
}
