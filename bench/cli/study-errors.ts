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

const SIGNALS = { SIGINT: 130, SIGTERM: 143 } as const;

/** Work that keeps what it has done: a signal ends it with a word on how to go on. */
export const whileInterruptible = async (work: () => Promise<void>): Promise<void> => {
  const handlers = Object.entries(SIGNALS).map(([signal, code]) => {
    const handler = () => {
      note('\nstopped; rows that are done are kept, and the same command without --fresh goes on');
      process.exit(code);
    };
    process.once(signal, handler);
    return [signal, handler] as const;
  });
  try {
    await work();
  } finally {
    for (const [signal, handler] of handlers) process.off(signal, handler);
  }
};
