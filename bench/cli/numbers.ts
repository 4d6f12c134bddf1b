/** Readers of option values. Each throws commander's InvalidArgumentError, which names the option and exits with 2. */
import { InvalidArgumentError } from 'commander';

const LARGEST_U32 = 0xffffffff;

/** Any finite number; ranges are the business of whoever uses it. */
export const readNumber = (text: string): number => {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (!Number.isFinite(value)) throw new InvalidArgumentError(`"${text}" is not a number.`);
  return value;
};

export const readCount = (text: string): number => {
  const value = readNumber(text);
  if (Number.isInteger(value) && value >= 1 && value <= LARGEST_U32) return value;
  throw new InvalidArgumentError(`It must be a whole number, 1 or more; it is ${text}.`);
};

export const readSeconds = (text: string): number => {
  const value = readNumber(text);
  if (value > 0) return value;
  throw new InvalidArgumentError(`It must be more than 0 seconds; it is ${text}.`);
};

/** What UART0 can be set to. */
export const readBaud = (text: string): number => {
  const value = readNumber(text);
  if (Number.isInteger(value) && value >= 9_600 && value <= 3_000_000) return value;
  throw new InvalidArgumentError(`It must be 9600 to 3000000 baud; it is ${text}.`);
};

/** clk_sys frequencies that the firmware offers, by what a person writes. */
const CLOCKS: Record<string, number> = { '125': 125_000_000, '133': 133_000_000, '200': 200_000_000 };

/** Hz from `125`, `125MHz`, `125M` or `125000000`. */
export const readClock = (text: string): number => {
  const megahertz = text.trim().replace(/(000000|\s*m(hz)?)$/i, '');
  const hz = CLOCKS[megahertz];
  if (hz !== undefined) return hz;
  throw new InvalidArgumentError(`It must be 125, 133 or 200 (MHz); it is ${text}.`);
};

/** MB of flash as bytes. */
export const readFlash = (text: string): number => {
  const megabytes = Number(text.trim().replace(/\s*mb?$/i, ''));
  if ([2, 4, 8, 16].includes(megabytes)) return megabytes * 1024 * 1024;
  throw new InvalidArgumentError(`It must be 2, 4, 8 or 16 (MB); it is ${text}.`);
};
