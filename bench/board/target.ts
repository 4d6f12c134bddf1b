/** The `board` target: the same scenario on a real RP2040, over a port that is open. */
import { type Hello, LinkError, PortError } from '../link/index.ts';
import {
  type GeneratedToken,
  type RunOptions,
  type Scenario,
  ScenarioError,
  type ScenarioResult,
  type Target,
} from '../target/scenario.ts';
import { asScenarioError, memoryInUse, tellStory } from '../target/story.ts';
import { checkModel, type FirmwareFacts, firmwareOf } from './identity.ts';
import type { BoardSession } from './session.ts';

export interface BoardTargetOptions {
  /** The build that the board may be found to run, so that the result can name it. */
  firmware?: FirmwareFacts;
}

/** Cycles that a board counts follow no table. */
export const SILICON_TIMING = 'board';

/** Seconds in which a board that fell silent must say what happened to it. */
const INQUEST_SECONDS = 3;

export const boardTarget = (session: BoardSession, { firmware }: BoardTargetOptions = {}): Target => ({
  name: 'board',
  run: async (scenario, options = {}) => {
    let told = 0;
    const onToken = (token: GeneratedToken) => {
      told = token.index + 1;
      options.onToken?.(token);
    };
    try {
      return await measure(session, scenario, { ...options, onToken }, firmware);
    } catch (error) {
      throw await whatHappened(session, error, told);
    }
  },
});

const measure = async (
  { client, hello, name }: BoardSession,
  scenario: Scenario,
  { onToken }: RunOptions,
  firmware: FirmwareFacts | undefined,
): Promise<ScenarioResult> => {
  checkModel(name, hello, await client.describe().catch(noDescription), scenario.model);
  const clockHz = scenario.clockHz === undefined ? hello.clockHz : await client.clock(scenario.clockHz);
  const { cyclesPerToken, phasesPerToken, prefillCycles, ...story } = await tellStory(client, scenario, {
    onToken,
  });
  return {
    target: 'board',
    ...story,
    measured: {
      clockHz,
      cores: scenario.cores ?? hello.cores,
      cyclesPerToken,
      phasesPerToken,
      prefillCycles,
      ...(await memoryInUse(client)),
      timingVersion: SILICON_TIMING,
      firmwareSha256: firmwareOf(hello, firmware),
    },
  };
};

/** Without a model there is nothing to describe; that is then said better. */
const noDescription = (error: unknown): undefined => {
  if (error instanceof LinkError && error.code === 'no-model') return undefined;
  throw error;
};

const whatHappened = async (session: BoardSession, error: unknown, told: number): Promise<unknown> => {
  const after = told === 0 ? '' : ` after ${told} ${told === 1 ? 'token' : 'tokens'}`;
  if (error instanceof PortError) {
    return new PortError(error.code, `${error.message}${after}`, error.hint);
  }
  if (error instanceof LinkError && error.code === 'timeout') {
    return new ScenarioError('timeout', `${session.name}: ${await inquest(session, error)}${after}`);
  }
  return asScenarioError(error);
};

/** A board that restarted in the middle of a story never ends it, and says why when asked. */
const inquest = async ({ client, hello }: BoardSession, silence: LinkError): Promise<string> => {
  const asked = client.within(INQUEST_SECONDS).hello();
  const now = await asked.catch(() => undefined);
  if (now === undefined) return `${silence.message}, and the board does not answer any more`;
  if (now.lastWedge)
    return `the board wedged and was restarted by its watchdog: ${describeWedge(now.lastWedge)}`;
  if (now.resetReason !== hello.resetReason) return `the board was restarted (${now.resetReason})`;
  return `${silence.message}, though the board still answers`;
};

const describeWedge = ({ cause, core, phase, token }: NonNullable<Hello['lastWedge']>): string =>
  [
    cause,
    ...(core === null ? [] : [`core ${core}`]),
    ...(phase === null ? [] : [`in ${phase}`]),
    ...(token === null ? [] : [`at position ${token}`]),
  ].join(', ');
