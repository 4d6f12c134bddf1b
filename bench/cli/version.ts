import { readFileSync } from 'node:fs';

/** The package's own version, from the package.json nearest above the sources or the compiled build. */
export const packageVersion = (): string => {
  for (const up of ['../../package.json', '../../../package.json']) {
    try {
      const { name, version } = JSON.parse(readFileSync(new URL(up, import.meta.url), 'utf8'));
      if (name === 'starmind-pico') return version;
    } catch {
      // Not at this level: the compiled build lies one folder deeper.
    }
  }
  return 'unknown';
};
