/** The conformance table for people. */
import { timingVersion } from '../../emulator/timing/calibration.ts';
import { alignColumns } from '../report/format.ts';
import type { ComparedRow, Conformance, Verdict } from './compare.ts';

const number = (value: number | null): string =>
  value === null ? '-' : Number.isInteger(value) ? String(value) : value.toFixed(3);

const signed = (value: number | null): string =>
  value === null ? '-' : value === 0 ? '0' : `${value > 0 ? '+' : ''}${number(value)}`;

const documentedText = ({ documented, approximate }: ComparedRow): string =>
  approximate ? `~${number(documented)}` : number(documented);

export function conformanceTable({ rows }: Conformance): string[] {
  const head = ['row', 'unit', 'predicted', 'measured', 'documented', 'deviation', '', 'source'];
  const body = rows.map((row) => [
    row.name,
    row.unit,
    number(row.expected),
    number(row.measured),
    documentedText(row),
    signed(row.deviation),
    row.confidence,
    row.source,
  ]);
  return alignColumns([head, ...body], 'llrrrrll');
}

/** Ends with the verdict. */
export function conformanceSummary({ target, rows, unknown }: Conformance): string[] {
  const count = (verdict: Verdict) => rows.filter((row) => row.verdict === verdict).length;
  const exact = rows.filter((row) => row.documented !== null && !row.approximate);
  const levels = (['H', 'M', 'L'] as const).map(
    (level) => `${rows.filter(({ confidence }) => confidence === level).length} ${level}`,
  );
  const lines = [
    `${rows.length} rows on ${target}, timing table version ${timingVersion()}; confidence ${levels.join(', ')}`,
    `${exact.length} with an exact documented value: ${exact.length - count('wrong') - missing(exact)} measure it, ${count('wrong')} do not`,
    `${count('near')} published figures differ as shown (another program, or a rounded figure)`,
  ];
  if (count('unpredicted') > 0)
    lines.push(`${count('unpredicted')} undocumented rows are not what the timing table predicts`);
  if (count('missing') > 0) lines.push(`${count('missing')} rows were not measured`);
  if (unknown.length > 0) lines.push(`The device also printed: ${unknown.join(', ')}`);
  return lines;
}

const missing = (rows: ComparedRow[]): number => rows.filter(({ verdict }) => verdict === 'missing').length;

/** The rows that make the command fail: with a document that says otherwise, or not measured. */
export function failures({ rows }: Conformance): ComparedRow[] {
  return rows.filter(({ verdict }) => verdict === 'wrong' || verdict === 'missing');
}
