/** The tables of the page: claims, losses of the factors, trained shapes, and every row there is. */

import { EXPERIMENT_NAMES, type ExperimentName } from '../../study/experiments.ts';
import type { Claim, Verdict } from '../../study/findings/claims.ts';
import { FACTORS, type FactorStep, factorLosses } from '../../study/findings/factors.ts';
import type { Candidate } from '../../study/findings/frontier.ts';
import { meanCycles, tokensPerSecond } from '../../study/findings/metrics.ts';
import { percentText } from '../../study/findings/text.ts';
import type { StudyResults } from '../../study/results.ts';
import type { StudyRow } from '../../study/row.ts';
import { thousands } from '../format.ts';
import { type Column, escapeHtml, table } from './html.ts';

const VERDICT_CLASS: Record<Verdict, string> = {
  holds: 'holds',
  'does not hold in C': 'not',
  'never held': 'never',
  'not measured': 'none',
};

export const claimsTable = (claims: readonly Claim[]): string =>
  table('claims-table', claims, [
    { title: 'Claim', cell: ({ claim }) => claim },
    {
      title: 'Original',
      html: true,
      cell: ({ original, source }) => `${escapeHtml(original)}<small>${escapeHtml(source)}</small>`,
    },
    { title: 'Measured here', cell: ({ measured }) => measured },
    {
      title: 'Verdict',
      html: true,
      cell: ({ verdict }) => `<span class="verdict ${VERDICT_CLASS[verdict]}">${verdict}</span>`,
    },
  ]);

/** A line for each factor and base point; heads twice, as they are and as the original ignores them. */
export const lossTable = ({ rows: { ladders } }: StudyResults): string => {
  const ignored = factorLosses(ladders, 'one').filter(({ factor }) => factor === 'heads');
  const losses = [
    ...factorLosses(ladders).map((loss) => ({ ...loss, title: FACTORS[loss.factor]!.title })),
    ...ignored.map((loss) => ({ ...loss, title: 'Heads, ignored' })),
  ];
  const lines = losses.flatMap(({ title, unit, steps }) =>
    [...new Set(steps.map(({ base }) => base))].map((base) => ({
      title,
      unit,
      base,
      steps: steps.filter((step) => step.base === base),
    })),
  );
  type Line = (typeof lines)[number];
  const mean = ({ steps }: Line) => steps.reduce((sum, { loss }) => sum + loss, 0) / steps.length;
  const stepText = ({ from, to, loss, inSram }: FactorStep) =>
    `${from}→${to}: ${percentText(loss)}${inSram ? '' : ' (flash)'}`;
  return table('losses-table', lines, [
    { title: 'Factor', cell: ({ title }: Line) => title },
    { title: 'Base point', cell: ({ base }: Line) => base },
    { title: 'Mean loss', cell: (line: Line) => `${percentText(mean(line))} per ${line.unit}`, value: mean },
    { title: 'Step by step', cell: ({ steps }: Line) => steps.map(stepText).join('  ·  ') },
  ]);
};

export const trainedTable = (candidates: readonly Candidate[]): string => {
  const number = (
    title: string,
    value: (candidate: Candidate) => number,
    text: (value: number) => string = (v) => thousands(Math.round(v)),
  ): Column<Candidate> => ({ title, value, cell: (candidate) => text(value(candidate)) });
  const fixed = (value: number) => value.toFixed(3);
  return table('trained-table', candidates, [
    { title: 'Shape', cell: ({ name }) => name },
    number('Parameters', ({ parameters }) => parameters),
    number('Bits/byte, int8', ({ bitsPerByte }) => bitsPerByte, fixed),
    number('float', ({ trained }) => trained.bitsPerByte.float, fixed),
    number('int4g32', ({ trained }) => trained.bitsPerByte.int4g32, fixed),
    number('int4', ({ trained }) => trained.bitsPerByte.int4, fixed),
    number('Cycles/token', ({ cyclesPerToken }) => cyclesPerToken),
    number('Cycles/byte', ({ cyclesPerByte }) => cyclesPerByte),
    number('Tokens/s', ({ row }) => tokensPerSecond(row)),
    number('SRAM', ({ sramBytes }) => sramBytes),
    number('Flash', ({ flashBytes }) => flashBytes),
    { title: 'What it writes', cell: ({ trained }) => trained.sample },
  ]);
};

interface Listed {
  experiment: ExperimentName;
  row: StudyRow;
}

export const rowsOf = ({ rows }: StudyResults): Listed[] =>
  EXPERIMENT_NAMES.flatMap((experiment) => rows[experiment].map((row) => ({ experiment, row })));

export const rowsTable = (listed: readonly Listed[]): string => {
  const shape = (
    title: string,
    key: 'vocabulary' | 'dim' | 'hidden' | 'layers' | 'heads',
    help: string,
  ): Column<Listed> => ({
    title,
    help,
    value: ({ row }) => row.shape[key],
    cell: ({ row }) => String(row.shape[key]),
  });
  const measured = (
    title: string,
    help: string,
    value: (row: StudyRow & { status: 'ok' }) => number | undefined,
    digits = 0,
  ): Column<Listed> => {
    const of = ({ row }: Listed) => (row.status === 'ok' ? value(row) : undefined);
    const cell = (one: Listed) => {
      const found = of(one);
      return found === undefined ? '' : thousands(Number(found.toFixed(digits)));
    };
    return { title, help, value: of, cell };
  };
  return table(
    'rows-table',
    listed,
    [
      { title: 'Name', cell: ({ row }) => row.name },
      measured('Tokens/s', 'at 125 MHz, mean over the context', tokensPerSecond),
      {
        title: 'Original',
        help: 'tokens per second that the original published',
        value: ({ row }) => row.published?.tokensPerSecond,
        cell: ({ row }) => row.published?.tokensPerSecond.toFixed(1) ?? '',
      },
      measured('Cycles/token', 'mean over the context', meanCycles),
      shape('V', 'vocabulary', 'vocabulary'),
      shape('D', 'dim', 'dimension'),
      shape('H', 'hidden', 'hidden size of the feed-forward layer'),
      shape('L', 'layers', 'layers'),
      shape('A', 'heads', 'heads that are really used'),
      { title: 'Format', cell: ({ row }) => settingText(row) },
      measured('Prefill', 'cycles of the first prompt token', ({ prefillCycles }) => prefillCycles[0]),
      measured('SRAM', 'bytes in use, firmware and model', ({ sramBytes }) => sramBytes),
      measured('Flash', 'bytes in use, firmware and model', ({ flashBytes }) => flashBytes),
      { title: 'Set', cell: ({ row }) => row.set },
      {
        title: 'Status',
        cell: ({ row }) => (row.reason === null ? row.status : `${row.status}: ${row.reason}`),
      },
    ],
    ({ experiment }) => ` data-experiment="${experiment}"`,
  );
};

const settingText = ({ settings }: StudyRow): string =>
  settings === undefined ? '' : Object.values(settings).join(' ');
