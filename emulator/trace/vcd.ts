/** Value change dump (IEEE 1364-2005, section 18): what GTKWave, PulseView and sigrok-cli read. */
import type { WaveSignal } from './wave.ts';

export interface VcdOptions {
  /** Time 0 of the file, in nanoseconds since reset; what was before decides the values at time 0. */
  from?: number;
  /** Last time of the file. @default the last change */
  to?: number;
}

const FIRST_CODE = 33;
const CODES = 94;

/** Times are whole nanoseconds: less than a cycle at every clock the chip can have. */
export function writeVcd(signals: readonly WaveSignal[], { from = 0, to }: VcdOptions = {}): string {
  const lines = ['$version starmind $end', '$timescale 1 ns $end', '$scope module rp2040 $end'];
  signals.forEach(({ name, bits }, i) => {
    lines.push(`$var wire ${bits} ${code(i)} ${name}${bits > 1 ? ` [${bits - 1}:0]` : ''} $end`);
  });
  lines.push('$upscope $end', '$enddefinitions $end', '#0', '$dumpvars');
  const values = signals.map(({ changes, initial }) => {
    const before = inOrder(changes).filter(({ nanos }) => Math.round(nanos - from) <= 0);
    return before.at(-1)?.value ?? initial;
  });
  signals.forEach(({ bits }, i) => {
    lines.push(assignment(values[i] as number, bits, code(i)));
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
    lines.push(assignment(value, signals[signal]?.bits ?? 1, code(signal)));
  }
  if (to !== undefined && end > now) lines.push(`#${end}`);
  return `${lines.join('\n')}\n`;
}

function inOrder<T extends { nanos: number }>(changes: readonly T[]): T[] {
  return [...changes].sort((a, b) => a.nanos - b.nanos);
}

function assignment(value: number, bits: number, id: string): string {
  return bits === 1 ? `${value}${id}` : `b${value.toString(2)} ${id}`;
}

/** Identifiers of printable characters. */
function code(i: number): string {
  const last = String.fromCharCode(FIRST_CODE + (i % CODES));
  return i < CODES ? last : code(Math.floor(i / CODES) - 1) + last;
}
