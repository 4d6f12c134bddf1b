/**
 * A time line in the Chrome trace format, which ui.perfetto.dev opens: tracks for tokens, layers, phases and both cores'
 * functions, and counters for the depth of the stacks and for what each core waited for.
 */
import { type CallProfile, STALL_NAMES } from '../../emulator/index.ts';
import { addCauses, type CycleCauses, causesOf, noCycles } from './functions.ts';
import { CONTEXTS, type ContextChange, type Profiler } from './profiler.ts';

interface TraceEvent {
  name: string;
  ph: 'X' | 'M' | 'C';
  pid: number;
  tid?: number;
  /** Microseconds. */
  ts?: number;
  dur?: number;
  args?: Record<string, unknown>;
}

/** A stretch of cycles with a name. */
export interface Slice {
  name: string;
  from: number;
  to: number;
}

const PROCESS = 1;
const TRACKS = { tokens: 1, layers: 2, phases: 3, core0: 10, core1: 11 } as const;
const BETWEEN = CONTEXTS.length - 1;

/** @param tokens names of the forward passes, in their order */
export const perfettoTrace = (profiler: Profiler, tokens: readonly string[]): object => {
  const { profile, contextChanges, begin, end, clockHz } = profiler;
  const micros = (cycle: number): number => ((cycle - begin) * 1e6) / clockHz;
  const slices = (track: number, list: readonly Slice[]): TraceEvent[] =>
    list.map(({ name, from, to }) => ({
      name,
      ph: 'X',
      pid: PROCESS,
      tid: track,
      ts: micros(from),
      dur: micros(to) - micros(from),
      args: { cycles: to - from },
    }));
  const passes = tokenSlices(contextChanges, tokens, end);
  const cores = [0, 1] as const;
  return {
    displayTimeUnit: 'ns',
    otherData: { clockHz: String(clockHz) },
    traceEvents: [
      ...trackNames(),
      ...slices(TRACKS.tokens, passes),
      ...slices(TRACKS.layers, layerSlices(contextChanges, end)),
      ...slices(TRACKS.phases, phaseSlices(contextChanges, end)),
      ...cores.flatMap((core) => slices(TRACKS[`core${core}`], functionSlices(profile, core, begin, end))),
      ...cores.flatMap((core) => depthCounter(profile, core, begin, micros)),
      ...cores.flatMap((core) =>
        stallIntervals(profile, core, end).map(
          ({ cycle, stalled }): TraceEvent => ({
            name: `stalls of core ${core}`,
            ph: 'C',
            pid: PROCESS,
            ts: micros(cycle),
            args: { ...stalled },
          }),
        ),
      ),
    ],
  };
};

const trackNames = (): TraceEvent[] => [
  { name: 'process_name', ph: 'M', pid: PROCESS, args: { name: 'RP2040' } },
  ...Object.entries({
    tokens: 'token',
    layers: 'layer',
    phases: 'phase',
    core0: 'core 0',
    core1: 'core 1',
  }).map(
    ([track, name]): TraceEvent => ({
      name: 'thread_name',
      ph: 'M',
      pid: PROCESS,
      tid: TRACKS[track as keyof typeof TRACKS],
      args: { name },
    }),
  ),
];

export const phaseSlices = (changes: readonly ContextChange[], end: number): Slice[] =>
  changes.flatMap(({ cycle, context }, i) =>
    context === BETWEEN ? [] : [{ name: CONTEXTS[context]!, from: cycle, to: changes[i + 1]?.cycle ?? end }],
  );

/** A forward pass goes from the first phase after a pause to the next pause. */
export const tokenSlices = (
  changes: readonly ContextChange[],
  names: readonly string[],
  end: number,
): Slice[] => {
  const slices: Slice[] = [];
  let from: number | undefined;
  for (const { cycle, context } of changes) {
    if (context !== BETWEEN) from ??= cycle;
    else if (from !== undefined) {
      slices.push({ name: names[slices.length] ?? `pass ${slices.length}`, from, to: cycle });
      from = undefined;
    }
  }
  if (from !== undefined) slices.push({ name: names[slices.length] ?? 'unfinished', from, to: end });
  return slices;
};

