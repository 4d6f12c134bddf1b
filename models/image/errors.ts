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

export type ImageErrorCode = (typeof imageErrors)[number];

export class ImageError extends ModelError {
  readonly code: ImageErrorCode;

  constructor(code: ImageErrorCode, detail: string) {
    super(`${code}: ${detail}`);
    this.code = code;
  }
}
