/**
 * Runs one core alone, or two cores in turns, without going back to the scheduler for every turn: each core goes on
 * through the cycle in which the other may next use the bus. In that shared cycle the arbiter may tell it to defer.
 */
import { type Core, NEVER, SEQ_NONE } from './core.ts';
import { type Machinery, runInstructions } from './interpreter.ts';
import { advance } from './sequence.ts';

/** Runs `core` up to its limit, whatever comes: instructions, sequences, exceptions. */
export function runCore(core: Core, machinery: Machinery): void {
  if (core.attention || core.sequence !== SEQ_NONE) advance(core, machinery.bus);
  if (!core.attention && core.sequence === SEQ_NONE && !core.stopped)
    runInstructions(core, null, 0, machinery);
}

/**
 * Both cores in order of time, until `horizon` (the next event or DMA request), or until one of them stops or the
 * scheduler must look again.
 */
export function runPair(core0: Core, core1: Core, horizon: number, machinery: Machinery): void {
  const { arbiter } = machinery;
  machinery.interrupted = false;
  core0.quietLimit = horizon;
  core1.quietLimit = horizon;
  while (!machinery.interrupted && !core0.stopped && !core1.stopped) {
    const time0 = core0.pendingTime;
    const time1 = core1.pendingTime;
    const first = time0 < time1 || (time0 === time1 && arbiter.deferredBy !== 0) ? core0 : core1;
    const second = first === core0 ? core1 : core0;
    const now = Math.min(time0, time1);
    if (now >= horizon) break;
    const rivalAt = Math.max(time0, time1);
    first.limit = Math.min(horizon, rivalAt + 1);
    // Who was let go first does not defer in turn.
    arbiter.rivalAt = arbiter.deferredBy === second.id ? NEVER : rivalAt;
    arbiter.deferredBy = -1;
    const plain =
      !first.attention && first.sequence === SEQ_NONE && !second.attention && second.sequence === SEQ_NONE;
    machinery.turnsOver = false;
    if (plain) runInstructions(first, second, horizon, machinery);
    else runCore(first, machinery);
  }
  arbiter.rivalAt = NEVER;
  arbiter.deferredBy = -1;
}
