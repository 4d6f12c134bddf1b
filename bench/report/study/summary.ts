/** The first screen: what the study found, in a sentence, some numbers, and which shape to take for a budget. */
import type { Claim } from '../../study/findings/claims.ts';
import { type Candidate, candidatesOf, pick } from '../../study/findings/frontier.ts';
import { comparePublished } from '../../study/findings/published.ts';
import { count, kilobytes, roughly } from '../../study/findings/text.ts';
import { measuredRows, type StudyResults } from '../../study/results.ts';
import { thousands } from '../format.ts';
import { escapeHtml } from './html.ts';

export const summaryOf = (results: StudyResults, claims: readonly Claim[]): string => {
  const published = comparePublished(results);
  const { held, judged } = tally(claims);
  const findings = [
    ...(published === undefined
      ? []
      : [`the same shapes run a median ${roughly(published.speedUp.median)} times as fast`]),
    ...(judged === 0
      ? []
      : [`${held} of the original’s ${count(judged, 'claim')} ${held === 1 ? 'holds' : 'hold'}`]),
  ].join(', and ');
  return (
    'The architecture study of the original Starmind, made again in C on an emulated RP2040 that counts every cycle' +
    `${findings === '' ? '' : `: ${findings}`}. Every figure and sentence here is computed from the committed results.`
  );
};

const tally = (claims: readonly Claim[]): { held: number; judged: number } => ({
  held: claims.filter(({ verdict }) => verdict === 'holds').length,
  judged: claims.filter(({ verdict }) => verdict !== 'not measured').length,
});

/** Number and what it is of. */
export const headline = (results: StudyResults, claims: readonly Claim[]): [string, string][] => {
  const rows = Object.values(results.rows).flat();
  const published = comparePublished(results);
  const { held, judged } = tally(claims);
  return [
    ...(published === undefined
      ? []
      : ([
          [
            `${roughly(published.speedUp.median)}×`,
            `as fast as the original, median of ${published.compared} shapes`,
          ],
          [published.rankCorrelation.toFixed(2), 'rank correlation with its speeds'],
        ] as [string, string][])),
    [`${held} of ${judged}`, 'of its claims hold'],
    [
      thousands(measuredRows(rows).length),
      `rows of ${thousands(rows.length)} measured, each exact to the cycle`,
    ],
    ...(results.trained.length === 0
      ? []
      : ([[String(results.trained.length), 'shapes really trained']] as [string, string][])),
  ];
};

const CLOCK_HZ = 125_000_000;

/** Questions that people have, as budgets. */
export const BUDGETS = [
  { text: 'The best text', budget: {} },
  { text: '500 tokens/s within 64 KB of SRAM', budget: { tokensPerSecond: 500, sramBytes: 64 * 1024 } },
  { text: '1,000 tokens/s', budget: { tokensPerSecond: 1000 } },
  { text: '3,000 tokens/s', budget: { tokensPerSecond: 3000 } },
];

/** The best trained shape for each of some budgets: what `starmind pick` answers. */
export const choicesOf = (results: StudyResults): { text: string; best: Candidate }[] => {
  const candidates = candidatesOf(results);
  return BUDGETS.flatMap(({ text, budget }) => {
    const [best] = pick(candidates, { ...budget, clockHz: CLOCK_HZ });
    return best === undefined ? [] : [{ text, best }];
  });
};

export const choiceText = ({ family, format, cores, row: { shape } }: Candidate): string =>
  `${family}, vocabulary ${shape.vocabulary}, dim ${shape.dim}, hidden ${shape.hidden}, ${count(shape.layers, 'layer')}; ${format}, ${count(cores, 'core')}`;

export const choicesPart = (results: StudyResults): string => {
  const choices = choicesOf(results);
  if (choices.length === 0) return '';
  const items = choices.map(
    ({ text, best }) =>
      `<li><span class="ask">${escapeHtml(text)}</span><span><b>${escapeHtml(choiceText(best))}</b>` +
      `<span class="muted">${best.bitsPerByte.toFixed(2)} bits per byte, ${roughly(CLOCK_HZ / best.slowestCycles)} tokens/s, ${kilobytes(best.sramBytes)} of SRAM</span></span></li>`,
  );
  return `<h2 class="ask-title">What to take</h2><ul id="choices">${items.join('')}</ul>`;
};
