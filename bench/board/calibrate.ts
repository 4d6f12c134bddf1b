/**
 * From a conformance table measured on a board to a timing file: each parameter that no document gives is solved from the
 * row that shows it.
 */
import { openRules, TIMING_FILE_SCHEMA, type TimingFile, whyNot } from '../../emulator/timing/calibration.ts';
import { TIMING_VERSION } from '../../emulator/timing/table.ts';
import type { ComparedRow, Conformance } from '../conformance/compare.ts';

/** The row's cycles rise by `times` for each of the parameter, and by as much as `with` says for each of others. */
interface Solution {
  parameter: string;
  row: string;
  /** @default 1 */
  times?: number;
  /** Parameters solved before it that are in the row too, with their factors. */
  with?: Record<string, number>;
}

/**
 * In order: a parameter stands after those in its `with`. dmaStart and dmaReadToWrite always come together; what is measured
 * of them goes to dmaStart.
 */
const SOLUTIONS: readonly Solution[] = [
  { parameter: 'wake', row: 'sleep.wfi-systick-wake' },
  { parameter: 'sioMultiple', row: 'sio.ldm-4', times: 4 },
  { parameter: 'svc', row: 'exception.svc-entry' },
  { parameter: 'exceptionReturn', row: 'exception.return-bx' },
  { parameter: 'tailChain', row: 'exception.tail-chain' },
  { parameter: 'xipRegister', row: 'xip-control.load' },
  { parameter: 'xipRegisterStore', row: 'xip-control.store' },
  { parameter: 'xipOverhead', row: 'xip.load-miss-div2' },
  { parameter: 'xipBypassOverhead', row: 'xip.load-bypass-div2' },
  { parameter: 'xipFlush', row: 'xip.flush', with: { xipRegister: 1 } },
  { parameter: 'xipStreamOverhead', row: 'xip.stream-word' },
  { parameter: 'dmaStart', row: 'dma.one-word', with: { wake: 1 } },
  { parameter: 'dmaChain', row: 'dma.one-word-chained-to-another', with: { wake: 1, dmaStart: 2 } },
  { parameter: 'dmaDreqLatency', row: 'published.pio-dma-dma-loop', with: { dmaStart: 1 } },
];

export interface Calibrated {
  name: string;
  row: string;
  /** What the table has. */
  before: number;
  /** What the board says, as it follows from the row: perhaps no whole number. */
  measured: number;
  /** What is written; null when the board's figure cannot be one. */
  value: number | null;
  /** Why it cannot, or how it is strange. */
  remark?: string;
}

export interface Calibration {
  parameters: Calibrated[];
  /** Open rules that no row shows; they keep the table's value. */
  unmeasured: string[];
}

/** @param measured the table of the board, compared with the rules that were in force */
export const calibrate = ({ rows }: Conformance): Calibration => {
  const byName = new Map(rows.map((row) => [row.name, row]));
  const changed = new Map<string, number>();
  const parameters: Calibrated[] = [];
  for (const solution of SOLUTIONS) {
    const one = solve(solution, byName.get(solution.row), changed);
    if (one === undefined) continue;
    changed.set(one.name, one.measured - one.before);
    parameters.push(one);
  }
  const solved = new Set(parameters.map(({ name }) => name));
  const unmeasured = openRules.filter(({ name }) => !solved.has(name)).map(({ name }) => name);
  return { parameters, unmeasured };
};

const solve = (
  { parameter, row: rowName, times = 1, with: others = {} }: Solution,
  row: ComparedRow | undefined,
  changed: ReadonlyMap<string, number>,
): Calibrated | undefined => {
  const rule = openRules.find(({ name }) => name === parameter);
  if (rule === undefined || row?.measured == null || row.expected === null) return undefined;
  const foreign = Object.entries(others).reduce(
    (all, [name, factor]) => all + factor * (changed.get(name) ?? 0),
    0,
  );
  const measured = rule.value + (row.measured - row.expected - foreign) / times;
  const value = Math.round(measured);
  const problem = whyNot(parameter, value);
  const highest = rule.range![1];
  const remark =
    problem ??
    (value > highest ? `above what was thought possible (${highest})` : undefined) ??
    (Math.abs(measured - value) > 0.05 ? `rounded from ${measured.toFixed(3)}` : undefined);
  return {
    name: parameter,
    row: rowName,
    before: rule.value,
    measured,
    value: problem === undefined ? value : null,
    ...(remark === undefined ? {} : { remark }),
  };
};

/** Where a calibration comes from. */
export interface CalibrationOrigin {
  /** What its giver says of the board. */
  board: string;
  origin: 'emulated' | 'silicon';
  clockHz: number;
}

/** A timing file, and beside the parameters everything that was measured, for whoever doubts them. */
export const timingFile = (
  { parameters, unmeasured }: Calibration,
  measured: Conformance,
  { board, origin, clockHz }: CalibrationOrigin,
): TimingFile & Record<string, unknown> => ({
  schema: TIMING_FILE_SCHEMA,
  timingVersion: TIMING_VERSION,
  origin,
  board,
  clockHz,
  parameters: Object.fromEntries(
    parameters
      .filter(({ value }) => value !== null)
      .map(({ name, value }): [string, number] => [name, value!])
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  ),
  remarks: Object.fromEntries(parameters.flatMap(({ name, remark }) => (remark ? [[name, remark]] : []))),
  unmeasured,
  rows: Object.fromEntries(measured.rows.map(({ name, measured: value }) => [name, value])),
});
