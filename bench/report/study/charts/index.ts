import type { StudyResults } from '../../../study/results.ts';
import type { Chart } from '../chart.ts';
import { costModelChart } from './cost-model.ts';
import { factorChart } from './factors.ts';
import { formatChart } from './formats.ts';
import { cacheChart } from './kv-cache.ts';
import { ladderChart } from './ladders.ts';
import { phaseChart } from './phases.ts';
import { placementChart } from './placement.ts';
import { comparisonChart, speedUpChart } from './published.ts';
import { qualityCharts } from './quality.ts';

const MAKERS = [
  comparisonChart,
  speedUpChart,
  factorChart,
  ladderChart,
  costModelChart,
  phaseChart,
  formatChart,
  placementChart,
  cacheChart,
  ...qualityCharts,
];

/** Those that the results have rows for, in the order of the page. */
export const chartsOf = (results: StudyResults): Chart[] => MAKERS.flatMap((make) => make(results) ?? []);
