/** Numbers and tables for people. */

/** 1234567 as `1,234,567`. */
export const thousands = (value: number): string => {
  const [whole, fraction] = String(value).split('.');
  const grouped = whole!.replace(/\B(?=(\d{3})+$)/g, ',');
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
};

export const percent = (part: number, whole: number): string =>
  `${(whole === 0 ? 0 : (100 * part) / whole).toFixed(1)} %`;

export const megahertz = (hz: number): string => `${thousands(Number((hz / 1e6).toFixed(3)))} MHz`;

/**
 * Rows with their columns aligned.
 * @param alignment one letter for each column, `l` or `r`; the last letter serves all further columns
 */
export const alignColumns = (
  rows: readonly (readonly string[])[],
  alignment: string,
  gap = '  ',
): string[] => {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length);
  }
  const align = (cell: string, i: number) =>
    (alignment[i] ?? alignment.at(-1)) === 'r' ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!);
  return rows.map((row) => row.map(align).join(gap).trimEnd());
};

const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/** A bar of `fraction` of `width` characters, drawn to an eighth of one. */
export const bar = (fraction: number, width: number): string => {
  const eighths = Math.round(Math.min(1, Math.max(0, fraction)) * width * 8);
  return '█'.repeat(eighths >> 3) + EIGHTHS[eighths & 7];
};

/** 75 as `1 min 15 s`. */
export const duration = (seconds: number): string => {
  const whole = Math.max(0, Math.round(seconds));
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
};
