/** Quality in numbers: what a model loses per token and per byte on text, teacher forced. */
import type { LanguageModel } from './reference/taps.ts';

export interface Quality {
  /** Predicted tokens: one less than each sequence has. */
  tokens: number;
  /** Mean negative log-likelihood of the next token, in nats. */
  lossPerToken: number;
  /** Bits per byte of the predicted tokens' text. */
  bitsPerByte: number;
}

/**
 * @param sequences token ids; each is cut to the model's context
 * @param bytesOf bytes of text a token stands for
 */
export function evaluate(
  model: LanguageModel,
  sequences: readonly number[][],
  bytesOf: (token: number) => number,
): Quality {
  let [tokens, nats, bytes] = [0, 0, 0];
  for (const sequence of sequences) {
    const end = Math.min(sequence.length - 1, model.context);
    for (let position = 0; position < end; position++) {
      const next = sequence[position + 1];
      nats += negativeLogLikelihood(model.forward(sequence[position], position), next, model.logitScale);
      bytes += bytesOf(next);
      tokens++;
    }
  }
  return {
    tokens,
    lossPerToken: nats / Math.max(1, tokens),
    bitsPerByte: nats / Math.LN2 / Math.max(1, bytes),
  };
}

function negativeLogLikelihood(logits: ArrayLike<number>, token: number, scale: number): number {
  let largest = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < logits.length; i++) largest = Math.max(largest, logits[i]);
  let sum = 0;
  for (let i = 0; i < logits.length; i++) sum += Math.exp((logits[i] - largest) * scale);
  return Math.log(sum) - (logits[token] - largest) * scale;
}
