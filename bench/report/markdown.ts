/** Gate results as Markdown, for a job summary or a comment on a pull request. */
import { type GateResult, verdict } from '../gate/gate.ts';
import { thousands } from './format.ts';
import { gateLines, signed } from './gateReport.ts';
import { spread } from './statistics.ts';

const SYMBOLS = { same: '✅', moved: '⚠️', wrong: '❌' } as const;

/** Base, head, change and limit of each scenario's worst and median token, and the findings of those that failed. */
export const gateMarkdown = (gates: readonly GateResult[]): string => {
  const failed = gates.filter((gate) => verdict(gate) !== 'same');
  const title =
    failed.length === 0 ? 'every cycle as in the baselines' : `${failed.length} of ${gates.length} moved`;
  const head = ['', 'scenario', 'base median', 'head median', 'change', 'worst', 'limit', 'reference'];
  const lines = [
    `## starmind bench: ${title}`,
    '',
    row(head),
    row(head.map((cell) => (['', 'scenario', 'reference'].includes(cell) ? '---' : '---:'))),
    ...gates.map((gate) => row(cells(gate))),
    '',
  ];
  for (const gate of failed) {
    lines.push(`### ${gate.scenario.name}`, '', '```text', ...gateLines(gate), '```', '');
  }
  const measured = gates[0]?.result.measured;
  if (measured !== undefined)
    lines.push(
      `Firmware \`${measured.firmwareSha256.slice(0, 12)}\`, timing rules version ${measured.timingVersion}, cycles per token.`,
      '',
    );
  return lines.join('\n');
};

const cells = (gate: GateResult): string[] => {
  const { median, worst } = spread(gate.result.measured!.cyclesPerToken);
  const base = gate.base && spread(Object.values(gate.base.tokens).map(({ cycles }) => cycles));
  const { softPercent = 0, hardLimit } = gate.scenario;
  const limit = [`±${softPercent} %`, ...(hardLimit === undefined ? [] : [thousands(hardLimit)])].join(', ');
  return [
    SYMBOLS[verdict(gate)],
    gate.scenario.name,
    base === undefined ? 'none' : thousands(base.median),
    thousands(median),
    base === undefined ? '' : signed(median - base.median),
    thousands(worst),
    limit,
    gate.firstWrongToken === undefined ? 'identical' : '**differs**',
  ];
};

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
