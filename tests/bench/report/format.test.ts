import { describe, expect, it } from 'vitest';
import { alignColumns, bar, duration, megahertz, percent, thousands } from '../../../bench/report/format.ts';
import { quantile, spread, sumColumns } from '../../../bench/report/statistics.ts';

describe('numbers for people', () => {
  it('have their thousands apart', () => {
    expect([0, 999, 1000, 1234567, -1234.5].map(thousands)).toEqual([
      '0',
      '999',
      '1,000',
      '1,234,567',
      '-1,234.5',
    ]);
  });

  it('have units', () => {
    expect(megahertz(133_000_000)).toBe('133 MHz');
    expect(percent(1, 8)).toBe('12.5 %');
    expect(percent(1, 0)).toBe('0.0 %');
    expect([4.4, 75, 3600].map(duration)).toEqual(['4 s', '1 min 15 s', '60 min 0 s']);
  });

  it('stand under each other', () => {
    const rows = [
      ['a', '1', 'x'],
      ['long', '1,000', ''],
    ];
    expect(alignColumns(rows, 'lr')).toEqual(['a         1  x', 'long  1,000']);
  });

  it('become bars of eighths', () => {
    expect(bar(1, 3)).toBe('███');
    expect(bar(0.5, 3)).toBe('█▌');
    expect(bar(0, 3)).toBe('');
    expect(bar(2, 3)).toBe('███');
  });
});

describe('order statistics', () => {
  it('are values that occurred', () => {
    const values = Array.from({ length: 100 }, (_, i) => 100 - i);
    expect(spread(values)).toEqual({ median: 50, p95: 95, worst: 100 });
    expect(spread([7])).toEqual({ median: 7, p95: 7, worst: 7 });
    expect(quantile([], 0.5)).toBe(0);
  });

  it('leave the values in their order', () => {
    const values = [3, 1, 2];
    spread(values);
    expect(values).toEqual([3, 1, 2]);
  });

  it('of columns are sums over rows', () => {
    const rows = [
      [1, 2],
      [3, 4],
    ];
    expect(sumColumns(rows, 2)).toEqual([4, 6]);
  });
});
