/**
 * The way back. Snapshots are kept as the program runs; an earlier moment is reached by going on from the last one before it and
 * doing again what the debugger did, each at its cycle. The emulator gives the same run every time.
 */
import type { Pico } from '../pico.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';

interface Intervention {
  cycle: number;
  apply: () => void;
}

/** A moment to go on from. */
export interface Moment {
  readonly cycle: number;
  readonly snapshot: Snapshot;
  /** How many interventions it already has. */
  readonly interventions: number;
}

/** Cycles to look back for the previous instruction; each further look goes back 16 times as far. */
const FIRST_WINDOW = 64;
/** Cycles between moments, at first; twice as many whenever there are too many moments. */
const FIRST_INTERVAL = 2_000_000;
const MOST_MOMENTS = 48;

export class History {
  private readonly pico: Pico;
  /** Oldest first. */
  private moments: Moment[] = [];
  private interval = FIRST_INTERVAL;
  private interventions: Intervention[] = [];

  /** The history begins now: with a Pico that has just been loaded or reset. */
  constructor(pico: Pico) {
    this.pico = pico;
    this.begin();
  }

  /** The Pico was reset. */
  begin(): void {
    this.moments = [];
    this.interval = FIRST_INTERVAL;
    this.interventions = [];
    this.keepNow();
  }

  /** To be called now and then between runs: keeps a moment when the last one is long ago. */
  keep(): void {
    if (this.pico.cycles - this.latest.cycle < this.interval) return;
    if (this.moments.length >= MOST_MOMENTS) {
      this.moments = this.moments.filter((_, i) => i % 2 === 0);
      this.interval *= 2;
    }
    this.keepNow();
  }

  /** Does something to the Pico that it would not have done by itself, and remembers when: at `cycle` of the stopped core. */
  record(cycle: number, apply: () => void): void {
    apply();
    this.interventions.push({ cycle, apply });
  }

  /**
   * Goes to the last instruction boundary of a core before its present one.
   * @param now the core's own cycle
   * @param step executes one instruction of the core
   * @returns false when there is none: the Pico then stands where the history begins
   */
  back(now: () => number, step: () => void): boolean {
    const present = now();
    const known = this.interventions;
    const first = this.beginning.cycle;
    for (let window = FIRST_WINDOW; ; window *= 16) {
      const from = Math.max(first, present - window);
      const later = this.goTo(from, known);
      // What is looked at twice is near: the way there need not be gone twice.
      if (from > first) this.keepNow();
      let last: number | undefined;
      while (now() < present) {
        while (later.length > 0 && later[0].cycle <= now()) later.shift()?.apply();
        last = now();
        step();
        if (now() === last) break;
      }
      if (last === undefined && from > first) continue;
      this.goTo(last ?? first, known);
      return last !== undefined;
    }
  }

  get beginning(): Moment {
    return this.moments[0] as Moment;
  }

  /** Moments before a cycle, the latest first. */
  momentsBefore(cycle: number): Moment[] {
    return this.moments.filter((moment) => moment.cycle < cycle).reverse();
  }

  /** What the debugger did after a moment, up to a cycle. */
  interventionsAfter(moment: Moment, until: number): readonly { cycle: number; apply: () => void }[] {
    return this.interventions.slice(moment.interventions).filter(({ cycle }) => cycle <= until);
  }

  /** Everything after this cycle has not happened. */
  forgetAfter(cycle: number): void {
    this.moments = this.moments.filter((moment, i) => i === 0 || moment.cycle <= cycle);
    this.interventions = this.interventions.filter((intervention) => intervention.cycle <= cycle);
  }

  /** Runs to a cycle; gives what was done after it, which is then no longer part of the history. */
  private goTo(cycle: number, interventions: readonly Intervention[]): Intervention[] {
    const { pico } = this;
    this.interventions = [...interventions];
    this.forgetAfter(cycle);
    const { snapshot, interventions: done } = this.latest;
    pico.restore(snapshot);
    for (const { cycle: at, apply } of this.interventions.slice(done)) {
      pico.run({ cycle: at });
      apply();
    }
    pico.run({ cycle });
    return interventions.filter((intervention) => intervention.cycle > cycle);
  }

  private get latest(): Moment {
    return this.moments.at(-1) as Moment;
  }

  private keepNow(): void {
    const { pico } = this;
    this.moments.push({
      cycle: pico.cycles,
      snapshot: pico.snapshot(),
      interventions: this.interventions.length,
    });
  }
}
