/**
 * Which TensorFlow.js computes: `@tensorflow/tfjs-node` where it can be loaded (an optional dependency that needs downloads
 * of its own), else WebAssembly with SIMD, else plain JavaScript.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as tf from '@tensorflow/tfjs-core';
import { ModelError } from '../errors.ts';

export const backends = ['auto', 'tensorflow', 'wasm', 'cpu'] as const;
export type BackendChoice = (typeof backends)[number];
export type Backend = Exclude<BackendChoice, 'auto'>;

export interface Selected {
  backend: Backend;
  /** One line for people. */
  description: string;
}

/** The package, or the one that models/train/native.sh built in the folder STARMIND_TFJS_NODE names. */
function nativeModule(): string {
  const folder = process.env['STARMIND_TFJS_NODE'];
  if (!folder) return '@tensorflow/tfjs-node';
  const require = createRequire(pathToFileURL(join(folder, 'package.json')));
  return pathToFileURL(require.resolve('@tensorflow/tfjs-node')).href;
}

async function loadTensorflow(): Promise<string> {
  // tfjs-node 4.22 calls a function that Node 23 removed.
  const util = (await import('node:util')).default as { isNullOrUndefined?: (value: unknown) => boolean };
  util.isNullOrUndefined ??= (value) => value === null || value === undefined;
  await import(nativeModule());
  if (!(await tf.setBackend('tensorflow'))) throw new Error('the TensorFlow backend did not start');
  const library = (tf.backend() as unknown as { binding?: { TF_Version?: string } }).binding?.TF_Version;
  return `TensorFlow ${library ?? ''} native library (tfjs-node)`;
}

const HIJACKED = ['uncaughtException', 'unhandledRejection'] as const;

/** Its start-up code takes over the process's uncaught errors and would print them with its whole source line. */
async function importWasmQuietly(): Promise<void> {
  const before = HIJACKED.map((event) => process.listeners(event as 'uncaughtException'));
  await import('@tensorflow/tfjs-backend-wasm');
  if (!(await tf.setBackend('wasm'))) throw new Error('the WASM backend did not start');
  await tf.ready();
  HIJACKED.forEach((event, i) => {
    for (const listener of process.listeners(event as 'uncaughtException')) {
      if (!before[i].includes(listener)) process.removeListener(event, listener);
    }
  });
}

async function loadWasm(): Promise<string> {
  await importWasmQuietly();
  const simd = await tf.env().getAsync('WASM_HAS_SIMD_SUPPORT');
  return `TensorFlow.js ${tf.version_core} on WebAssembly${simd ? ' with SIMD' : ' without SIMD'}`;
}

async function loadCpu(): Promise<string> {
  await import('@tensorflow/tfjs-backend-cpu');
  await tf.setBackend('cpu');
  return `TensorFlow.js ${tf.version_core} in plain JavaScript`;
}

const loaders: Record<Backend, () => Promise<string>> = {
  tensorflow: loadTensorflow,
  wasm: loadWasm,
  cpu: loadCpu,
};

/** Makes the chosen backend TensorFlow.js's own; `auto` takes the fastest that loads. */
export async function selectBackend(choice: BackendChoice): Promise<Selected> {
  if (!backends.includes(choice)) {
    throw new ModelError(`unknown backend "${choice}"; known backends: ${backends.join(', ')}`);
  }
  const candidates: Backend[] = choice === 'auto' ? ['tensorflow', 'wasm', 'cpu'] : [choice];
  let reason = '';
  for (const backend of candidates) {
    try {
      return { backend, description: await loaders[backend]() };
    } catch (error) {
      reason = (error as Error).message.split('\n')[0];
    }
  }
  const hint =
    choice === 'tensorflow'
      ? ' It needs the package @tensorflow/tfjs-node; leave --backend out to do without.'
      : '';
  throw new ModelError(`the ${choice} backend cannot be used: ${reason}.${hint}`);
}
