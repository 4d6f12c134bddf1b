/** What a training can be told, with its defaults. */
import { checkConfig, type ModelConfig } from '../config.ts';
import { GRAMMAR } from '../corpus/index.ts';
import { ModelError } from '../errors.ts';
import { preset } from '../presets.ts';
import type { BackendChoice } from './backend.ts';
import { type Grid, grids } from './grid.ts';

export type TokenizerKind = 'bpe' | 'characters';

export interface TrainingOptions {
  /** Name in models/presets.ts; with `config`, only what the checkpoint is called. */
  preset: string;
  /** A shape without a name in the presets. @default the preset's */
  config?: ModelConfig;
  /** Tokens of the vocabulary, 32 to 8192. @default the shape's */
  vocabulary?: number;
  /** Pieces of words, or one token per character. @default 'bpe' */
  tokenizer?: TokenizerKind;
  /** `grammar`, or a text file or folder. @default 'grammar' */
  corpus?: string;
  /** How long to train. Either this or `steps`, of which only the latter gives the same weights each time. */
  minutes?: number;
  steps?: number;
  /** @default 1 */
  seed?: number;
  /** Where the checkpoint goes: DIR/NAME, without extension. */
  out: string;
  /** A checkpoint whose weights and tokenizer to start from; the preset must have its shape. @default random weights */
  from?: string;
  /** Goes on from where a training with these options and this `out` was interrupted, to the same bits. Needs `steps`. */
  resume?: boolean;
  /** Trains with weights rounded to this, and activations as the device rounds them; what is written is rounded. @default float */
  quantize?: Grid;
  /** A float model to learn from, by name or path; its tokenizer is taken over. @default none */
  teacher?: string;
  /** What the teacher counts in the loss, 0 to 1; the text counts the rest. @default 0.7 */
  teacherWeight?: number;
  /** Text that is only trained on, such as a teacher wrote: a file or folder. @default none */
  extra?: string;
  /** @default 'auto' */
  backend?: BackendChoice;
  /** Threads that compute gradients. @default 1 */
  workers?: number;
  /** Most stories to take from the corpus. @default 40000 */
  stories?: number;
  /** Highest learning rate. @default 0.005 */
  rate?: number;
  /** Tokens of a worker's batch. @default 1024 */
  batchTokens?: number;
  /** Seconds between reports. @default 60 */
  reportEvery?: number;
  /** Gets lines for people. @default stderr */
  log?: (line: string) => void;
  /** Stops the training early; the checkpoint is what was reached. */
  signal?: AbortSignal;
}

export type Settings = Required<
  Omit<
    TrainingOptions,
    'minutes' | 'steps' | 'signal' | 'from' | 'quantize' | 'teacher' | 'extra' | 'vocabulary'
  >
> & {
  config: ModelConfig;
  vocabulary: number | null;
  minutes: number | null;
  steps: number | null;
  from: string | null;
  quantize: Grid | null;
  teacher: string | null;
  extra: string | null;
  signal: AbortSignal | undefined;
};

const isWhole = (value: number, least: number, most = Number.MAX_SAFE_INTEGER) =>
  Number.isInteger(value) && value >= least && value <= most;

/** @throws ModelError saying what is wrong */
export function checkOptions(options: TrainingOptions): Settings {
  const shape = options.config ?? preset(options.preset).config;
  const config = checkConfig({ ...shape, vocabulary: options.vocabulary ?? shape.vocabulary });
  const settings: Settings = {
    config,
    preset: options.preset,
    vocabulary: options.vocabulary ?? null,
    tokenizer: options.tokenizer ?? 'bpe',
    minutes: options.minutes ?? null,
    steps: options.steps ?? null,
    seed: options.seed ?? 1,
    workers: options.workers ?? 1,
    rate: options.rate ?? 0.005,
    batchTokens: options.batchTokens ?? 1024,
    corpus: options.corpus ?? GRAMMAR,
    out: options.out,
    from: options.from ?? null,
    quantize: options.quantize ?? null,
    teacher: options.teacher ?? null,
    teacherWeight: options.teacherWeight ?? 0.7,
    extra: options.extra ?? null,
    resume: options.resume ?? false,
    backend: options.backend ?? 'auto',
    stories: options.stories ?? 40_000,
    reportEvery: options.reportEvery ?? 60,
    log: options.log ?? ((line) => process.stderr.write(`${line}\n`)),
    signal: options.signal,
  };
  const { minutes, steps, seed, workers, rate, batchTokens, stories, resume } = settings;
  const need = (condition: boolean, what: string): void => {
    if (!condition) throw new ModelError(what);
  };
  need((minutes === null) !== (steps === null), 'say how long to train: either minutes or steps');
  need(minutes === null || minutes > 0, `minutes must be above 0, not ${minutes}`);
  need(steps === null || isWhole(steps, 1), `steps must be a whole number from 1, not ${steps}`);
  need(isWhole(workers, 1, 64), `workers must be 1 to 64, not ${workers}`);
  need(isWhole(seed, 0), `the seed must be a whole number from 0, not ${seed}`);
  need(isWhole(stories, 1), `stories must be a whole number from 1, not ${stories}`);
  need(isWhole(batchTokens, 1), `the tokens of a batch must be a whole number from 1, not ${batchTokens}`);
  const { teacherWeight, quantize } = settings;
  need(
    quantize === null || grids.includes(quantize),
    `unknown format "${quantize}" to quantize to; known: ${grids.join(', ')}`,
  );
  need(
    teacherWeight >= 0 && teacherWeight <= 1,
    `the weight of the teacher must be 0 to 1, not ${teacherWeight}`,
  );
  need(
    isWhole(config.vocabulary, 32, 8192),
    `the vocabulary must be 32 to 8192 tokens, not ${config.vocabulary}`,
  );
  need(rate > 0, `the learning rate must be above 0, not ${rate}`);
  need(
    !resume || steps !== null,
    'only a training for a number of steps can be resumed: give steps, not minutes',
  );
  return settings;
}

/** The options that decide the weights, as the command line that repeats the training. */
export function repeatingCommand(settings: Settings, steps: number): string {
  const { preset: name, corpus, seed, workers, stories, rate, batchTokens, from } = settings;
  const { teacher, teacherWeight, extra, quantize, vocabulary, tokenizer } = settings;
  return (
    `npx tsx models/train/main.ts --preset ${name} --corpus ${corpus} --steps ${steps} --seed ${seed} ` +
    `--workers ${workers} --stories ${stories} --rate ${rate} --batch-tokens ${batchTokens}${from === null ? '' : ` --from ${from}`}` +
    (quantize === null ? '' : ` --quantize ${quantize}`) +
    (vocabulary === null ? '' : ` --vocabulary ${vocabulary}`) +
    (tokenizer === 'bpe' ? '' : ` --tokenizer ${tokenizer}`) +
    (teacher === null ? '' : ` --teacher ${teacher} --teacher-weight ${teacherWeight}`) +
    (extra === null ? '' : ` --extra ${extra}`)
  );
}
