/**
 * Every cycle of both cores, attributed to the function that spends it and to how it was called, by shadow call stacks.
 *
 * The cycles of an instruction belong to the function it is in; waiting for a function's first instruction belongs to that
 * function, and entering an exception to its handler. Sleep is a function of its own, below the one that went to sleep.
 * Each cycle is also charged to a context (a phase, say), which whoever profiles sets. The sum over all is exactly the
 * cycles of the window, times two. Of a node's cycles those are known that were waited, by cause; the rest was executing.
 */
import type { Core } from '../core/core.ts';
import { STALL_BUS, STALL_CAUSES, STALL_DIVIDER, STALL_XIP } from '../core/stalls.ts';
import type { CallObserver } from './call-observer.ts';
import { CycleLedger } from './cycle-ledger.ts';
import { ASLEEP, type FunctionMap } from './function-map.ts';

/** Shadow stacks forget their outermost frames beyond this; real ones are far from it. */
const MOST_FRAMES = 256;
const EXCEPTION = -1;

/** A function as called by a chain of others. */
export interface CallNode {
  /** Index of the caller's node; -1 for the root of a core. */
  parent: number;
  /** Number in the function map; -1 for the root of a core. */
  function: number;
  core: 0 | 1;
}

/** A core begins to spend its cycles on a node. */
export interface NodeChange {
  cycle: number;
  node: number;
  /** Stack pointer as it was there. */
  stack: number;
  /** Cycles that the core had waited by then, by cause; differences count. */
  stalled: Float64Array;
}

/** Why the cycles of a node were not spent executing. */
export type StallCause = 'bus' | 'xip' | 'divider' | 'wait';

/** Contention, misses of the flash cache, the divider, and sleep (WFE, WFI). */
export const STALL_NAMES: readonly StallCause[] = ['bus', 'xip', 'divider', 'wait'];

export interface CallProfileOptions {
  functions: FunctionMap;
  /** Number of contexts; the present one is 0 at first. */
  contexts: number;
  /** Keep every change of function, for a time line. @default false */
  timeline?: boolean;
}

class Lane {
  readonly root: number;
  node: number;
  /** The node before, for the few cycles by which a core may be ahead of the end. */
  before: number;
  /** Cycle up to which everything is charged. */
  charged = 0;
  readonly returns: number[] = [];
  readonly callers: number[] = [];
  /** Where the last transfer came from: a repetition is the same one. */
  from = 0;
  stack = 0;
  /** What `from` and `stack` were before each exception on the stack. */
  readonly interruptedFrom: number[] = [];
  entryCycle = 0;
  readonly changes: NodeChange[] = [];
  core: Core | undefined;
  /** Waits by cause: those already charged, and as they were at an exception's entry and at the last `mark`. */
  readonly waited = new Float64Array(STALL_CAUSES);
  readonly waitedAtEntry = new Float64Array(STALL_CAUSES);
  readonly waitedAtMark = new Float64Array(STALL_CAUSES);

  constructor(root: number) {
    this.root = root;
    this.node = root;
    this.before = root;
  }

  /** Waits up to a cycle, into `into`. */
  look(cycle: number, into: Float64Array): Float64Array {
    for (let cause = 0; cause < STALL_CAUSES; cause++)
      into[cause] = this.core?.stalls.until(cycle, cause) ?? 0;
    return into;
  }
}

/** Charges every cycle of both cores to a call stack, by context (such as a phase) and cause. */
export class CallProfile implements CallObserver {
  readonly nodes: CallNode[] = [];
  readonly functions: FunctionMap;
  readonly contexts: number;
  private readonly children: Map<number, number>[] = [];
  private readonly timeline: boolean;
  private readonly lanes: readonly [Lane, Lane];
  private readonly ledger: CycleLedger;
  private markedCycle = Number.NaN;
  private context = 0;
  private running = false;

  constructor({ functions, contexts, timeline = false }: CallProfileOptions) {
    this.functions = functions;
    this.contexts = contexts;
    this.timeline = timeline;
    this.ledger = new CycleLedger(contexts);
    this.lanes = [new Lane(this.addNode(-1, -1, 0)), new Lane(this.addNode(-1, -1, 1))];
  }

  // ---- the window

