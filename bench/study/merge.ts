/** Puts the shards of one study together, in the order of its cases. */
import { StudyError } from './errors.ts';
import { differingFields, type StudyFile } from './journal.ts';
import type { StudyRow } from './row.ts';
import { formatShard, parseShard, type Shard, takeShard, WHOLE } from './shard.ts';

export interface NamedStudy extends StudyFile {
  /** For errors: where it comes from. */
  path: string;
}

/**
 * The study as if one machine had run all of it.
 * @throws StudyError when a shard is missing, there twice or unfinished, or the shards are not of one study and firmware
 */
export const mergeShards = (files: readonly NamedStudy[]): StudyFile => {
  const [first, ...others] = files;
  if (first === undefined) throw new StudyError('there is nothing to merge');
  for (const { path, head } of others) {
    const differs = differingFields(head, first.head, ['shard']);
    if (differs.length === 0) continue;
    throw new StudyError(`${path} and ${first.path} are not of one study: ${differs.join(', ')}`);
  }
  const byIndex = indexShards(files);
  const rows: StudyRow[] = Array.from({ length: first.head.cases });
  const positions = rows.map((_, i) => i);
  for (const [shard, { path, rows: part }] of byIndex) {
    const places = takeShard(positions, shard);
    if (part.length !== places.length) {
      throw new StudyError(`${path} has ${part.length} rows of ${places.length}: its study has not ended`);
    }
    for (const [i, place] of places.entries()) rows[place] = part[i]!;
  }
  const names = new Set(rows.map(({ name }) => name));
  if (names.size !== rows.length) throw new StudyError('a case is there twice; the files are damaged');
  return { head: { ...first.head, shard: formatShard(WHOLE) }, rows };
};

const indexShards = (files: readonly NamedStudy[]): Map<Shard, NamedStudy> => {
  const seen = new Map<number, NamedStudy>();
  const shards = new Map<Shard, NamedStudy>();
  const { of } = parseShard(files[0]!.head.shard);
  for (const file of files) {
    const shard = parseShard(file.head.shard);
    if (shard.of !== of) {
      throw new StudyError(`${file.path} is shard ${file.head.shard}, and ${files[0]!.path} one of ${of}`);
    }
    const twin = seen.get(shard.index);
    if (twin !== undefined) {
      throw new StudyError(`${twin.path} and ${file.path} are both shard ${file.head.shard}: it ran twice`);
    }
    seen.set(shard.index, file);
    shards.set(shard, file);
  }
  const missing = Array.from({ length: of }, (_, i) => i + 1).filter((index) => !seen.has(index));
  if (missing.length > 0) {
    throw new StudyError(`of ${of} shards these are missing: ${missing.join(', ')}`);
  }
  return shards;
};
