/// <reference lib="dom" />
/** Charts as SVG text, drawn by Observable Plot in a document of linkedom: no browser. Both packages are loaded when a chart is drawn. */
import type * as PlotModule from '@observablehq/plot';
import { StudyError } from '../../study/errors.ts';

export type Plot = typeof PlotModule;
export type PlotOptions = PlotModule.PlotOptions;

export interface Drawing {
  plot: Plot;
  /** The `<svg>` element of a chart, as text. */
  draw: (options: PlotOptions) => string;
}

/** @throws StudyError saying what to install */
export const loadPlot = async (): Promise<Drawing> => {
  const [plot, { parseHTML }] = await importBoth();
  const { document } = parseHTML('<!doctype html><html><body></body></html>');
  return {
    plot,
    draw: (options) => {
      const svg = plot.plot({ className: 'chart', document: document as unknown as Document, ...options });
      // Its own style sheet would repeat in every chart; the page and the files have one.
      svg.querySelector('style')?.remove();
      return svg.outerHTML;
    },
  };
};

const importBoth = async () => {
  try {
    return [await import('@observablehq/plot'), await import('linkedom')] as const;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new StudyError(
      'the charts of the report need two more packages: npm install @observablehq/plot linkedom',
    );
  }
};
