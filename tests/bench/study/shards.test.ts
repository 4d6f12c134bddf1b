import { describe, expect, it } from 'vitest';
import { mergeShards, type NamedStudy } from '../../../bench/study/merge.ts';
import type { StudyHead, StudyRow } from '../../../bench/study/row.ts';
import { parseShard, shardFromEnvironment, takeShard } from '../../../bench/study/shard.ts';

describe('a shard', () => {
  it('is read from k/n, and nothing else', () => {
    expect(parseShard('2/8')).toEqual({ index: 2, of: 8 });
    for (const wrong of ['0/8', '9/8', '2', 'a/b', '1/0', '1.5/2', '']) {
      expect(() => parseShard(wrong)).toThrow('is no shard');
    }
  });

  it('is every n-th item, and all shards together are everything once', () => {
    const items = Array.from({ length: 11 }, (_, i) => i);
    const shards = [1, 2, 3].map((index) => takeShard(items, { index, of: 3 }));
    expect(shards[1]).toEqual([1, 4, 7, 10]);
    expect(shards.flat().sort((a, b) => a - b)).toEqual(items);
  });

  it('comes from the variables of Slurm, Kubernetes and a matrix', () => {
    expect(shardFromEnvironment({})).toBeUndefined();
    expect(shardFromEnvironment({ STARMIND_SHARD: '3/4' })).toEqual({ index: 3, of: 4 });
    expect(shardFromEnvironment({ STARMIND_SHARD_INDEX: '1', STARMIND_SHARD_COUNT: '4' })).toEqual({
      index: 1,
      of: 4,
    });
    const slurm = { SLURM_ARRAY_TASK_ID: '3', SLURM_ARRAY_TASK_MIN: '0', SLURM_ARRAY_TASK_COUNT: '4' };
    expect(shardFromEnvironment(slurm)).toEqual({ index: 4, of: 4 });
    expect(shardFromEnvironment({ JOB_COMPLETION_INDEX: '0', STARMIND_SHARD_COUNT: '2' })).toEqual({
      index: 1,
      of: 2,
    });
  });

  it('is refused when its variables say half of it, or contradict', () => {
    expect(() => shardFromEnvironment({ JOB_COMPLETION_INDEX: '0' })).toThrow(
      'STARMIND_SHARD_COUNT does not say',
    );
    expect(() => shardFromEnvironment({ SLURM_ARRAY_TASK_ID: '9', SLURM_ARRAY_TASK_COUNT: '4' })).toThrow(
      'SLURM_ARRAY_TASK_ID=9 of SLURM_ARRAY_TASK_COUNT=4 is no shard',
    );
  });
});

describe('merging shards', () => {
  const names = ['a', 'b', 'c', 'd', 'e'];
  const row = (name: string) => ({ name }) as StudyRow;
  const shard = (index: number, of: number, change: Partial<StudyHead> = {}): NamedStudy => ({
    path: `part-${index}.jsonl`,
    head: { shard: `${index}/${of}`, cases: 5, firmwareSha256: 'f1', ...change } as StudyHead,
    rows: takeShard(names, { index, of }).map(row),
  });

  it('gives every row once, in the order of the study, whatever the order of the files', () => {
    const { head, rows } = mergeShards([shard(2, 2), shard(1, 2)]);
    expect(rows.map(({ name }) => name)).toEqual(names);
    expect(head.shard).toBe('1/1');
  });

  it('refuses a shard that ran twice', () => {
    expect(() => mergeShards([shard(1, 2), shard(2, 2), { ...shard(1, 2), path: 'again.jsonl' }])).toThrow(
      'part-1.jsonl and again.jsonl are both shard 1/2: it ran twice',
    );
  });

  it('refuses another firmware', () => {
    expect(() => mergeShards([shard(1, 2), shard(2, 2, { firmwareSha256: 'f2' })])).toThrow(
      'part-2.jsonl and part-1.jsonl are not of one study: firmwareSha256 f2 instead of f1',
    );
  });

  it('refuses a missing shard, an unfinished one, and one of another division', () => {
    expect(() => mergeShards([shard(1, 3), shard(3, 3)])).toThrow('of 3 shards these are missing: 2');
    const unfinished = { ...shard(2, 2), rows: [row('b')] };
    expect(() => mergeShards([shard(1, 2), unfinished])).toThrow('part-2.jsonl has 1 rows of 2');
    expect(() => mergeShards([shard(1, 2), shard(2, 3)])).toThrow('part-2.jsonl is shard 2/3');
  });
});
