/** Something about a study that whoever asked for it must mend: a table, a shard, a file of results. */
export class StudyError extends Error {
  override readonly name = 'StudyError';
}
