/** Errors for people: what was wrong, where, and what to do. Their message is complete; a stack trace adds nothing. */

/** A program file that cannot be used. */
export class ProgramError extends Error {
  override readonly name = 'ProgramError';
  /** For example `truncated`, `bad-checksum`, `wrong-family`, `out-of-range`. */
  readonly code: string;
  /** Byte offset in the file, or line number for Intel HEX. */
  readonly at: number | undefined;

  constructor(code: string, message: string, at?: number) {
    super(message);
    this.code = code;
    this.at = at;
  }
}

/** A request that makes no sense: an option out of range, an address without memory, a pin that does not exist. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
