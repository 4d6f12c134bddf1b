/** The report: one page with everything inside, computed from the results and nothing else. */
import { EXPERIMENTS } from '../../study/experiments.ts';
import { type Claim, claimsOf } from '../../study/findings/claims.ts';
import { costFitOf } from '../../study/findings/cost-fit.ts';
import { factorLosses } from '../../study/findings/factors.ts';
import { candidatesOf } from '../../study/findings/frontier.ts';
import { fitLines } from '../../study/fit-report.ts';
import type { StudyResults } from '../../study/results.ts';
import type { Chart } from './chart.ts';
import { chartsOf } from './charts/index.ts';
import { figureOf } from './figure.ts';
import { escapeHtml } from './html.ts';
import type { Drawing } from './plot.ts';
import { PAGE_SCRIPT } from './script.ts';
import { PAGE_STYLE } from './style.ts';
import { choicesPart, headline, summaryOf } from './summary.ts';
import { claimsTable, lossTable, rowsOf, rowsTable, trainedTable } from './tables.ts';

/** Sections in order, and the charts of each. */
const SECTIONS: { id: string; title: string; charts: string[] }[] = [
  { id: 'original', title: 'Beside the original', charts: ['original-and-here', 'speed-up'] },
  { id: 'five-factors', title: 'The five factors', charts: ['factors', 'ladders', 'cost-model'] },
  { id: 'chip', title: 'Where the cycles go', charts: ['phases', 'formats', 'placement', 'kv-cache'] },
  { id: 'quality', title: 'Quality for the cycles', charts: ['quality-and-cycles', 'quality-and-sram'] },
];

export const renderPage = (results: StudyResults, drawing: Drawing): string => {
  const charts = chartsOf(results);
  const claims = claimsOf(results);
  const sections = SECTIONS.map(({ id, title, charts: ids }) => {
    const own = charts.filter((chart) => ids.includes(chart.id));
    const extra = extraOf(id, results);
    return own.length === 0 && extra === '' ? '' : section(id, title, figures(drawing, own) + extra);
  });
  return [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">',
    '<title>Starmind Pico: the architecture study</title>',
    // Without it a browser asks the server for an icon.
    '<link rel="icon" href="data:,">',
    `<style>${PAGE_STYLE}</style></head><body>`,
    header(results, claims),
    '<main>',
    section('claims', 'What was claimed, and what is measured', claimsPart(claims)),
    ...sections,
    section('rows', 'Every row', rowsPart(results)),
    '</main>',
    footer(results),
    '<div id="tip" role="status"></div>',
    `<script>${PAGE_SCRIPT}</script></body></html>\n`,
  ].join('\n');
};

const section = (id: string, title: string, content: string): string =>
  `<section id="${id}"><h2>${escapeHtml(title)}</h2>${content}</section>`;

const figures = (drawing: Drawing, charts: readonly Chart[]): string =>
  charts.map((chart) => figureOf(drawing, chart)).join('\n');

const header = (results: StudyResults, claims: readonly Claim[]): string => {
  const links = [
    ['claims', 'Claims'],
    ...SECTIONS.map(({ id, title }) => [id, title]),
    ['rows', 'Every row'],
  ];
  return (
    '<header><h1>Which tiny transformer should a $4 chip run?</h1>' +
    `<p class="lead">${escapeHtml(summaryOf(results, claims))}</p>` +
    `<div class="figures">${headline(results, claims)
      .map(([number, text]) => `<div><b>${escapeHtml(number)}</b><span>${escapeHtml(text)}</span></div>`)
      .join('')}</div>${choicesPart(results)}` +
    `<nav>${links.map(([id, title]) => `<a href="#${id}">${escapeHtml(title!)}</a>`).join('')}</nav></header>`
  );
};

const claimsPart = (claims: readonly Claim[]): string =>
  '<p class="muted">“Holds” is said of the firmware here. What does not hold here but in the original’s own data “does not hold in C”; ' +
  'what not even these show “never held”. Where a better implementation leaves a range upwards, the figure no longer holds either.</p>' +
  `<div class="scroll">${claimsTable(claims)}</div>`;

const extraOf = (id: string, results: StudyResults): string => {
  if (id === 'five-factors') {
    if (factorLosses(results.rows.ladders).length === 0) return '';
    return `<h3>Speed lost at every step</h3><div class="scroll">${lossTable(results)}</div>${costModelPart(results)}`;
  }
  if (id === 'quality') {
    const candidates = candidatesOf(results).filter(({ format, cores }) => format === 'int8' && cores === 2);
    if (candidates.length === 0) return '';
    candidates.sort((a, b) => a.bitsPerByte - b.bitsPerByte);
    return (
      `<p class="muted">Ask for a budget: <code>starmind pick --tokens-per-second 500 --sram 64K</code>.</p>` +
      `<div class="scroll tall">${trainedTable(candidates)}</div>`
    );
  }
  return '';
};

const costModelPart = (results: StudyResults): string => {
  const fit = costFitOf(results);
  if (fit === undefined) return '';
  return `<details><summary class="muted">Coefficients of the cost model</summary><div class="scroll"><pre>${escapeHtml(fitLines(fit).join('\n'))}</pre></div></details>`;
};

const rowsPart = (results: StudyResults): string => {
  const listed = rowsOf(results);
  const present = [...new Set(listed.map(({ experiment }) => experiment))];
  const options = present.map(
    (name) => `<option value="${name}">${escapeHtml(`${name}: ${EXPERIMENTS[name].what}`)}</option>`,
  );
  return (
    '<div class="controls"><input id="search" type="search" placeholder="Find: chat-10k, does-not-fit, …" aria-label="Find rows">' +
    `<select id="experiment" aria-label="Experiment"><option value="">all experiments</option>${options.join('')}</select>` +
    `<output id="shown"></output></div><div class="scroll tall">${rowsTable(listed)}</div>`
  );
};

const footer = ({ firmwareSha256, timingVersion }: StudyResults): string =>
  `<footer><p>Firmware <code>${escapeHtml(firmwareSha256.slice(0, 16))}</code>, timing rules ${escapeHtml(timingVersion)}, 125 MHz; int8 and two cores ` +
  'where nothing else is said. Weights of the speed rows are random, seeded by name: timing hardly depends on them. ' +
  'Make it again: <code>starmind study reproduce --fresh</code>, then <code>starmind study report</code>.</p></footer>';
