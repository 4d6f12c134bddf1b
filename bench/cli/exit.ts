/** Exit codes and errors of the `starmind` command. */

export const EXIT = { ok: 0, wrongResult: 1, usage: 2, cycleRegression: 3, timeout: 42 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/**
 * An error for the person at the keyboard. `message` says what is wrong and where; `hint` what to do about it.
 */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly exitCode: ExitCode;
  readonly hint: string | undefined;

  constructor(
    message: string,
    { exitCode = EXIT.wrongResult, hint }: { exitCode?: ExitCode; hint?: string } = {},
  ) {
    super(message);
    this.exitCode = exitCode;
    this.hint = hint;
  }
}

/** The command line, or a file it names, is wrong: nothing was started. */
export const usageError = (message: string, hint?: string): CommandError =>
  new CommandError(message, { exitCode: EXIT.usage, hint });
