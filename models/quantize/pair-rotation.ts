/**
 * Rotary pairs may be turned by a fixed angle, the same for q and k: scores do not change, because rotations of a plane commute
 * and keep the scalar product. A pair whose keys all point along one axis (common in the slow pairs, which carry a constant)
 * is turned onto the diagonal, where its largest component is up to sqrt(2) smaller and an 8-bit step that much finer.
 */

/** Angles tried; beyond a quarter turn the components only swap. */
const angles = Array.from({ length: 16 }, (_, i) => (i * Math.PI) / 32);
const cosines = angles.map(Math.cos);
const sines = angles.map(Math.sin);

/** Largest component of each pair, had it been turned by each of the angles. */
export class PairPeaks {
  private readonly peaks: Float64Array; // (pairs, angles)

  constructor(pairs: number) {
    this.peaks = new Float64Array(pairs * angles.length);
  }

  add(pair: number, v0: number, v1: number): void {
    for (let i = 0; i < angles.length; i++) {
      const peak = Math.max(
        Math.abs(v0 * cosines[i] - v1 * sines[i]),
        Math.abs(v0 * sines[i] + v1 * cosines[i]),
      );
      const at = pair * angles.length + i;
      if (peak > this.peaks[at]) this.peaks[at] = peak;
    }
  }

  /** One peak for each angle. */
  of(pair: number): Float64Array {
    return this.peaks.subarray(pair * angles.length, (pair + 1) * angles.length);
  }
}

/** The angle, with its peaks, at which cost(qPeak, kPeak) is least. */
export function bestTurn(
  qPeaks: Float64Array,
  kPeaks: Float64Array,
  cost: (qPeak: number, kPeak: number) => number,
): { angle: number; qPeak: number; kPeak: number } {
  let best = { angle: 0, qPeak: qPeaks[0], kPeak: kPeaks[0] };
  for (let i = 1; i < angles.length; i++) {
    if (cost(qPeaks[i], kPeaks[i]) < cost(best.qPeak, best.kPeak)) {
      best = { angle: angles[i], qPeak: qPeaks[i], kPeak: kPeaks[i] };
    }
  }
  return best;
}

/** Turns row pairs (2i, 2i+1) of W (rows, columns) by the angle of each pair. */
export function turnRows(
  data: Float32Array,
  columns: number,
  angleOfPair: (pair: number) => number,
): Float32Array {
  const turned = new Float32Array(data.length);
  for (let pair = 0; pair < data.length / columns / 2; pair++) {
    const [c, s] = [Math.cos(angleOfPair(pair)), Math.sin(angleOfPair(pair))];
    const at = 2 * pair * columns;
    for (let k = at; k < at + columns; k++) {
      turned[k] = data[k] * c - data[k + columns] * s;
      turned[k + columns] = data[k] * s + data[k + columns] * c;
    }
  }
  return turned;
}