  /** From this absolute cycle on, cycles are charged. */
  begin(cycle: number): void {
    this.running = true;
    for (const lane of this.lanes) {
      lane.charged = cycle;
      lane.look(cycle, lane.waited);
      if (this.timeline) lane.changes.push(this.change(lane, lane.node, cycle));
    }
  }

  end(cycle: number): void {
    for (const lane of this.lanes) {
      const node = cycle >= lane.charged ? lane.node : lane.before;
      this.charge(lane, cycle, node);
    }
    this.running = false;
  }

  /** `setContext` may be told of this cycle, which is the present one, later. */
  mark(cycle: number): void {
    this.markedCycle = cycle;
    for (const lane of this.lanes) lane.look(cycle, lane.waitedAtMark);
  }

  /** From this cycle on, cycles of both cores go to another context. */
  setContext(context: number, cycle: number): void {
    for (const lane of this.lanes) {
      if (cycle <= lane.charged) continue;
      if (cycle === this.markedCycle) this.book(lane, lane.node, cycle, lane.waitedAtMark);
      else this.charge(lane, cycle);
    }
    this.context = context;
  }

  /** Cycles that a node itself spent in a context. */
  selfCycles(node: number, context: number): number {
    return this.ledger.cycles(node, context);
  }

  /** Those of them in which it could not go on. */
  stalledCycles(node: number, context: number, cause: StallCause): number {
    switch (cause) {
      case 'bus':
        return this.ledger.stalled(node, context, STALL_BUS);
      case 'xip':
        return this.ledger.stalled(node, context, STALL_XIP);
      case 'divider':
        return this.ledger.stalled(node, context, STALL_DIVIDER);
      case 'wait':
        return this.nodes[node]?.function === ASLEEP ? this.selfCycles(node, context) : 0;
    }
  }

  /** What a core did when, with a time line. */
  changes(core: 0 | 1): readonly NodeChange[] {
    return this.lanes[core].changes;
  }

  // ---- what cores tell

  attached(cores: readonly [Core, Core]): void {
    for (const core of cores) {
      const lane = this.lanes[core.id];
      lane.core = core;
      lane.look(core.cycle, lane.waited);
    }
  }

  called(core: Core, from: number, target: number, returnAddress: number, time: number): void {
    const lane = this.lanes[core.id];
    if (this.isRepetition(lane, core, from)) return;
    this.leave(lane, from, core.host.base + time);
    this.push(lane, returnAddress | 0);
    this.enter(lane, this.child(lane.node, this.functions.numberAt(target)), core.host.base + time);
  }

  jumped(core: Core, from: number, target: number, time: number): void {
    const lane = this.lanes[core.id];
    if (target >>> 28 === 0xf || this.isRepetition(lane, core, from)) return;
    const now = core.host.base + time;
    const to = this.functions.numberAt(target);
    const { returns, callers } = lane;
    let frame = returns.length - 1;
    while (frame >= 0 && returns[frame] !== (target | 0) && returns[frame] !== EXCEPTION) frame--;
    if (frame < 0 || returns[frame] === EXCEPTION) {
      this.leave(lane, from, now);
      this.enter(lane, this.sibling(lane.node, to), now);
      return;
    }
    this.leave(lane, from, now);
    const caller = callers[frame] as number;
    returns.length = frame;
    callers.length = frame;
    this.enter(lane, this.sibling(caller, to), now);
  }

  interrupted(core: Core): void {
    const lane = this.lanes[core.id];
    lane.entryCycle = core.host.base + core.time;
    lane.look(lane.entryCycle, lane.waitedAtEntry);
  }

  vectored(core: Core, vector: number, chained: boolean): void {
    const lane = this.lanes[core.id];
    const handler = this.functions.numberAt(vector);
    if (chained) {
      const now = core.host.base + core.time;
      this.charge(lane, now);
      this.enter(lane, this.sibling(lane.node, handler), now);
      return;
    }
    if (lane.entryCycle > lane.charged) this.book(lane, lane.node, lane.entryCycle, lane.waitedAtEntry);
    lane.interruptedFrom.push(lane.from, lane.stack);
    this.push(lane, EXCEPTION);
    this.enter(lane, this.child(lane.node, handler), lane.charged);
  }

