/** What can be wrong with the board at the other end of a port that works. */

/**
 * `silent`: nothing comes. `garbage`: bytes that mean nothing. `other-program`, `other-version`: not our firmware, or not
 * one that this host knows. `busy`: it serves somebody else. `other-model`, `other-firmware`: not what was asked for.
 * `drive`: its BOOTSEL drive is not there, or cannot be written. `not-verified`: flashed, and not seen to run.
 */
export type BoardErrorCode =
  | 'silent'
  | 'garbage'
  | 'other-program'
  | 'other-version'
  | 'busy'
  | 'other-model'
  | 'other-firmware'
  | 'drive'
  | 'not-verified';

export class BoardError extends Error {
  override readonly name = 'BoardError';
  readonly code: BoardErrorCode;
  /** What to do about it. */
  readonly hint: string | undefined;

  constructor(code: BoardErrorCode, message: string, hint?: string) {
    super(message);
    this.code = code;
    this.hint = hint;
  }
}
