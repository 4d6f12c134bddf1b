/** Scenarios on both targets, for tests. */
import { type EmulatorOptions, emulatorTarget } from '../../../bench/target/emulator.ts';
import { hostTarget } from '../../../bench/target/host.ts';
import type { LoadedModel } from '../../../bench/target/model.ts';
import { GREEDY, type SamplerSettings, type ScenarioResult } from '../../../bench/target/scenario.ts';
import { buildFirmware, type Firmware } from '../../../firmware/build.ts';

let built: Promise<Firmware> | undefined;

/** The firmware of the global set-up; a cached build. */
export const firmware = (): Promise<Firmware> => {
  built ??= buildFirmware();
  return built;
};

export interface Asked {
  prompt: string;
  tokens: number;
  sampler?: Partial<SamplerSettings>;
  logits?: boolean;
  clockHz?: number;
}

export const onHost = (model: LoadedModel, { sampler, ...asked }: Asked): Promise<ScenarioResult> =>
  hostTarget.run({ model, ...asked, sampler: { ...GREEDY, ...sampler } });

export const onEmulator = async (
  model: LoadedModel,
  { sampler, ...asked }: Asked,
  options?: EmulatorOptions,
): Promise<ScenarioResult> =>
  emulatorTarget(await firmware(), options).run({ model, ...asked, sampler: { ...GREEDY, ...sampler } });

/** What must not depend on the target; logits as plain arrays, so that a failure shows the first that differs. */
export const outcome = ({ promptTokens, tokens, pieces, logits, reason }: ScenarioResult) => ({
  promptTokens,
  tokens,
  pieces: pieces.map((piece) => Buffer.from(piece).toString('hex')),
  logits: logits.map((values) => [...values]),
  reason,
});
