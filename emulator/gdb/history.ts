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
const FLASH = 0x10000000;
const SRAM = 0x20000000;
const SRAM_BYTES = 0x42000;

export class History {
  private readonly pico: Pico;
  private flash: Uint8Array;
  private sram: Uint8Array;
  private interventions: Intervention[] = [];

  /** The history begins now: with a Pico that has just been loaded or reset. */
  constructor(pico: Pico) {
    this.pico = pico;
    this.flash = this.presentFlash();
    this.sram = this.presentSram();
  }

  /** The Pico was reset. */
  begin(): void {
    this.flash = this.presentFlash();
    this.sram = this.presentSram();
    this.interventions = [];
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
   * @returns false when there is none: the Pico then stands at its reset
   */
  back(now: () => number, step: () => void): boolean {
    const present = now();
    const known = this.interventions;
    for (let window = FIRST_WINDOW; ; window *= 16) {
      const from = Math.max(0, present - window);
      const later = this.replay(from, known);
      let last: number | undefined;
      while (now() < present) {
        while (later.length > 0 && later[0].cycle <= now()) later.shift()?.apply();
        last = now();
        step();
        if (now() === last) break;
      }
      if (last === undefined && from > 0) continue;
      this.replay(last ?? 0, known);
      return last !== undefined;
    }
  }

  /** Runs from the reset to a cycle; gives what was done after it, which is then no longer part of the history. */
  private replay(cycle: number, interventions: readonly Intervention[]): Intervention[] {
    const { pico } = this;
    pico.writeMemory(FLASH, this.flash);
    pico.reset();
    pico.writeMemory(SRAM, this.sram);
    pico.uart[0].clear();
    pico.uart[1].clear();
    this.interventions = interventions.filter((intervention) => intervention.cycle <= cycle);
    for (const { cycle: at, apply } of this.interventions) {
      pico.run({ cycle: at });
      apply();
    }
    pico.run({ cycle });
    return interventions.filter((intervention) => intervention.cycle > cycle);
  }

  private presentFlash(): Uint8Array {
    return this.pico.readMemory(FLASH, this.pico.options.flashBytes);
  }

  /** Programs that are all in SRAM are there before the first cycle. */
  private presentSram(): Uint8Array {
    return this.pico.readMemory(SRAM, SRAM_BYTES);
  }
}
