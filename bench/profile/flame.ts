/** A call profile as collapsed stacks (flamegraph.pl, inferno) and as a speedscope file. Weights are cycles. */
import type { CallProfile } from '../../emulator/index.ts';
import { selfCyclesOf, stackOf } from './functions.ts';

/** One line a stack, outermost first: `core 0;main;sm_step;sm_matvec 1234`. */
export const collapsedStacks = (profile: CallProfile): string => {
  const lines: string[] = [];
  for (const node of profile.nodes.keys()) {
    const cycles = selfCyclesOf(profile, node);
    if (cycles > 0) lines.push(`${stackOf(profile, node).join(';')} ${cycles}`);
  }
  return `${lines.sort().join('\n')}\n`;
};

/** One sampled profile a core (https://www.speedscope.app/file-format-schema.json). */
export const speedscope = (profile: CallProfile, name: string): object => {
  const frames: { name: string }[] = [];
  const numbers = new Map<string, number>();
  const frameOf = (frame: string): number => {
    const number = numbers.get(frame) ?? frames.push({ name: frame }) - 1;
    numbers.set(frame, number);
    return number;
  };
  const profiles = ([0, 1] as const).map((core) => {
    const nodes = [...profile.nodes.keys()].filter(
      (node) => profile.nodes[node]!.core === core && selfCyclesOf(profile, node) > 0,
    );
    const weights = nodes.map((node) => selfCyclesOf(profile, node));
    return {
      type: 'sampled',
      name: `core ${core}`,
      unit: 'none',
      startValue: 0,
      endValue: weights.reduce((all, cycles) => all + cycles, 0),
      samples: nodes.map((node) => stackOf(profile, node).slice(1).map(frameOf)),
      weights,
    };
  });
  return {
    $schema: 'https://www.speedscope.app/file-format-schema.json',
    name,
    exporter: 'starmind',
    activeProfileIndex: 0,
    shared: { frames },
    profiles,
  };
};
