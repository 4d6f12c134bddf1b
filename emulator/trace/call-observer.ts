/**
 * What cores tell somebody who keeps shadow call stacks: calls, returns and exceptions, each with the relative cycle in which the
 * next function begins. Telling changes nothing; without an observer it costs a comparison per call.
 */
import type { Core } from '../core/core.ts';

/** Who wants to be told of calls, returns and exceptions (`Pico.observeCalls`). */
export interface CallObserver {
  /** From now on these cores tell; other ones after each reset. */
  attached(cores: readonly [Core, Core]): void;
  /**
   * BL or BLX. An instruction whose target's fetch has to wait is told again, from the same place with the same stack pointer.
   * @param returnAddress bit 0 is set
   */
  called(core: Core, from: number, target: number, returnAddress: number, time: number): void;
  /** BX or POP to PC: mostly a return. `target` is as in the register, EXC_RETURN included. */
  jumped(core: Core, from: number, target: number, time: number): void;
  /** An exception is taken: its entry begins in the core's present cycle. */
  interrupted(core: Core): void;
  /** The entry has read its vector; `chained` when one exception follows another without unstacking. */
  vectored(core: Core, vector: number, chained: boolean): void;
  /** The return from an exception is complete. */
  resumed(core: Core): void;
  /** The core goes to sleep in its present cycle. */
  slept(core: Core): void;
  /** It is awake again from its present cycle on. */
  woke(core: Core): void;
  /** The chip starts anew in this cycle: whatever ran is gone. */
  restarted(cycle: number): void;
}
