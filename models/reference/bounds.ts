import { ModelError } from '../errors.ts';

/** @throws ModelError for a token outside the vocabulary or a position outside the context. */
export function checkTokenAndPosition(
  { vocabulary, context }: { vocabulary: number; context: number },
  token: number,
  position: number,
): void {
  if (!Number.isInteger(token) || token < 0 || token >= vocabulary) {
    throw new ModelError(`token ${token} is outside the vocabulary 0..${vocabulary - 1}`);
  }
  if (!Number.isInteger(position) || position < 0 || position >= context) {
    throw new ModelError(`position ${position} is outside the context 0..${context - 1}`);
  }
}
