/** The results of all experiments in a folder: what findings, report, claims and `starmind pick` are computed from, and nothing else. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { StudyError } from './errors.ts';
import { EXPERIMENT_NAMES, type ExperimentName } from './experiments.ts';
import { sameFirmware } from './fit-report.ts';
import { readStudy } from './journal.ts';
import type { NamedStudy } from './merge.ts';
import type { MeasuredRow, StudyRow } from './row.ts';
import { readTrained, type TrainedRow } from './trained-row.ts';

export interface StudyResults {
  firmwareSha256: string;
  timingVersion: string;
  /** Rows by experiment; empty where its file is not there. */
  rows: Record<ExperimentName, StudyRow[]>;
  trained: TrainedRow[];
}

export const resultsPath = (folder: string, name: ExperimentName): string => join(folder, `${name}.jsonl`);
export const trainedPath = (folder: string): string => join(folder, 'trained.jsonl');

/**
 * @param names experiments whose files to read
 * @throws StudyError when there are none, or files are damaged, or of several firmwares
 */
export const loadResults = (
  folder: string,
  names: readonly ExperimentName[] = EXPERIMENT_NAMES,
): StudyResults => {
  const files = names.flatMap((name): (NamedStudy & { name: ExperimentName })[] => {
    const path = resultsPath(folder, name);
    return existsSync(path) ? [{ name, path, ...readStudy(path) }] : [];
  });
  const [first] = files;
  if (first === undefined) {
    throw new StudyError(
      `${folder} has no results; make them with  starmind study reproduce ${names.length === 1 ? names[0] : ''}`.trimEnd(),
    );
  }
  sameFirmware(files);
  const rowsOf = (name: ExperimentName) => files.find((file) => file.name === name)?.rows ?? [];
  return {
    firmwareSha256: first.head.firmwareSha256,
    timingVersion: first.head.timingVersion,
    rows: Object.fromEntries(EXPERIMENT_NAMES.map((name) => [name, rowsOf(name)])) as StudyResults['rows'],
    trained: existsSync(trainedPath(folder)) ? readTrained(trainedPath(folder)) : [],
  };
};

export const isMeasured = (row: StudyRow): row is MeasuredRow => row.status === 'ok';

export const measuredRows = (rows: readonly StudyRow[]): MeasuredRow[] => rows.filter(isMeasured);
