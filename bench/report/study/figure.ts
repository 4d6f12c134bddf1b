/** A chart on the page, at two widths of which one is shown; and as a file of its own. */
import type { Chart, LegendEntry } from './chart.ts';
import { escapeHtml } from './html.ts';
import type { Drawing } from './plot.ts';
import { CHART_STYLE } from './style.ts';

const WIDE = 920;
const NARROW = 340;

export const figureOf = ({ plot, draw }: Drawing, chart: Chart): string => {
  const { id, caption, legend, options } = chart;
  const title = unbroken(chart.title);
  const svg = (kind: string, width: number) =>
    draw({ ...options(plot, width), ariaLabel: title }).replace('<svg ', `<svg data-kind="${kind}" `);
  return (
    `<figure id="${id}"><h3>${escapeHtml(title)}</h3>${legendHtml(legend)}` +
    `<div class="wide">${svg('wide', WIDE)}</div><div class="narrow">${svg('narrow', NARROW)}</div>` +
    `<figcaption>${escapeHtml(caption)}</figcaption></figure>`
  );
};

const legendHtml = (legend: readonly LegendEntry[]): string =>
  `<ul class="legend">${legend
    .map(
      ({ label, color, mark = 'dot' }) =>
        `<li><i class="${mark}" style="--mark:${color}"></i>${escapeHtml(label)}</li>`,
    )
    .join('')}</ul>`;

/** A number stays beside its percent sign. */
const unbroken = (text: string): string => text.replaceAll(' %', '\u00a0%');

const FILE_WIDTH = 860;
const PADDING = 20;
const TITLE_LINE = 20;
const LEGEND_LINE = 20;
/** Estimated for wide fonts: there is no browser to measure with. */
const LETTER = { title: 9.3, legend: 7.2 };

/** With title, legend and the colours of light and dark inside. */
export const chartFile = ({ plot, draw }: Drawing, { title: text, legend, options }: Chart): string => {
  const title = unbroken(text);
  const inner = FILE_WIDTH - 2 * PADDING;
  const lines = wrap(title, Math.floor(inner / LETTER.title));
  const legendTop = PADDING + TITLE_LINE * lines.length + 8;
  const { rows, height: legendHeight } = legendSvg(legend, inner, legendTop);
  const top = legendTop + legendHeight + 6;
  const drawn = options(plot, inner);
  const height = top + (drawn.height ?? 0) + PADDING;
  const svg = draw(drawn).replace('<svg ', `<svg x="${PADDING}" y="${top}" `);
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${FILE_WIDTH} ${height}" width="${FILE_WIDTH}" height="${height}" role="img" ` +
    `aria-label="${escapeHtml(title)}"><style>${CHART_STYLE}</style>` +
    `<rect width="${FILE_WIDTH}" height="${height}" rx="10" style="fill:var(--card)"/>` +
    lines
      .map(
        (line, i) =>
          `<text class="title" x="${PADDING}" y="${PADDING + 12 + TITLE_LINE * i}">${escapeHtml(line)}</text>`,
      )
      .join('') +
    `${rows}${svg}</svg>\n`
  );
};

const wrap = (text: string, letters: number): string[] => {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const line = lines.at(-1);
    if (line !== undefined && line.length + word.length < letters)
      lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines;
};

const legendSvg = (legend: readonly LegendEntry[], width: number, top: number) => {
  let [x, y] = [0, 0];
  const rows = legend.map(({ label, color, mark = 'dot' }) => {
    const advance = 16 + label.length * LETTER.legend + 14;
    if (x > 0 && x + advance > width) [x, y] = [0, y + LEGEND_LINE];
    const at = PADDING + x;
    const middle = top + y + LEGEND_LINE / 2;
    x += advance;
    const shape =
      mark === 'dot' || mark === 'ring'
        ? `<circle cx="${at + 5}" cy="${middle}" r="${mark === 'dot' ? 5 : 4}" style="${mark === 'dot' ? `fill:${color}` : `fill:none;stroke:${color};stroke-width:1.75`}"/>`
        : `<rect x="${at}" y="${middle - (mark === 'line' ? 1.5 : 5)}" width="12" height="${mark === 'line' ? 3 : 10}" rx="2" style="fill:${color}"/>`;
    return `${shape}<text class="legend" x="${at + 17}" y="${middle + 4}">${escapeHtml(label)}</text>`;
  });
  return { rows: rows.join(''), height: y + LEGEND_LINE };
};
