import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Checkpoint } from '../../models/checkpoint.ts';
import { corpusStories } from '../../models/corpus/index.ts';
import { evaluate } from '../../models/evaluate.ts';
import {
  buildImage,
  checkpointNames,
  FloatModel,
  greedy,
  IntegerModel,
  loadCheckpoint,
  parseImage,
  tokenizerFromSection,
  type WeightFormat,
} from '../../models/index.ts';
import { interopDir, stories260K } from './interop.ts';

const interop = stories260K();
const interopInt8 = interop && integerModel(interop, 'int8');

function integerModel(checkpoint: Checkpoint, format: WeightFormat): IntegerModel {
  return new IntegerModel(parseImage(buildImage(checkpoint, { format, context: 256 }).bytes).model);
}

function tokenizerOf({ tokenizer }: Checkpoint) {
  return tokenizerFromSection(tokenizer.section, tokenizer);
}

/** Loss of the integer model over the float model's, minus 1. */
function excess(checkpoint: Checkpoint, model: IntegerModel, texts: string[]): number {
  const tokenizer = tokenizerOf(checkpoint);
  const sequences = texts.map((text) => tokenizer.encode(text).slice(0, 256));
  const bytesOf = (token: number) => tokenizer.decode([token]).length;
  const float = evaluate(new FloatModel(checkpoint), sequences, bytesOf);
  const integer = evaluate(model, sequences, bytesOf);
  expect(integer.tokens).toBeGreaterThan(1000);
  return integer.bitsPerByte / float.bitsPerByte - 1;
}

describe('quantization quality on held-out text', () => {
  it.skipIf(!checkpointNames().includes('story-90k'))(
    'costs the default model less than 0.5 % of its bits per byte in int8',
    () => {
      const checkpoint = loadCheckpoint('story-90k');
      expect(
        excess(checkpoint, integerModel(checkpoint, 'int8'), [
          ...corpusStories('grammar', 'held-out', 32, 7),
        ]),
      ).toBeLessThan(0.005);
    },
  );

  it.skipIf(interop === undefined)('costs stories260K less than 0.7 % of its bits per byte in int8', () => {
    const text = readFileSync(join(interopDir!, 'tinystories', 'sample-2mb.txt'), 'utf8');
    const stories = text.slice(-100_000).split('<|endoftext|>').slice(1, 11);
    expect(
      excess(
        interop!,
        interopInt8!,
        stories.map((story) => story.trim()),
      ),
    ).toBeLessThan(0.007);
  });

  it.skipIf(interop === undefined)('lets stories260K tell a story in int8', () => {
    const model = interopInt8!;
    const tokens = [1];
    for (let position = 0; position < 20; position++)
      tokens.push(greedy(model.forward(tokens[position], position)));
    const text = new TextDecoder().decode(tokenizerOf(interop!).decode(tokens));
    expect(text).toMatch(/^Once upon a time, there was a little girl named Lily\./);
  });
});
