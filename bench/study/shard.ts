/** A shard is every n-th case of a study, so that schedulers can share one: Slurm, Kubernetes, a matrix of CI jobs. */
import { StudyError } from './errors.ts';

export interface Shard {
  /** 1..of. */
  index: number;
  of: number;
}

export const WHOLE: Shard = { index: 1, of: 1 };

/** @throws StudyError unless it is k/n with 1 <= k <= n */
export const parseShard = (text: string): Shard => {
  const [, index, of] = /^(\d{1,6})\/(\d{1,6})$/.exec(text.trim()) ?? [];
  return checked(Number(index), Number(of), `"${text}"`);
};

/**
 * What a scheduler's variables say, or `undefined` when none of them is set:
 * STARMIND_SHARD (k/n); STARMIND_SHARD_INDEX and STARMIND_SHARD_COUNT, both counted from 1, for a matrix of jobs;
 * SLURM_ARRAY_TASK_ID, _MIN and _COUNT; JOB_COMPLETION_INDEX (from 0) of an indexed Kubernetes job, whose count must be given
 * as STARMIND_SHARD_COUNT.
 * @throws StudyError when half of them are there, or they contradict
 */
export const shardFromEnvironment = (env: NodeJS.ProcessEnv): Shard | undefined => {
  if (env.STARMIND_SHARD) return parseShard(env.STARMIND_SHARD);
  const count = env.STARMIND_SHARD_COUNT;
  if (env.STARMIND_SHARD_INDEX) {
    return fromVariables(env, 'STARMIND_SHARD_INDEX', 1, 'STARMIND_SHARD_COUNT', count);
  }
  if (env.SLURM_ARRAY_TASK_ID) {
    const first = Number(env.SLURM_ARRAY_TASK_MIN ?? 1);
    return fromVariables(
      env,
      'SLURM_ARRAY_TASK_ID',
      first,
      'SLURM_ARRAY_TASK_COUNT',
      env.SLURM_ARRAY_TASK_COUNT,
    );
  }
  if (env.JOB_COMPLETION_INDEX) {
    return fromVariables(env, 'JOB_COMPLETION_INDEX', 0, 'STARMIND_SHARD_COUNT', count);
  }
  return undefined;
};

const fromVariables = (
  env: NodeJS.ProcessEnv,
  indexName: string,
  first: number,
  countName: string,
  count: string | undefined,
): Shard => {
  if (!count)
    throw new StudyError(`${indexName} is set, but ${countName} does not say how many shards there are`);
  return checked(
    Number(env[indexName]) - first + 1,
    Number(count),
    `${indexName}=${env[indexName]} of ${countName}=${count}`,
  );
};

const checked = (index: number, of: number, what: string): Shard => {
  const valid = Number.isInteger(index) && Number.isInteger(of) && index >= 1 && index <= of;
  if (valid) return { index, of };
  throw new StudyError(`${what} is no shard: it must be k/n with k from 1 to n, such as 2/8`);
};

export const formatShard = ({ index, of }: Shard): string => `${index}/${of}`;

/** Every `of`-th item from the `index`-th, so that shards hold small and large shapes alike. */
export const takeShard = <T>(items: readonly T[], { index, of }: Shard): T[] =>
  items.filter((_, i) => i % of === index - 1);
