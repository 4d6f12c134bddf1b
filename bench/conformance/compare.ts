/** Predicted, measured and documented side by side. */
import { timingVersion } from '../../emulator/timing/calibration.ts';
import type { ConformanceRow } from './row.ts';
import { conformanceRows } from './rows.ts';
import type { DeviceTable } from './serial.ts';

export const CONFORMANCE_SCHEMA = 'starmind-conformance/1';

export interface ComparedRow extends ConformanceRow {
  /** Null when the device did not print the row. */
  measured: number | null;
  /** Repetitions of the measurement. */
  repetitions: number;
  /** Measured less documented, or less expected where no document gives a figure. */
  deviation: number | null;
  verdict: Verdict;
}

/**
 * `wrong`: a document gives an exact figure and this is another. `unpredicted`: no document does, and the timing table says
 * otherwise. `near`: published as "about" or with other code, and not the same.
 */
export type Verdict = 'exact' | 'wrong' | 'unpredicted' | 'near' | 'missing';

export interface Conformance {
  target: string;
  rows: ComparedRow[];
  /** Printed by the device and unknown here. */
  unknown: string[];
}

export function compare(target: string, table: DeviceTable): Conformance {
  const printed = new Map(table.rows.map((row) => [row.name, row]));
  const rows = conformanceRows.map((row): ComparedRow => {
    const device = printed.get(row.name);
    printed.delete(row.name);
    if (!device) return { ...row, measured: null, repetitions: 0, deviation: null, verdict: 'missing' };
    const measured = device.total / device.repetitions;
    const reference = row.documented ?? row.expected;
    const deviation = reference === null ? null : measured - reference;
    return { ...row, measured, repetitions: device.repetitions, deviation, verdict: judge(row, measured) };
  });
  return { target, rows, unknown: [...printed.keys()] };
}

function judge({ documented, approximate, expected }: ConformanceRow, measured: number): Verdict {
  if (documented !== null && !approximate) return measured === documented ? 'exact' : 'wrong';
  if (expected !== null && measured !== expected) return 'unpredicted';
  return approximate && measured !== documented ? 'near' : 'exact';
}

/** What `starmind conformance --json` prints. */
export function conformanceJson({ target, rows }: Conformance) {
  return {
    schema: CONFORMANCE_SCHEMA,
    timingVersion: timingVersion(),
    target,
    rows: rows.map(({ name, unit, repetitions, expected, measured, documented, deviation, ...rest }) => ({
      name,
      unit,
      repetitions,
      expected,
      measured,
      documented,
      deviation,
      verdict: rest.verdict,
      approximate: rest.approximate ?? false,
      confidence: rest.confidence,
      source: rest.source,
      note: rest.note ?? null,
    })),
  };
}
