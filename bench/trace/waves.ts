/** The waves of a story: pins, UART lines, the phase of the present token, and tokens as they are known. */
import { type Pico, WaveRecorder, type WaveSignal, writeVcd } from '../../emulator/index.ts';
import { PHASES } from '../link/index.ts';
import { type RunObserver, ScenarioError } from '../target/scenario.ts';

const MARKER = 'sm_phase_marker';
const IDLE = PHASES.length;
const PHASE_BITS = 4;
const TOKEN_BITS = 16;
/** Lines at rest before the request, for decoders to see its first edge; within the stop bit of the last answer. */
const LEAD_IN_NANOS = 4_000;

export interface WaveOptions {
  /** Begin at reset instead of where the story is asked for. @default false */
  boot?: boolean;
}

export class WaveObserver implements RunObserver {
  private readonly boot: boolean;
  private recorder: WaveRecorder | undefined;
  private pico: Pico | undefined;
  private from = 0;
  private to = 0;
  private readonly passEnds: number[] = [];

  constructor({ boot = false }: WaveOptions = {}) {
    this.boot = boot;
  }

  connected(pico: Pico): void {
    const marker = pico.symbol(MARKER);
    if (marker === undefined)
      throw new ScenarioError('device', `the firmware has no symbol ${MARKER} to observe`);
    const recorder = new WaveRecorder(pico);
    const phase = recorder.add('phase', PHASE_BITS, IDLE);
    const pins = PHASES.map((name) => recorder.add(`phase_${name}`, 1));
    const pass = recorder.add('pass', 1);
    pico.watchWrite(marker.address, (value, cycle) => {
      const nanos = recorder.nanosAt(cycle);
      phase.changes.push({ nanos, value });
      pins.forEach((pin, i) => {
        pin.changes.push({ nanos, value: Number(i === value) });
      });
      pass.changes.push({ nanos, value: Number(value !== IDLE) });
      if (value === IDLE) this.passEnds.push(nanos);
    });
    this.pico = pico;
    this.recorder = recorder;
  }

  began(): void {
    if (!this.boot) this.from = Math.max(0, this.now - LEAD_IN_NANOS);
  }

  ended(): void {
    this.to = this.now;
    this.recorder?.stop();
  }

  /**
   * The file's text. Pins that never changed are left out.
   * @param tokens ids of the generated tokens; each appears at the end of its pass
   */
  vcd(tokens: readonly number[]): string {
    const { from, to } = this;
    const signals = [...(this.recorder?.signals ?? []), ...this.tokenSignals(tokens)];
    const shown = signals.filter(({ name, changes }) => !name.startsWith('gpio') || changes.length > 0);
    return writeVcd(shown, { from, to });
  }

  /** The last passes are those of the generated tokens; `token_known` changes its level with each. */
  private tokenSignals(tokens: readonly number[]): WaveSignal[] {
    const ends = this.passEnds.slice(-tokens.length || this.passEnds.length);
    const at = (i: number, value: number) => ({ nanos: ends[i] ?? this.to, value });
    return [
      { name: 'token', bits: TOKEN_BITS, initial: 0, changes: tokens.map((token, i) => at(i, token)) },
      { name: 'token_known', bits: 1, initial: 0, changes: tokens.map((_, i) => at(i, (i + 1) & 1)) },
    ];
  }

  private get now(): number {
    return (this.pico?.seconds ?? 0) * 1e9;
  }
}
