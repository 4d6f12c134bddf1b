/** The kernels' committed cycles, and what moved since. The tolerance is zero, and faster counts as moved too. */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { TIMING_VERSION } from '../../emulator/index.ts';
import { BASELINE_FOLDER, BaselineError } from '../gate/baseline.ts';
import type { KernelMeasurement } from './measure.ts';

export const KERNEL_BASELINE = join(BASELINE_FOLDER, 'kernels.json');
const SCHEMA_VERSION = 1;

export interface KernelBaseline {
  schemaVersion: number;
  timingVersion: number;
  /** Keyed by name and shape, `int8 64x64`. */
  kernels: Record<string, { cycles: number; codeBytes: number }>;
}

export interface KernelMove {
  kernel: string;
  /** Absent when there was none. */
  base?: number;
  /** Absent when it is gone. */
  head?: number;
}

export const kernelKey = ({ name, rows, columns }: KernelMeasurement): string => `${name} ${rows}x${columns}`;

export const toKernelBaseline = (measured: readonly KernelMeasurement[]): KernelBaseline => {
  const entries = measured.map((kernel): [string, { cycles: number; codeBytes: number }] => [
    kernelKey(kernel),
    { codeBytes: kernel.codeBytes, cycles: kernel.cycles },
  ]);
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    kernels: Object.fromEntries(entries),
    schemaVersion: SCHEMA_VERSION,
    timingVersion: TIMING_VERSION,
  };
};

/** @throws BaselineError when the file is there and is no baseline */
export const readKernelBaseline = (file = KERNEL_BASELINE): KernelBaseline | undefined => {
  if (!existsSync(file)) return undefined;
  let value: KernelBaseline;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new BaselineError(`${file} is no JSON: ${(error as Error).message}`);
  }
  if (value?.schemaVersion !== SCHEMA_VERSION || typeof value.kernels !== 'object' || value.kernels === null)
    throw new BaselineError(`${file} is not a kernel baseline of schema version ${SCHEMA_VERSION}`);
  return value;
};

export const writeKernelBaseline = (baseline: KernelBaseline, file = KERNEL_BASELINE): void => {
  mkdirSync(dirname(file), { recursive: true });
  const draft = `${file}.${process.pid}.tmp`;
  writeFileSync(draft, `${JSON.stringify(baseline, null, 2)}\n`);
  renameSync(draft, file);
};

/** Kernels whose cycles are not the baseline's. */
export const kernelMoves = (base: KernelBaseline | undefined, head: KernelBaseline): KernelMove[] => {
  const names = new Set([...Object.keys(base?.kernels ?? {}), ...Object.keys(head.kernels)]);
  return [...names]
    .map((kernel) => ({
      kernel,
      base: base?.kernels[kernel]?.cycles,
      head: head.kernels[kernel]?.cycles,
    }))
    .filter((move) => move.base !== move.head);
};
