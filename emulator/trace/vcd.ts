/** Value change dump (IEEE 1364-2005, section 18): what GTKWave, PulseView and sigrok-cli read. */
import type { WaveSignal } from './wave.ts';

/** Which part of the waves to write; all by default. */
export interface VcdOptions {
  /** Time 0 of the file, in nanoseconds since reset; what was before decides the values at time 0. */
  from?: number;
  /** Last time of the file. @default the last change */
  to?: number;
}

/** Letters only: sigrok-cli takes an identifier that begins with `$` or `#` for something else. */
const CODES = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';

/**
 * Times are whole nanoseconds: less than a cycle at every clock the chip can have. A number is written as its bits, the highest
 * first, which GTKWave shows as one vector: libsigrok 0.5.2 (sigrok-cli, PulseView) stops reading at a real one.
 */
export function writeVcd(vectors: readonly WaveSignal[], { from = 0, to }: VcdOptions = {}): string {
  const signals = vectors.flatMap(bitsOf);
  const lines = ['$version starmind $end', '$timescale 1 ns $end', '$scope module rp2040 $end'];
  signals.forEach(({ name }, i) => {
    lines.push(`$var wire 1 ${code(i)} ${name} $end`);
  });
  lines.push('$upscope $end', '$enddefinitions $end', '#0', '$dumpvars');
  const values = signals.map(({ changes, initial }) => {
    const before = inOrder(changes).filter(({ nanos }) => Math.round(nanos - from) <= 0);
    return before.at(-1)?.value ?? initial;
  });
  signals.forEach((_, i) => {
    lines.push(`${values[i]}${code(i)}`);
  });
  lines.push('$end');
  const all = signals.flatMap(({ changes }, signal) =>
    inOrder(changes).map(({ nanos, value }) => ({ time: Math.round(nanos - from), value, signal })),
  );
  const end = to === undefined ? Number.POSITIVE_INFINITY : Math.round(to - from);
  let now = 0;
  for (const { time, value, signal } of all.sort((a, b) => a.time - b.time)) {
    if (time <= 0 || time > end || values[signal] === value) continue;
    if (time !== now) lines.push(`#${time}`);
    now = time;
    values[signal] = value;
    lines.push(`${value}${code(signal)}`);
  }
  if (to !== undefined && end > now) lines.push(`#${end}`);
  return `${lines.join('\n')}\n`;
}

function inOrder<T extends { nanos: number }>(changes: readonly T[]): T[] {
  return [...changes].sort((a, b) => a.nanos - b.nanos);
}

/** `n` of 4 bits becomes `n[3]` to `n[0]`. */
function bitsOf(signal: WaveSignal): WaveSignal[] {
  const { name, bits, initial, changes } = signal;
  if (bits === 1) return [signal];
  return Array.from({ length: bits }, (_, i) => {
    const bit = bits - 1 - i;
    const levelOf = (value: number) => (value >> bit) & 1;
    return {
      name: `${name}[${bit}]`,
      bits: 1,
      initial: levelOf(initial),
      changes: changes.map(({ nanos, value }) => ({ nanos, value: levelOf(value) })),
    };
  });
}

function code(i: number): string {
  const last = CODES.charAt(i % CODES.length);
  return i < CODES.length ? last : code(Math.floor(i / CODES.length) - 1) + last;
}
