/** Results with made-up cycles, for tests of what is computed from results: small, whole, and the same each time. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { PHASES } from '../../../bench/link/index.ts';
import {
  EXPERIMENT_NAMES,
  EXPERIMENTS,
  type ExperimentName,
  SETTINGS,
} from '../../../bench/study/experiments.ts';
import { formatStudy } from '../../../bench/study/journal.ts';
import { resultsPath, type StudyResults, trainedPath } from '../../../bench/study/results.ts';
import { hashCases, type MeasuredRow, STUDY_SCHEMA, type StudyRow } from '../../../bench/study/row.ts';
import { multiplyAdds, type StudyCase } from '../../../bench/study/shapes.ts';
import { formatTrained, TRAINED_SCHEMA, type TrainedRow } from '../../../bench/study/trained-row.ts';
import { TRAINED_SHAPES } from '../../../bench/study/trained-shapes.ts';
import { parameterCount } from '../../../models/config.ts';

const FACTOR: Record<string, number> = {
  int8: 1,
  int4g32: 0.8,
  int4: 0.75,
  float: 20,
  sram: 1,
  auto: 1,
  flash: 2,
  streamed: 1.2,
};

/** Some overhead, some for each layer, and four for each multiply-add. */
export const exampleRow = ({ recompute, published, ...one }: StudyCase): MeasuredRow => {
  const settings = { ...SETTINGS, ...one.settings };
  const { shape } = one;
  const scale = FACTOR[settings.format]! * FACTOR[settings.placement]! * (settings.cores === 1 ? 1.8 : 1);
  const cyclesAt = (position: number) =>
    Math.round(scale * (5000 + 3000 * shape.layers + 4 * multiplyAdds(shape) + 20 * shape.layers * position));
  const positions = [...new Set([0, 8, 32, shape.context - 1].filter((p) => p < shape.context))].sort(
    (a, b) => a - b,
  );
  const every = Array.from({ length: shape.context }, (_, i) => cyclesAt(i));
  const sum = (values: number[]) => values.reduce((all, value) => all + value, 0);
  const weightBytes = Math.round(multiplyAdds(shape) * (settings.format === 'int8' ? 1 : 0.5));
  return {
    ...one,
    parameters: multiplyAdds(shape),
    published: published ?? null,
    status: 'ok',
    reason: null,
    clockHz: 125_000_000,
    positions,
    decodeCycles: positions.map(cyclesAt),
    phases: Object.fromEntries(
      PHASES.map((phase) => [phase, positions.map((p) => cyclesAt(p) / PHASES.length)]),
    ),
    contextCycles: sum(every),
    prefillCycles: [0, 1, 2, 3, 4].map(cyclesAt),
    demoCycles: sum(every.slice(0, 11)),
    sramBytes: 40_000 + weightBytes,
    flashBytes: 60_000 + weightBytes,
    imageBytes: 5_000 + weightBytes,
    arenaBytes: 5_000 + weightBytes,
    weightBytes,
    weightBytesInSram: settings.placement === 'flash' ? 0 : weightBytes,
    ...(recompute && {
      recomputed: {
        lengths: [...recompute],
        cycles: recompute.map((length) => sum(every.slice(0, length))),
        cached: recompute.map((length) => every[length - 1]!),
      },
    }),
  };
};

const exampleTraining = ({ name, config, steps }: (typeof TRAINED_SHAPES)[number]): TrainedRow => {
  const parameters = parameterCount(config);
  const float = 8 / Math.log2(parameters) + (config.family === 'llama' ? 0 : 0.2);
  return {
    schema: TRAINED_SCHEMA,
    name,
    config,
    parameters,
    steps,
    seed: 1,
    tokens: 512 * steps,
    minutes: 2,
    backend: 'example',
    command: `starmind study train ${name} --steps ${steps}`,
    bitsPerByte: { float, int8: float + 0.001, int4g32: float + 0.05, int4: float + 0.1 },
    evaluatedTokens: 1000,
    bytesPerToken: config.vocabulary / 128,
    coherence: 0.5,
    sample: `Once <there> was ${name}`,
  };
};

export const exampleResults = (): StudyResults => ({
  firmwareSha256: 'f'.repeat(64),
  timingVersion: '1',
  rows: Object.fromEntries(
    EXPERIMENT_NAMES.map((name) => [name, EXPERIMENTS[name].cases().map(exampleRow)]),
  ) as Record<ExperimentName, StudyRow[]>,
  trained: TRAINED_SHAPES.map(exampleTraining),
});

/** As files, as `starmind study reproduce` and `train` leave them. */
export const writeExample = (folder: string, results = exampleResults()): void => {
  mkdirSync(folder, { recursive: true });
  for (const name of EXPERIMENT_NAMES) {
    const head = {
      schema: STUDY_SCHEMA,
      firmwareSha256: results.firmwareSha256,
      timingVersion: results.timingVersion,
      casesSha256: hashCases(EXPERIMENTS[name].cases()),
      cases: results.rows[name].length,
      shard: '1/1',
      weights: 'random' as const,
      ...SETTINGS,
    };
    writeFileSync(resultsPath(folder, name), formatStudy({ head, rows: results.rows[name] }));
  }
  writeFileSync(trainedPath(folder), formatTrained(results.trained));
};

/** The same results with other rows in one experiment. */
export const withRows = (
  results: StudyResults,
  name: ExperimentName,
  change: (row: MeasuredRow) => StudyRow,
): StudyResults => ({
  ...results,
  rows: { ...results.rows, [name]: results.rows[name].map((row) => change(row as MeasuredRow)) },
});
