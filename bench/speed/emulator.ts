/**
 * How fast the emulator is: the same story, told by the same firmware, on the stock rp2040js core as shipped and on ours,
 * measured in turn in one process. Wall-clock times are noisy; the ratios of one run are what counts. `npm run bench:emulator`.
 */
import { performance } from 'node:perf_hooks';
import { Pico, type Program, readProgram } from '../../emulator/index.ts';
import { buildImage, loadCheckpoint } from '../../models/index.ts';
import { prepareFirmware } from '../cli/setup.ts';
import { print } from '../cli/terminal.ts';
import { MODEL_FLASH_ADDRESS } from '../target/model.ts';
import { StockPico } from './stock.ts';

const ROUNDS = 3;
/** How many tokens the story has. */
const TOKENS = 48;
const PROMPT = 'Once upon a time';
/** The console's prompt, which ends a story. */
const END_OF_STORY = '\n> ';

interface Speed {
  milliseconds: number;
  /** Emulated clk_sys cycles of the story. */
  cycles: number;
}

interface Contestant {
  name: string;
  tell: () => Speed;
}

interface Machine {
  readonly cycles: number;
  send(text: string): void;
  runTo(text: string): void;
}

class OurPico implements Machine {
  private readonly pico: Pico;

  constructor(programs: Program[], bootrom: Uint8Array) {
    this.pico = new Pico({ bootrom });
    for (const program of programs) this.pico.load(program);
  }

  get cycles(): number {
    return this.pico.cycles;
  }

  send(text: string): void {
    this.pico.uart[0].send(text);
  }

  runTo(text: string): void {
    const { end, fault } = this.pico.run({ text, timeoutSeconds: 60 });
    if (end !== 'text') throw new Error(`the run ended as ${end}: ${fault?.message ?? 'no fault'}`);
  }
}

function tell(machine: Machine, cores: 1 | 2): Speed {
  machine.runTo(END_OF_STORY);
  for (const command of [`/tokens ${TOKENS}`, `/cores ${cores}`]) {
    machine.send(`${command}\r`);
    machine.runTo(END_OF_STORY);
  }
  const before = machine.cycles;
  const started = performance.now();
  machine.send(`${PROMPT}\r`);
  machine.runTo(END_OF_STORY);
  return { milliseconds: performance.now() - started, cycles: machine.cycles - before };
}

const median = (values: number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1];

async function main(): Promise<void> {
  const { bootrom, elf } = await prepareFirmware();
  const { bytes } = buildImage(await loadCheckpoint('story-90k'));
  const model: Program = {
    format: 'bin',
    segments: [{ address: MODEL_FLASH_ADDRESS, data: bytes }],
    symbols: [],
  };
  const programs = [readProgram(elf), model];
  const contestants: Contestant[] = [
    { name: 'rp2040js 1.4.1 as shipped', tell: () => tell(new StockPico(programs, bootrom), 1) },
    { name: 'ours, one core computing', tell: () => tell(new OurPico(programs, bootrom), 1) },
    { name: 'ours, two cores computing', tell: () => tell(new OurPico(programs, bootrom), 2) },
  ];

  const speeds = contestants.map(() => [] as Speed[]);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [i, contestant] of contestants.entries()) speeds[i].push(contestant.tell());
  }
  const rate = ({ milliseconds, cycles }: Speed) => cycles / milliseconds / 1000;
  const rows = contestants.map(({ name }, i) => ({
    name,
    milliseconds: median(speeds[i].map(({ milliseconds }) => milliseconds)),
    megacyclesPerSecond: median(speeds[i].map(rate)),
    /** How much sooner the story is told. */
    storyTimesStock: median(
      speeds[i].map(({ milliseconds }, round) => speeds[0][round].milliseconds / milliseconds),
    ),
    /** How many more clk_sys cycles a second; with two cores computing each cycle is both cores' work. */
    cyclesTimesStock: median(speeds[i].map((speed, round) => rate(speed) / rate(speeds[0][round]))),
  }));
  const megabytes = Math.round(process.memoryUsage().rss / 2 ** 20);
  if (process.argv.includes('--json')) {
    print(`${JSON.stringify({ schema: 'starmind-emulator-speed/1', tokens: TOKENS, rows, megabytes })}\n`);
    return;
  }
  print(`A story of ${TOKENS} tokens; medians of ${ROUNDS} rounds, ratios within a round.\n\n`);
  const heads = ['wall ms', 'story x stock', 'Mcycles/s', 'cycles x stock'];
  print(`${'engine'.padEnd(28)}${heads.map((head) => head.padStart(15)).join('')}\n`);
  for (const row of rows) {
    const numbers = [
      row.milliseconds.toFixed(0),
      row.storyTimesStock.toFixed(2),
      row.megacyclesPerSecond.toFixed(1),
      row.cyclesTimesStock.toFixed(2),
    ];
    print(`${row.name.padEnd(28)}${numbers.map((text) => text.padStart(15)).join('')}\n`);
  }
  print(`\nmemory of the whole process: ${megabytes} MB\n`);
}

await main();
