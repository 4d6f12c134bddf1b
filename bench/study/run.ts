/** A study from beginning to end: goes on where an earlier run stopped, and leaves a file whose bytes are always the same. */
import { timingVersion } from '../../emulator/timing/calibration.ts';
import type { Firmware } from '../../firmware/build.ts';
import { writeWhole } from '../cli/files.ts';
import { appendRow, formatStudy, openJournal, type StudyFile } from './journal.ts';
import { measureAll } from './pool.ts';
import { hashCases, STUDY_SCHEMA, type StudyHead, type StudySettings } from './row.ts';
import { multiplyAdds, type StudyCase } from './shapes.ts';
import { formatShard, type Shard, takeShard } from './shard.ts';

export interface StudyProgress {
  done: number;
  of: number;
  /** Of the work, not of the number of cases. */
  fraction: number;
  /** The case that was done last. */
  name: string;
}

export interface RunStudyOptions {
  firmware: Pick<Firmware, 'elf' | 'bootrom' | 'sha256'>;
  /** All of the study, of which this run takes its shard. */
  cases: readonly StudyCase[];
  shard: Shard;
  settings: StudySettings;
  workers: number;
  /** The file of results (JSONL). */
  out: string;
  onProgress?: (progress: StudyProgress) => void;
}

/** @throws StudyError when `out` holds another study */
export const runStudy = async (options: RunStudyOptions): Promise<StudyFile> => {
  const { firmware, cases, shard, settings, workers, out, onProgress = () => {} } = options;
  const head = headOf(options);
  const mine = takeShard(cases, shard);
  const rows = new Map(openJournal(out, head).map((row) => [row.name, row]));
  const missing = mine.filter(({ name }) => !rows.has(name));
  const all = missing.reduce((sum, one) => sum + effort(one), 0);
  let spent = 0;
  await measureAll(missing, {
    firmware: { elf: firmware.elf, bootrom: firmware.bootrom },
    settings,
    workers,
    onRow: (row, one) => {
      appendRow(out, row);
      rows.set(row.name, row);
      spent += effort(one);
      onProgress({ done: rows.size, of: mine.length, fraction: spent / all, name: row.name });
    },
  });
  const study = { head, rows: mine.map(({ name }) => rows.get(name)!) };
  writeWhole(out, formatStudy(study));
  return study;
};

const headOf = ({ firmware, cases, shard, settings }: RunStudyOptions): StudyHead => ({
  schema: STUDY_SCHEMA,
  firmwareSha256: firmware.sha256,
  timingVersion: String(timingVersion()),
  casesSha256: hashCases(cases),
  cases: cases.length,
  shard: formatShard(shard),
  weights: 'random',
  ...settings,
});

/** Emulating a case takes time for boot and serial line, whatever the model, and for its multiply-adds. */
const BOOT_EFFORT = 2_000_000;
const LARGEST_THAT_RUNS = 4_000_000;
const effort = ({ shape, recompute = [] }: StudyCase): number => {
  const passes = recompute.reduce((all, length) => all + length, shape.context);
  return BOOT_EFFORT + Math.min(multiplyAdds(shape), LARGEST_THAT_RUNS) * passes;
};
