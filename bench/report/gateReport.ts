/** A gate's findings as lines for people: which scenario, which token, which phase, by how many cycles. */
import type { Finding, PhaseChange } from '../gate/compare.ts';
import { type GateResult, verdict } from '../gate/gate.ts';
import { PHASES } from '../link/index.ts';
import { alignColumns, thousands } from './format.ts';
import { tokensPerSecond } from './runReport.ts';
import { spread, sum, sumColumns } from './statistics.ts';

const SHOWN = 5;

export const gateLines = (gate: GateResult): string[] => {
  const { scenario, firstWrongToken, findings, changed, result } = gate;
  const lines = [`${scenario.name}: ${headline(gate)}`];
  if (firstWrongToken !== undefined) {
    lines.push(
      `  token ${firstWrongToken} is ${result.tokens[firstWrongToken]} and not the host reference's`,
    );
  }
  // What happened to whole tokens says more than what happened to prompts, of which only the sums are known.
  const byDetail = [...findings].sort((a, b) => Number(isPromptToken(a)) - Number(isPromptToken(b)));
  lines.push(...byDetail.slice(0, SHOWN).map((finding) => `  ${describe(finding)}`));
  if (findings.length > SHOWN) lines.push(`  and ${findings.length - SHOWN} more`);
  lines.push(...functionLines(gate).map((line) => `  ${line}`));
  if (findings.length > 0 && changed.length > 0)
    lines.push(`  changed since the baseline: ${changed.join(', ')}`);
  return lines;
};

const isPromptToken = (finding: Finding): boolean => 'phases' in finding && finding.phases.length === 0;

/** Which functions moved over the whole run, and by how much. */
export const functionLines = ({ findings, functionChanges }: GateResult): string[] => {
  if (!findings.some(({ kind }) => kind === 'cycles')) return [];
  const lines = functionChanges
    .slice(0, SHOWN)
    .map(
      ({ phase, name, base, head }) =>
        `${phase}: ${name} ${signed(head - base)} over the run (${thousands(base)} -> ${thousands(head)})`,
    );
  const more = functionChanges.length - SHOWN;
  return more > 0 ? [...lines, `and ${more} more functions`] : lines;
};

export const headline = (gate: GateResult): string => {
  if (verdict(gate) === 'same' && gate.findings.length > 0)
    return `cycles moved by no more than ${allowance(gate)}`;
  if (verdict(gate) === 'same') return `${gate.result.tokens.length} tokens, every cycle as in the baseline`;
  if (verdict(gate) === 'wrong') return 'wrong tokens';
  if (gate.changed.includes('model')) return 'right tokens, but the baseline is of another model';
  if (gate.base === undefined) return 'no baseline';
  const total = (costs: object) => Object.values(costs).reduce((all, cost) => all + cost.cycles, 0);
  const change = signed(total(gate.head.tokens) - total(gate.base.tokens));
  return `cycles moved, ${change} over ${gate.result.tokens.length} tokens`;
};

const allowance = ({ scenario: { softPercent }, base }: GateResult): string =>
  base?.limits === undefined && softPercent !== undefined
    ? `the ${softPercent} % that are allowed`
    : 'what is allowed';

export const describe = (finding: Finding): string => {
  switch (finding.kind) {
    case 'no-baseline':
      return 'there is no baseline yet; accept this run with --update';
    case 'other-clock':
      return `clock was ${thousands(finding.base)} Hz, is ${thousands(finding.head)} Hz`;
    case 'other-token':
      return `${finding.where} was ${finding.expected ?? 'not there'}, is ${finding.got ?? 'not there'}`;
    case 'over-limit':
      return `${finding.where}: ${thousands(finding.head)} cycles, above the limit of ${thousands(finding.limit)}`;
    case 'cycles':
      return `${finding.where}: ${move(finding.base, finding.head)}${phaseMoves(finding.phases)}`;
  }
};

const move = (base: number, head: number): string =>
  `${thousands(base)} -> ${thousands(head)} (${signed(head - base)})`;

const phaseMoves = (phases: readonly PhaseChange[]): string =>
  phases.length === 0
    ? ''
    : `; ${phases.map(({ phase, base, head }) => `${phase} ${signed(head - base)}`).join(', ')}`;

export const signed = (value: number): string =>
  `${value < 0 ? '-' : '+'}${thousands(Math.abs(value))} cycles`;

/** Median, 95th percentile and worst cycles per token, speed and memory of each scenario. */
export const benchTable = (gates: readonly GateResult[]): string[] => {
  const head = [
    'scenario',
    'tokens',
    'median',
    'p95',
    'worst',
    'prefill',
    'tokens/s',
    'SRAM',
    'flash',
    'stack 0',
    'stack 1',
    'reference',
  ];
  const rows = gates.map(({ scenario, result, firstWrongToken }) => {
    const { cyclesPerToken, prefillCycles, clockHz, sramBytes, flashBytes, stackHighWater } =
      result.measured!;
    const { median, p95, worst } = spread(cyclesPerToken);
    const prefill = prefillCycles.length === 0 ? 0 : Math.round(sum(prefillCycles) / prefillCycles.length);
    const numbers = [result.tokens.length, median, p95, worst, prefill];
    return [
      scenario.name,
      ...numbers.map(thousands),
      tokensPerSecond(cyclesPerToken, clockHz).toFixed(1),
      ...[sramBytes, flashBytes, ...stackBytes(stackHighWater)].map(thousands),
      firstWrongToken === undefined ? 'identical' : 'DIFFERS',
    ];
  });
  return alignColumns([head, ...rows], 'lrrrrrrrrrrl');
};

const stackBytes = (highWater: readonly number[] | undefined): [number, number] => [
  highWater?.[0] ?? 0,
  highWater?.[1] ?? 0,
];

export const BENCH_SCHEMA = 'starmind-bench/1';

/** What `starmind bench --json` prints. */
export const benchJson = (gates: readonly GateResult[]) => ({
  schema: BENCH_SCHEMA,
  scenarios: gates.map((gate) => {
    const { measured, promptTokens } = gate.result;
    const { cyclesPerToken, phasesPerToken, prefillCycles, clockHz, timingVersion, firmwareSha256 } =
      measured!;
    const totals = sumColumns(phasesPerToken, PHASES.length);
    return {
      name: gate.scenario.name,
      model: gate.scenario.model,
      format: gate.scenario.format ?? 'int8',
      placement: gate.scenario.placement ?? 'pinned',
      cores: gate.scenario.cores ?? measured!.cores ?? null,
      clockHz,
      /** Position of the first generated token. */
      position: promptTokens.length,
      cyclesPerToken: spread(cyclesPerToken),
      prefillCyclesPerToken: spread(prefillCycles),
      tokensPerSecond: tokensPerSecond(cyclesPerToken, clockHz),
      sramBytes: measured!.sramBytes,
      flashBytes: measured!.flashBytes,
      stackHighWaterBytes: stackBytes(measured!.stackHighWater),
      phases: Object.fromEntries(PHASES.map((phase, i) => [phase, totals[i]!])),
      identicalToReference: gate.firstWrongToken === undefined,
      verdict: verdict(gate),
      findings: gate.findings,
      functionChanges: gate.functionChanges,
      timingVersion,
      firmwareSha256,
      modelSha256: gate.head.modelSha256,
    };
  }),
});
