/** Writes the report and its charts. */
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { writeWhole } from '../../cli/files.ts';
import { StudyError } from '../../study/errors.ts';
import { loadResults, type StudyResults } from '../../study/results.ts';
import { chartsOf } from './charts/index.ts';
import { chartFile } from './figure.ts';
import { BEGIN, END, studyMarkdown, withSection } from './markdown.ts';
import { renderPage } from './page.ts';
import { type Drawing, loadPlot } from './plot.ts';

export interface WriteReportOptions {
  /** Folder of results. */
  results: string;
  /** The page. */
  out: string;
  /** Folder of the charts' files. @default `charts` beside the page */
  svg?: string;
  /** A page in Markdown whose section of the study is written anew. */
  readme?: string;
}

export interface WrittenReport {
  page: string;
  folder: string;
  /** File names. */
  charts: string[];
}

/** @throws StudyError when there are no results, or the charts' packages are not installed */
export const writeReport = async (options: WriteReportOptions): Promise<WrittenReport> => {
  const { results: from, out, svg = join(dirname(out), 'charts'), readme } = options;
  const results = loadResults(from);
  const drawing = await loadPlot();
  const newReadme = readme && readmeOf(results, readme, svg);
  mkdirSync(dirname(out), { recursive: true });
  mkdirSync(svg, { recursive: true });
  const charts = chartFiles(results, drawing);
  for (const old of readdirSync(svg).filter((name) => name.endsWith('.svg'))) rmSync(join(svg, old));
  for (const [name, content] of charts) writeWhole(join(svg, name), content);
  writeWhole(out, renderPage(results, drawing));
  if (readme && newReadme) writeWhole(readme, newReadme);
  return { page: out, folder: svg, charts: [...charts.keys()] };
};

/**
 * The page as it should be.
 * @throws StudyError when it has no section of the study
 */
export const readmeOf = (results: StudyResults, readme: string, svg: string): string => {
  const section = studyMarkdown(results, relative(dirname(readme), svg).split(sep).join('/'));
  const page = withSection(readFileSync(readme, 'utf8'), section);
  if (page !== undefined) return page;
  throw new StudyError(`${readme} has no section of the study: give it the lines  ${BEGIN}  and  ${END}`);
};

/** By file name. */
export const chartFiles = (results: StudyResults, drawing: Drawing): Map<string, string> =>
  new Map(chartsOf(results).map((chart) => [`${chart.id}.svg`, chartFile(drawing, chart)]));
