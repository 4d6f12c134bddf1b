/**
 * One training worker: gradients of its own batches, met with the others' at every step. All workers make the same update.
 * Worker 0 also measures and reports. A worker never yields while it trains; what it posts arrives all the same.
 */
import { parentPort, workerData } from 'node:worker_threads';
import type { ModelConfig } from '../config.ts';
import { type Backend, selectBackend } from './backend.ts';
import { BatchOrder, makeBatch, type Sequences } from './batches.ts';
import { Network } from './network.ts';
import { AdamW, clip, learningRate, type Schedule } from './optimizer.ts';
import {
  announcedSteps,
  announceSteps,
  combine,
  gradientOf,
  meet,
  putLoss,
  type SharedState,
} from './shared.ts';

export interface WorkerTask {
  worker: number;
  config: ModelConfig;
  backend: Backend;
  parameters: Float32Array;
  shared: SharedState;
  sequences: Sequences;
  heldOut: Sequences;
  schedule: Schedule;
  /** Find the number of steps that takes this long; null when the schedule says it. */
  minutes: number | null;
  decay: number;
  batchTokens: number;
  seed: number;
  /** Seconds between reports. */
  reportEvery: number;
}

export interface Report {
  kind: 'progress' | 'done' | 'not-finite';
  step: number;
  steps: number;
  tokens: number;
  seconds: number;
  /** Mean training loss since the last report, nats per token. */
  loss: number;
  /** Held-out loss, nats per token. */
  heldOutLoss: number;
  heldOutTokens: number;
  parameters: Float32Array;
}

/** Steps after which the speed is known well enough to say how many steps fit in the time. */
const CALIBRATION_FROM = 5;
const CALIBRATION_TO = 30;

const now = () => performance.now() / 1000;

class Training {
  private readonly task: WorkerTask;
  private readonly network: Network;
  private readonly optimizer: AdamW;
  private readonly parameters: Float32Array;
  private readonly gradient: Float32Array;
  private readonly order: BatchOrder;
  private readonly heldOut: number[][];
  private readonly started = now();
  private steps: number;
  private tokens = 0;
  private lossSum = 0;
  private lossSteps = 0;
  private reported = now();

  constructor(task: WorkerTask) {
    this.task = task;
    this.parameters = task.parameters.slice();
    this.gradient = new Float32Array(this.parameters.length);
    this.network = new Network(task.config, this.parameters);
    this.optimizer = new AdamW(this.network.specs, task.decay);
    this.order = new BatchOrder(task.sequences, task.batchTokens, task.seed);
    this.heldOut = new BatchOrder(task.heldOut, task.batchTokens, 0).epoch();
    this.steps = task.minutes === null ? task.schedule.steps : Number.POSITIVE_INFINITY;
  }

  run(): void {
    const { worker, reportEvery } = this.task;
    let calibrationStart = 0;
    for (let step = 0; step < this.steps; ) {
      if (step === CALIBRATION_FROM) calibrationStart = now();
      if (step === CALIBRATION_TO) this.fixSteps(calibrationStart);
      const outcome = this.step(step);
      if (outcome === 'not-finite') {
        this.report('not-finite', step);
        return;
      }
      step++;
      if (outcome === 'stop') this.steps = step;
      if (worker === 0 && step < this.steps && now() - this.reported >= reportEvery)
        this.report('progress', step);
    }
    this.report('done', this.steps);
  }

  /** Worker 0 finds the number of steps that fit in the time; the others learn it when they next meet. */
  private fixSteps(since: number): void {
    const { shared, worker, minutes } = this.task;
    if (worker !== 0 || minutes === null) return;
    const perStep = (now() - since) / (CALIBRATION_TO - CALIBRATION_FROM);
    const left = minutes * 60 - (now() - this.started);
    announceSteps(shared, CALIBRATION_TO + Math.max(1, Math.floor(left / perStep)));
  }

  private step(step: number): 'on' | 'stop' | 'not-finite' {
    const { shared, worker, sequences, schedule, minutes } = this.task;
    const batch = makeBatch(sequences, this.order.members(step * shared.workers + worker));
    const loss = this.network.lossAndGradient(batch, gradientOf(shared, step, worker));
    putLoss(shared, step, worker, loss, batch.predicted);
    meet(shared);
    if (minutes !== null && announcedSteps(shared) > 0) this.steps = announcedSteps(shared);
    const all = combine(shared, step, this.gradient);
    if (!Number.isFinite(all.loss) || !Number.isFinite(clip(this.gradient))) return 'not-finite';
    const rate = learningRate({ ...schedule, steps: this.steps }, step);
    this.optimizer.update(this.parameters, this.gradient, rate);
    this.network.assign(this.parameters);
    this.tokens += all.tokens;
    this.lossSum += all.loss;
    this.lossSteps++;
    return all.stop ? 'stop' : 'on';
  }

  private report(kind: Report['kind'], step: number): void {
    if (this.task.worker !== 0) return;
    const { heldOut } = this.task;
    let [loss, predicted] = [0, 0];
    for (const members of kind === 'not-finite' ? [] : this.heldOut) {
      const batch = makeBatch(heldOut, members);
      loss += this.network.meanLoss(batch) * batch.predicted;
      predicted += batch.predicted;
    }
    const report: Report = {
      kind,
      step,
      steps: this.steps,
      tokens: this.tokens,
      seconds: now() - this.started,
      loss: this.lossSum / this.lossSteps,
      heldOutLoss: loss / predicted,
      heldOutTokens: predicted,
      parameters: this.parameters.slice(),
    };
    parentPort!.postMessage(report);
    [this.lossSum, this.lossSteps, this.reported] = [0, 0, now()];
  }
}

const task = workerData as WorkerTask;
await selectBackend(task.backend);
new Training(task).run();
