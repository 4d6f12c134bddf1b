/**
 * `starmind-pico/test`: stories and programs on the emulated Pico in one's own vitest suite. Importing it adds the
 * matchers to `expect`.
 */
import { expect } from 'vitest';
import {
  type CycleBudget,
  toFault,
  toGenerate,
  toMatchReference,
  toPrint,
  toTakeCycles,
} from './matchers.ts';
import type { PicoRun } from './pico.ts';
import type { ScenarioRun } from './scenario.ts';

export type { CycleBudget } from './matchers.ts';
export { type PicoRun, type PicoRunOptions, pico } from './pico.ts';
export { type ScenarioOptions, type ScenarioRun, scenario } from './scenario.ts';

/** What the import adds to `expect(...)`. */
export interface StarmindMatchers<R = unknown> {
  /** The generated text contains this, or is matched by it. */
  toGenerate(expected: string | RegExp): R;
  /** Tokens and logits are the integer reference's, bit for bit. */
  toMatchReference(): R;
  /**
   * Cycles: exactly a number, within a budget, or without an argument those of the baseline in the test's snapshot
   * file, which `vitest -u` writes.
   */
  toTakeCycles(budget?: CycleBudget): R;
  /** The run ended in a fault; of this kind, when one is given. */
  toFault(kind?: string): R;
  /** UART0 printed this, or something that is matched by it. */
  toPrint(expected: string | RegExp): R;
}

declare module 'vitest' {
  // biome-ignore lint/suspicious/noExplicitAny: it must repeat vitest's own declaration to be merged with it
  interface Matchers<T = any> extends StarmindMatchers<T> {}
}

expect.extend({
  toGenerate,
  toMatchReference,
  toFault,
  toPrint,
  toTakeCycles(run: ScenarioRun | PicoRun, budget?: CycleBudget) {
    if (this.isNot && budget === undefined)
      throw new TypeError('toTakeCycles() without a budget cannot be negated');
    return toTakeCycles(run, budget, (baseline) => {
      expect(baseline).toMatchSnapshot('cycles');
    });
  },
});
