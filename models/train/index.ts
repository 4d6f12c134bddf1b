/** Training a model from text to checkpoint: tokenizer, sequences, workers, reports. */
import { writeCheckpoint } from '../checkpoint.ts';
import { checkConfig, type ModelConfig } from '../config.ts';
import { corpusStories, GRAMMAR, Random } from '../corpus/index.ts';
import { ModelError } from '../errors.ts';
import { preset } from '../presets.ts';
import { type BpeTokenizer, trainBpe } from '../tokenizer/index.ts';
import { type BackendChoice, selectBackend } from './backend.ts';
import { type Sequences, tokenize } from './batches.ts';
import { initialParameters, parameterSpecs, toTensors } from './parameters.ts';
import { describeReport, type Measured, measure } from './progress.ts';
import { sampleStory } from './sample.ts';
import type { Report } from './worker.ts';
import { runWorkers } from './workers.ts';

export interface TrainingOptions {
  /** Name in models/presets.ts. */
  preset: string;
  /** `grammar`, or a text file or folder. @default 'grammar' */
  corpus?: string;
  /** How long to train. Either this or `steps`, of which only the latter gives the same weights each time. */
  minutes?: number;
  steps?: number;
  /** @default 1 */
  seed?: number;
  /** Where the checkpoint goes: DIR/NAME, without extension. */
  out: string;
  /** @default 'auto' */
  backend?: BackendChoice;
  /** Threads that compute gradients. @default 1 */
  workers?: number;
  /** Most stories to take from the corpus. @default 40000 */
  stories?: number;
  /** Highest learning rate. @default 0.006 */
  rate?: number;
  /** Tokens of a worker's batch. @default 2048 */
  batchTokens?: number;
  /** Seconds between reports. @default 60 */
  reportEvery?: number;
  /** Gets lines for people. @default stderr */
  log?: (line: string) => void;
  /** Stops the training early; the checkpoint is what was reached. */
  signal?: AbortSignal;
}

export interface TrainingResult extends Measured {
  /** DIR/NAME of the checkpoint. */
  checkpoint: string;
  steps: number;
  tokens: number;
  seconds: number;
  backend: string;
  stopped: 'finished' | 'interrupted';
}

const TOKENIZER_STORIES = 5000;
const TOKENIZER_CHARACTERS = 4_000_000;
const HELD_OUT_STORIES = 64;
const CALIBRATION_SEQUENCES = 8;

/** @throws ModelError for options, corpora and folders that cannot be used, and when the loss is no longer a number */
export async function trainModel(options: TrainingOptions): Promise<TrainingResult> {
  const { config, ...settings } = checkOptions(options);
  const { log, corpus, seed, out } = settings;
  const selected = await selectBackend(settings.backend);
  log(`backend: ${selected.description}; ${settings.workers} worker${settings.workers > 1 ? 's' : ''}`);
  const tokenizer = learnTokenizer(corpus, config.vocabulary, seed);
  const stories = (split: 'train' | 'held-out', count: number): Sequences =>
    tokenize(corpusStories(corpus, split, count, seed), tokenizer, config.context);
  const sequences = stories('train', settings.stories);
  const heldOut = stories('held-out', HELD_OUT_STORIES);
  if (sequences.starts.length < 2 || heldOut.starts.length < 2) {
    throw new ModelError(
      `the corpus ${corpus} is too small: it needs some twenty stories, one of them to be held out`,
    );
  }
  const specs = parameterSpecs(config);
  const parameters = initialParameters(specs, new Random(seed));
  log(
    `${options.preset}: ${parameters.length} parameters, ${config.vocabulary} tokens; ` +
      `${sequences.starts.length - 1} sequences, ${sequences.tokens.length} tokens of ${corpus}`,
  );
  const save = async (flat: Float32Array, training: Record<string, unknown>): Promise<void> => {
    const { bos, eos } = tokenizer;
    await writeCheckpoint(out, {
      name: options.preset,
      config,
      tensors: toTensors(config, flat),
      tokenizer: { bos, eos, section: tokenizer.toSection() },
      calibration: calibrationOf(sequences, config.context),
      training,
    }).catch((error: Error) => {
      throw new ModelError(
        `cannot write the checkpoint ${out}: ${error.message}; an earlier one there is untouched`,
      );
    });
  };

  let lastGood = 'none was written yet';
  const final = await runWorkers(
    { ...settings, config, backend: selected.backend, parameters, sequences, heldOut },
    async (report) => {
      const measured = measure(report, heldOut);
      log(describeReport(report, measured));
      log(`  ${sampleStory(config, report.parameters, tokenizer, seed + report.step)}`);
      await save(report.parameters, facts(options.preset, settings, selected.description, report, measured));
      lastGood = `the checkpoint ${out} is from step ${report.step}`;
    },
  );
  if (final.kind === 'not-finite') {
    throw new ModelError(
      `the loss is no longer a number at step ${final.step}; try a lower learning rate; ${lastGood}`,
    );
  }
  const measured = measure(final, heldOut);
  log(describeReport(final, measured));
  log(`  ${sampleStory(config, final.parameters, tokenizer, seed)}`);
  await save(final.parameters, facts(options.preset, settings, selected.description, final, measured));
  const { tokens, seconds, step: steps } = final;
  const stopped = settings.signal?.aborted ? 'interrupted' : 'finished';
  return { checkpoint: out, steps, tokens, seconds, backend: selected.description, stopped, ...measured };
}

