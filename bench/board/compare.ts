/** The same scenario on emulator and board: tokens must be identical, cycles stand side by side. */
import { firstDifference } from '../gate/gate.ts';
import { PHASES, type Phase } from '../link/index.ts';
import { alignColumns, megahertz, thousands } from '../report/format.ts';
import { tokensPerSecond } from '../report/runReport.ts';
import { sum, sumColumns } from '../report/statistics.ts';
import type { ScenarioResult } from '../target/scenario.ts';

export const COMPARE_SCHEMA = 'starmind-board-compare/1';

export interface PhaseComparison {
  phase: Phase;
  /** Over all generated tokens. */
  emulatorCycles: number;
  boardCycles: number;
  /** Board against emulator, in percent of the emulator's; Infinity where that has none. */
  deviationPercent: number;
}

export interface Comparison {
  /** Index of the first token in which they differ; null when all are the same. */
  firstWrongToken: number | null;
  phases: PhaseComparison[];
  /** The same for all phases together. */
  total: Omit<PhaseComparison, 'phase'>;
  /** Prompt tokens but the last. */
  prefill: Omit<PhaseComparison, 'phase'>;
  emulator: SideFacts;
  board: SideFacts;
  tolerancePercent: number;
  /** Phases beyond the tolerance, the farthest off (in cycles) first. */
  deviating: Phase[];
  /** The first token whose cycles differ at all; null when none does. */
  firstDeviatingToken: number | null;
}

interface SideFacts {
  tokens: number[];
  clockHz: number;
  tokensPerSecond: number;
  timingVersion: string;
  firmwareSha256: string;
}

/** Both results must have been measured. */
export const compareResults = (
  emulator: ScenarioResult,
  board: ScenarioResult,
  tolerancePercent: number,
): Comparison => {
  const [e, b] = [emulator.measured!, board.measured!];
  const [es, bs] = [totals(e.phasesPerToken), totals(b.phasesPerToken)];
  const phases = PHASES.map((phase, i) => ({ phase, ...deviation(es[i]!, bs[i]!) }));
  const apart = ({ emulatorCycles, boardCycles }: PhaseComparison) => Math.abs(boardCycles - emulatorCycles);
  const deviating = phases
    .filter(({ deviationPercent }) => Math.abs(deviationPercent) > tolerancePercent)
    .sort((x, y) => apart(y) - apart(x))
    .map(({ phase }) => phase);
  return {
    firstWrongToken: firstDifference(emulator.tokens, board.tokens) ?? null,
    phases,
    total: deviation(sum(e.cyclesPerToken), sum(b.cyclesPerToken)),
    prefill: deviation(sum(e.prefillCycles), sum(b.prefillCycles)),
    emulator: facts(emulator),
    board: facts(board),
    tolerancePercent,
    deviating,
    firstDeviatingToken: firstDifference(e.cyclesPerToken, b.cyclesPerToken) ?? null,
  };
};

const totals = (phasesPerToken: readonly number[][]): number[] => sumColumns(phasesPerToken, PHASES.length);

const deviation = (emulatorCycles: number, boardCycles: number): Omit<PhaseComparison, 'phase'> => {
  const apart = boardCycles - emulatorCycles;
  const deviationPercent = apart === 0 ? 0 : (100 * apart) / emulatorCycles;
  return { emulatorCycles, boardCycles, deviationPercent };
};

const facts = ({ tokens, measured }: ScenarioResult): SideFacts => {
  const { clockHz, cyclesPerToken, timingVersion, firmwareSha256 } = measured!;
  return {
    tokens,
    clockHz,
    tokensPerSecond: tokensPerSecond(cyclesPerToken, clockHz),
    timingVersion,
    firmwareSha256,
  };
};

/** 1.234 as `+1.23 %`; what would round to nothing and is something shows its digits. */
const signedPercent = (value: number): string => {
  if (value === 0) return '0 %';
  if (!Number.isFinite(value)) return 'new';
  const digits = Math.abs(value) < 0.01 ? 4 : 2;
  return `${value > 0 ? '+' : ''}${value.toFixed(digits)} %`;
};

export const compareTable = (comparison: Comparison): string[] => {
  const { phases, total, prefill, emulator, board } = comparison;
  const count = Math.max(1, emulator.tokens.length);
  const line = (
    name: string,
    { emulatorCycles, boardCycles, deviationPercent }: typeof total,
    per = count,
  ) => [
    name,
    thousands(Math.round(emulatorCycles / per)),
    thousands(Math.round(boardCycles / per)),
    signedPercent(deviationPercent),
  ];
  const speed = (side: SideFacts) => thousands(Number(side.tokensPerSecond.toFixed(1)));
  return alignColumns(
    [
      ['cycles per token', 'emulator', 'board', 'deviation'],
      ...phases.map((phase) => line(phase.phase, phase)),
      line('all', total),
      ...(prefill.emulatorCycles > 0 ? [line('prompt, in all', prefill, 1)] : []),
      [
        'tokens per second',
        speed(emulator),
        speed(board),
        signedPercent(percentOf(board.tokensPerSecond, emulator.tokensPerSecond)),
      ],
      ['clock', megahertz(emulator.clockHz), megahertz(board.clockHz), ''],
    ],
    'lr',
    '   ',
  );
};

const percentOf = (value: number, base: number): number =>
  value === base ? 0 : (100 * (value - base)) / base;

/** What it comes to, a sentence a line; the last is the verdict. */
export const compareVerdict = (comparison: Comparison): string[] => {
  const { firstWrongToken, deviating, tolerancePercent, emulator, board, phases, firstDeviatingToken } =
    comparison;
  if (firstWrongToken !== null) {
    const [expected, got] = [emulator, board].map(({ tokens }) => tokens[firstWrongToken] ?? 'the end');
    return [`NOT identical: token ${firstWrongToken} is ${got} on the board, ${expected} on the emulator`];
  }
  const lines = [`identical tokens: ${board.tokens.length} of ${emulator.tokens.length}`];
  const worst = phases.find(({ phase }) => phase === deviating[0]);
  if (worst === undefined) {
    return [...lines, `cycles agree in every phase within ${tolerancePercent} %`];
  }
  const apart = worst.boardCycles - worst.emulatorCycles;
  const others = deviating.length === 1 ? '' : `; beyond the tolerance too: ${deviating.slice(1).join(', ')}`;
  return [
    ...lines,
    `DEVIATES in ${worst.phase}: ${signedPercent(worst.deviationPercent)}, ${apart > 0 ? '+' : ''}${thousands(apart)} cycles ` +
      `over ${board.tokens.length} tokens, first in token ${firstDeviatingToken}; tolerance ${tolerancePercent} %${others}`,
  ];
};

export const compareJson = (comparison: Comparison, model: string) => ({
  schema: COMPARE_SCHEMA,
  model,
  ...comparison,
});
