/** What can go wrong on the link: the device's own error names, and three that the host finds. */

export const DEVICE_ERRORS = [
  'bad-frame',
  'bad-cbor',
  'unknown-op',
  'bad-argument',
  'too-long',
  'busy',
  'no-model',
  'unknown-character',
  'prompt-too-long',
  'bad-token',
  'engine-fault',
] as const;

export type DeviceErrorName = (typeof DEVICE_ERRORS)[number];

/** `timeout`: no answer in the device's time. `bad-answer`: an answer that is not what the protocol says. */
export type LinkErrorName = DeviceErrorName | 'timeout' | 'bad-answer';

export class LinkError extends Error {
  override readonly name = 'LinkError';
  readonly code: LinkErrorName;
  /** Further facts of the device's error: `at` for unknown-character, `tokens` and `context` for prompt-too-long. */
  readonly details: Record<string, unknown>;

  constructor(code: LinkErrorName, message: string, details: Record<string, unknown> = {}) {
    super(message);
    this.code = code;
    this.details = details;
  }
}
