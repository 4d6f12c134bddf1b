/** Profiles the generation of a run on the emulator: which function of which core spent how many cycles, in which phase. */
import { CallProfile, type Pico } from '../../emulator/index.ts';
import { PHASES } from '../link/index.ts';
import { type RunObserver, ScenarioError } from '../target/scenario.ts';

const MARKER = 'sm_phase_marker';

/** Names of the contexts that cycles are charged to: the phases of a token, and what is between tokens. */
export const CONTEXTS = [...PHASES, 'between'] as const;
export type ContextName = (typeof CONTEXTS)[number];
const BETWEEN = CONTEXTS.length - 1;

/** From this cycle on, a context is the present one. */
export interface ContextChange {
  cycle: number;
  context: number;
}

export interface ProfilerOptions {
  /** Keep every change of function and phase, for a time line. @default false */
  timeline?: boolean;
}

export class Profiler implements RunObserver {
  private readonly timeline: boolean;
  private pico: Pico | undefined;
  private calls: CallProfile | undefined;
  private lastRead = 0;
  /** Cycles in which the window begins and ends. */
  begin = 0;
  end = 0;
  clockHz = 0;
  readonly contextChanges: ContextChange[] = [];

  constructor({ timeline = false }: ProfilerOptions = {}) {
    this.timeline = timeline;
  }

  connected(pico: Pico): void {
    const marker = pico.symbol(MARKER);
    if (marker === undefined)
      throw new ScenarioError('device', `the firmware has no symbol ${MARKER} to observe`);
    const calls = new CallProfile({
      functions: pico.functionMap(),
      contexts: CONTEXTS.length,
      timeline: this.timeline,
    });
    calls.setContext(BETWEEN, 0);
    pico.observeCalls(calls);
    // A phase ends where the firmware reads the counter, and is named by the store after it (see target/observer.ts).
    pico.onCounterRead((core, cycle) => {
      if (core !== 0) return;
      this.lastRead = cycle;
      calls.mark(cycle);
    });
    pico.watchWrite(marker.address, (phase) => this.enter(Math.min(phase, BETWEEN)));
    this.pico = pico;
    this.calls = calls;
  }

  began(): void {
    this.begin = this.pico?.cycles ?? 0;
    this.calls?.begin(this.begin);
  }

  ended(): void {
    this.end = this.pico?.cycles ?? 0;
    this.clockHz = this.pico?.clockHz ?? 0;
    this.calls?.end(this.end);
    this.pico?.observeCalls(null);
  }

  /** False when the target has no Pico to look at. */
  get isConnected(): boolean {
    return this.calls !== undefined;
  }

  /** The call tree with its cycles; after the run. */
  get profile(): CallProfile {
    if (this.calls === undefined) throw new Error('the profiler was not connected');
    return this.calls;
  }

  private enter(context: number): void {
    this.calls?.setContext(context, this.lastRead);
    if (this.timeline && this.begin > 0) this.contextChanges.push({ cycle: this.lastRead, context });
  }
}
