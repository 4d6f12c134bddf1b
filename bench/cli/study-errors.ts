import { usageError } from './exit.ts';
import { note } from './terminal.ts';

/** What is wrong with a table, shard or file of results is the asker's to mend. */
export const withUsageErrors = async (work: () => Promise<void>): Promise<void> => {
  try {
    await work();
  } catch (error) {
    const { StudyError } = await import('../study/errors.ts');
    throw error instanceof StudyError ? usageError(error.message) : error;
  }
};

/** Said when a study has rows of an earlier run. */
export const goesOn = (kept: number, of: number): void =>
  note(`goes on with ${kept} of ${of} rows that are there; --fresh starts over`);
