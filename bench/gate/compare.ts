/** What moved between a baseline and a run; faster counts as moved too. What may move is said in limits.ts. */
import { PHASES } from '../link/index.ts';
import type { Baseline, TokenCost } from './baseline.ts';

/** `where` is for example `token 12` or `prompt token 3`; numbers are cycles. */
export type Finding =
  | { kind: 'other-token'; where: string; expected: number | undefined; got: number | undefined }
  | {
      kind: 'cycles';
      where: string;
      /** Key in the baseline, of a prompt token or of a token. */
      row: string;
      isPrompt: boolean;
      base: number;
      head: number;
      phases: PhaseChange[];
      allowed?: true;
    }
  | { kind: 'over-limit'; where: string; limit: number; head: number }
  | { kind: 'no-baseline' }
  | { kind: 'other-clock'; base: number; head: number };

export interface PhaseChange {
  phase: string;
  base: number;
  head: number;
}

/** All findings, other tokens first, then in the order of the tokens; none when everything is as it was. */
export const compareBaselines = (base: Baseline | undefined, head: Baseline): Finding[] => {
  if (base === undefined) return [{ kind: 'no-baseline' }];
  const findings: Finding[] = [];
  if (base.clockHz !== head.clockHz)
    findings.push({ kind: 'other-clock', base: base.clockHz, head: head.clockHz });
  for (const index of unionKeys(base.prefill, head.prefill)) {
    const [was, is] = [base.prefill[index], head.prefill[index]];
    if (was !== is) {
      findings.push({
        kind: 'cycles',
        where: `prompt token ${Number(index)}`,
        row: index,
        isPrompt: true,
        base: was ?? 0,
        head: is ?? 0,
        phases: [],
      });
    }
  }
  for (const index of unionKeys(base.tokens, head.tokens)) {
    findings.push(...compareToken(index, base.tokens[index], head.tokens[index]));
  }
  const isOther = ({ kind }: Finding) => kind === 'other-token';
  return [...findings.filter(isOther), ...findings.filter((finding) => !isOther(finding))];
};

const compareToken = (row: string, base: TokenCost | undefined, head: TokenCost | undefined): Finding[] => {
  const where = `token ${Number(row)}`;
  if (base?.token !== head?.token)
    return [{ kind: 'other-token', where, expected: base?.token, got: head?.token }];
  if (base === undefined || head === undefined) return [];
  const phases = PHASES.filter((phase) => base[phase] !== head[phase]).map((phase) => ({
    phase,
    base: base[phase],
    head: head[phase],
  }));
  if (phases.length === 0 && base.cycles === head.cycles) return [];
  return [{ kind: 'cycles', where, row, isPrompt: false, base: base.cycles, head: head.cycles, phases }];
};

const unionKeys = (a: object, b: object): string[] =>
  [...new Set([...Object.keys(a), ...Object.keys(b)])].sort((x, y) => Number(x) - Number(y));

export const isAllowed = (finding: Finding): boolean => finding.kind === 'cycles' && finding.allowed === true;

/** Which of firmware, model and timing table are not those of the baseline: the usual reason for findings. */
export const changedParts = (base: Baseline | undefined, head: Baseline): string[] => {
  if (base === undefined) return [];
  const parts: [string, boolean][] = [
    ['firmware', base.firmwareSha256 !== head.firmwareSha256],
    ['model', base.modelSha256 !== head.modelSha256],
    ['timing table', base.timingVersion !== head.timingVersion],
  ];
  return parts.filter(([, changed]) => changed).map(([part]) => part);
};
