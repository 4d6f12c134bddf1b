/** Training a model from text to checkpoint: tokenizer, sequences, workers, reports. */
import { type Checkpoint, writeCheckpoint } from '../checkpoint.ts';
import { parameterCount } from '../config.ts';
import { Random } from '../corpus/index.ts';
import { ModelError } from '../errors.ts';
import { loadCheckpoint } from '../index.ts';
import { balanceCheckpoint } from '../quantize/balance.ts';
import { tokenizerFromSection } from '../tokenizer/index.ts';
import { type Selected, selectBackend } from './backend.ts';
import { WeightGrid } from './grid.ts';
import { calibrationOf, type Material, readMaterial } from './material.ts';
import { checkOptions, repeatingCommand, type Settings, type TrainingOptions } from './options.ts';
import { fromTensors, initialParameters, parameterSpecs, toTensors } from './parameters.ts';
import { describeReport, type Measured, measure } from './progress.ts';
import { sampleStory } from './sample.ts';
import { readState, removeState, type TrainingState, writeState } from './state.ts';
import { discard, tokenCount } from './token-store.ts';
import type { Report } from './worker.ts';
import { runWorkers } from './workers.ts';

export type { TrainingOptions } from './options.ts';

export interface TrainingResult extends Measured {
  /** DIR/NAME of the checkpoint. */
  checkpoint: string;
  steps: number;
  tokens: number;
  seconds: number;
  backend: string;
  stopped: 'finished' | 'interrupted';
}

/** @throws ModelError for options, corpora and folders that cannot be used, and when the loss is no longer a number */
export async function trainModel(options: TrainingOptions): Promise<TrainingResult> {
  const settings = checkOptions(options);
  const { log, workers } = settings;
  const selected = await selectBackend(settings.backend);
  log(`backend: ${selected.description}; ${workers} worker${workers > 1 ? 's' : ''}`);
  const earlier = readEarlier(settings);
  const known = earlier && tokenizerFromSection(earlier.tokenizer.section, earlier.tokenizer);
  const material = readMaterial(settings, known);
  try {
    return await trainOn(material, settings, selected, earlier);
  } finally {
    discard(material.sequences);
    discard(material.heldOut);
  }
}

async function trainOn(
  material: Material,
  settings: Settings,
  selected: Selected,
  earlier: Checkpoint | null,
): Promise<TrainingResult> {
  const { log, config, corpus, out } = settings;
  const { sequences, heldOut } = material;
  const start = startOf(settings, earlier);
  log(
    `${settings.preset}: ${parameterCount(config)} parameters, ${config.vocabulary} tokens; ` +
      `${sequences.starts.length - 1} sequences, ${tokenCount(sequences)} tokens of ${corpus}`,
  );
  if (start.step > 0) log(`going on from step ${start.step}`);

  let lastGood = 'no checkpoint was written';
  const take = async (report: Report): Promise<Measured> => {
    const measured = measure(report, heldOut);
    log(describeReport(report, measured));
    log(
      `  ${sampleStory(config, writtenWeights(settings, report.state.parameters), material.tokenizer, settings.seed + report.state.step)}`,
    );
    await save(settings, selected, material, earlier, report, measured);
    lastGood = `the checkpoint ${out} is from step ${report.state.step}`;
    return measured;
  };
  const { parameters, config: teacherShape } = material.teacher ?? {};
  const teacher = parameters && teacherShape ? { parameters, config: teacherShape } : null;
  if (teacher !== null)
    log(`the teacher ${settings.teacher} reads the ${tokenCount(sequences)} tokens first`);
  const grid = settings.quantize;
  const run = { ...settings, backend: selected.backend, start, sequences, heldOut, teacher, grid };
  const final = await runWorkers(run, async (report) => {
    await take(report);
  });
  const { step, tokens } = final.state;
  if (final.kind === 'not-finite') {
    throw new ModelError(
      `the loss is no longer a number at step ${step}; try a lower learning rate; ${lastGood}`,
    );
  }
  const measured = await take(final);
  const stopped = final.progress < 1 ? 'interrupted' : 'finished';
  if (stopped === 'finished') await removeState(out);
  const { seconds } = final;
  return {
    checkpoint: out,
    steps: step,
    tokens,
    seconds,
    backend: selected.description,
    stopped,
    ...measured,
  };
}

/** The checkpoint to start from, or null. */
function readEarlier({ from, config, preset }: Settings): Checkpoint | null {
  if (from === null) return null;
  const earlier = loadCheckpoint(from);
  if (JSON.stringify(earlier.config) !== JSON.stringify(config)) {
    throw new ModelError(`${from} has not the shape of ${preset}: ${JSON.stringify(earlier.config)}`);
  }
  return earlier;
}

function startOf(settings: Settings, earlier: Checkpoint | null): TrainingState {
  const { config, seed, resume, out, steps, quantize } = settings;
  // What is on a grid is balanced already, and would leave it.
  const isFirst = quantize !== null && earlier?.grid === undefined;
  const weights = earlier
    ? fromTensors(config, (isFirst ? balanceCheckpoint(earlier) : earlier).tensors)
    : initialParameters(parameterSpecs(config), new Random(seed));
  const parameters = quantize ? new WeightGrid(config, quantize).withScales(weights) : weights;
  if (resume) return readState(out, parameters.length, repeatingCommand(settings, steps!));
  const zeros = () => new Float32Array(parameters.length);
  return { step: 0, tokens: 0, parameters, mean: zeros(), square: zeros() };
}

/** The weights as they are written: rounded, where they were trained to be. */
function writtenWeights({ config, quantize }: Settings, state: Float32Array): Float32Array {
  return quantize ? new WeightGrid(config, quantize).round(state) : state;
}

const gridOf = ({ quantize }: Settings): Checkpoint['grid'] =>
  quantize === null || quantize === 'int8' ? undefined : quantize === 'int4g32' ? 'int4g32' : 'int4';

/** The checkpoint, with what repeats its training; and, when the training is for a number of steps, what resumes it. */
async function save(
  settings: Settings,
  { description }: Selected,
  { tokenizer, sequences }: Material,
  earlier: Checkpoint | null,
  report: Report,
  { heldOutLoss, bitsPerByte }: Measured,
): Promise<void> {
  const { config, out, corpus, seed } = settings;
  const { step, tokens, parameters } = report.state;
  const command = repeatingCommand(settings, settings.steps ?? Math.round(step / report.progress));
  const minutes = Math.round(report.seconds / 6) / 10;
  const { bos, eos } = tokenizer;
  try {
    await writeCheckpoint(out, {
      name: settings.preset,
      config,
      tensors: toTensors(config, writtenWeights(settings, parameters)),
      tokenizer: { bos, eos, section: tokenizer.toSection() },
      calibration: calibrationOf(sequences, config.context),
      grid: gridOf(settings),
      training: {
        command,
        backend: description,
        corpus,
        seed,
        step,
        tokens,
        minutes,
        heldOutLoss,
        heldOutBitsPerByte: bitsPerByte,
        earlier: earlier?.training,
      },
    });
    if (settings.steps !== null) await writeState(out, report.state, command);
  } catch (error) {
    if (error instanceof ModelError) throw error;
    throw new ModelError(
      `cannot write the checkpoint ${out}: ${(error as Error).message}; an earlier one there is untouched`,
    );
  }
}
