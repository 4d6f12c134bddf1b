/** `npx tsx models/train/main.ts --preset story-90k --minutes 20`: trains and writes a checkpoint. */
import { parseArgs } from 'node:util';
import { CorpusError } from '../corpus/index.ts';
import { ModelError } from '../errors.ts';
import type { BackendChoice } from './backend.ts';
import type { Grid } from './grid.ts';
import { trainModel } from './index.ts';
import type { TokenizerKind } from './options.ts';

const { values } = parseArgs({
  options: {
    preset: { type: 'string', default: 'story-90k' },
    corpus: { type: 'string' },
    vocabulary: { type: 'string' },
    tokenizer: { type: 'string' },
    minutes: { type: 'string' },
    steps: { type: 'string' },
    seed: { type: 'string' },
    workers: { type: 'string' },
    stories: { type: 'string' },
    rate: { type: 'string' },
    'batch-tokens': { type: 'string' },
    backend: { type: 'string' },
    out: { type: 'string' },
    from: { type: 'string' },
    quantize: { type: 'string' },
    teacher: { type: 'string' },
    'teacher-weight': { type: 'string' },
    extra: { type: 'string' },
    resume: { type: 'boolean' },
  },
});

const number = (text: string | undefined): number | undefined =>
  text === undefined ? undefined : Number(text);

const controller = new AbortController();
process.once('SIGINT', () => {
  process.stderr.write('stopping after this step; press Ctrl-C again to stop at once\n');
  controller.abort();
});

try {
  const result = await trainModel({
    preset: values.preset,
    corpus: values.corpus,
    vocabulary: number(values.vocabulary),
    tokenizer: values.tokenizer as TokenizerKind | undefined,
    minutes: number(values.minutes),
    steps: number(values.steps),
    seed: number(values.seed),
    workers: number(values.workers),
    stories: number(values.stories),
    rate: number(values.rate),
    batchTokens: number(values['batch-tokens']),
    backend: values.backend as BackendChoice | undefined,
    out: values.out ?? `models/checkpoints/${values.preset}`,
    from: values.from,
    quantize: values.quantize as Grid | undefined,
    teacher: values.teacher,
    teacherWeight: number(values['teacher-weight']),
    extra: values.extra,
    resume: values.resume,
    signal: controller.signal,
  });
  process.stdout.write(`${JSON.stringify(result)}\n`);
} catch (error) {
  if (!(error instanceof ModelError || error instanceof CorpusError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
