/** What can be wrong with a port itself, whatever is said over it. */

/**
 * `no-library`: serialport is not installed. `busy`: somebody else holds the port. `disconnected`: the cable was pulled, or
 * the other end closed. `stalled`: the other end takes no bytes. `not-recorded`: a recording has no answer to this.
 */
export type PortErrorCode =
  | 'no-library'
  | 'no-port'
  | 'denied'
  | 'busy'
  | 'disconnected'
  | 'stalled'
  | 'not-recorded';

export class PortError extends Error {
  override readonly name = 'PortError';
  readonly code: PortErrorCode;
  /** What to do about it. */
  readonly hint: string | undefined;

  constructor(code: PortErrorCode, message: string, hint?: string) {
    super(message);
    this.code = code;
    this.hint = hint;
  }
}
