/** A story from parameters in training, by the float reference. */
import type { ModelConfig } from '../config.ts';
import { Random } from '../corpus/random.ts';
import { FloatModel } from '../reference/float.ts';
import type { BpeTokenizer } from '../tokenizer/index.ts';
import { toTensors } from './parameters.ts';

/** Draws from softmax(logits / temperature). */
function draw(logits: Float32Array, temperature: number, random: Random): number {
  const highest = logits.reduce((a, b) => Math.max(a, b));
  const weights = logits.map((logit) => Math.exp((logit - highest) / temperature));
  let target = random.float() * weights.reduce((a, b) => a + b);
  for (let id = 0; id < weights.length; id++) {
    target -= weights[id];
    if (target < 0) return id;
  }
  return weights.length - 1;
}

/** Samples until EOS or the end of the context, from BOS alone. */
export function sampleStory(
  config: ModelConfig,
  parameters: Float32Array,
  tokenizer: BpeTokenizer,
  seed: number,
  temperature = 0.8,
): string {
  return sampleFrom(
    new FloatModel({ config, tensors: toTensors(config, parameters) }),
    tokenizer,
    seed,
    temperature,
  );
}

export function sampleFrom(
  model: FloatModel,
  tokenizer: BpeTokenizer,
  seed: number,
  temperature = 0.8,
): string {
  const random = new Random(seed);
  const ids = tokenizer.encode('');
  for (let position = 0; position < model.context; position++) {
    const logits = model.forward(ids[position], position);
    const id = draw(logits, temperature, random);
    if (id === tokenizer.eos || id === tokenizer.storyEnd || ids.length === model.context) break;
    ids.push(id);
  }
  return tokenizer.decodeText(ids);
}
