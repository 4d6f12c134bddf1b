import type { StudyResults } from '../../../study/results.ts';
import type { Chart } from '../chart.ts';
import { cacheChart, formatChart, phaseChart, placementChart } from './chip.ts';
import { factorChart, ladderChart } from './factors.ts';
import { comparisonChart, speedUpChart } from './published.ts';
import { qualityCharts } from './quality.ts';

const MAKERS = [
  comparisonChart,
  speedUpChart,
  factorChart,
  ladderChart,
  phaseChart,
  formatChart,
  placementChart,
  cacheChart,
  ...qualityCharts,
];

/** Those that the results have rows for, in the order of the page. */
export const chartsOf = (results: StudyResults): Chart[] => MAKERS.flatMap((make) => make(results) ?? []);
