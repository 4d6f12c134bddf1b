import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BEGIN, END } from '../../../bench/report/study/markdown.ts';
import { renderPage } from '../../../bench/report/study/page.ts';
import { type Drawing, loadPlot } from '../../../bench/report/study/plot.ts';
import { chartFiles, writeReport } from '../../../bench/report/study/write.ts';
import { claimsOf } from '../../../bench/study/findings/claims.ts';
import { exampleResults, withRows, writeExample } from './example.ts';

const folder = mkdtempSync(join(tmpdir(), 'starmind-report-'));
const results = exampleResults();
let drawing: Drawing;
let page: string;
beforeAll(async () => {
  drawing = await loadPlot();
  page = renderPage(results, drawing);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const CHARTS = [
  'original-and-here',
  'speed-up',
  'factors',
  'ladders',
  'cost-model',
  'phases',
  'formats',
  'placement',
  'kv-cache',
  'quality-and-cycles',
  'quality-and-sram',
];

describe('the report', () => {
  it('is one page without anything from elsewhere', () => {
    const addresses = page.match(/\b(?:https?:)?\/\/[a-z][^\s"'<)]*/g) ?? [];
    expect(addresses.filter((address) => !address.includes('www.w3.org'))).toEqual([]);
    expect(page).not.toMatch(/<(?:link|script|img|iframe)[^>]+(?:src|href)="(?!data:,)/);
    expect(page).not.toMatch(/@import|url\(/);
  });

  it('has every chart at two widths, each with hover texts, and every row', () => {
    for (const id of CHARTS) expect(page).toContain(`<figure id="${id}">`);
    expect(page.match(/data-kind="wide"/g)).toHaveLength(CHARTS.length);
    expect(page.match(/data-kind="narrow"/g)).toHaveLength(CHARTS.length);
    expect(page.match(/<title>/g)!.length).toBeGreaterThan(300);
    const rows = Object.values(results.rows).flat();
    expect(page.match(/<tr data-experiment=/g)).toHaveLength(rows.length);
  });

  it('says what a model wrote as text, not as HTML', () => {
    expect(page).toContain('Once &lt;there&gt; was');
    expect(page).not.toContain('Once <there> was');
  });

  it('changes when a result changes: figures, sentences, charts and claims', () => {
    const doubled = withRows(results, 'published', (row) => ({ ...row, demoCycles: row.demoCycles * 2 }));
    const changed = withRows(doubled, 'counted', (row) => ({ ...row, demoCycles: row.demoCycles * 2 }));
    const other = renderPage(changed, drawing);
    const median = (html: string) =>
      /median (?<times>[\d,.]+) times as fast; their/.exec(html)!.groups!.times!;
    const ratio = Number(median(page).replace(',', '')) / Number(median(other).replace(',', ''));
    expect(ratio).toBeGreaterThan(1.8);
    const figure = (html: string, id: string) =>
      html.slice(html.indexOf(`<figure id="${id}">`)).split('</figure>')[0];
    expect(figure(other, 'original-and-here')).not.toBe(figure(page, 'original-and-here'));
    expect(figure(other, 'kv-cache')).toBe(figure(page, 'kv-cache'));
    const claims = (html: string) => html.slice(html.indexOf('id="claims-table"')).split('</table>')[0];
    expect(claims(other)).not.toBe(claims(page));
  });

  it('shows a shape that does not fit with its reason', () => {
    const [first] = results.rows.counted;
    const unfit = withRows(results, 'counted', (row) =>
      row.name === first!.name
        ? ({ ...row, status: 'does-not-fit', reason: 'too-big-for-sram: 300,000 bytes' } as never)
        : row,
    );
    expect(renderPage(unfit, drawing)).toContain('does-not-fit: too-big-for-sram: 300,000 bytes');
  });

  it('leaves out what there are no rows of', () => {
    const without = { ...results, rows: { ...results.rows, cache: [], cost: [] } };
    const other = renderPage(without, drawing);
    for (const id of ['kv-cache', 'quality-and-cycles']) expect(other).not.toContain(`<figure id="${id}">`);
    expect(other).toContain('<figure id="factors">');
  });

  it('is written from a folder of results, with its charts as files of both colour schemes', async () => {
    const from = join(folder, 'results');
    writeExample(from);
    const out = join(folder, 'report.html');
    const written = await writeReport({ results: from, out });
    expect(written.charts).toEqual(CHARTS.map((id) => `${id}.svg`));
    expect(readFileSync(out, 'utf8')).toBe(page);
    expect(readdirSync(written.folder).sort()).toEqual([...written.charts].sort());
    for (const [name, svg] of chartFiles(results, drawing)) {
      expect(readFileSync(join(written.folder, name), 'utf8')).toBe(svg);
      expect(svg).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" viewBox=/);
      expect(svg).toContain('prefers-color-scheme:dark');
      expect(svg).toContain('class="title"');
    }
  });

  it('writes the section of a README from the results, and nothing else of it', async () => {
    const from = join(folder, 'results');
    const readme = join(folder, 'README.md');
    const out = join(folder, 'report.html');
    writeFileSync(readme, `# Before\n${BEGIN}\noutdated figures\n${END}\nafter\n`);
    await writeReport({ results: from, out, readme });
    const text = readFileSync(readme, 'utf8');
    expect(text).toMatch(/^# Before\n<!-- study[^\n]*\n/);
    expect(text.endsWith(`\n${END}\nafter\n`)).toBe(true);
    expect(text).not.toContain('outdated');
    const images = [...text.matchAll(/!\[[^\]]+\]\(([^)]+)\)/g)].map(([, path]) => path!);
    expect(images.length).toBeGreaterThan(2);
    for (const image of images) expect(readFileSync(join(folder, image), 'utf8')).toContain('<svg');
    for (const { claim, verdict } of claimsOf(results)) {
      expect(text).toContain(`| ${claim} |`);
      expect(text).toContain(`**${verdict}** |`);
    }

    const bare = join(folder, 'bare.md');
    writeFileSync(bare, '# Nothing here\n');
    await expect(writeReport({ results: from, out, readme: bare })).rejects.toThrow(
      /has no section of the study/,
    );
  });
});
