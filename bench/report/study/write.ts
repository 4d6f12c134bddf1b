/** Writes the report and its charts. */
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { writeWhole } from '../../cli/files.ts';
import { loadResults, type StudyResults } from '../../study/results.ts';
import { chartsOf } from './charts/index.ts';
import { chartFile } from './figure.ts';
import { renderPage } from './page.ts';
import { type Drawing, loadPlot } from './plot.ts';

export interface WriteReportOptions {
  /** Folder of results. */
  results: string;
  /** The page. */
  out: string;
  /** Folder of the charts' files. @default `charts` beside the page */
  svg?: string;
}

export interface WrittenReport {
  page: string;
  folder: string;
  /** File names. */
  charts: string[];
}

/** @throws StudyError when there are no results, or the charts' packages are not installed */
export const writeReport = async (options: WriteReportOptions): Promise<WrittenReport> => {
  const { results: from, out, svg = join(dirname(out), 'charts') } = options;
  const results = loadResults(from);
  const drawing = await loadPlot();
  mkdirSync(dirname(out), { recursive: true });
  mkdirSync(svg, { recursive: true });
  const charts = chartFiles(results, drawing);
  for (const old of readdirSync(svg).filter((name) => name.endsWith('.svg'))) rmSync(join(svg, old));
  for (const [name, content] of charts) writeWhole(join(svg, name), content);
  writeWhole(out, renderPage(results, drawing));
  return { page: out, folder: svg, charts: [...charts.keys()] };
};

/** By file name. */
export const chartFiles = (results: StudyResults, drawing: Drawing): Map<string, string> =>
  new Map(chartsOf(results).map((chart) => [`${chart.id}.svg`, chartFile(drawing, chart)]));
