/** The study's section of a README: charts, verdicts, and which shape to take, from the results alone. */
import { type Claim, claimsOf } from '../../study/findings/claims.ts';
import { costFitOf } from '../../study/findings/cost-fit.ts';
import { comparePublished } from '../../study/findings/published.ts';
import { count, kilobytes, roughly } from '../../study/findings/text.ts';
import { measuredRows, type StudyResults } from '../../study/results.ts';
import { percent, thousands } from '../format.ts';
import type { Chart } from './chart.ts';
import { chartsOf } from './charts/index.ts';
import { choicesOf, choiceText } from './summary.ts';

/** The lines that the section stands between. */
export const BEGIN = '<!-- study: written by starmind study report --readme -->';
export const END = '<!-- end of study -->';

/** Charts that a README shows; the others are in the report. */
const SHOWN = ['original-and-here', 'factors', 'formats', 'quality-and-cycles'];

/** @param charts where the charts' files are, from the README's folder */
export const studyMarkdown = (results: StudyResults, charts: string): string => {
  const claims = claimsOf(results);
  const shown = chartsOf(results).filter(({ id }) => SHOWN.includes(id));
  return [
    findings(results, claims),
    ...shown.map((chart) => image(chart, charts)),
    verdicts(claims),
    choices(results),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
};

const findings = (results: StudyResults, claims: readonly Claim[]): string => {
  const rows = Object.values(results.rows).flat();
  const published = comparePublished(results);
  const fit = costFitOf(results);
  const held = claims.filter(({ verdict }) => verdict === 'holds').length;
  const judged = claims.filter(({ verdict }) => verdict !== 'not measured').length;
  return [
    `${thousands(measuredRows(rows).length)} of ${count(rows.length, 'row')} are measured, each exact to the cycle.`,
    ...(published === undefined
      ? []
      : [
          `The ${published.compared} shapes whose speed the original published run ${roughly(published.speedUp.least)} to ${roughly(published.speedUp.most)} times as fast ` +
            `(median ${roughly(published.speedUp.median)}), with a rank correlation of ${published.rankCorrelation.toFixed(2)}.`,
        ]),
    ...(judged === 0 ? [] : [`${held} of ${count(judged, 'claim')} ${held === 1 ? 'holds' : 'hold'}.`]),
    ...(fit === undefined
      ? []
      : [
          `Operation counts predict the cycles of shapes held out of the fit within ${percent(fit.heldOut.p95, 1)} for 95 % of tokens.`,
        ]),
  ].join('\n');
};

const image = ({ id, title }: Chart, charts: string): string =>
  `![${title.replace(/[[\]]/g, '')}](${charts}/${id}.svg)`;

const verdicts = (claims: readonly Claim[]): string =>
  markdownTable(
    ['claim of the original', 'its figure', 'verdict'],
    claims.map(({ claim, original, verdict }) => [claim, original, `**${verdict}**`]),
  );

const choices = (results: StudyResults): string => {
  const rows = choicesOf(results).map(({ text, best }) => [
    text,
    choiceText(best),
    best.bitsPerByte.toFixed(2),
    roughly(best.row.clockHz / best.slowestCycles),
    kilobytes(best.sramBytes),
  ]);
  return rows.length === 0
    ? ''
    : markdownTable(['asked for', 'shape to take', 'bits/byte', 'tokens/s', 'SRAM'], rows);
};

const markdownTable = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

/**
 * A page with its section replaced.
 * @returns `undefined` when the page has no such section
 */
export const withSection = (page: string, section: string): string | undefined => {
  const [from, to] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (from < 0 || to < from) return undefined;
  return `${page.slice(0, from + BEGIN.length)}\n${section}\n${page.slice(to)}`;
};
