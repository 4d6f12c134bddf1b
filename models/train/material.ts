/** What a training reads: a tokenizer learned from the corpus, and the corpus as token sequences. */
import { corpusStories } from '../corpus/index.ts';
import { ModelError } from '../errors.ts';
import { type BpeTokenizer, trainBpe, trainCharacters } from '../tokenizer/index.ts';
import { type Sequences, tokenize } from './batches.ts';
import type { Settings } from './options.ts';
import { softTargets } from './teach.ts';
import { type OpenedTeacher, openTeacher } from './teacher.ts';
import { sequenceOf, tokenCount } from './token-store.ts';

export interface Material {
  teacher: OpenedTeacher | null;
  tokenizer: BpeTokenizer;
  sequences: Sequences;
  heldOut: Sequences;
}

const TOKENIZER_STORIES = 5000;
const TOKENIZER_CHARACTERS = 4_000_000;
const HELD_OUT_STORIES = 64;
const CALIBRATION_SEQUENCES = 8;

/** At most so many characters of a corpus, to learn a tokenizer from. */
function* someText(corpus: string, seed: number): Generator<string> {
  let characters = 0;
  for (const story of corpusStories(corpus, 'train', TOKENIZER_STORIES, seed)) {
    yield story;
    characters += story.length;
    if (characters > TOKENIZER_CHARACTERS) return;
  }
}

function learnTokenizer(settings: Settings): BpeTokenizer {
  const { corpus, seed, config, tokenizer: kind } = settings;
  const { vocabulary } = config;
  const learn = kind === 'characters' ? trainCharacters : trainBpe;
  const tokenizer = learn({ texts: someText(corpus, seed), vocabulary, fallback: 'nibbles' });
  if (tokenizer.vocabulary !== vocabulary) {
    throw new ModelError(
      `the corpus ${corpus} has material for ${tokenizer.vocabulary} tokens only; the model is to have ${vocabulary}: ` +
        `take a larger corpus, or --vocabulary ${tokenizer.vocabulary}`,
    );
  }
  return tokenizer;
}

/**
 * @param known the tokenizer of the checkpoint to start from, if any
 * @throws ModelError or CorpusError when there is too little text
 */
export function readMaterial(settings: Settings, known: BpeTokenizer | null): Material {
  const { corpus, seed, stories, config, extra, teacherWeight } = settings;
  const teacher = settings.teacher === null ? null : openTeacher(settings.teacher);
  const tokenizer = known ?? teacher?.tokenizer ?? learnTokenizer(settings);
  if (teacher !== null) checkTeacher(teacher, tokenizer, settings);
  const all = [
    ...(extra === null ? [] : [corpusStories(extra, 'train', stories, seed)]),
    corpusStories(corpus, 'train', stories, seed),
  ];
  const sequences = tokenize(chain(all), tokenizer, config.context);
  const heldOut = tokenize(
    corpusStories(corpus, 'held-out', HELD_OUT_STORIES, seed),
    tokenizer,
    config.context,
  );
  if (sequences.starts.length < 2 || heldOut.starts.length < 2) {
    throw new ModelError(
      `the corpus ${corpus} is too small: it needs some twenty stories, one of them to be held out`,
    );
  }
  if (teacher !== null && sequences.file !== null) {
    throw new ModelError(
      `the corpus ${corpus} is too large for a teacher: its ${tokenCount(sequences)} tokens do not lie in memory; take fewer with --stories`,
    );
  }
  if (teacher !== null) sequences.soft = softTargets(sequences, tokenizer.vocabulary, teacherWeight);
  return { teacher, tokenizer, sequences, heldOut };
}

function* chain(parts: readonly Iterable<string>[]): Generator<string> {
  for (const part of parts) yield* part;
}

/** A teacher's probabilities mean something only for the tokens that it knows. */
function checkTeacher(
  teacher: OpenedTeacher,
  tokenizer: BpeTokenizer,
  { config, teacher: path, from }: Settings,
): void {
  if (teacher.config.vocabulary !== config.vocabulary) {
    throw new ModelError(
      `the teacher ${path} has ${teacher.config.vocabulary} tokens, the model is to have ${config.vocabulary}: take a shape with as many`,
    );
  }
  if (!Buffer.from(tokenizer.toSection()).equals(teacher.tokenizer.toSection())) {
    throw new ModelError(`${from} has not the tokenizer of the teacher ${path}`);
  }
}

/** The first sequences, for the quantizer to see typical activations. */
export function calibrationOf(sequences: Sequences, context: number): number[][] {
  const count = Math.min(CALIBRATION_SEQUENCES, sequences.starts.length - 1);
  return Array.from({ length: count }, (_, i) => [...sequenceOf(sequences, i)].slice(0, context));
}
