/** Numbers in sentences. */
import { thousands } from '../../report/format.ts';
import type { Range } from './original.ts';

/** 0.397 as `40 %`, -0.07 as `−7 %`. */
export const percentText = (share: number): string => {
  const percent = Math.round(100 * share);
  return `${percent < 0 ? '−' : ''}${Math.abs(percent)} %`;
};

export const percentRange = ({ least, most }: Range): string =>
  `${Math.round(100 * least)} to ${Math.round(100 * most)} %`;

/** Three digits, with thousands apart: 12,345.6 as `12,300`, 4.5678 as `4.57`. */
export const roughly = (value: number): string => thousands(Number(value.toPrecision(3)));

export const speedText = (tokensPerSecond: number): string => `${roughly(tokensPerSecond)} tokens/s`;

/** `1 row`, `2 rows`. */
export const count = (number: number, what: string): string =>
  `${thousands(number)} ${what}${number === 1 ? '' : 's'}`;

export const kilobytes = (bytes: number): string => `${roughly(bytes / 1024)} KB`;
