/** `starmind pick`: which of the trained shapes to take for a budget of speed and memory. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { alignColumns, megahertz, thousands } from '../report/format.ts';
import type { Candidate } from '../study/findings/frontier.ts';
import { CommandError } from './exit.ts';
import { readClock, readNumber } from './numbers.ts';
import { withUsageErrors } from './study-errors.ts';
import { note, print } from './terminal.ts';

export const PICK_SCHEMA = 'starmind-pick/1';

interface PickFlags {
  tokensPerSecond?: number;
  sram?: number;
  flash?: number;
  clock: number;
  cores?: '1' | '2';
  results?: string;
  json?: boolean;
}

const EXAMPLES = `
Examples:
  starmind pick --tokens-per-second 500 --sram 64K
  starmind pick --tokens-per-second 2000 --cores 1 --clock 133
  starmind pick --flash 128K --json`;

export const addPick = (program: Command): Command =>
  program
    .command('pick')
    .summary('the best shape for a budget of tokens per second, SRAM and flash')
    .description(
      'Chooses among the shapes that the study trained: the fewest bits per byte within the budget. Speed is that of the ' +
        'slowest token, the last of the context; memory is all that firmware and model use.',
    )
    .option('--tokens-per-second <n>', 'at least so fast', readPositive)
    .option('--sram <bytes>', 'at most so much SRAM, such as 64K', readBytes)
    .option('--flash <bytes>', 'at most so much flash, such as 128K', readBytes)
    .option('--clock <MHz>', 'of the Pico: 125, 133 or 200', readClock, 125_000_000)
    .addOption(new Option('--cores <count>', 'cores that compute (default: either)').choices(['1', '2']))
    .option('--results <folder>', 'where results lie (default: fixtures/study)')
    .option('--json', 'print one JSON object')
    .addHelpText('after', EXAMPLES)
    .action((flags: PickFlags) => withUsageErrors(() => pickShape(flags)));

/** How many are shown below the best. */
const OTHERS = 4;

const pickShape = async (flags: PickFlags): Promise<void> => {
  const { loadResults } = await import('../study/results.ts');
  const { RESULTS_FOLDER } = await import('../study/experiments.ts');
  const { candidatesOf, pick } = await import('../study/findings/frontier.ts');
  const { StudyError } = await import('../study/errors.ts');
  const { tokensPerSecond, sram, flash, clock, cores, json } = flags;
  const results = loadResults(flags.results ?? RESULTS_FOLDER, ['cost']);
  const all = candidatesOf(results);
  if (all.length === 0) {
    throw new StudyError(
      'no shape is both trained and measured; run  starmind study train  and  starmind study reproduce cost',
    );
  }
  const found = pick(all, {
    tokensPerSecond,
    sramBytes: sram,
    flashBytes: flash,
    clockHz: clock,
    cores: cores && (Number(cores) as 1 | 2),
  });
  const [best, ...others] = found.map((candidate) => summary(candidate, clock));
  if (best === undefined)
    throw new CommandError(nothing(all, flags), { hint: 'Ask for less, or allow more.' });
  if (json) {
    const { firmwareSha256, timingVersion } = results;
    print(
      `${JSON.stringify({ schema: PICK_SCHEMA, firmwareSha256, timingVersion, clockHz: clock, pick: best, others })}\n`,
    );
    return;
  }
  const rows = [best, ...others.slice(0, OTHERS)].map((each) => [
    each.name,
    each.format,
    String(each.cores),
    each.bitsPerByte.toFixed(3),
    thousands(Math.floor(each.tokensPerSecond)),
    thousands(Math.floor(each.bytesPerSecond)),
    thousands(each.sramBytes),
    thousands(each.flashBytes),
  ]);
  const head = ['shape', 'format', 'cores', 'bits/byte', 'tokens/s', 'bytes/s', 'SRAM', 'flash'];
  for (const line of alignColumns([head, ...rows], 'llrrrrrr')) print(`${line}\n`);
  note(`the best first, of ${found.length} that fit; tokens/s of the slowest token at ${megahertz(clock)}`);
};

const summary = (candidate: Candidate, clockHz: number) => {
  const { trained, row, cyclesPerToken, cyclesPerByte: _, ...rest } = candidate;
  const tokensPerSecond = clockHz / candidate.slowestCycles;
  return {
    ...rest,
    shape: row.shape,
    cyclesPerToken: Math.round(cyclesPerToken),
    tokensPerSecond,
    bytesPerSecond: tokensPerSecond * trained.bytesPerToken,
    command: trained.command,
  };
};

/** What there would be if one limit were lifted. */
const nothing = (all: readonly Candidate[], { clock, sram, flash }: PickFlags): string => {
  const fastest = Math.floor(Math.max(...all.map(({ slowestCycles }) => clock / slowestCycles)));
  const least = (key: 'sramBytes' | 'flashBytes') => thousands(Math.min(...all.map((each) => each[key])));
  return (
    `no trained shape is within the budget: the fastest makes ${thousands(fastest)} tokens/s` +
    (sram === undefined ? '' : `, the smallest takes ${least('sramBytes')} bytes of SRAM`) +
    (flash === undefined ? '' : `, the smallest takes ${least('flashBytes')} bytes of flash`)
  );
};

function readPositive(text: string): number {
  const value = readNumber(text);
  if (value > 0) return value;
  throw new InvalidArgumentError(`It must be more than 0; it is ${text}.`);
}

/** `65536`, `64K`, `64KB`, `1M`. */
function readBytes(text: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)\s*([km])?b?$/i.exec(text.trim()) ?? [];
  const scale = { k: 1024, m: 1024 * 1024 }[unit?.toLowerCase() ?? ''] ?? 1;
  const bytes = Number(number) * scale;
  if (bytes >= 1) return Math.floor(bytes);
  throw new InvalidArgumentError(`It must be a number of bytes, such as 65536 or 64K; it is ${text}.`);
}
