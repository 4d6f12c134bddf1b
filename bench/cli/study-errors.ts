import { usageError } from './exit.ts';

/** What is wrong with a table, shard or file of results is the asker's to mend. */
export const withUsageErrors = async (work: () => Promise<void>): Promise<void> => {
  try {
    await work();
  } catch (error) {
    const { StudyError } = await import('../study/errors.ts');
    throw error instanceof StudyError ? usageError(error.message) : error;
  }
};
