/** `scenario`: a story on the emulated Pico and by the integer reference, ready to be asserted about. */
import { buildFirmware, type Firmware } from '../../firmware/build.ts';
import type { WeightFormat } from '../../models/index.ts';
import { samplerRequest } from '../../models/reference/sampler.ts';
import { emulatorTarget } from '../target/emulator.ts';
import { hostTarget } from '../target/host.ts';
import { loadModel } from '../target/model.ts';
import type { Measurement, ScenarioResult } from '../target/scenario.ts';

/** A story to tell; everything may be left out. */
export interface ScenarioOptions {
  /** A committed model's name, or the path of a checkpoint or image. @default 'story-90k' */
  model?: string;
  /** Weights of a checkpoint are quantized to this. @default 'int8' */
  format?: WeightFormat;
  /** @default 'Once upon a time' */
  prompt?: string;
  /** Tokens to generate at most. @default 16 */
  tokens?: number;
  /** 0 is greedy. @default 0 */
  temperature?: number;
  topK?: number;
  topP?: number;
  seed?: number;
  /** @default what the firmware takes */
  cores?: 1 | 2;
  /** clk_sys in Hz. @default what the firmware boots with */
  clockHz?: number;
}

/** What a scenario gave. Integers throughout: the same every time, on every machine. */
export interface ScenarioRun {
  kind: 'scenario';
  tokens: number[];
  /** The generated text, without the prompt. */
  text: string;
  /** clk_sys cycles of all generated tokens. */
  cycles: number;
  cyclesPerToken: number[];
  /** Everything else that was measured: cycles by phase, prefill, memory, versions. */
  measured: Measurement;
  /** Integer logits of each token. */
  logits: Int32Array[];
  /** The integer reference's own run of the same scenario. */
  reference: Pick<ScenarioResult, 'tokens' | 'logits'>;
}

let firmware: Promise<Firmware> | undefined;

/** The firmware and its boot ROM, built once for each process. */
export const builtFirmware = (): Promise<Firmware> => {
  firmware ??= buildFirmware();
  return firmware;
};

/**
 * Runs a story on the emulated Pico and by the reference.
 * @throws ScenarioError when it cannot be run, ToolchainError when the firmware cannot be built, ModelError without such a model
 */
export const scenario = async (options: ScenarioOptions = {}): Promise<ScenarioRun> => {
  const {
    model: name = 'story-90k',
    format,
    prompt = 'Once upon a time',
    tokens = 16,
    cores,
    clockHz,
  } = options;
  const { temperature = 0, topK, topP, seed } = options;
  const sampler = samplerRequest({ temperature, topK, topP, seed });
  const asked = { model: loadModel(name, { format }), prompt, tokens, sampler, cores, clockHz, logits: true };
  const reference = await hostTarget.run(asked);
  const run = await emulatorTarget(await builtFirmware()).run(asked);
  const measured = run.measured as Measurement;
  return {
    kind: 'scenario',
    tokens: run.tokens,
    text: new TextDecoder().decode(Buffer.concat(run.pieces)),
    cycles: measured.cyclesPerToken.reduce((sum, cycles) => sum + cycles, 0),
    cyclesPerToken: measured.cyclesPerToken,
    measured,
    logits: run.logits,
    reference: { tokens: reference.tokens, logits: reference.logits },
  };
};
