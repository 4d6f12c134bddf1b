/**
 * The way back: the emulator gives the same run every time, so an earlier moment is reached by starting again from the
 * last reset and doing what the debugger did, each at its cycle. Costs as much time as the run up to there took.
 */
import type { Pico } from '../pico.ts';

interface Intervention {
  cycle: number;
  apply: () => void;
}

/** Cycles to look back for the previous instruction; each further look goes back 16 times as far. */
const FIRST_WINDOW = 64;

export class History {
  private readonly pico: Pico;
  private flash: Uint8Array;
  private interventions: Intervention[] = [];

  /** The history begins now: with a Pico that has just been loaded or reset. */
  constructor(pico: Pico) {
    this.pico = pico;
    this.flash = this.presentFlash();
  }

  /** The Pico was reset. */
  begin(): void {
    this.flash = this.presentFlash();
    this.interventions = [];
  }

  /** Does something to the Pico that it would not have done by itself, and remembers it. */
  record(apply: () => void): void {
    apply();
    this.interventions.push({ cycle: this.pico.cycles, apply });
  }

  /**
   * Goes to the last instruction boundary of a core before its present one.
   * @param now the core's own cycle
   * @param step executes one instruction of the core
   * @returns false when there is none: the Pico then stands at its reset
   */
  back(now: () => number, step: () => void): boolean {
    const present = now();
    for (let window = FIRST_WINDOW; ; window *= 16) {
      const from = Math.max(0, present - window);
      this.replay(from);
      let last: number | undefined;
      while (now() < present) {
        last = now();
        step();
        if (now() === last) break;
      }
      if (last !== undefined) {
        this.replay(last);
        return true;
      }
      if (from === 0) {
        this.replay(0);
        return false;
      }
    }
  }

  private replay(cycle: number): void {
    const { pico } = this;
    pico.writeMemory(FLASH, this.flash);
    pico.reset();
    pico.uart[0].clear();
    pico.uart[1].clear();
    const past = this.interventions.filter((intervention) => intervention.cycle <= cycle);
    for (const { cycle: at, apply } of past) {
      pico.run({ cycle: at });
      apply();
    }
    pico.run({ cycle });
    this.interventions = past;
  }

  private presentFlash(): Uint8Array {
    return this.pico.readMemory(FLASH, this.pico.options.flashBytes);
  }
}

const FLASH = 0x10000000;
