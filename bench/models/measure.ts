/** Measures a trained model: quality on held-out text, coherence of what it tells, memory, and cycles on the emulator. */
import { existsSync } from 'node:fs';
import { coherence, corpusStories, GRAMMAR } from '../../models/corpus/index.ts';
import { openModel } from '../../models/import/open.ts';
import {
  type Checkpoint,
  FloatModel,
  ModelError,
  parameterCount,
  tokenizerFromSection,
} from '../../models/index.ts';
import { sampleFrom } from '../../models/train/sample.ts';
import { spread } from '../report/statistics.ts';
import { modelFromCheckpoint } from '../target/model.ts';
import { GREEDY, type Target } from '../target/scenario.ts';
import { evaluateOpened, readTexts } from './evaluation.ts';
import { MEASUREMENT_SCHEMA_VERSION, type Measurement } from './measurement.ts';

/** How much of everything. */
const amounts = { sampledStories: 200, temperature: 0.8, evaluatedTokens: 5000, generatedTokens: 64 };

export interface MeasureTools {
  emulator: Target;
  /** Stories to sample for coherence. @default 200 */
  sampled?: number;
  log?: (line: string) => void;
}

/** @throws ModelError when there is no such checkpoint */
export const measureModel = async (
  name: string,
  { emulator, sampled, log }: MeasureTools,
): Promise<Measurement> => {
  const opened = openModel(name);
  if (opened.kind === 'image') throw new ModelError(`${name} is an image; measure a checkpoint`);
  const { checkpoint } = opened.imported;
  log?.(`${name}: bits per byte`);
  const formats = ['float', 'int8', 'int4g32', 'int4'] as const;
  const isGrammar = corpusOf(checkpoint) === GRAMMAR;
  const results = evaluateOpened(opened, heldOutTexts(checkpoint), {
    formats,
    tokens: amounts.evaluatedTokens,
  });
  const [float, int8, int4g32, int4] = results.map(({ bitsPerByte }) => rounded(bitsPerByte));
  if (isGrammar) log?.(`${name}: ${sampled ?? amounts.sampledStories} stories`);
  const share = isGrammar ? sampledCoherence(checkpoint, sampled ?? amounts.sampledStories) : null;
  log?.(`${name}: cycles on the emulator`);
  const model = modelFromCheckpoint(checkpoint, { format: 'int8' });
  const run = { model, prompt: 'Once upon a time', tokens: amounts.generatedTokens, sampler: GREEDY };
  const { measured } = await emulator.run(run);
  if (measured === undefined) throw new ModelError(`${name}: the ${emulator.name} target measures no cycles`);
  return {
    schemaVersion: MEASUREMENT_SCHEMA_VERSION,
    name,
    parameters: parameterCount(checkpoint.config),
    weightsSha256: Buffer.from(checkpoint.sha256!).toString('hex'),
    bitsPerByte: { float: float!, int8: int8!, int4g32: int4g32!, int4: int4! },
    coherence: share === null ? null : rounded(share),
    sramBytes: model.arenaBytes,
    flashBytes: model.image.length,
    cyclesPerToken: spread(measured.cyclesPerToken).median,
    timingVersion: measured.timingVersion,
    firmwareSha256: measured.firmwareSha256,
  };
};

/** Five digits: what is below is noise of the text's choice. */
const rounded = (value: number): number => Number(value.toPrecision(5));

const corpusOf = ({ training }: Checkpoint): string => String(training?.['corpus'] ?? GRAMMAR);

/** Stories that the model's training did not see. */
const heldOutTexts = (checkpoint: Checkpoint): string[] => {
  const corpus = corpusOf(checkpoint);
  if (corpus === GRAMMAR) return readTexts(undefined);
  const path = corpus.replace('$STARMIND_INTEROP_DIR', process.env.STARMIND_INTEROP_DIR ?? '');
  if (!existsSync(path)) {
    throw new ModelError(
      `${checkpoint.name} was trained on ${corpus}, which is not here; set STARMIND_INTEROP_DIR to the folder that holds it`,
    );
  }
  return [...corpusStories(path, 'held-out', HELD_OUT_STORIES, 1)];
};

const HELD_OUT_STORIES = 64;

const sampledCoherence = (checkpoint: Checkpoint, count: number): number => {
  const tokenizer = tokenizerFromSection(checkpoint.tokenizer.section, checkpoint.tokenizer);
  const model = new FloatModel(checkpoint);
  const told = Array.from({ length: count }, (_, seed) =>
    sampleFrom(model, tokenizer, seed, amounts.temperature),
  );
  return coherence(told).share;
};
