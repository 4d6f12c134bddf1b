import { expect, it } from 'vitest';
import { inLlama2cOrder } from '../../models/export/llama2c-order.ts';
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
