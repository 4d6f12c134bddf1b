/**
 * Runs one core alone, or two cores in turns, without going back to the scheduler for every turn: each core goes on
 * until the cycle in which the other may next use the bus. In a shared cycle the arbiter says whose access comes first.
 */
import { SLAVE_NONE } from '../bus/slaves.ts';
import { type Core, SEQ_NONE } from './core.ts';
import { type Machinery, runInstructions } from './interpreter.ts';
import { pendingSlave } from './pending-slave.ts';
import { advance } from './sequence.ts';

/** Runs `core` up to its limit, whatever comes: instructions, sequences, exceptions. */
export function runCore(core: Core, machinery: Machinery): void {
  if (core.attention || core.sequence !== SEQ_NONE) advance(core, machinery.bus);
  if (!core.attention && core.sequence === SEQ_NONE && !core.stopped) runInstructions(core, machinery);
}

/**
 * Both cores in order of time, until `horizon` (the next event or DMA request), or until one of them stops or the
 * scheduler must look again.
 */
export function runPair(core0: Core, core1: Core, horizon: number, machinery: Machinery): void {
  machinery.interrupted = false;
  core0.quietLimit = horizon;
  core1.quietLimit = horizon;
  let time0 = core0.pendingTime;
  let time1 = core1.pendingTime;
  while (!machinery.interrupted && (time0 < horizon || time1 < horizon)) {
    if (time0 < time1 || (time0 === time1 && comesFirst(core0, core1, machinery))) {
      // In a shared cycle the first core makes only the access of that cycle.
      core0.limit = Math.min(horizon, time0 === time1 ? time0 + 1 : time1);
      runCore(core0, machinery);
      if (core0.stopped) return;
      time0 = core0.pendingTime;
    } else {
      core1.limit = Math.min(horizon, time0 === time1 ? time1 + 1 : time0);
      runCore(core1, machinery);
      if (core1.stopped) return;
      time1 = core1.pendingTime;
    }
  }
}

/** Of two cores that may use the bus in the same cycle. SIO and the private ports are core 0's first. */
export function comesFirst(core0: Core, core1: Core, { arbiter, bus, code }: Machinery): boolean {
  const slave = pendingSlave(core0, bus, code);
  return slave === SLAVE_NONE || arbiter.prefers(core0.id, core1.id, slave);
}
