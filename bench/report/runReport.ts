/** A run as one JSON object for machines and as one summary for people. */
import { firstDifference } from '../gate/gate.ts';
import { PHASES, type Phase } from '../link/index.ts';
import type { LoadedModel } from '../target/model.ts';
import type { ScenarioResult, TargetName } from '../target/scenario.ts';
import { alignColumns, bar, megahertz, percent, thousands } from './format.ts';
import { spread, sum, sumColumns } from './statistics.ts';

export const RUN_SCHEMA = 'starmind-run/1';

const SRAM_BYTES = 264 * 1024;
const BAR_WIDTH = 30;

/** What `starmind run --json` prints. Fields that the target cannot measure are null or empty. */
export interface RunReport {
  schema: typeof RUN_SCHEMA;
  target: TargetName;
  model: string;
  /** Weight format. */
  format: string;
  /** Where the weights lie: sram, pinned, streamed or xip. */
  placement: string;
  tokens: number[];
  text: string;
  /** Why the run ended. */
  reason: string;
  cyclesPerToken: number[];
  /** Cycles of all generated tokens by phase; null on targets without cycles. */
  phases: Record<Phase, number> | null;
  clockHz: number | null;
  tokensPerSecond: number | null;
  /** Null on the host: it is the reference. */
  identicalToReference: boolean | null;
  sramBytes: number | null;
  flashBytes: number | null;
  timingVersion: string | null;
  firmwareSha256: string | null;
  modelSha256: string;
}

export const runReport = (
  model: LoadedModel,
  result: ScenarioResult,
  reference?: ScenarioResult,
): RunReport => {
  const { measured: m } = result;
  return {
    schema: RUN_SCHEMA,
    target: result.target,
    model: model.name,
    format: model.format,
    placement: model.placement,
    tokens: result.tokens,
    text: model.decode([...result.promptTokens, ...result.tokens]),
    reason: result.reason,
    cyclesPerToken: m?.cyclesPerToken ?? [],
    phases: m ? (Object.fromEntries(phaseTotals(m.phasesPerToken)) as Record<Phase, number>) : null,
    clockHz: m?.clockHz ?? null,
    tokensPerSecond: m ? tokensPerSecond(m.cyclesPerToken, m.clockHz) : null,
    identicalToReference: reference ? firstDifference(reference.tokens, result.tokens) === undefined : null,
    sramBytes: m?.sramBytes ?? null,
    flashBytes: m?.flashBytes ?? null,
    timingVersion: m?.timingVersion ?? null,
    firmwareSha256: m?.firmwareSha256 ?? null,
    modelSha256: model.sha256,
  };
};

/** Tokens per second of device time while it generates; 0 when there are none. */
export const tokensPerSecond = (cyclesPerToken: readonly number[], clockHz: number): number => {
  const cycles = sum(cyclesPerToken);
  return cycles === 0 ? 0 : (cyclesPerToken.length * clockHz) / cycles;
};

const phaseTotals = (phasesPerToken: readonly number[][]): [Phase, number][] => {
  const totals = sumColumns(phasesPerToken, PHASES.length);
  return PHASES.map((phase, i) => [phase, totals[i]!]);
};

/** The summary under a story, one line an element. */
export const runSummary = (
  model: LoadedModel,
  result: ScenarioResult,
  reference?: ScenarioResult,
): string[] => {
  const { measured: m, tokens } = result;
  const facts: string[][] = [
    ['model', `${model.name}: ${model.family}, ${thousands(model.parameters)} parameters, ${model.format}`],
  ];
  if (m !== undefined) {
    facts.push([
      'SRAM',
      `${thousands(m.sramBytes)} of ${thousands(SRAM_BYTES)} bytes, ${percent(m.sramBytes, SRAM_BYTES)}`,
    ]);
    facts.push([
      'flash',
      `${thousands(m.flashBytes)} of ${thousands(model.flashBytes)} bytes, ${percent(m.flashBytes, model.flashBytes)}`,
    ]);
  }
  if (m !== undefined && tokens.length > 0) {
    const { median, p95, worst } = spread(m.cyclesPerToken);
    facts.push([
      'cycles per token',
      `${thousands(median)} median, ${thousands(p95)} 95th percentile, ${thousands(worst)} worst`,
    ]);
    const speed = tokensPerSecond(m.cyclesPerToken, m.clockHz);
    facts.push(['tokens per second', `${thousands(Number(speed.toFixed(1)))} at ${megahertz(m.clockHz)}`]);
  }
  const lines = alignColumns(facts, 'l', '   ');
  if (m !== undefined && tokens.length > 0) lines.push('', ...phaseLines(m.phasesPerToken));
  if (reference !== undefined) lines.push('', agreement(result, reference));
  return lines;
};

const phaseLines = (phasesPerToken: readonly number[][]): string[] => {
  const totals = phaseTotals(phasesPerToken);
  const whole = sum(totals.map(([, cycles]) => cycles));
  const largest = Math.max(...totals.map(([, cycles]) => cycles));
  const rows = totals.map(([phase, cycles]) => [
    phase,
    thousands(Math.round(cycles / phasesPerToken.length)),
    percent(cycles, whole),
    bar(cycles / largest, BAR_WIDTH),
  ]);
  return alignColumns([['phase', 'cycles per token', 'share', ''], ...rows], 'lrrl', '   ');
};

const agreement = (result: ScenarioResult, reference: ScenarioResult): string => {
  const { length } = result.tokens;
  const wrong = firstDifference(reference.tokens, result.tokens);
  if (wrong === undefined) return `identical to the host reference: ${length} of ${length} tokens`;
  const [expected, got] = [reference.tokens[wrong] ?? 'the end', result.tokens[wrong] ?? 'the end'];
  return `NOT identical to the host reference: token ${wrong} is ${got}, the reference has ${expected}`;
};
