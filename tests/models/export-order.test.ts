import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { corpusStories } from '../../models/corpus/index.ts';
import { exportModel } from '../../models/export/index.ts';
import { inLlama2cOrder } from '../../models/export/llama2c-order.ts';
import { importModel } from '../../models/import/index.ts';
import { FloatModel, loadCheckpoint, tokenizerFromSection } from '../../models/index.ts';
import { stories260K } from './interop.ts';

it("a model in llama2.c's order of tokens encodes the same pieces, begins with 1, and gives the same logits under other ids", () => {
  const before = loadCheckpoint('story-90k');
  const after = inLlama2cOrder(before);
  const [was, is] = [before, after].map(({ tokenizer }) =>
    tokenizerFromSection(tokenizer.section, tokenizer),
  );
  const text = 'Once upon a time, a small boy found a red ball – and kept it.';
  const [oldIds, newIds] = [was.encode(text), is.encode(text)];
  expect(newIds[0]).toBe(1);
  expect([is.bos, is.eos]).toEqual([1, 2]);
  expect(is.decodeText(newIds)).toBe(text);
  expect(newIds.map((id) => Buffer.from(is.data.pieces[id]).toString())).toEqual(
    oldIds.map((id) => Buffer.from(was.data.pieces[id]).toString()),
  );
  const [old, moved] = [new FloatModel(before), new FloatModel(after)];
  oldIds.forEach((id, position) => {
    const [a, b] = [old.forward(id, position), moved.forward(newIds[position], position)];
    expect([...b].sort()).toEqual([...a].sort());
    expect(b[newIds[position]]).toBe(a[id]);
  });
});

it('a model of llama2.c stays as it is', () => {
  const real = stories260K();
  if (real !== undefined) expect(inLlama2cOrder(real)).toBe(real);
});

it.each(['llama2c', 'safetensors'] as const)(
  'the default model comes back from %s with its tokens and its logits',
  (format) => {
    const before = inLlama2cOrder(loadCheckpoint('story-90k'));
    const folder = mkdtempSync(join(tmpdir(), 'starmind-export-'));
    try {
      for (const [name, content] of exportModel(loadCheckpoint('story-90k'), format).files) {
        writeFileSync(join(folder, name), content);
      }
      const after = importModel(folder).checkpoint;
      const [was, is] = [before, after].map(({ tokenizer }) =>
        tokenizerFromSection(tokenizer.section, tokenizer),
      );
      for (const story of corpusStories('grammar', 'held-out', 20, 3))
        expect(is.encode(story)).toEqual(was.encode(story));
      const ids = was.encode('Once upon a time');
      expect([...new FloatModel(after).forward(ids[0], 0)]).toEqual([
        ...new FloatModel(before).forward(ids[0], 0),
      ]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);
