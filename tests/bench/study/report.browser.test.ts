/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
/** The report in a real browser: Chromium without a head, where one is installed. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { renderPage } from '../../../bench/report/study/page.ts';
import { type Drawing, loadPlot } from '../../../bench/report/study/plot.ts';
import { chartFiles } from '../../../bench/report/study/write.ts';
import { exampleResults } from './example.ts';

const CHROMIUM = [
  process.env.STARMIND_CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
];
const executablePath = CHROMIUM.find((path) => path !== undefined && existsSync(path));
if (executablePath === undefined) {
  process.stderr.write(
    'skipped: the report in a browser; install chromium, or name one with STARMIND_CHROMIUM\n',
  );
}

const folder = mkdtempSync(join(tmpdir(), 'starmind-report-'));
const file = join(folder, 'report.html');
const PHONE = { width: 390, height: 844 };

describe.skipIf(executablePath === undefined)('the report in a browser', () => {
  let browser: Browser;
  let drawing: Drawing;
  beforeAll(async () => {
    drawing = await loadPlot();
    writeFileSync(file, renderPage(exampleResults(), drawing));
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox'], timeout: 100_000 });
  });
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** The page, with all that it complained of and asked for. */
  const open = async (options: BrowserContextOptions = {}) => {
    const context = await browser.newContext(options);
    // A busy machine is slow to begin.
    context.setDefaultTimeout(100_000);
    const page = await context.newPage();
    const complaints: string[] = [];
    const requests: string[] = [];
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('request', (request) => requests.push(request.url()));
    await page.goto(pathToFileURL(file).href);
    return { page, complaints, requests };
  };

  const column = (page: Page, table: string, index: number) =>
    page.evaluate(
      ([id, i]) =>
        [...document.querySelectorAll<HTMLTableElement>(`#${id} tbody tr`)].map(
          (row) => (row as unknown as HTMLTableRowElement).cells[i as number]!.dataset.value ?? '',
        ),
      [table, index] as const,
    );

  it('asks the network for nothing and has nothing to complain of', async () => {
    const { page, complaints, requests } = await open();
    await page.hover('#kv-cache .wide circle >> nth=-1');
    await page.click('#rows-table th >> nth=2');
    expect(complaints).toEqual([]);
    expect(requests.filter((url) => url !== pathToFileURL(file).href && !url.startsWith('data:'))).toEqual(
      [],
    );
    await page.context().close();
  });

  it('sorts a table by a click, and the other way by another; what has no value stays last', async () => {
    const { page } = await open();
    const head = page.locator('#rows-table th').filter({ hasText: 'Original' });
    const index = await head.evaluate((cell) => (cell as HTMLTableCellElement).cellIndex);
    for (const [sort, sign] of [
      ['ascending', 1],
      ['descending', -1],
    ] as const) {
      await head.locator('button').click();
      expect(await head.getAttribute('aria-sort')).toBe(sort);
      const values = await column(page, 'rows-table', index);
      const numbers = values.filter((value) => value !== '').map(Number);
      expect(numbers.length).toBeGreaterThan(100);
      expect(numbers).toEqual([...numbers].sort((a, b) => sign * (a - b)));
      expect(values.slice(numbers.length).every((value) => value === '')).toBe(true);
    }
    await page.context().close();
  });

  it('finds rows by words and experiment', async () => {
    const { page } = await open();
    await page.fill('#search', 'chat-10k');
    await page.selectOption('#experiment', 'cache');
    expect(await page.locator('#rows-table tbody tr:visible').count()).toBe(1);
    expect(await page.textContent('#shown')).toMatch(/^1 of \d+ rows$/);
    await page.context().close();
  });

  it('tells what is under the pointer', async () => {
    const { page } = await open();
    const dot = page.locator('#kv-cache .wide circle').last();
    await dot.scrollIntoViewIfNeeded();
    // Scrolling hides what is told: the pointer comes again until the page is at rest.
    const told = async () => {
      await page.mouse.move(0, 0);
      await dot.hover();
      return page.locator('#tip').evaluate((tip) => Number(tip.style.opacity) > 0.5);
    };
    await expect.poll(told, { timeout: 20_000, interval: 300 }).toBe(true);
    expect(await page.textContent('#tip')).toMatch(/cycles without cache/);
    await page.context().close();
  });

  it('is dark where the reader likes it dark, charts too', async () => {
    const lightness = async (colorScheme: 'light' | 'dark') => {
      const { page } = await open({ colorScheme });
      const colors = await page.evaluate(() => {
        const of = (selector: string, property: 'backgroundColor' | 'color' | 'fill') =>
          getComputedStyle(document.querySelector(selector)!)[property];
        const bright = (color: string) =>
          (color.match(/\d+/g) ?? []).slice(0, 3).reduce((sum, part) => sum + Number(part), 0) / 765;
        return {
          page: bright(of('body', 'backgroundColor')),
          text: bright(of('body', 'color')),
          axis: bright(of('#ladders .wide svg text', 'fill')),
          dot: of('#ladders .wide circle', 'fill'),
        };
      });
      await page.context().close();
      return colors;
    };
    const [light, dark] = [await lightness('light'), await lightness('dark')];
    expect(light.page).toBeGreaterThan(0.9);
    expect(dark.page).toBeLessThan(0.15);
    expect(light.text).toBeLessThan(0.2);
    expect(dark.text).toBeGreaterThan(0.85);
    expect(dark.axis).toBeGreaterThan(light.axis + 0.5);
    expect(dark.dot).not.toBe(light.dot);
  });

  /** Texts of a drawing that reach out of it, and pairs of texts that touch. */
  const badTexts = (page: Page, selector: string) =>
    page.evaluate((query) => {
      const bad: string[] = [];
      for (const svg of document.querySelectorAll<SVGSVGElement>(query)) {
        const frame = (svg.closest('figure') ?? svg).getBoundingClientRect();
        const texts = [...svg.querySelectorAll('text')].flatMap((text) => {
          const box = text.getBoundingClientRect();
          return box.width === 0 ? [] : [{ text: text.textContent ?? '', box }];
        });
        for (const [i, { text, box }] of texts.entries()) {
          if (box.left < frame.left || box.right > frame.right || box.bottom > frame.bottom)
            bad.push(`out: ${text}`);
          for (const other of texts.slice(i + 1)) {
            const wide = Math.min(box.right, other.box.right) - Math.max(box.left, other.box.left);
            const high = Math.min(box.bottom, other.box.bottom) - Math.max(box.top, other.box.top);
            if (wide > 1 && high > 2) bad.push(`${text} on ${other.text}`);
          }
        }
      }
      return bad;
    }, selector);

  it('has texts that stay within their charts and apart from each other, on a desktop, a phone and in the files', async () => {
    const { page } = await open({ viewport: { width: 1200, height: 900 } });
    expect(await badTexts(page, 'figure .wide > svg')).toEqual([]);
    await page.setViewportSize(PHONE);
    expect(await badTexts(page, 'figure .narrow > svg')).toEqual([]);
    await page.setViewportSize({ width: 1200, height: 900 });
    for (const [name, svg] of chartFiles(exampleResults(), drawing)) {
      await page.setContent(svg);
      expect(await badTexts(page, 'body > svg'), name).toEqual([]);
    }
    await page.context().close();
  });

  it('answers in the first screen of a desktop: what it found, and which shape to take', async () => {
    const { page } = await open({ viewport: { width: 1200, height: 900 } });
    const bottom = await page.locator('#choices').evaluate((list) => list.getBoundingClientRect().bottom);
    expect(bottom).toBeLessThan(900);
    expect(await page.locator('#choices li').count()).toBe(4);
    expect(await page.textContent('header .lead')).toMatch(/a median [\d,.]+ times as fast, and \d+ of/);
    await page.context().close();
  });

  it('fits a phone: nothing wider than the screen, charts drawn for it', async () => {
    const { page, complaints } = await open({ viewport: PHONE, isMobile: true, hasTouch: true });
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(PHONE.width);
    expect(await page.locator('#factors .wide').isVisible()).toBe(false);
    expect(await page.locator('#factors .narrow svg').isVisible()).toBe(true);
    const size = await page
      .locator('#factors .narrow svg text')
      .first()
      .evaluate((text) => text.getBoundingClientRect().height);
    expect(size).toBeGreaterThan(9);
    expect(complaints).toEqual([]);
    await page.context().close();
  });
});
