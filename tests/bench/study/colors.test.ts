import { describe, expect, it } from 'vitest';
import { CHART_STYLE } from '../../../bench/report/study/style.ts';

/** Machado, Oliveira and Fernandes 2009: full severity, on linear RGB. */
const BLINDNESS = {
  none: [1, 0, 0, 0, 1, 0, 0, 0, 1],
  protanopia: [0.152286, 1.052583, -0.204868, 0.114503, 0.786281, 0.099216, -0.003882, -0.048116, 1.051998],
  deuteranopia: [0.367322, 0.860646, -0.227968, 0.280085, 0.672501, 0.047413, -0.01182, 0.04294, 0.968881],
};

type Color = [number, number, number];

const linear = (hex: string): Color =>
  [1, 3, 5].map((at) => {
    const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  }) as Color;

const seen = ([r, g, b]: Color, matrix: readonly number[]): Color =>
  [0, 3, 6].map((i) =>
    Math.min(1, Math.max(0, matrix[i]! * r + matrix[i + 1]! * g + matrix[i + 2]! * b)),
  ) as Color;

const luminance = ([r, g, b]: Color): number => 0.2126 * r + 0.7152 * g + 0.0722 * b;

const contrast = (a: Color, b: Color): number => {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y) as [number, number];
  return (high + 0.05) / (low + 0.05);
};

/** CIE L*a*b* of a linear colour, white at D65. */
const lab = (color: Color): Color => {
  const [r, g, b] = color;
  const [x, y, z] = [
    (0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.9505,
    luminance(color),
    (0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.089,
  ].map((value) => (value > 0.008856 ? Math.cbrt(value) : 7.787 * value + 16 / 116)) as Color;
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
};

const distance = (a: Color, b: Color): number => Math.hypot(...lab(a).map((value, i) => value - lab(b)[i]!));

const [light, dark] = CHART_STYLE.split('@media').map(
  (part) => (name: string) => linear(new RegExp(`--${name}:(#[0-9a-f]{6})`).exec(part)![1]!),
) as [(name: string) => Color, (name: string) => Color];
const MARKS = ['c1', 'c2', 'c3', 'c4', 'c5'];

describe.each([
  ['light', light],
  ['dark', dark],
])('the colours of the charts, %s', (_, color) => {
  it('stand out from the background, text most', () => {
    for (const mark of MARKS) expect(contrast(color(mark), color('card')), mark).toBeGreaterThan(3);
    expect(contrast(color('ink'), color('card'))).toBeGreaterThan(10);
    expect(contrast(color('muted'), color('card'))).toBeGreaterThan(4.5);
  });

  it('carry numbers that can be read', () => {
    for (const mark of MARKS) expect(contrast(color(mark), color('on-mark')), mark).toBeGreaterThan(3);
  });

  it.each(Object.entries(BLINDNESS))('stay apart with %s', (_name, matrix) => {
    for (const [i, a] of MARKS.entries()) {
      for (const b of MARKS.slice(i + 1)) {
        const apart = distance(seen(color(a), matrix), seen(color(b), matrix));
        expect(apart, `${a} and ${b}`).toBeGreaterThan(10);
      }
    }
  });
});
