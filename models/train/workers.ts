/** Starts the workers, hands their reports on, and waits for the end. */
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { ModelConfig } from '../config.ts';
import { ModelError } from '../errors.ts';
import type { Backend } from './backend.ts';
import type { Sequences } from './batches.ts';
import type { Grid } from './grid.ts';
import { createSharedState, requestStop } from './shared.ts';
import type { TrainingState } from './state.ts';
import type { Teacher } from './teach.ts';
import type { Report, WorkerTask } from './worker.ts';

export interface Run {
  config: ModelConfig;
  backend: Backend;
  start: TrainingState;
  sequences: Sequences;
  heldOut: Sequences;
  teacher: Teacher | null;
  grid: Grid | null;
  minutes: number | null;
  steps: number | null;
  workers: number;
  seed: number;
  rate: number;
  batchTokens: number;
  reportEvery: number;
  signal: AbortSignal | undefined;
}

const WARMUP_STEPS = 100;
const FLOOR = 0.02;
const DECAY = 0.05;
/** Rounded weights do better without: it pulls the weights behind them across borders of the grid (EXPERIMENTS.md). */
const GRID_DECAY = 0;

function startWorker(task: WorkerTask): Worker {
  if (!import.meta.url.endsWith('.ts'))
    return new Worker(new URL('./worker.js', import.meta.url), { workerData: task });
  // A worker does not inherit how the main thread reads TypeScript.
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx/esm/api')).href.replace(
    /\.cjs$/,
    '.mjs',
  );
  const worker = new URL('./worker.ts', import.meta.url).href;
  const code = `import('${tsx}').then(({ register }) => { register(); return import('${worker}'); });`;
  return new Worker(code, { eval: true, workerData: task });
}

/** Returns the last report, of kind `done` or `not-finite`. */
export async function runWorkers(run: Run, onProgress: (report: Report) => Promise<void>): Promise<Report> {
  const {
    config,
    backend,
    start,
    sequences,
    heldOut,
    teacher,
    grid,
    minutes,
    steps,
    seed,
    batchTokens,
    reportEvery,
  } = run;
  const shared = createSharedState(run.workers, start.parameters.length);
  const schedule = { peak: run.rate, warmup: WARMUP_STEPS, floor: FLOOR };
  const tasks = Array.from(
    { length: run.workers },
    (_, worker): WorkerTask => ({
      worker,
      config,
      backend,
      start,
      shared,
      sequences,
      heldOut,
      teacher,
      grid,
      schedule,
      minutes,
      steps,
      decay: grid === null ? DECAY : GRID_DECAY,
      batchTokens,
      seed,
      reportEvery,
    }),
  );
  const stop = () => requestStop(shared);
  if (run.signal?.aborted) stop();
  run.signal?.addEventListener('abort', stop);
  const workers = tasks.map(startWorker);
  try {
    return await lastReport(workers, onProgress);
  } finally {
    run.signal?.removeEventListener('abort', stop);
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

function lastReport(workers: Worker[], onProgress: (report: Report) => Promise<void>): Promise<Report> {
  return new Promise((resolve, reject) => {
    // Reports are written one after the other; the last waits for those before it.
    let written: Promise<void> = Promise.resolve();
    workers[0].on('message', (report: Report) => {
      const step =
        report.kind === 'progress' ? () => onProgress(report) : () => Promise.resolve(resolve(report));
      written = written.then(step);
      written.catch(reject);
    });
    workers.forEach((worker, i) => {
      worker.on('error', (error) => reject(new ModelError(`training worker ${i} failed: ${error.message}`)));
      worker.on('exit', (code) => {
        if (code !== 0) reject(new ModelError(`training worker ${i} ended with code ${code}`));
      });
    });
  });
}
