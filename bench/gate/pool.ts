/** Runs gates in several processes at a time. */
import { type ChildProcess, fork } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { ScenarioError, type ScenarioFailure } from '../target/scenario.ts';
import type { GateResult } from './gate.ts';
import type { NamedScenario } from './scenarios.ts';

/** Firmware as files, for every process to read. */
export interface FirmwareFiles {
  elfPath: string;
  bootromPath: string;
  sha256: string;
}

export interface Order {
  scenario: NamedScenario;
  firmware: FirmwareFiles;
  baselineFolder: string | undefined;
}

export type Answer =
  | { kind: 'token'; index: number }
  | { kind: 'gate'; gate: GateResult }
  | { kind: 'error'; name: string; message: string; report?: string; failure?: string };

export interface PoolOptions {
  firmware: FirmwareFiles;
  baselineFolder?: string;
  /** Processes at a time. @default 2 */
  workers?: number;
  /** Called as work gets on, with the fraction of all tokens that is done. */
  onProgress?: (fraction: number, name: string) => void;
  /** Program of the worker. @default worker.ts beside this file */
  worker?: URL;
}

/**
 * The gates of all scenarios, in their order.
 * @throws the first error of any; a worker that dies is an error that names its scenario. Nothing runs on after that.
 */
export const runGates = async (
  scenarios: readonly NamedScenario[],
  options: PoolOptions,
): Promise<GateResult[]> => {
  const { workers = 2, onProgress = () => {} } = options;
  const results: GateResult[] = [];
  const done = scenarios.map(() => 0);
  const all = scenarios.reduce((total, { tokens }) => total + tokens, 0);
  let next = 0;
  const children: ChildProcess[] = [];
  const work = async (): Promise<void> => {
    const child = startWorker(options.worker);
    children.push(child);
    while (next < scenarios.length) {
      const i = next++;
      const scenario = scenarios[i]!;
      const advance = (tokens: number) => {
        done[i] = tokens;
        onProgress(done.reduce((total, count) => total + count, 0) / all, scenario.name);
      };
      results[i] = await ask(child, scenario, options, advance);
      advance(scenario.tokens);
    }
    child.disconnect();
  };
  try {
    await Promise.all(Array.from({ length: Math.min(workers, scenarios.length) }, work));
  } finally {
    for (const child of children) child.kill();
  }
  return results;
};

/** TypeScript sources run through tsx, the compiled build runs as it is. */
const startWorker = (worker = defaultWorker()): ChildProcess => {
  const path = fileURLToPath(worker);
  const tsx = () => pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
  return fork(path, {
    execArgv: path.endsWith('.ts') ? ['--import', tsx()] : [],
    stdio: ['ignore', 2, 2, 'ipc'],
  });
};

const defaultWorker = (): URL =>
  new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url);

const ask = (
  child: ChildProcess,
  scenario: NamedScenario,
  { firmware, baselineFolder }: PoolOptions,
  advance: (tokens: number) => void,
): Promise<GateResult> =>
  new Promise((resolve, reject) => {
    const finish = (settle: () => void) => {
      child.removeAllListeners();
      settle();
    };
    child.on('message', (answer: Answer) => {
      if (answer.kind === 'token') advance(answer.index + 1);
      else if (answer.kind === 'gate') finish(() => resolve(answer.gate));
      else finish(() => reject(revive(answer, scenario.name)));
    });
    child.on('error', (error) => finish(() => reject(error)));
    child.on('exit', (code, signal) =>
      finish(() =>
        reject(
          new ScenarioError(
            'device',
            `${scenario.name}: its worker process ended ${signal ? `by ${signal}` : `with ${code}`} before it had a result`,
          ),
        ),
      ),
    );
    const order: Order = { scenario, firmware, baselineFolder };
    child.send(order);
  });

/** An error of the other process, with the name that says to the command what kind it is. */
const revive = (answer: Extract<Answer, { kind: 'error' }>, scenario: string): Error => {
  const message = `${scenario}: ${answer.message}`;
  if (answer.name === 'ScenarioError')
    return new ScenarioError(answer.failure as ScenarioFailure, message, answer.report);
  return Object.assign(new Error(message), { name: answer.name });
};