type Settings = Required<Omit<TrainingOptions, 'minutes' | 'steps' | 'signal' | 'preset'>> & {
  minutes: number | null;
  steps: number | null;
  signal: AbortSignal | undefined;
};

function checkOptions(options: TrainingOptions): Settings & { config: ModelConfig } {
  const { minutes = null, steps = null, seed = 1, workers = 1, rate = 0.006, batchTokens = 2048 } = options;
  if ((minutes === null) === (steps === null))
    throw new ModelError('say how long to train: either minutes or steps');
  if (minutes !== null && !(minutes > 0)) throw new ModelError(`minutes must be above 0, not ${minutes}`);
  if (steps !== null && !(Number.isInteger(steps) && steps > 0))
    throw new ModelError(`steps must be 1 or more, not ${steps}`);
  if (!Number.isInteger(workers) || workers < 1 || workers > 64)
    throw new ModelError(`workers must be 1 to 64, not ${workers}`);
  if (!Number.isInteger(seed) || seed < 0)
    throw new ModelError(`the seed must be a whole number from 0, not ${seed}`);
  if (!(rate > 0)) throw new ModelError(`the learning rate must be above 0, not ${rate}`);
  const config = checkConfig(preset(options.preset).config);
  return {
    config,
    minutes,
    steps,
    seed,
    workers,
    rate,
    batchTokens,
    corpus: options.corpus ?? GRAMMAR,
    out: options.out,
    backend: options.backend ?? 'auto',
    stories: options.stories ?? 40_000,
    reportEvery: options.reportEvery ?? 60,
    log: options.log ?? ((line) => process.stderr.write(`${line}\n`)),
    signal: options.signal,
  };
}

/** At most so many characters of a corpus, to learn a tokenizer from. */
function* someText(corpus: string, seed: number): Generator<string> {
  let characters = 0;
  for (const story of corpusStories(corpus, 'train', TOKENIZER_STORIES, seed)) {
    yield story;
    characters += story.length;
    if (characters > TOKENIZER_CHARACTERS) return;
  }
}

function learnTokenizer(corpus: string, vocabulary: number, seed: number): BpeTokenizer {
  const tokenizer = trainBpe({ texts: someText(corpus, seed), vocabulary, fallback: 'nibbles' });
  if (tokenizer.vocabulary !== vocabulary) {
    throw new ModelError(
      `the corpus ${corpus} has material for ${tokenizer.vocabulary} tokens only; the preset has ${vocabulary}: ` +
        'take a larger corpus or a preset with a smaller vocabulary',
    );
  }
  return tokenizer;
}

function calibrationOf({ tokens, starts }: Sequences, context: number): number[][] {
  const count = Math.min(CALIBRATION_SEQUENCES, starts.length - 1);
  return Array.from({ length: count }, (_, i) =>
    [...tokens.subarray(starts[i], starts[i + 1])].slice(0, context),
  );
}

/** What the checkpoint says of its training; the command repeats it, bit for bit if it was for a number of steps. */
function facts(
  name: string,
  settings: Settings,
  backend: string,
  { step, tokens, seconds, progress }: Report,
  { heldOutLoss, bitsPerByte }: Measured,
): Record<string, unknown> {
  const { corpus, seed, workers, stories, rate, batchTokens } = settings;
  const steps = settings.steps ?? Math.round(step / progress);
  const command =
    `npx tsx models/train/main.ts --preset ${name} --corpus ${corpus} --steps ${steps} --seed ${seed} ` +
    `--workers ${workers} --stories ${stories} --rate ${rate} --batch-tokens ${batchTokens}`;
  const minutes = Math.round(seconds / 6) / 10;
  return {
    command,
    backend,
    corpus,
    seed,
    step,
    tokens,
    minutes,
    heldOutLoss,
    heldOutBitsPerByte: bitsPerByte,
  };
}
