/**
 * Which master goes next. Every master (two cores, DMA) has an earliest cycle in which it may ask for the bus; the
 * one with the earliest goes on until the next one's, so that accesses happen in order of time whoever makes them. In
 * the same cycle the arbiter's rule decides who is first. Events (alarms, SysTick) come before accesses of their cycle.
 */
import { slaveOf } from '../bus/slaves.ts';
import { type Core, NEVER } from '../core/core.ts';
import { pendingSlave } from '../core/pending-slave.ts';
import { runCore, runPair } from '../core/turns.ts';
import type { Chip, StopReason } from './chip.ts';

/** Relative cycles are moved back before they leave 30 bits. */
const REBASE_AT = 1 << 28;
/** No core runs past this relative cycle without coming back here. */
const LONGEST_RUN = REBASE_AT + (1 << 27);

export function runCores(chip: Chip, untilCycle: number): StopReason {
  chip.stopReason = undefined;
  stepOffBreakpoints(chip);
  const reason = schedule(chip, untilCycle);
  const reached = Math.min(...chip.cores.map((core) => core.pendingTime));
  if (reached < NEVER) chip.clock.cycle = Math.max(chip.clock.cycle, chip.base + reached);
  return reason;
}

function schedule(chip: Chip, untilCycle: number): StopReason {
  const { cores, clock } = chip;
  const [core0, core1] = cores;
  for (;;) {
    if (chip.stopReason) return chip.stopReason;
    const until = untilCycle - chip.base;
    const event = Math.min(clock.nextDueCycle, core0.sysTick.zeroCycle, core1.sysTick.zeroCycle) - chip.base;
    const time0 = core0.pendingTime;
    const time1 = core1.pendingTime;
    const dma = chip.masters.length === 0 ? NEVER : earliestRequest(chip);
    const next = Math.min(time0, time1, dma);
    if (event <= next && event < until) {
      fireEvents(chip, event);
      continue;
    }
    if (next >= until) {
      clock.cycle = Math.max(clock.cycle, untilCycle);
      return 'cycle';
    }
    if (next > REBASE_AT) {
      rebase(chip, REBASE_AT);
      continue;
    }
    const limit = Math.min(event, until, LONGEST_RUN);
    if (dma <= next && serveDma(chip, next, time0, time1)) continue;
    const horizon = Math.min(limit, dma);
    chip.horizon = horizon;
    if (time0 < NEVER && time1 < NEVER && horizon > next) {
      share(chip);
      runPair(core0, core1, horizon, chip.machinery);
    } else {
      const core =
        time0 < time1 ||
        (time0 === time1 && !coreBefore(chip, core1, core0.id, pendingSlave(core0, chip.bus, chip.code)))
          ? core0
          : core1;
      runOne(chip, core, limit, Math.min(core === core0 ? time1 : time0, dma), next);
    }
  }
}

/** Runs one core up to the next event, or just past the cycle in which another master may want the bus. */
function runOne(chip: Chip, core: Core, eventLimit: number, others: number, next: number): void {
  // In a shared cycle this core goes first, but only with the access of that cycle.
  core.limit = Math.min(eventLimit, others === next ? next + 1 : others);
  core.quietLimit = eventLimit;
  if (others < NEVER) share(chip);
  else {
    core.contended = chip.arbiter.counting;
    chip.soleMaster = core.id;
  }
  runCore(core, chip.machinery);
}

/** From now on accesses are arbitrated. */
function share(chip: Chip): void {
  for (const core of chip.cores) core.contended = true;
  if (chip.soleMaster < 0) return;
  chip.arbiter.soleMasterWas(chip.soleMaster);
  chip.soleMaster = -1;
}

function earliestRequest(chip: Chip): number {
  let earliest = Number.POSITIVE_INFINITY;
  for (const master of chip.masters) earliest = Math.min(earliest, master.requestCycle);
  return earliest === Number.POSITIVE_INFINITY ? NEVER : earliest - chip.base;
}

/** Serves a DMA request of the cycle `now`, unless a core comes first. Returns true when one was served or moved. */
function serveDma(chip: Chip, now: number, time0: number, time1: number): boolean {
  const { arbiter, base } = chip;
  for (const master of chip.masters) {
    if (master.requestCycle - base !== now) continue;
    const slave = slaveOf(master.requestAddress);
    if (time0 === now && coreBefore(chip, chip.cores[0], master.id, slave)) continue;
    if (time1 === now && coreBefore(chip, chip.cores[1], master.id, slave)) continue;
    if (!arbiter.claim(slave, now, 1, master.id)) master.requestCycle = base + arbiter.retryAt;
    else {
      chip.clock.cycle = base + now;
      master.commit(base + now);
    }
    return true;
  }
  return false;
}

function coreBefore(chip: Chip, core: Core, master: number, slave: number): boolean {
  return pendingSlave(core, chip.bus, chip.code) === slave && chip.arbiter.prefers(core.id, master, slave);
}

function fireEvents(chip: Chip, event: number): void {
  const { clock, cores } = chip;
  clock.cycle = chip.base + event;
  clock.fireDue();
  for (const core of cores) {
    if (core.sysTick.zeroCycle <= clock.cycle) core.sysTick.catchUp();
  }
}

function rebase(chip: Chip, by: number): void {
  chip.base += by;
  chip.arbiter.rebase(by);
  for (const core of chip.cores) {
    core.time -= by;
    core.retryAt -= by;
  }
}

/** A run that begins on a breakpoint executes that instruction first. */
function stepOffBreakpoints(chip: Chip): void {
  for (const core of chip.cores) {
    const { pc } = core;
    if (!chip.breakpoints.has(pc) || core.stopped) continue;
    chip.code.removeBreakpoint(pc);
    while (core.pc === pc && !chip.stopReason) {
      const before = core.time;
      schedule(chip, core.cycle + 1);
      if (core.time > before) break;
    }
    chip.code.addBreakpoint(pc);
    chip.stopReason = undefined;
  }
}
