import { describe, expect, it } from 'vitest';
import { importLlama2c } from '../../models/import/llama2c.ts';
import { FloatModel } from '../../models/reference/float.ts';
import { tokenizerFromSection } from '../../models/tokenizer/index.ts';
import { stories260K } from './interop.ts';

const checkpoint = stories260K();

function argmax(values: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i] > values[best]) best = i;
  return best;
}

describe('float reference', () => {
  it.skipIf(checkpoint === undefined)('tells the known greedy story of stories260K', () => {
    const model = new FloatModel(checkpoint!);
    const tokenizer = tokenizerFromSection(checkpoint!.tokenizer.section, checkpoint!.tokenizer);
    const tokens = [1];
    for (let position = 0; position < 60; position++)
      tokens.push(argmax(model.forward(tokens[position], position)));
    expect(new TextDecoder().decode(tokenizer.decode(tokens))).toMatch(
      /^Once upon a time, there was a little girl named Lily\. She loved to play outside in the park\. One day, she saw a big, red ball\./,
    );
  });

  it.skipIf(checkpoint === undefined)(
    'refuses a token outside the vocabulary and a position outside the context',
    () => {
      const model = new FloatModel(checkpoint!);
      expect(() => model.forward(512, 0)).toThrow('token 512 is outside the vocabulary 0..511');
      expect(() => model.forward(0, 512)).toThrow('position 512 is outside the context 0..511');
    },
  );

  it('refuses a llama2.c file whose length contradicts its header', () => {
    const file = new Uint8Array(100);
    new Int32Array(file.buffer).set([8, 16, 1, 2, 1, 300, 32]);
    const tokens = Array.from({ length: 300 }, (_, i) => {
      const piece =
        i >= 3 && i < 259 ? `<0x${(i - 3).toString(16).toUpperCase().padStart(2, '0')}>` : `t${i}`;
      const head = Buffer.alloc(8);
      head.writeInt32LE(piece.length, 4);
      return Buffer.concat([head, Buffer.from(piece)]);
    });
    const tokenizer = Buffer.concat([Buffer.from([8, 0, 0, 0]), ...tokens]);
    expect(() => importLlama2c(file, tokenizer, 'x.bin')).toThrow(
      /x\.bin: 100 bytes; its header describes a file of/,
    );
    expect(() => importLlama2c(file.subarray(0, 10), tokenizer, 'x.bin')).toThrow(/too short/);
    new Int32Array(file.buffer)[0] = 7;
    expect(() => importLlama2c(file, tokenizer, 'x.bin')).toThrow(/headSize/);
  });
});