/** A layer begins with the norm before its `qkv` (or with that, when there is none) and ends with its `ffn`. */
export const layerSlices = (changes: readonly ContextChange[], end: number): Slice[] => {
  const slices: Slice[] = [];
  const phaseAt = (i: number): string | undefined => CONTEXTS[changes[i]?.context ?? BETWEEN];
  let layer = 0;
  let from: number | undefined;
  for (const [i, { cycle }] of changes.entries()) {
    const phase = phaseAt(i);
    if (phase === 'embed') layer = 0;
    if (phase === 'qkv') from = phaseAt(i - 1) === 'norm' ? changes[i - 1]!.cycle : cycle;
    if (phase === 'ffn' && from !== undefined) {
      slices.push({ name: `layer ${layer++}`, from, to: changes[i + 1]?.cycle ?? end });
      from = undefined;
    }
  }
  return slices;
};

/** Nested slices of one core, a function each, as the shadow stack had them. */
export const functionSlices = (profile: CallProfile, core: 0 | 1, begin: number, end: number): Slice[] => {
  const slices: Slice[] = [];
  const open: { node: number; from: number }[] = [];
  const closeTo = (depth: number, cycle: number) => {
    while (open.length > depth) {
      const { node, from } = open.pop()!;
      const { function: number } = profile.nodes[node]!;
      if (cycle > from) slices.push({ name: profile.functions.names[number]!, from, to: cycle });
    }
  };
  for (const { cycle, node } of profile.changes(core)) {
    const path = pathOf(profile, node);
    const common = path.findIndex((at, depth) => open[depth]?.node !== at);
    closeTo(common < 0 ? path.length : common, Math.min(cycle, end));
    for (const at of path.slice(open.length)) open.push({ node: at, from: Math.max(cycle, begin) });
  }
  closeTo(0, end);
  return slices;
};

/** Nodes from the outermost function to this one. */
const pathOf = (profile: CallProfile, node: number): number[] => {
  const path: number[] = [];
  for (let at = node; profile.nodes[at]!.parent >= 0; at = profile.nodes[at]!.parent) path.push(at);
  return path.reverse();
};

/** How many bytes of stack a core has below its starting point, where that changes. */
const depthCounter = (
  profile: CallProfile,
  core: 0 | 1,
  begin: number,
  micros: (cycle: number) => number,
): TraceEvent[] => {
  const changes = profile.changes(core);
  const top = Math.max(0, ...changes.map(({ stack }) => stack));
  const name = `stack of core ${core}`;
  return changes
    .filter(({ cycle, stack }, i) => cycle >= begin && stack !== changes[i - 1]?.stack)
    .map(({ cycle, stack }) => ({
      name,
      ph: 'C',
      pid: PROCESS,
      ts: micros(cycle),
      args: { bytes: top - stack },
    }));
};

export interface StallInterval {
  /** Cycle in which it begins; it lasts to the next one. */
  cycle: number;
  /** Cycles waited in it, by cause. */
  stalled: Omit<CycleCauses, 'issue'>;
}

/** What a core waited for in each stretch of a function; the sum over all is what the profile says. */
export const stallIntervals = (profile: CallProfile, core: 0 | 1, end: number): StallInterval[] => {
  const changes = profile.changes(core);
  const total = noCycles();
  for (const [node, { core: own }] of profile.nodes.entries())
    if (own === core) addCauses(total, causesOf(profile, node));
  const first = changes[0]?.stalled ?? [];
  const intervals: StallInterval[] = [];
  let before = '';
  for (const [i, { cycle, node, stalled }] of changes.entries()) {
    const next = changes[i + 1];
    const waited = (cause: 0 | 1 | 2) => {
      const after = next ? next.stalled[cause]! : first[cause]! + total[STALL_NAMES[cause]!];
      return after - stalled[cause]!;
    };
    const asleep = profile.functions.names[profile.nodes[node]!.function] === '(asleep)';
    const here = {
      bus: waited(0),
      xip: waited(1),
      divider: waited(2),
      wait: asleep ? (next?.cycle ?? end) - cycle : 0,
    };
    const text = Object.values(here).join();
    // A counter keeps its value until it is told another one.
    if (text !== before || text !== '0,0,0,0') intervals.push({ cycle, stalled: here });
    before = text;
  }
  return intervals;
};
