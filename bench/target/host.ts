/** The `host` target: the integer reference and its sampler. It defines which tokens and logits are right. */
import { IntegerModel } from '../../models/reference/integer.ts';
import { Sampler } from '../../models/reference/sampler.ts';
import { SingleModel } from '../../models/reference/single.ts';
import { UnknownCharacterError } from '../../models/tokenizer/index.ts';
import type { LoadedModel } from './model.ts';
import {
  type RunOptions,
  type Scenario,
  ScenarioError,
  type ScenarioResult,
  type Target,
} from './scenario.ts';

/**
 * The prompt's tokens.
 * @throws ScenarioError (`input`) for a character outside the vocabulary, an empty prompt where the tokenizer adds
 * nothing, and a prompt that fills the context.
 */
export const encodePrompt = ({ name, tokenizer, context }: LoadedModel, prompt: string): number[] => {
  const tokens = encode(name, tokenizer, prompt);
  if (tokens.length === 0) {
    throw new ScenarioError(
      'input',
      `the prompt is empty, and ${name} needs at least one character to start from`,
    );
  }
  if (tokens.length > context) {
    throw new ScenarioError(
      'input',
      `the prompt has ${tokens.length} tokens; the context of ${name} holds ${context}. Shorten the prompt.`,
    );
  }
  return tokens;
};

const encode = (name: string, tokenizer: LoadedModel['tokenizer'], prompt: string): number[] => {
  try {
    return tokenizer.encode(prompt);
  } catch (error) {
    if (!(error instanceof UnknownCharacterError)) throw error;
    throw new ScenarioError('input', `the prompt does not fit ${name}: ${error.message}`);
  }
};

const run = async (scenario: Scenario, { onToken }: RunOptions = {}): Promise<ScenarioResult> => {
  const { model, prompt, tokens: count, sampler: settings } = scenario;
  const { quantized, tokenizer, context } = model;
  const promptTokens = encodePrompt(model, prompt);
  const reference = quantized.single ? new SingleModel(quantized) : new IntegerModel(quantized);
  const sampler = new Sampler(settings, {
    logitFraction: quantized.logitFraction,
    exp2: quantized.tables.exp2,
  });
  const result: ScenarioResult = {
    target: 'host',
    promptTokens,
    tokens: [],
    pieces: [],
    logits: [],
    reason: 'length',
  };
  const all = [...promptTokens];
  const last = promptTokens.length - 1;
  for (const [i, token] of promptTokens.slice(0, last).entries())
    reference.forward(token, i, undefined, false);
  for (let index = 0; index < count; index++) {
    if (all.length > context) return { ...result, reason: 'context' };
    const logits = reference.forward(all.at(-1)!, all.length - 1).slice();
    const token = sampler.sample(logits);
    const before = tokenizer.decode(all).length;
    all.push(token);
    const piece = tokenizer.decode(all).subarray(before);
    result.tokens.push(token);
    result.pieces.push(piece);
    if (scenario.logits) result.logits.push(logits);
    onToken?.({ index, token, piece, logits: scenario.logits ? logits : undefined });
    if (model.endTokens.has(token)) return { ...result, reason: 'eos' };
  }
  return result;
};

export const hostTarget: Target = { name: 'host', run };
