/** The kernels as a table for people and as JSON for programs. */
import { timingVersion } from '../../emulator/timing/calibration.ts';
import type { KernelMove } from '../kernels/baseline.ts';
import type { KernelMeasurement } from '../kernels/measure.ts';
import { alignColumns, thousands } from './format.ts';

export const KERNELS_SCHEMA = 'starmind-kernels/1';

const rounded = (value: number): number => Number(value.toFixed(4));

/** What `starmind kernels --json` prints. */
export const kernelsJson = (kernels: readonly KernelMeasurement[]) => ({
  schema: KERNELS_SCHEMA,
  timingVersion: timingVersion(),
  kernels: kernels.map((kernel) => ({
    ...kernel,
    cyclesPerMac: rounded(kernel.cyclesPerMac),
    floor: rounded(kernel.floor),
    bytesPerWeight: rounded(kernel.bytesPerWeight),
  })),
});

export const kernelTable = (kernels: readonly KernelMeasurement[]): string[] => {
  const head = ['kernel', 'bits', 'shape', 'cycles', 'per MAC', 'floor', 'bytes/weight', 'code'];
  const rows = kernels.map((kernel) => [
    kernel.name,
    kernel.weightBits === 0 ? '-' : String(kernel.weightBits),
    `${kernel.rows} x ${kernel.columns}`,
    thousands(kernel.cycles),
    kernel.cyclesPerMac.toFixed(2),
    kernel.floor.toFixed(2),
    kernel.bytesPerWeight === 0 ? '-' : kernel.bytesPerWeight.toFixed(3),
    thousands(kernel.codeBytes),
  ]);
  return alignColumns([head, ...rows], 'lrrrrrrr');
};

export const kernelMoveLines = (moves: readonly KernelMove[]): string[] =>
  moves.map(({ kernel, base, head }) => {
    const of = (cycles: number | undefined) => (cycles === undefined ? 'not there' : thousands(cycles));
    return `${kernel}: ${of(base)} -> ${of(head)} cycles`;
  });
