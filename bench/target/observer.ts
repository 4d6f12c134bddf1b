/**
 * Counts a token's cycles from outside: at each phase boundary the firmware reads SysTick and stores the phase that
 * begins to `sm_phase_marker` (firmware/pico/phase.c). Looking changes nothing, so these counts check the firmware's own.
 */
import type { Pico } from '../../emulator/index.ts';
import { PHASES } from '../link/index.ts';
import { sum } from '../report/statistics.ts';
import { ScenarioError } from './scenario.ts';

const MARKER = 'sm_phase_marker';
const IDLE = PHASES.length;

export class PhaseObserver {
  /** Phases of each forward pass that has ended and was not taken yet, oldest first. */
  private readonly finished: number[][] = [];
  private phases: number[] = PHASES.map(() => 0);
  private current: number = IDLE;
  private since = 0;
  private lastRead = 0;

  /** @throws ScenarioError when the firmware has no phase marker. */
  constructor(pico: Pico) {
    const marker = pico.symbol(MARKER);
    if (marker === undefined)
      throw new ScenarioError('device', `the firmware has no symbol ${MARKER} to observe`);
    pico.onCounterRead((core, cycle) => {
      if (core === 0) this.lastRead = cycle;
    });
    pico.watchWrite(marker.address, (phase) => this.begin(phase));
  }

  /** The oldest finished pass, in the order of PHASES; `undefined` when there is none. */
  take(): number[] | undefined {
    return this.finished.shift();
  }

  private begin(phase: number): void {
    if (this.current < IDLE) this.phases[this.current]! += this.lastRead - this.since;
    if (phase >= IDLE && this.current < IDLE) {
      this.finished.push(this.phases);
      this.phases = PHASES.map(() => 0);
    }
    this.current = phase;
    this.since = this.lastRead;
  }
}

/**
 * What is wrong between the firmware's counts of a pass and those seen from outside; `undefined` when they are equal.
 * @param seen `undefined` when nothing was seen
 */
export const describeDifference = (
  counted: { phases: readonly number[]; cycles: number },
  seen: readonly number[] | undefined,
): string | undefined => {
  const { phases, cycles } = counted;
  if (seen === undefined) return 'the emulator saw no forward pass';
  const wrong = PHASES.findIndex((_, p) => phases[p] !== seen[p]);
  if (wrong >= 0) {
    return `${PHASES[wrong]} is ${phases[wrong]} cycles by the firmware and ${seen[wrong]} by the emulator`;
  }
  return cycles === sum(phases) ? undefined : `the phases do not add up to ${cycles} cycles`;
};
