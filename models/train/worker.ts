/**
 * One training worker: gradients of its own batches, met with the others' at every step. All workers make the same update.
 * Worker 0 also measures and reports. A worker never yields while it trains; what it posts arrives all the same.
 */
import { parentPort, workerData } from 'node:worker_threads';
import type { ModelConfig } from '../config.ts';
import { type Backend, selectBackend } from './backend.ts';
import { BatchOrder, makeBatch, type Sequences } from './batches.ts';
import { type Grid, WeightGrid } from './grid.ts';
import { Network } from './network.ts';
import { AdamW, clip, GRID_BETA2, learningRate, type Schedule } from './optimizer.ts';
import { combine, gradientOf, meet, putShare, type SharedState } from './shared.ts';
import type { TrainingState } from './state.ts';
import { type Teacher, teach } from './teach.ts';

export interface WorkerTask {
  worker: number;
  config: ModelConfig;
  backend: Backend;
  start: TrainingState;
  shared: SharedState;
  sequences: Sequences;
  heldOut: Sequences;
  /** Who fills the soft targets of `sequences`, when there are some. */
  teacher: Teacher | null;
  schedule: Schedule;
  /** How long to train: exactly one of the two is given. */
  minutes: number | null;
  steps: number | null;
  decay: number;
  /** What weights, and with them activations, are rounded to in the forward pass, if at all. */
  grid: Grid | null;
  batchTokens: number;
  seed: number;
  /** Seconds between reports. */
  reportEvery: number;
}

export interface Report {
  kind: 'progress' | 'done' | 'not-finite';
  state: TrainingState;
  /** How much of the training is done, 0 to 1. */
  progress: number;
  /** Since the start of this run, with the tokens seen in it. */
  seconds: number;
  newTokens: number;
  /** The seconds without those that went into measuring held-out loss. */
  stepSeconds: number;
  /** Mean training loss since the last report, nats per token. */
  loss: number;
  /** Held-out loss, nats per token. */
  heldOutLoss: number;
  heldOutTokens: number;
  /** The teacher's, nats per token; null without one. */
  teacherLoss: number | null;
}

const now = () => performance.now() / 1000;

class Training {
  private readonly task: WorkerTask;
  private readonly network: Network;
  private readonly optimizer: AdamW;
  private readonly grid: WeightGrid | null;
  /** With a grid, its scales follow the weights. */
  private readonly parameters: Float32Array;
  private readonly gradient: Float32Array;
  private readonly order: BatchOrder;
  private readonly heldOut: number[][];
  private readonly teacherLoss: number | null;
  private readonly started: number;
  private progress = 0;
  private tokens: number;
  private lossSum = 0;
  private lossSteps = 0;
  private reported: number;
  /** Seconds that measuring took. */
  private measuring = 0;

  constructor(task: WorkerTask) {
    this.task = task;
    this.parameters = task.start.parameters.slice();
    this.tokens = task.start.tokens;
    this.gradient = new Float32Array(this.parameters.length);
    this.grid = task.grid && new WeightGrid(task.config, task.grid);
    this.network = new Network(task.config, this.parameters, this.grid !== null);
    const { specs } = this.network;
    this.optimizer = this.grid
      ? new AdamW([...specs, this.grid.spec], task.decay, task.start, GRID_BETA2)
      : new AdamW(specs, task.decay, task.start);
    this.assign();
    this.order = new BatchOrder(task.sequences, task.batchTokens, task.seed);
    this.heldOut = new BatchOrder(task.heldOut, task.batchTokens, 0).epoch();
    this.teacherLoss = this.listen();
    this.started = now();
    this.reported = this.started;
  }

  run(): void {
    const { worker, reportEvery, start } = this.task;
    for (let step = start.step; ; ) {
      const outcome = this.step(step);
      if (outcome === 'not-finite') {
        this.report('not-finite', step);
        return;
      }
      step++;
      if (outcome === 'last') {
        this.report('done', step);
        return;
      }
      if (worker === 0 && now() - this.reported >= reportEvery) this.report('progress', step);
    }
  }

  /** All workers ask the teacher together, before the first step. */
  private listen(): number | null {
    const { teacher, sequences, heldOut, worker, batchTokens, shared } = this.task;
    if (teacher === null) return null;
    const loss = teach(teacher, sequences, heldOut, { worker, workers: shared.workers, batchTokens });
    meet(shared);
    return loss;
  }

  private step(step: number): 'on' | 'last' | 'not-finite' {
    const { shared, worker, sequences, schedule } = this.task;
    const batch = makeBatch(sequences, this.order.members(step * shared.workers + worker));
    const loss = this.network.lossAndGradient(batch, gradientOf(shared, step, worker));
    putShare(shared, step, worker, { loss, tokens: batch.predicted, progress: this.progressAfter(step) });
    meet(shared);
    const all = combine(shared, step, this.gradient);
    if (!Number.isFinite(all.loss) || !Number.isFinite(clip(this.gradient))) return 'not-finite';
    this.grid?.backward(this.parameters, this.gradient);
    this.optimizer.update(this.parameters, this.gradient, learningRate(schedule, step, all.progress));
    this.assign();
    this.progress = all.progress;
    this.tokens += all.tokens;
    this.lossSum += all.loss;
    this.lossSteps++;
    return all.stop || all.progress >= 1 ? 'last' : 'on';
  }

  private assign(): void {
    this.network.assign(this.grid?.round(this.parameters) ?? this.parameters);
  }

  private progressAfter(step: number): number {
    const { minutes, steps } = this.task;
    return steps !== null ? (step + 1) / steps : (now() - this.started) / (minutes! * 60);
  }

  private report(kind: Report['kind'], step: number): void {
    if (this.task.worker !== 0) return;
    const { heldOut } = this.task;
    const before = now();
    let [loss, predicted] = [0, 0];
    for (const members of kind === 'not-finite' ? [] : this.heldOut) {
      const batch = makeBatch(heldOut, members);
      loss += this.network.meanLoss(batch) * batch.predicted;
      predicted += batch.predicted;
    }
    const seconds = now() - this.started;
    this.measuring += now() - before;
    const report: Report = {
      kind,
      state: {
        step,
        tokens: this.tokens,
        parameters: this.parameters.slice(),
        mean: this.optimizer.mean.slice(),
        square: this.optimizer.square.slice(),
      },
      progress: this.progress,
      newTokens: this.tokens - this.task.start.tokens,
      seconds,
      stepSeconds: seconds - this.measuring,
      loss: this.lossSum / this.lossSteps,
      heldOutLoss: loss / predicted,
      heldOutTokens: predicted,
      teacherLoss: this.teacherLoss,
    };
    parentPort!.postMessage(report);
    [this.lossSum, this.lossSteps, this.reported] = [0, 0, now()];
  }
}

const task = workerData as WorkerTask;
await selectBackend(task.backend);
new Training(task).run();
