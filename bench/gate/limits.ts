/**
 * How far costs may be from a baseline. Zero, unless something says otherwise: a scenario for all its tokens, or the baseline itself
 * for one row of it (a prompt token, a token, or a phase of every token).
 */
import { PHASES } from '../link/index.ts';
import type { Baseline, TokenCost } from './baseline.ts';
import type { Finding, PhaseChange } from './compare.ts';

/** `softPercent` of the baseline's value, up or down, and `hardLimit` cycles whatever the baseline says. */
export interface Limits {
  softPercent?: number;
  hardLimit?: number;
}

/** Limits of single rows, keyed as the rows are: `001`, or the name of a phase. Written by hand, kept by `--update`. */
export interface RowLimits {
  prefill?: Record<string, Limits>;
  tokens?: Record<string, Limits>;
  phases?: Record<string, Limits>;
}

export const isRowLimits = (value: unknown): boolean =>
  isObject(value) &&
  Object.entries(value).every(
    ([group, rows]) =>
      ['prefill', 'tokens', 'phases'].includes(group) &&
      isObject(rows) &&
      Object.entries(rows).every(([row, limits]) => isRow(group, row) && isLimits(limits)),
  );

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

const isRow = (group: string, row: string): boolean =>
  group === 'phases' ? (PHASES as readonly string[]).includes(row) : /^\d{3,}$/.test(row);

const isLimits = (value: unknown): boolean =>
  isObject(value) &&
  Object.entries(value).every(
    ([name, limit]) => ['softPercent', 'hardLimit'].includes(name) && typeof limit === 'number' && limit >= 0,
  );

/** Marks changes that a soft limit allows, and adds costs above a hard one. A row's own limits take the place of the scenario's. */
export const applyLimits = (
  findings: readonly Finding[],
  head: Baseline,
  scenario: Limits,
  rows: RowLimits = {},
): Finding[] => {
  const ofPrompt = (row: string): Limits => ({ ...scenario, hardLimit: undefined, ...rows.prefill?.[row] });
  const ofToken = (row: string): Limits => ({ ...scenario, ...rows.tokens?.[row] });
  const marked = findings.map((finding): Finding => {
    if (finding.kind !== 'cycles') return finding;
    const { row, isPrompt } = finding;
    const { softPercent = 0 } = isPrompt ? ofPrompt(row) : ofToken(row);
    const isAllowed = isSmall(finding, softPercent) || phasesAllow(finding.phases, rows.phases);
    return isAllowed ? { ...finding, allowed: true } : finding;
  });
  return [
    ...marked,
    ...Object.entries(head.prefill).flatMap(([row, cycles]) =>
      above(`prompt token ${Number(row)}`, cycles, ofPrompt(row)),
    ),
    ...Object.entries(head.tokens).flatMap(([row, cost]) => [
      ...above(`token ${Number(row)}`, cost.cycles, ofToken(row)),
      ...phasesAbove(`token ${Number(row)}`, cost, rows.phases),
    ]),
  ];
};

const isSmall = ({ base, head }: { base: number; head: number }, softPercent: number): boolean =>
  base > 0 && Math.abs(head - base) * 100 <= softPercent * base;

/** A token whose changes are all in phases that may change by so much. */
const phasesAllow = (phases: readonly PhaseChange[], limits: RowLimits['phases'] = {}): boolean =>
  phases.length > 0 && phases.every((change) => isSmall(change, limits[change.phase]?.softPercent ?? 0));

const above = (where: string, head: number, { hardLimit }: Limits): Finding[] =>
  hardLimit !== undefined && head > hardLimit ? [{ kind: 'over-limit', where, limit: hardLimit, head }] : [];

const phasesAbove = (where: string, cost: TokenCost, limits: RowLimits['phases'] = {}): Finding[] =>
  PHASES.flatMap((phase) => above(`${where}, ${phase}`, cost[phase], limits[phase] ?? {}));
