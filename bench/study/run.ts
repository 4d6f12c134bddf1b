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
  /** Called first when an earlier run left rows that are kept. */
  onResume?: (kept: number, of: number) => void;
}

/** @throws StudyError when `out` holds another study */
export const runStudy = async (options: RunStudyOptions): Promise<StudyFile> => {
  const { firmware, cases, shard, settings, workers, out, onProgress = () => {}, onResume } = options;
  const head = headOf(options);
  const mine = takeShard(cases, shard);
  const rows = new Map(openJournal(out, head).map((row) => [row.name, row]));
  if (rows.size > 0) onResume?.(rows.size, mine.length);
  const work = (one: StudyCase) => effort(one, settings);
  // The longest first, so that no worker ends long after the others.
  const missing = mine.filter(({ name }) => !rows.has(name)).sort((a, b) => work(b) - work(a));
  const all = missing.reduce((sum, one) => sum + work(one), 0);
  let spent = 0;
  await measureAll(missing, {
    firmware: { elf: firmware.elf, bootrom: firmware.bootrom },
    settings,
    workers,
    onRow: (row, one) => {
      appendRow(out, row);
      rows.set(row.name, row);
      spent += work(one);
      onProgress({ done: rows.size, of: mine.length, fraction: all === 0 ? 1 : spent / all, name: row.name });
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

/** Estimates, in emulated cycles, for the time left: what a boot, a token and a layer take beside the multiply-adds. */
const BOOT = 2_500_000;
const WARM_UP_AND_DEMO = 13;
const TOKEN = 8_000;
const LAYER = 12_000;
const MULTIPLY_ADD = 2.5;
/** Of multiply-adds, by what a case sets. */
const DEARER = { float: 45, flash: 6, oneCore: 1.8 };
/** What does not fit is soon refused. */
const LARGEST_THAT_RUNS = 2_000_000;

const effort = ({ shape, recompute = [], settings }: StudyCase, common: StudySettings): number => {
  const { format, placement, cores } = { ...common, ...settings };
  const work = multiplyAdds(shape);
  if (work > LARGEST_THAT_RUNS) return 0;
  const dearer =
    (format === 'float' ? DEARER.float : 1) *
    (placement === 'flash' ? DEARER.flash : 1) *
    (cores === 1 ? DEARER.oneCore : 1);
  const passes = recompute.reduce((all, length) => all + length, shape.context + WARM_UP_AND_DEMO);
  return BOOT + (TOKEN + LAYER * shape.layers + MULTIPLY_ADD * dearer * work) * passes;
};
