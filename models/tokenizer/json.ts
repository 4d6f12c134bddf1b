/** The tokenizer as JSON, for the file beside a checkpoint. */
import { checkTokenizer, type Fallback, NEVER_MERGED, type TokenizerData, TokenizerError } from './data.ts';

/** A piece is a string, or, where its bytes are not UTF-8, their hexadecimal digits. */
type JsonPiece = string | { hex: string };

export interface TokenizerJson {
  kind: 'bpe';
  fallback: Fallback;
  fallbackBase: number;
  bos: number | null;
  eos: number | null;
  control: number[];
  prependBos: boolean;
  prependSpace: boolean;
  stripSpace: boolean;
  pieces: JsonPiece[];
  /** One rank per piece, -1 for pieces that no merge produces. */
  ranks: number[];
}

function pieceToJson(piece: Uint8Array): JsonPiece {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(piece);
  } catch {
    return { hex: Buffer.from(piece).toString('hex') };
  }
}

function pieceFromJson(piece: unknown): Uint8Array {
  if (typeof piece === 'string') return new TextEncoder().encode(piece);
  const hex = (piece as { hex?: unknown } | null)?.hex;
  if (typeof hex === 'string' && /^([0-9a-f]{2})*$/.test(hex))
    return Uint8Array.from(Buffer.from(hex, 'hex'));
  throw new TokenizerError('a piece is neither a string nor {"hex": ...}');
}

export function tokenizerToJson(data: TokenizerData): TokenizerJson {
  const { fallback, fallbackBase, bos, eos, control, prependBos, prependSpace, stripSpace } = data;
  return {
    kind: 'bpe',
    fallback,
    fallbackBase,
    bos,
    eos,
    control,
    prependBos,
    prependSpace,
    stripSpace,
    pieces: data.pieces.map(pieceToJson),
    ranks: data.ranks.map((rank) => (rank === NEVER_MERGED ? -1 : rank)),
  };
}

const isId = (value: unknown): value is number => Number.isInteger(value);

/** @throws TokenizerError for JSON that is not a tokenizer */
export function tokenizerFromJson(json: unknown): TokenizerData {
  const { kind, pieces, ranks, fallback, fallbackBase, bos, eos, control, ...flags } = (json ??
    {}) as Partial<TokenizerJson>;
  if (kind !== 'bpe' || !Array.isArray(pieces) || !Array.isArray(ranks))
    throw new TokenizerError('no "bpe" tokenizer');
  if (fallback !== 'none' && fallback !== 'bytes' && fallback !== 'nibbles')
    throw new TokenizerError('unknown fallback');
  if (!isId(fallbackBase)) throw new TokenizerError('fallbackBase is not a number');
  if (!Array.isArray(control) || !control.every(isId))
    throw new TokenizerError('control is not a list of ids');
  const data: TokenizerData = {
    pieces: pieces.map(pieceFromJson),
    ranks: ranks.map((rank) => (rank === -1 ? NEVER_MERGED : rank)),
    fallback,
    fallbackBase,
    bos: bos ?? null,
    eos: eos ?? null,
    control,
    prependBos: flags.prependBos === true,
    prependSpace: flags.prependSpace === true,
    stripSpace: flags.stripSpace === true,
  };
  checkTokenizer(data);
  return data;
}
