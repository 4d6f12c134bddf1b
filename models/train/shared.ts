/** Memory and a barrier that the training workers share. */

export interface SharedState {
  workers: number;
  /** Two sets, by turns, of one gradient per worker: a worker may write the next step's while another still reads. */
  gradients: Float32Array<SharedArrayBuffer>;
  /** Per set and worker: loss times tokens, tokens, 1 where the worker saw the wish to stop, progress from 0 to 1. */
  sums: Float64Array<SharedArrayBuffer>;
  /** Waiting workers, barrier generation, wish to stop. */
  control: Int32Array<SharedArrayBuffer>;
}

const WAITING = 0;
const GENERATION = 1;
const STOP = 2;
const SUMS = 4;

export function createSharedState(workers: number, parameters: number): SharedState {
  return {
    workers,
    gradients: new Float32Array(new SharedArrayBuffer(4 * 2 * workers * parameters)),
    sums: new Float64Array(new SharedArrayBuffer(8 * 2 * workers * SUMS)),
    control: new Int32Array(new SharedArrayBuffer(4 * 3)),
  };
}

/** Returns once all workers have called it. */
export function meet({ workers, control }: SharedState): void {
  if (workers === 1) return;
  const generation = Atomics.load(control, GENERATION);
  if (Atomics.add(control, WAITING, 1) + 1 === workers) {
    Atomics.store(control, WAITING, 0);
    Atomics.add(control, GENERATION, 1);
    Atomics.notify(control, GENERATION);
    return;
  }
  while (Atomics.load(control, GENERATION) === generation) Atomics.wait(control, GENERATION, generation);
}

/** Asks all workers to stop after the step they are in. */
export function requestStop({ control }: SharedState): void {
  Atomics.store(control, STOP, 1);
}

/** Where `worker` puts its gradient of `step`. */
export function gradientOf(shared: SharedState, step: number, worker: number): Float32Array {
  const size = shared.gradients.length / (2 * shared.workers);
  const at = ((step & 1) * shared.workers + worker) * size;
  return shared.gradients.subarray(at, at + size);
}

const sumsAt = (shared: SharedState, step: number, worker: number) =>
  SUMS * ((step & 1) * shared.workers + worker);

export interface Share {
  /** Mean over the worker's tokens, nats. */
  loss: number;
  tokens: number;
  /** How much of the training is done, 0 to 1; worker 0's counts. */
  progress: number;
}

export function putShare(shared: SharedState, step: number, worker: number, share: Share): void {
  const stop = Atomics.load(shared.control, STOP);
  const { loss, tokens, progress } = share;
  shared.sums.set([loss * tokens, tokens, stop, progress], sumsAt(shared, step, worker));
}

export interface Combined extends Share {
  /** Some worker saw the wish to stop, and now all know. */
  stop: boolean;
}

/**
 * Mean over all workers, each by its number of tokens: the gradient goes to `mean`. Every worker computes it for itself, in
 * the same order, so all stay equal to the bit.
 */
export function combine(shared: SharedState, step: number, mean: Float32Array): Combined {
  let [loss, tokens, stops] = [0, 0, 0];
  for (let w = 0; w < shared.workers; w++) {
    const at = sumsAt(shared, step, w);
    loss += shared.sums[at];
    tokens += shared.sums[at + 1];
    stops += shared.sums[at + 2];
  }
  mean.fill(0);
  for (let w = 0; w < shared.workers; w++) {
    const share = shared.sums[sumsAt(shared, step, w) + 1] / tokens;
    const gradient = gradientOf(shared, step, w);
    for (let i = 0; i < mean.length; i++) mean[i] += share * gradient[i];
  }
  const progress = shared.sums[sumsAt(shared, step, 0) + 3];
  return { loss: loss / tokens, tokens, stop: stops > 0, progress };
}
