import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import {
  canProduce,
  coherence,
  corpusStories,
  Random,
  splitSentences,
  tellStory,
  textStories,
} from '../../models/corpus/index.ts';
import { plots } from '../../models/corpus/plots.ts';

const told = (seed: number, count: number) => {
  const random = new Random(seed);
  return Array.from({ length: count }, () => tellStory(random));
};

describe('the story grammar', () => {
  it('tells the same stories from the same seed, and others from another', () => {
    expect(told(7, 20)).toEqual(told(7, 20));
    expect(told(7, 20)).not.toEqual(told(8, 20));
  });

  it('has at least 300 words, thousands of plots, and stories of 55 to 130 words', () => {
    const stories = told(1, 8000);
    const lengths = stories.map(({ text }) => text.split(' ').length);
    const vocabulary = new Set(stories.flatMap(({ text }) => text.toLowerCase().match(/[a-z]+/g) ?? []));
    expect(vocabulary.size).toBeGreaterThan(300);
    expect(new Set(stories.map(({ plot }) => plot)).size).toBeGreaterThan(3000);
    expect(Math.min(...lengths)).toBeGreaterThanOrEqual(55);
    expect(Math.max(...lengths)).toBeLessThanOrEqual(130);
  });

  it('has thousands of plots that differ in what happens, whoever the hero and the friend are', () => {
    const others = plots.map(({ name, roles }) => {
      const cast = Object.entries(roles).filter(([role]) => role !== 'hero' && role !== 'friend');
      const counts = cast.map(
        ([, list]) => new Set(list.map((entity) => entity['kind'] ?? entity['name'])).size,
      );
      return { name, count: counts.reduce((a, b) => a * b, 1) };
    });
    const total = others.reduce((sum, { count }) => sum + count, 0);
    expect(plots).toHaveLength(12);
    expect(total).toBe(4672);
    const told8 = new Set(told(8, 8000).map(({ plot }) => plot.split(' / ').toSpliced(1, 1).join(' / ')));
    expect(told8.size).toBeGreaterThan(2000);
    expect(told8.size).toBeLessThanOrEqual(total);
  });

  it('has dialogue in almost every story', () => {
    const spoken = told(9, 1000).filter(({ text }) =>
      /"[^"]+" (said|asked|cried|he|she)|(said|asked), "/.test(text),
    );
    expect(spoken.length).toBeGreaterThan(900);
  });

  it('never trains on a held-out plot', () => {
    const stories = told(2, 8000);
    const heldOut = new Set(stories.filter((s) => s.heldOut).map((s) => s.plot));
    const trained = new Set(stories.filter((s) => !s.heldOut).map((s) => s.plot));
    expect(heldOut.size).toBeGreaterThan(100);
    expect([...heldOut].filter((plot) => trained.has(plot))).toEqual([]);
  });

  it('keeps the thing, its look and the friend the same throughout a story', () => {
    for (const { text, plot } of told(3, 3000).filter((story) => story.plot.startsWith('lost'))) {
      const thing = plot.split(' / ')[2];
      const full = [...text.matchAll(new RegExp(`[a-z]+ ${thing}\\b`, 'g'))].map(([words]) => words);
      const looks = full.filter((words) => !/^(the|my|his|her|have|a) /.test(words));
      expect(new Set(looks).size, text).toBe(1);
    }
  });

  it('writes a or an as the next word wants it', () => {
    for (const { text } of told(4, 3000)) expect(text).not.toMatch(/\ba [aeiou]|\ban [^aeiou]/);
  });

  it('recognises every sentence of its own stories', () => {
    const unknown = told(5, 1500).flatMap(({ text }) => splitSentences(text).filter((s) => !canProduce(s)));
    expect(unknown).toEqual([]);
  });

  it('recognises no sentence whose parts disagree or whose words are jumbled', () => {
    for (const sentence of [
      'Once upon a time, there was a little girl named Tom.',
      'She lost his red ball.',
      'Lily hugged Lily and said, "You are a good friend."',
      'It was a kitten, stuck in an old net.',
      'They looked under the barn, but it was not there.',
      'The the ball was gone.',
      '',
    ]) {
      expect(canProduce(sentence), sentence).toBe(false);
    }
  });

  it('measures coherence as the share of finished sentences that it can produce', () => {
    const story = 'Everyone was happy. Everyone was ball. It was the best day of all. And then the';
    expect(coherence([story])).toEqual({ sentences: 3, share: 2 / 3 });
  });
});

describe('a text corpus', () => {
  const folder = mkdtempSync(join(tmpdir(), 'corpus-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const write = (name: string, text: string) => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };
  const both = (path: string) => [...textStories(path, 'train'), ...textStories(path, 'held-out')].sort();

  it('separates stories at <|endoftext|>, or at blank lines where there is none', () => {
    const marked = write('marked.txt', 'one\n\nstill one\n<|endoftext|>\ntwo<|endoftext|>');
    const blank = write('blank.txt', 'one\n\n\n two\nstill two\n');
    expect(both(marked)).toEqual(['one\n\nstill one', 'two']);
    expect(both(blank)).toEqual(['one', 'two\nstill two']);
  });

  it('reads every text file of a folder, and gives each story to exactly one split', () => {
    const sub = join(folder, 'many');
    mkdirSync(join(sub, 'deeper'), { recursive: true });
    const all = Array.from({ length: 200 }, (_, i) => `story ${i}`);
    writeFileSync(join(sub, 'a.txt'), all.slice(0, 90).join('\n\n'));
    writeFileSync(join(sub, 'deeper', 'b.md'), all.slice(90).join('\n\n'));
    writeFileSync(join(sub, 'ignored.bin'), 'nothing');
    expect(both(sub)).toEqual([...all].sort());
    expect([...textStories(sub, 'held-out')].length).toBeGreaterThan(0);
  });

  it('loses nothing of a long text without separators, and of characters cut by a read', () => {
    const text = 'Ein kühler Tag. '.repeat(90_000).trim();
    const path = write('long.txt', text);
    const pieces = both(path);
    expect(pieces.every((piece) => piece.length <= 4000)).toBe(true);
    expect(pieces.join(' ').length).toBe(text.length);
    expect(pieces.join(' ')).not.toContain('\ufffd');
  });

  it('says what is wrong with a corpus that is missing or empty', () => {
    expect(() => [...textStories(join(folder, 'none.txt'), 'train')]).toThrow(/none.txt does not exist/);
    expect(() => [...textStories(write('empty.txt', ' \n'), 'train')]).toThrow(/holds no text/);
  });

  it('is chosen by a path, the grammar by its name', () => {
    const path = write('two.txt', 'one\n\ntwo');
    const given = [...corpusStories(path, 'train', 9, 1), ...corpusStories(path, 'held-out', 9, 1)];
    expect(given.sort()).toEqual(['one', 'two']);
    expect([...corpusStories('grammar', 'train', 2, 1)]).toHaveLength(2);
  });
});
