/** Quality in numbers: what a model loses per token and per byte on text, teacher forced. */
import type { LanguageModel } from './reference/taps.ts';
import type { BpeTokenizer } from './tokenizer/index.ts';

/** How well a model predicts a text; less is better. */
export interface Quality {
  /** Predicted tokens: one less than each sequence has. */
  tokens: number;
  /** Mean negative log-likelihood of the next token, in nats. */
  lossPerToken: number;
  /** Bits per byte of the predicted tokens' text. */
  bitsPerByte: number;
}

/**
 * What the model loses on a text, teacher forced.
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

/** e to the loss: among how many equally likely tokens the model is as unsure. */
export function perplexity({ lossPerToken }: Quality): number {
  return Math.exp(lossPerToken);
}

/** Bytes of text that a token stands for; a nibble token is half of one. */
export function tokenBytes({ data, bos, eos }: BpeTokenizer): (token: number) => number {
  const { pieces, fallback, fallbackBase } = data;
  const count = { none: 0, bytes: 256, nibbles: 16 }[fallback];
  return (token) => {
    if (token === bos || token === eos) return 0;
    const isFallback = token >= fallbackBase && token < fallbackBase + count;
    return isFallback ? (fallback === 'bytes' ? 1 : 0.5) : pieces[token].length;
  };
}

/**
 * Texts as sequences that `evaluate` predicts every token of, whatever their length: what exceeds the context is cut into pieces
 * that each begin with the last token of the piece before.
 * @param most tokens to predict in all
 */
export function evaluationSequences(
  tokenizer: BpeTokenizer,
  texts: Iterable<string>,
  { context, most = Number.POSITIVE_INFINITY }: { context: number; most?: number },
): number[][] {
  const sequences: number[][] = [];
  let left = most;
  for (const text of texts) {
    const ids = tokenizer.encode(text);
    for (let at = 0; at + 1 < ids.length; at += context) {
      if (left <= 0) return sequences;
      const sequence = ids.slice(at, at + Math.min(context, left) + 1);
      sequences.push(sequence);
      left -= sequence.length - 1;
    }
  }
  return sequences;
}

function negativeLogLikelihood(logits: ArrayLike<number>, token: number, scale: number): number {
  let largest = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < logits.length; i++) largest = Math.max(largest, logits[i]);
  let sum = 0;
  for (let i = 0; i < logits.length; i++) sum += Math.exp((logits[i] - largest) * scale);
  return Math.log(sum) - (logits[token] - largest) * scale;
}
