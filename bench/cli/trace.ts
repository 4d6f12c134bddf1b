/** `starmind trace`: what a logic analyser would see while the Pico tells a story. */
import { type Command, Option } from 'commander';
import { EXIT, usageError } from './exit.ts';
import { writeWhole } from './files.ts';
import { formatOption } from './format.ts';
import { readClock, readCount } from './numbers.ts';
import { startProgress } from './progress.ts';
import { note } from './terminal.ts';

interface TraceFlags {
  vcd: string;
  model: string;
  prompt: string;
  tokens: number;
  cores?: '1' | '2';
  clock?: number;
  format?: 'int8' | 'int4' | 'int4g32';
  boot?: boolean;
  phasePins?: boolean;
}

const EXAMPLES = `
Examples:
  starmind trace --vcd story.vcd
  gtkwave story.vcd
  sigrok-cli -I vcd:downsample=8 -i story.vcd -P uart:tx=uart0_tx:baudrate=<baud> -B uart=tx

Signals: pins that changed, uart0_tx, uart0_rx, phase (a number, and a line for each name), pass (a forward pass is under
way), token (its id, at the end of its pass), token_known (changes with each token). Times are nanoseconds.`;

export const addTrace = (program: Command): Command =>
  program
    .command('trace')
    .summary('write pins, UART lines, phases and tokens of a story as VCD waves')
    .description(
      'Tells a story on the emulated Pico and writes its waves, exact to the cycle. No cycle changes by it.',
    )
    .requiredOption('--vcd <file>', 'where to write')
    .option(
      '-m, --model <name>',
      'a model of "starmind models", or the path of a checkpoint or image',
      'story-90k',
    )
    .option('-p, --prompt <text>', 'how the story begins', 'Once upon a time')
    .option('-n, --tokens <count>', 'tokens to generate at most', readCount, 4)
    .addOption(new Option('--cores <count>', 'how many compute').choices(['1', '2']))
    .option('--clock <mhz>', 'clk_sys of the Pico: 125, 133 or 200', readClock)
    .addOption(formatOption())
    .option('--boot', 'begin at reset, not where the story is asked for')
    .option('--phase-pins', 'use the build of the firmware that shows the phase on GPIO 2 to 5')
    .addHelpText('after', EXAMPLES)
    .action(trace);

const trace = async (flags: TraceFlags): Promise<void> => {
  if (flags.vcd === '') throw usageError('--vcd is empty', 'Give the file to write.');
  const { loadModel } = await import('../target/model.ts');
  const { GREEDY } = await import('../target/scenario.ts');
  const { emulatorTarget } = await import('../target/emulator.ts');
  const { WaveObserver } = await import('../trace/waves.ts');
  const model = loadModel(flags.model, { format: flags.format });
  const { prompt, tokens, clock } = flags;
  const cores = flags.cores === undefined ? undefined : flags.cores === '1' ? 1 : 2;
  const target = emulatorTarget(await firmware(flags));
  const waves = new WaveObserver({ boot: flags.boot });
  const progress = startProgress(`tracing ${model.name}`);
  try {
    const result = await target.run(
      { model, prompt, tokens, sampler: GREEDY, cores, clockHz: clock },
      {
        observer: waves,
        onToken: ({ index }) => progress.report((index + 1) / tokens, `token ${index + 1} of ${tokens}`),
      },
    );
    writeWhole(flags.vcd, waves.vcd(result.tokens));
    note(`wrote ${flags.vcd}`);
  } finally {
    progress.end();
  }
  process.exitCode = EXIT.ok;
};

const firmware = async ({ phasePins }: TraceFlags) => {
  if (!phasePins) return (await import('./setup.ts')).prepareFirmware();
  const { buildFirmware } = await import('../../firmware/build.ts');
  return buildFirmware({ phasePins, log: note });
};
