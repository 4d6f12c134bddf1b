/** Claims about the chip: what quantized weights, memory and the KV cache do to speed. */
import { quantile } from '../../report/statistics.ts';
import { cacheCurves } from './caching.ts';
import type { Evidence, Finding } from './claims.ts';
import { ORIGINAL } from './original.ts';
import { kilobytes, percentText, roughly } from './text.ts';
import { ratios, variantsOf } from './variants.ts';

/**
 * Float beside int8, of the same shapes. In the original the weights become Python floats when they are loaded, whatever the file
 * holds, and its speeds before and after are of two metrics (shapes.csv has both of the model): its own data do not say so.
 */
export const checkQuantization = ({ results }: Evidence): Finding | undefined => {
  const variants = variantsOf(results.rows.variants);
  const pairs = ratios(variants, 'format', 'int8', 'float').filter(({ first }) => first.placement === 'auto');
  if (pairs.length === 0) return undefined;
  const values = pairs.map(({ ratio }) => ratio);
  const int4 = ratios(variants, 'format', 'int8', 'int4').map(({ ratio }) => ratio);
  return {
    measured:
      `int8 is ${roughly(Math.min(...values))} to ${roughly(Math.max(...values))} times as fast as float, ` +
      `int4 takes ${percentText(quantile(int4, 0.5))} of int8's cycles (median). ` +
      'The original compares two metrics, and computes in float either way',
    here: values.some((ratio) => ratio < 1),
    there: false,
  };
};

/** More than this is no longer computation alone. */
const HARDLY = 1.1;

/**
 * The same weights in SRAM and in flash, read through its cache. The original can say nothing of it: it spends 2,500 cycles for
 * each multiply-add in its interpreter.
 */
export const checkBottleneck = ({ results }: Evidence): Finding | undefined => {
  const pairs = ratios(variantsOf(results.rows.variants), 'placement', 'sram', 'flash').filter(
    ({ first }) => first.format === 'int8' && first.cores === 2,
  );
  if (pairs.length === 0) return undefined;
  const bySize = [...pairs].sort((a, b) => a.first.row.weightBytes - b.first.row.weightBytes);
  const [smallest, largest] = [bySize[0]!, bySize.at(-1)!];
  return {
    measured:
      `from flash instead of SRAM ${kilobytes(smallest.first.row.weightBytes)} of weights take ` +
      `${smallest.ratio.toFixed(2)} times the cycles, ${kilobytes(largest.first.row.weightBytes)} take ` +
      `${largest.ratio.toFixed(2)} times: computation limits in SRAM, bandwidth in flash`,
    here: pairs.every(({ ratio }) => ratio < HARDLY),
    there: false,
  };
};

/** Six tokens after a prompt of six, as the original's demo; and how it grows. */
export const checkCache = ({ results }: Evidence): Finding | undefined => {
  const curves = cacheCurves(results.rows.cache);
  const demos = curves.flatMap(({ demoSpeedUp }) => demoSpeedUp ?? []);
  if (demos.length === 0) return undefined;
  const { least, most } = ORIGINAL.cache;
  const [lowest, highest] = [Math.min(...demos), Math.max(...demos)];
  const longest = curves.flatMap(({ points }) => points).reduce((a, b) => (b.length > a.length ? b : a));
  return {
    measured:
      `${lowest.toFixed(1)} to ${highest.toFixed(1)} times for six tokens after a prompt of six; it grows with length: ` +
      `${roughly(longest.speedUp)} times for a token after ${longest.length}`,
    here: demos.every((value) => value >= least && value <= most),
    // Counting its positions gives the same.
    there: true,
  };
};
