/**
 * What looking costs: the same story of 64 tokens alone, profiled, and profiled with a time line, in turn in one process. The
 * emulated cycles must be the same; the processor time is what is compared. `npm run bench:profile`.
 */
import { isDeepStrictEqual } from 'node:util';
import { prepareFirmware } from '../cli/setup.ts';
import { print } from '../cli/terminal.ts';
import { Profiler } from '../profile/profiler.ts';
import { emulatorTarget } from '../target/emulator.ts';
import { loadModel } from '../target/model.ts';
import { GREEDY, type RunObserver, type ScenarioResult } from '../target/scenario.ts';

const ROUNDS = 5;
const TOKENS = 64;

interface Way {
  name: string;
  observer: () => RunObserver | undefined;
  milliseconds: number[];
}

const median = (values: number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!;

async function main(): Promise<void> {
  const model = loadModel('story-90k');
  const target = emulatorTarget(await prepareFirmware());
  const scenario = { model, prompt: 'Once upon a time', tokens: TOKENS, sampler: GREEDY };
  const ways: Way[] = [
    { name: 'untraced', observer: () => undefined, milliseconds: [] },
    { name: 'profile', observer: () => new Profiler(), milliseconds: [] },
    { name: 'profile with time line', observer: () => new Profiler({ timeline: true }), milliseconds: [] },
  ];
  let expected: ScenarioResult | undefined;
  for (let round = 0; round < ROUNDS; round++) {
    for (const { name, observer, milliseconds } of ways) {
      const before = process.cpuUsage();
      const result = await target.run(scenario, { observer: observer() });
      const { user, system } = process.cpuUsage(before);
      milliseconds.push((user + system) / 1000);
      expected ??= result;
      if (!isDeepStrictEqual(result, expected)) throw new Error(`"${name}" changed the story or its cycles`);
    }
  }
  const alone = ways[0]!.milliseconds;
  print(
    `A story of ${TOKENS} tokens on two cores; processor time, medians of ${ROUNDS} rounds, ratios within a round.\n`,
  );
  print('Tokens and cycles are the same each time.\n\n');
  print(`${''.padEnd(24)}${'ms'.padStart(8)}${'times untraced'.padStart(16)}\n`);
  for (const { name, milliseconds } of ways) {
    const ratio = median(milliseconds.map((time, round) => time / alone[round]!));
    print(
      `${name.padEnd(24)}${median(milliseconds).toFixed(0).padStart(8)}${ratio.toFixed(2).padStart(16)}\n`,
    );
  }
}

await main();
