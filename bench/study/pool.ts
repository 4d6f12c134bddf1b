/** Hands the cases of a study to workers, each the next one as soon as it is free. */
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { StudyRow } from './row.ts';
import type { StudyCase } from './shapes.ts';
import type { Answer, WorkerData } from './worker.ts';

export interface PoolOptions extends WorkerData {
  workers: number;
  /** Called with each row as it is done, in no particular order. */
  onRow: (row: StudyRow, one: StudyCase) => void;
}

/** @throws when a worker dies, or meets a defect of ours; rows handed out before stay valid */
export const measureAll = async (
  cases: readonly StudyCase[],
  { workers: count, firmware, settings, onRow }: PoolOptions,
): Promise<void> => {
  const waiting = [...cases].reverse();
  const workers = Array.from({ length: Math.min(count, cases.length) }, () =>
    startWorker({ firmware, settings }),
  );
  try {
    await Promise.all(
      workers.map(async (worker) => {
        for (let one = waiting.pop(); one !== undefined; one = waiting.pop()) {
          onRow(await ask(worker, one), one);
        }
      }),
    );
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
};

const ask = (worker: Worker, one: StudyCase): Promise<StudyRow> =>
  new Promise((resolve, reject) => {
    worker.removeAllListeners();
    worker.once('message', (answer: Answer) =>
      'row' in answer ? resolve(answer.row) : reject(new Error(answer.defect)),
    );
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`a worker of the study ended with code ${code}`)));
    worker.postMessage(one);
  });

const startWorker = (workerData: WorkerData): Worker => {
  if (!import.meta.url.endsWith('.ts'))
    return new Worker(new URL('./worker.js', import.meta.url), { workerData });
  // A worker does not inherit how the main thread reads TypeScript.
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx/esm/api')).href.replace(
    /\.cjs$/,
    '.mjs',
  );
  const worker = new URL('./worker.ts', import.meta.url).href;
  const code = `import('${tsx}').then(({ register }) => { register(); return import('${worker}'); });`;
  return new Worker(code, { eval: true, workerData });
};
