import { existsSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { trainBpe } from '../../models/tokenizer/index.ts';
import { BatchOrder, makeBatch, tokenize } from '../../models/train/batches.ts';
import { discard, sequenceOf, TokenWriter, tokenCount } from '../../models/train/token-store.ts';

const token = fc.nat(65535);

describe('a token store', () => {
  it('gives back every sequence, from memory and from a file alike', () => {
    fc.assert(
      fc.property(fc.array(fc.array(token, { maxLength: 30 }), { maxLength: 20 }), (sequences) => {
        for (const memoryTokens of [1_000, 0]) {
          const writer = new TokenWriter(memoryTokens);
          for (const sequence of sequences) writer.append(sequence);
          const store = writer.finish();
          expect(store.file !== null).toBe(memoryTokens === 0 && tokenCount(store) > 0);
          expect(sequences.map((_, i) => [...sequenceOf(store, i)])).toEqual(sequences);
          discard(store);
          expect(existsSync(store.file ?? 'nothing')).toBe(false);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('spills more tokens than it may hold into its file, whole chunks and the rest', () => {
    const writer = new TokenWriter(1 << 20);
    const sequence = Array.from({ length: 65_537 }, (_, i) => (i * 40_503) & 0xffff);
    for (let n = 0; n < 40; n++) writer.append(sequence.map((value) => (value + n) & 0xffff));
    const store = writer.finish();
    expect(store.file).not.toBeNull();
    expect(store.tokens).toHaveLength(0);
    expect(tokenCount(store)).toBe(40 * 65_537);
    for (const n of [0, 15, 16, 31, 39])
      expect([...sequenceOf(store, n)]).toEqual(sequence.map((value) => (value + n) & 0xffff));
    discard(store);
  });

  it('makes the same batches of a corpus in a file as of one in memory', () => {
    const stories = ['a b c d', 'a b', 'c d a b c', 'b b b a'];
    const tokenizer = trainBpe({ texts: [stories.join(' ').repeat(2)], vocabulary: 40 });
    const inMemory = tokenize(stories, tokenizer, 16);
    const inFile = tokenize(stories, tokenizer, 16, 0);
    expect(inFile.bytes).toBe(inMemory.bytes);
    for (const members of new BatchOrder(inMemory, 20, 1).epoch())
      expect(makeBatch(inFile, members)).toEqual(makeBatch(inMemory, members));
    discard(inFile);
  });
});
