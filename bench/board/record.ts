/** One session for a recording: who are you, which model, what lies where, one story. */
import { LinkClient } from '../link/index.ts';
import type { ByteTransport } from '../link/transport.ts';
import type { LoadedModel } from '../target/model.ts';
import type { RunOptions, Scenario, ScenarioResult } from '../target/scenario.ts';
import { type FirmwareFacts, runs } from './identity.ts';
import type { Recorder } from './recorder.ts';
import { RECORDING_FORMAT, type Recording, type RecordingHead } from './recording.ts';
import { type BoardSession, originOf } from './session.ts';
import { boardTarget } from './target.ts';

export interface RecordRequest {
  scenario: Scenario;
  /** As `--placement` said. */
  placement?: string;
  /** The build that may be on the board. */
  firmware?: FirmwareFacts;
  /** Rules behind an emulated board's cycles. */
  timingVersion: string;
}

export interface Recorded {
  recording: Recording;
  result: ScenarioResult;
}

/**
 * Runs the scenario over the transport, from a first hello on, and keeps all of it.
 * @param recorder must already listen to the transport
 */
export const recordScenario = async (
  transport: ByteTransport,
  recorder: Recorder,
  name: string,
  { scenario, placement, firmware, timingVersion }: RecordRequest,
  options: RunOptions & { timeoutSeconds?: number } = {},
): Promise<Recorded> => {
  const client = new LinkClient(transport, { timeoutSeconds: options.timeoutSeconds });
  const hello = await client.hello();
  const session: BoardSession = { name, client, transport, hello, close: async () => {} };
  const result = await boardTarget(session, { firmware }).run(scenario, options);
  const head = headOf(session, scenario, {
    placement,
    firmware,
    timingVersion,
    clockHz: result.measured!.clockHz,
  });
  return { recording: { head, pieces: recorder.finish() }, result };
};

interface Facts {
  placement: string | undefined;
  firmware: FirmwareFacts | undefined;
  timingVersion: string;
  clockHz: number;
}

const headOf = (
  { hello }: BoardSession,
  { model, prompt, tokens, sampler, logits, cores, clockHz: wantedHz }: Scenario,
  { placement, firmware, timingVersion, clockHz }: Facts,
): RecordingHead => {
  const origin = originOf(hello);
  return {
    format: RECORDING_FORMAT,
    origin,
    board: hello.board,
    boardId: hello.boardId ?? null,
    port: hello.port ?? 'uart',
    firmware: hello.firmware,
    firmwareSha256: firmware !== undefined && runs(hello, firmware) === true ? firmware.sha256 : null,
    firmwareCrc: hello.firmwareCrc ?? null,
    modelSha256: model.sha256,
    timingVersion: origin === 'emulated' ? timingVersion : null,
    clockHz,
    scenario: {
      model: model.name,
      weights: model.format,
      placement: placement ?? null,
      prompt,
      tokens,
      sampler,
      logits: logits ?? false,
      cores: cores ?? null,
      clockHz: wantedHz ?? null,
    },
  };
};

/** The scenario of a recording, with the model that it names. */
export const scenarioOf = ({ head }: Recording, model: LoadedModel): Scenario => {
  const { prompt, tokens, sampler, logits, cores, clockHz } = head.scenario;
  return {
    model,
    prompt,
    tokens,
    sampler,
    logits,
    cores: cores ?? undefined,
    clockHz: clockHz ?? undefined,
  };
};