  resumed(core: Core): void {
    const lane = this.lanes[core.id];
    const frame = lane.returns.lastIndexOf(EXCEPTION);
    if (frame < 0) return;
    const now = core.host.base + core.time;
    this.charge(lane, now);
    const caller = lane.callers[frame] as number;
    lane.returns.length = frame;
    lane.callers.length = frame;
    lane.stack = lane.interruptedFrom.pop() as number;
    lane.from = lane.interruptedFrom.pop() as number;
    this.enter(lane, caller, now);
  }

  slept(core: Core): void {
    const lane = this.lanes[core.id];
    const now = core.host.base + core.time;
    this.leave(lane, core.pc - 2, now);
    this.enter(lane, this.child(lane.node, ASLEEP), now);
  }

  woke(core: Core): void {
    const lane = this.lanes[core.id];
    const { parent, function: number } = this.nodes[lane.node] as CallNode;
    if (number !== ASLEEP) return;
    const now = core.host.base + core.time;
    this.charge(lane, now);
    this.enter(lane, parent, now);
  }

  restarted(cycle: number): void {
    for (const lane of this.lanes) {
      if (cycle > lane.charged) this.charge(lane, cycle);
      lane.returns.length = 0;
      lane.callers.length = 0;
      lane.interruptedFrom.length = 0;
      lane.from = 0;
      lane.node = lane.root;
      lane.charged = cycle;
    }
  }

  // ---- inside

  private isRepetition(lane: Lane, core: Core, from: number): boolean {
    const stack = core.registers[13] as number;
    if (lane.from === from && lane.stack === stack) return true;
    lane.from = from;
    lane.stack = stack;
    return false;
  }

  /** Charges what was spent before a transfer; code that went on into another function without a call is found out here. */
  private leave(lane: Lane, from: number, now: number): void {
    const actual = this.functions.numberAt(from);
    if (this.nodes[lane.node]?.function !== actual) lane.node = this.sibling(lane.node, actual);
    this.charge(lane, now);
  }

  private enter(lane: Lane, node: number, cycle: number): void {
    if (node === lane.node) return;
    lane.before = lane.node;
    lane.node = node;
    if (this.timeline && this.running) lane.changes.push(this.change(lane, node, cycle));
  }

  private change(lane: Lane, node: number, cycle: number): NodeChange {
    return { cycle, node, stack: lane.stack >>> 0, stalled: lane.waited.slice() };
  }

  private push(lane: Lane, returnAddress: number): void {
    if (lane.returns.length === MOST_FRAMES) {
      lane.returns.shift();
      lane.callers.shift();
    }
    lane.returns.push(returnAddress);
    lane.callers.push(lane.node);
  }

  private charge(lane: Lane, now: number, node = lane.node): void {
    this.book(lane, node, now, lane.look(now, this.looked));
  }

  /** @param waited of the lane up to `now` */
  private book(lane: Lane, node: number, now: number, waited: Float64Array): void {
    const cycles = now - lane.charged;
    const { stalls } = this;
    for (let cause = 0; cause < STALL_CAUSES; cause++) stalls[cause] = waited[cause] - lane.waited[cause];
    lane.waited.set(waited);
    // A division may have begun before these cycles: what is too much counts with the next ones.
    const excess = stalls[STALL_DIVIDER] - (cycles - stalls[STALL_BUS] - stalls[STALL_XIP]);
    if (excess > 0) {
      stalls[STALL_DIVIDER] -= excess;
      lane.waited[STALL_DIVIDER] -= excess;
    }
    lane.charged = now;
    if (this.running) this.ledger.add(node, this.context, cycles, stalls);
  }

  private readonly looked = new Float64Array(STALL_CAUSES);
  private readonly stalls = new Float64Array(STALL_CAUSES);

  /** The node for another function in the place of this one. */
  private sibling(node: number, number: number): number {
    const { parent, function: own } = this.nodes[node] as CallNode;
    if (own === number) return node;
    return this.child(parent < 0 ? node : parent, number);
  }

  private child(node: number, number: number): number {
    const known = this.children[node]?.get(number);
    return known ?? this.addNode(node, number, this.nodes[node]?.core ?? 0);
  }

  private addNode(parent: number, number: number, core: 0 | 1): number {
    const node = this.nodes.push({ parent, function: number, core }) - 1;
    this.children.push(new Map());
    this.children[parent]?.set(number, node);
    return node;
  }
}
