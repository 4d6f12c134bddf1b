/**
 * How fast training is: tokens per second of training steps, by preset, backend and number of workers.
 *
 *     npx tsx models/train/speed.ts [--presets story-8k,story-90k] [--seconds 20] [--batch-tokens 1024] [--quantize int4]
 *                                [--columns wasm:1,wasm:2,tensorflow:1,tensorflow:2]
 *
 * Each number is a training from random weights on the story grammar, as `starmind train --minutes M --json` reports it. Runs on the
 * machine as it is: whatever else runs lowers the numbers.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ModelError } from '../errors.ts';
import type { Backend } from './backend.ts';
import type { Grid } from './grid.ts';
import { trainModel } from './index.ts';

const { values } = parseArgs({
  options: {
    presets: { type: 'string', default: 'story-8k,story-30k,story-90k,story-260k' },
    seconds: { type: 'string', default: '20' },
    'batch-tokens': { type: 'string', default: '1024' },
    quantize: { type: 'string' },
    columns: { type: 'string', default: 'wasm:1,wasm:2,tensorflow:1,tensorflow:2' },
  },
});

const columns = values.columns.split(',').map((column) => {
  const [backend, workers] = column.split(':');
  return { backend: backend as Backend, workers: Number(workers) };
});

const folder = mkdtempSync(join(tmpdir(), 'speed-'));

/** Tokens per second, or the reason why there are none. */
async function speed(preset: string, backend: Backend, workers: number): Promise<string> {
  try {
    const { tokensPerSecond } = await trainModel({
      preset,
      backend,
      workers,
      minutes: Number(values.seconds) / 60,
      batchTokens: Number(values['batch-tokens']),
      quantize: values.quantize as Grid | undefined,
      stories: 4000,
      reportEvery: 1e6,
      out: join(folder, preset),
      log: () => {},
    });
    return Math.round(tokensPerSecond).toLocaleString('en-US');
  } catch (error) {
    if (error instanceof ModelError && backend === 'tensorflow') return '(not installed)';
    throw error;
  }
}

try {
  console.log(`| | ${columns.map(({ backend, workers }) => `${backend}, ${workers}`).join(' | ')} |`);
  console.log(`|---|${'---|'.repeat(columns.length)}`);
  for (const preset of values.presets.split(',')) {
    const cells: string[] = [];
    for (const { backend, workers } of columns) cells.push(await speed(preset, backend, workers));
    console.log(`| ${preset} | ${cells.join(' | ')} |`);
  }
} finally {
  rmSync(folder, { recursive: true });
}
