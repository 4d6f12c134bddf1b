import { ModelError } from '../errors.ts';

/** Why an image is refused, in the order of the checks (IMAGE.md, "Errors"); the firmware numbers them -1, -2, ... */
export const imageErrors = [
  'no-model',
  'bad-version',
  'truncated',
  'bad-length',
  'bad-crc',
  'bad-config',
  'bad-directory',
  'bad-tensor',
  'bad-table',
  'bad-region',
  'bad-tokenizer',
  'overlap',
  'too-big-for-sram',
  'too-big-for-flash',
] as const;

/** Why an image is refused (IMAGE.md, Errors); the firmware has the same names. */
export type ImageErrorCode = (typeof imageErrors)[number];

/** An image that cannot be used, or cannot be made; the message has the numbers. */
export class ImageError extends ModelError {
  readonly code: ImageErrorCode;

  constructor(code: ImageErrorCode, detail: string) {
    super(`${code}: ${detail}`);
    this.code = code;
  }
}
