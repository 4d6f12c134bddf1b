/**
 * What quantization costs: bits per byte of the float model and of every format on held-out text, teacher forced.
 *
 *     npx tsx models/quality.ts [MODEL] [TEXT]
 *
 * MODEL is a committed checkpoint's name or a path (default story-90k). TEXT is a file with <|endoftext|> between stories; without
 * it, held-out stories of the grammar that the default model was trained on.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { corpusStories } from './corpus/index.ts';
import {
  buildImage,
  type Checkpoint,
  evaluate,
  FloatModel,
  IntegerModel,
  loadCheckpoint,
  ModelError,
  parseImage,
  type Quality,
  tokenizerFromSection,
  type WeightFormat,
} from './index.ts';

export interface FormatQuality extends Quality {
  format: 'float' | WeightFormat;
  /** Bytes of SRAM and of flash the image takes; absent for float. */
  sramBytes?: number;
  flashBytes?: number;
}

/** The float model, then int8, int4g32 and int4. Texts are cut to the context. */
export function measureQuality(checkpoint: Checkpoint, texts: readonly string[]): FormatQuality[] {
  const { eos, section } = checkpoint.tokenizer;
  const tokenizer = tokenizerFromSection(section, checkpoint.tokenizer);
  const ending = eos === null ? [] : [eos];
  const sequences = texts.map((text) =>
    [...tokenizer.encode(text), ...ending].slice(0, checkpoint.config.context),
  );
  const bytesOf = (token: number) => tokenizer.decode([token]).length;
  const rows: FormatQuality[] = [
    { format: 'float', ...evaluate(new FloatModel(checkpoint), sequences, bytesOf) },
  ];
  for (const format of ['int8', 'int4g32', 'int4'] as const) {
    const { bytes, plan } = buildImage(checkpoint, { format });
    const quality = evaluate(new IntegerModel(parseImage(bytes).model), sequences, bytesOf);
    rows.push({ format, ...quality, sramBytes: plan.arenaBytes, flashBytes: plan.imageBytes });
  }
  return rows;
}

/** The measurement as a table for people. */
export function formatQuality([float, ...formats]: FormatQuality[]): string {
  const bytes = (n?: number) => (n ?? 0).toLocaleString('en-US').padStart(9);
  const lines = formats.map(({ format, bitsPerByte, sramBytes, flashBytes }) => {
    const excess = (100 * (bitsPerByte / float.bitsPerByte - 1)).toFixed(2);
    return `${format.padEnd(8)} ${bitsPerByte.toFixed(4)} bits/byte  ${excess.padStart(6)} % above float  ${bytes(sramBytes)} B SRAM  ${bytes(flashBytes)} B flash`;
  });
  return [`float    ${float.bitsPerByte.toFixed(4)} bits/byte on ${float.tokens} tokens`, ...lines].join(
    '\n',
  );
}

function heldOutTexts(path: string | undefined): string[] {
  if (path === undefined) return [...corpusStories('grammar', 'held-out', 32, 7)];
  const stories = readFileSync(path, 'utf8').slice(-200_000).split('<|endoftext|>').slice(1, 33);
  if (stories.length === 0) throw new ModelError(`${path}: no <|endoftext|> in its last 200,000 characters`);
  return stories.map((story) => story.trim());
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [model = 'story-90k', text] = process.argv.slice(2);
  try {
    console.log(formatQuality(measureQuality(loadCheckpoint(model), heldOutTexts(text))));
  } catch (error) {
    console.error(`quality: ${(error as Error).message}`);
    process.exitCode = 1;
  }
}
