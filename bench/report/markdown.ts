/** Gate results as Markdown, for a job summary or a comment on a pull request. */
import type { Baseline } from '../gate/baseline.ts';
import { type GateResult, verdict } from '../gate/gate.ts';
import { thousands } from './format.ts';
import { gateLines, signed } from './gateReport.ts';
import { spread } from './statistics.ts';

const SYMBOLS = { same: '✅', moved: '⚠️', wrong: '❌' } as const;

/** Base, head, change and limit of each scenario's median and worst token, the findings of those that failed, and what was measured. */
export const gateMarkdown = (gates: readonly GateResult[]): string => {
  const failed = gates.filter((gate) => verdict(gate) !== 'same');
  const title =
    failed.length === 0 ? 'every cycle as in the baselines' : `${failed.length} of ${gates.length} moved`;
  const head = [
    '',
    'scenario',
    'base median',
    'head median',
    'change',
    'base worst',
    'head worst',
    'limit',
    'reference',
  ];
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
  lines.push('Cycles per token.', '', ...partLines(gates), '');
  return lines.join('\n');
};

/** Which firmware, timing rules and models the numbers are of; the models by scenario. */
const partLines = (gates: readonly GateResult[]): string[] => {
  const head = ['', 'base', 'head'];
  const rows = [
    part(gates, 'firmware', ({ firmwareSha256 }) => shortHash(firmwareSha256)),
    part(gates, 'timing rules', ({ timingVersion }) => `version ${timingVersion}`),
    ...gates.map((gate) =>
      part([gate], `model of ${gate.scenario.name}`, ({ modelSha256 }) => shortHash(modelSha256)),
    ),
  ];
  return [row(head), row(head.map(() => '---')), ...rows.map(row)];
};

const part = (gates: readonly GateResult[], name: string, read: (of: Baseline) => string): string[] => [
  name,
  ...(['base', 'head'] as const).map((side) => {
    const values = gates.flatMap((gate) => gate[side] ?? []).map(read);
    return values.length === 0 ? 'none' : [...new Set(values)].join(', ');
  }),
];

const shortHash = (sha256: string): string => `\`${sha256.slice(0, 12)}\``;

const cells = (gate: GateResult): string[] => {
  const { median, worst } = spread(gate.result.measured!.cyclesPerToken);
  const base = gate.base && spread(Object.values(gate.base.tokens).map(({ cycles }) => cycles));
  const { softPercent = 0, hardLimit } = gate.scenario;
  const limit = [
    `±${softPercent} %`,
    ...(hardLimit === undefined ? [] : [thousands(hardLimit)]),
    ...(gate.base?.limits === undefined ? [] : ['rows']),
  ].join(', ');
  return [
    SYMBOLS[verdict(gate)],
    gate.scenario.name,
    base === undefined ? 'none' : thousands(base.median),
    thousands(median),
    base === undefined ? '' : signed(median - base.median),
    base === undefined ? 'none' : thousands(base.worst),
    thousands(worst),
    limit,
    gate.firstWrongToken === undefined ? 'identical' : '**differs**',
  ];
};

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
