/** Progress of long work, on stderr: a live line on a terminal, at most one line each ten seconds elsewhere. */
import { duration } from '../report/format.ts';

const SILENT_MS = 2_000;
const LINE_EVERY_MS = 10_000;
const REDRAW_EVERY_MS = 100;

export interface Progress {
  /** @param fraction of the work that is done, 0..1; without it there is no time left to tell */
  report(fraction?: number, detail?: string): void;
  /** Removes the live line. */
  end(): void;
}

/** Says nothing about work that takes under two seconds. */
export const startProgress = (label: string, stream: NodeJS.WriteStream = process.stderr): Progress => {
  const started = Date.now();
  const every = stream.isTTY ? REDRAW_EVERY_MS : LINE_EVERY_MS;
  let lastDrawn = 0;
  let drawn = false;
  return {
    report: (fraction, detail = '') => {
      const now = Date.now();
      if (now - started < SILENT_MS || now - lastDrawn < every) return;
      lastDrawn = now;
      const line = describe(label, (now - started) / 1000, fraction, detail);
      stream.write(stream.isTTY ? `\r\x1b[K${line.slice(0, (stream.columns || 80) - 1)}` : `${line}\n`);
      drawn = true;
    },
    end: () => {
      if (drawn && stream.isTTY) stream.write('\r\x1b[K');
    },
  };
};

const describe = (label: string, elapsed: number, fraction: number | undefined, detail: string): string => {
  const parts = [label];
  if (fraction !== undefined) parts.push(`${Math.floor(100 * fraction)} %`);
  if (detail !== '') parts.push(detail);
  if (fraction !== undefined && fraction > 0)
    parts.push(`${duration((elapsed * (1 - fraction)) / fraction)} left`);
  else parts.push(duration(elapsed));
  return parts.join('  ');
};
