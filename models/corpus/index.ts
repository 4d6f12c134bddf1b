/** Where training text comes from: the story grammar, or files. */
import { type Split, stories } from './grammar.ts';
import { textStories } from './text.ts';

export { type Split, type Story, stories, tellStory } from './grammar.ts';
export { hash32, Random } from './random.ts';
export { canProduce, coherence, splitSentences } from './recognise.ts';
export { CorpusError, textStories } from './text.ts';

/** The corpus that is used when none is named. */
export const GRAMMAR = 'grammar';

/**
 * At most `count` stories of a corpus.
 * @param corpus `grammar`, or the path of a text file or a folder of text files
 */
export function* corpusStories(corpus: string, split: Split, count: number, seed: number): Generator<string> {
  let given = 0;
  for (const story of corpus === GRAMMAR ? stories(seed, split) : textStories(corpus, split)) {
    if (given++ >= count) return;
    yield story;
  }
}
