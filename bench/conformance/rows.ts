/** Every row of the conformance table, in the order of printing. */
import type { ConformanceRow } from './row.ts';
import { exceptionRows } from './rows/exceptions.ts';
import { flashRows } from './rows/flash.ts';
import { instructionRows } from './rows/instructions.ts';
import { pairRows } from './rows/pairs.ts';
import { peripheralRows } from './rows/peripherals.ts';
import { publishedRows } from './rows/published.ts';
import { targetRows } from './rows/targets.ts';

export const conformanceRows: readonly ConformanceRow[] = [
  ...instructionRows,
  ...targetRows,
  ...exceptionRows,
  ...flashRows,
  ...peripheralRows,
  ...pairRows,
  ...publishedRows,
];
