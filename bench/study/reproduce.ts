/** All experiments, one after the other, into one folder: what `fixtures/study` holds. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Firmware } from '../../firmware/build.ts';
import { writeWhole } from '../cli/files.ts';
import { EXPERIMENTS, type ExperimentName, SETTINGS } from './experiments.ts';
import { resultsPath } from './results.ts';
import { type StudyRow, toCsv } from './row.ts';
import { runStudy, type StudyProgress } from './run.ts';
import { WHOLE } from './shard.ts';

export interface ReproduceOptions {
  firmware: Pick<Firmware, 'elf' | 'bootrom' | 'sha256'>;
  experiments: readonly ExperimentName[];
  folder: string;
  workers: number;
  /** Starts over instead of going on. */
  fresh?: boolean;
  onProgress?: (name: ExperimentName, progress: StudyProgress) => void;
  onResume?: (kept: number, of: number) => void;
}

/** @throws StudyError when a file in the folder is of another firmware or table and `fresh` is not set */
export const reproduce = async (options: ReproduceOptions): Promise<Record<string, StudyRow[]>> => {
  const { firmware, experiments, folder, workers, fresh = false, onProgress = () => {}, onResume } = options;
  const results: Record<string, StudyRow[]> = {};
  for (const name of experiments) {
    const out = resultsPath(folder, name);
    if (fresh) rmSync(out, { force: true });
    const { rows } = await runStudy({
      firmware,
      cases: EXPERIMENTS[name].cases(),
      shard: WHOLE,
      settings: SETTINGS,
      workers,
      out,
      onProgress: (progress) => onProgress(name, progress),
      onResume,
    });
    writeWhole(join(folder, `${name}.csv`), toCsv(rows));
    results[name] = rows;
  }
  return results;
};
