/** Text to tokens and back, equal to the device's. */
import { BpeTokenizer } from './bpe.ts';
import { readSection } from './section.ts';

export { BpeTokenizer, type Tokenizer } from './bpe.ts';
export {
  type Fallback,
  NEVER_MERGED,
  type TokenizerData,
  TokenizerError,
  UnknownCharacterError,
} from './data.ts';
export { tokenizerFromLlama2c } from './llama2c.ts';
export { type BpeTraining, trainBpe, trainCharacters } from './train.ts';

/**
 * The tokenizer of a model image.
 * @param ends BOS and EOS from the image header, null where it has none
 * @throws TokenizerError (code `bad-tokenizer`)
 */
export function tokenizerFromSection(
  section: Uint8Array,
  ends: { bos: number | null; eos: number | null } = { bos: null, eos: null },
): BpeTokenizer {
  return new BpeTokenizer(readSection(section, ends));
}
