/**
 * Writes llama2.c files: a version 0 `.bin` and its `tokenizer.bin`, for run.c and everything that reads its formats (the formats:
 * models/import/llama2c.ts, models/tokenizer/llama2c.ts).
 */
import { type Checkpoint, tensorShapes } from '../checkpoint.ts';
import type { ModelConfig } from '../config.ts';
import { ModelError } from '../errors.ts';
import { NEVER_MERGED, type TokenizerData, tokenizerFromSection } from '../tokenizer/index.ts';
import { byteText, nibbleText } from '../tokenizer/llama2c.ts';

/** @throws ModelError when llama2.c's fixed arithmetic would not be the model's: another family, head shape, theta or epsilon. */
export function exportLlama2c({ name, config, tensors }: Checkpoint): Uint8Array {
  const problem = llama2cProblem(config);
  if (problem !== undefined) throw new ModelError(`${name} cannot be a llama2.c file: ${problem}`);
  const { dim, hidden, layers, heads, kvHeads, vocabulary, context, headSize, ropeTheta, tied } = config;
  const order = tensorOrder(config);
  const floats = order.reduce((sum, tensor) => sum + tensors.get(tensor)!.data.length, 0);
  const rotary = context * headSize;
  const file = new Uint8Array(28 + 4 * (floats + rotary));
  const view = new DataView(file.buffer);
  const header = [dim, hidden, layers, heads, kvHeads, tied ? vocabulary : -vocabulary, context];
  header.forEach((value, i) => {
    view.setInt32(4 * i, value, true);
  });
  let at = header.length * 4;
  const put = (value: number) => {
    view.setFloat32(at, value, true);
    at += 4;
  };
  const putTensor = (tensor: string) => tensors.get(tensor)!.data.forEach(put);
  order.filter((tensor) => tensor !== 'output.weight').forEach(putTensor);
  // run.c computes its own angles but skips these tables.
  for (const turn of [Math.cos, Math.sin]) {
    for (let position = 0; position < context; position++) {
      for (let i = 0; i < headSize; i += 2) put(turn(position * ropeTheta ** (-i / headSize)));
    }
  }
  if (!tied) putTensor('output.weight');
  return file;
}

function llama2cProblem({
  family,
  dim,
  heads,
  headSize,
  ropeTheta,
  normEps,
}: ModelConfig): string | undefined {
  if (family !== 'llama') return `it is of the ${family} family; export it as safetensors`;
  if (heads * headSize !== dim) return `heads * headSize is ${heads * headSize}, not dim (${dim})`;
  if (ropeTheta !== 10000) return `its rotary base is ${ropeTheta}; llama2.c has 10000 built in`;
  if (Math.abs(normEps - 1e-5) > 1e-8) return `its norm epsilon is ${normEps}; llama2.c has 1e-5 built in`;
  return undefined;
}

function tensorOrder(config: ModelConfig): string[] {
  const kinds = ['input_norm', 'attention.q', 'attention.k', 'attention.v', 'attention.o', 'post_norm'];
  const stacked = [...kinds, 'ffn.gate', 'ffn.down', 'ffn.up'].flatMap((kind) =>
    Array.from({ length: config.layers }, (_, n) => `layers.${n}.${kind}.weight`),
  );
  const order = ['embed_tokens.weight', ...stacked, 'norm.weight', 'output.weight'];
  const shapes = tensorShapes(config);
  return order.filter((name) => shapes.has(name));
}

/** run.c merges only what scores above this. */
const neverMergedScore = -1e10;

export interface ExportedTokenizer {
  bytes: Uint8Array;
  /** What run.c will do differently with this vocabulary. */
  notes: string[];
}

/** Scores are the negative ranks, so that what merges first here has the highest score there. */
export function exportLlama2cTokenizer({ tokenizer }: Checkpoint): ExportedTokenizer {
  const { data } = tokenizerFromSection(tokenizer.section, tokenizer);
  const pieces = data.pieces.map((piece, id) => llama2cPiece(data, id, piece));
  const longest = Math.max(...pieces.map((piece) => piece.length));
  const file = new Uint8Array(4 + pieces.reduce((sum, piece) => sum + 8 + piece.length, 0));
  const view = new DataView(file.buffer);
  view.setUint32(0, longest, true);
  let at = 4;
  pieces.forEach((piece, id) => {
    view.setFloat32(at, data.ranks[id] === NEVER_MERGED ? neverMergedScore : -data.ranks[id], true);
    view.setInt32(at + 4, piece.length, true);
    file.set(piece, at + 8);
    at += 8 + piece.length;
  });
  return { bytes: file, notes: tokenizerNotes(data) };
}

/** Tokens that stand for no text get the text by which run.c knows them. */
function llama2cPiece(data: TokenizerData, id: number, piece: Uint8Array): Uint8Array {
  const { bos, eos, fallback, fallbackBase } = data;
  const text = (value: string) => new TextEncoder().encode(value);
  if (id === bos) return text('\n<s>\n');
  if (id === eos) return text('\n</s>\n');
  const nth = id - fallbackBase;
  if (fallback === 'bytes' && nth >= 0 && nth < 256) return text(byteText(nth));
  if (fallback === 'nibbles' && nth >= 0 && nth < 16) return text(nibbleText(nth));
  return piece;
}

function tokenizerNotes(data: TokenizerData): string[] {
  const notes: string[] = [];
  if (data.bos !== 1 || data.eos !== 2) {
    notes.push(`run.c takes 1 and 2 for BOS and EOS; here they are ${data.bos} and ${data.eos}`);
  }
  if (data.fallback !== 'bytes' || data.fallbackBase !== 3) {
    notes.push(
      'run.c writes characters outside the vocabulary as tokens 3 to 258; this model has others there, so keep to its characters',
    );
  }
  if (!data.prependSpace) notes.push('run.c puts a space before the prompt; this model was trained without');
  return notes;
}
