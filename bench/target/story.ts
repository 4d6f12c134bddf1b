/** One generation over the link, whoever is at its other end: an emulated Pico, a board, or a recording of one. */
import {
  type DoneReason,
  type GenerateEvent,
  joinLogits,
  type LinkClient,
  LinkError,
} from '../link/index.ts';
import { type GeneratedToken, type Measurement, type Scenario, ScenarioError } from './scenario.ts';

export interface Story {
  promptTokens: number[];
  tokens: number[];
  pieces: Uint8Array[];
  logits: Int32Array[];
  cyclesPerToken: number[];
  phasesPerToken: number[][];
  prefillCycles: number[];
  reason: DoneReason;
}

/** What the device says that a forward pass cost; `what` names the pass. */
export type CountListener = (what: string, counted: { phases: readonly number[]; cycles: number }) => void;

export interface StoryOptions {
  onToken?: (token: GeneratedToken) => void;
  /** Called with the count of every forward pass, in order. Its errors end the story. */
  onCount?: CountListener;
}

/** @throws ScenarioError when the device refuses, falls silent or breaks the protocol */
export const tellStory = async (
  client: LinkClient,
  { prompt, tokens: count, sampler, logits: wanted, cores }: Scenario,
  { onToken, onCount }: StoryOptions = {},
): Promise<Story> => {
  const story = emptyStory();
  let parts: { from: number; values: Int32Array }[] = [];
  const events = client.generate({ prompt, count, ...sampler, logits: wanted, cores });
  for await (const event of events) {
    switch (event.event) {
      case 'prompt':
        checkOrder('part of the prompt', event.from, story.promptTokens.length);
        story.promptTokens.push(...event.tokens);
        break;
      case 'prefill':
        checkOrder('prompt token', event.i, story.prefillCycles.length);
        onCount?.(`prompt token ${event.i}`, event);
        story.prefillCycles.push(event.cycles);
        break;
      case 'logits':
        parts.push(event);
        break;
      case 'token': {
        checkOrder('token', event.i, story.tokens.length);
        onCount?.(`token ${event.i}`, event);
        const token = keep(story, event, wanted ? joinLogits(parts) : undefined);
        parts = [];
        onToken?.(token);
        break;
      }
      case 'done':
        checkOrder('token', event.tokens, story.tokens.length);
        return { ...story, reason: event.reason };
    }
  }
  throw new ScenarioError('device', 'the firmware ended a story without saying so');
};

/** The device numbers what it sends, so a frame that the line lost is missed with the next one. */
const checkOrder = (what: string, got: number, expected: number): void => {
  if (got === expected) return;
  throw new ScenarioError('device', `${what} ${expected} never came: the line lost or damaged a frame`);
};

const emptyStory = (): Omit<Story, 'reason'> => ({
  promptTokens: [],
  tokens: [],
  pieces: [],
  logits: [],
  cyclesPerToken: [],
  phasesPerToken: [],
  prefillCycles: [],
});

type TokenEvent = Extract<GenerateEvent, { event: 'token' }>;

const keep = (
  story: Omit<Story, 'reason'>,
  { i, token, text, cycles, phases }: TokenEvent,
  logits: Int32Array | undefined,
): GeneratedToken => {
  story.tokens.push(token);
  story.pieces.push(text);
  story.cyclesPerToken.push(cycles);
  story.phasesPerToken.push(phases);
  if (logits !== undefined) story.logits.push(logits);
  return { index: i, token, piece: text, logits };
};

/** What the firmware's memory map says is in use; its regions are called `sram: ...` and `flash: ...`. */
export const memoryInUse = async (
  client: LinkClient,
): Promise<Pick<Measurement, 'sramBytes' | 'flashBytes' | 'stackHighWater'>> => {
  const { regions, stackHighWater } = await client.memory();
  const used = regions.filter(({ name }) => !/\bfree$/.test(name));
  const total = (kind: string) =>
    used.filter(({ name }) => name.startsWith(`${kind}:`)).reduce((all, { bytes }) => all + bytes, 0);
  return { sramBytes: total('sram'), flashBytes: total('flash'), stackHighWater };
};

const ASKERS_FAULT = ['unknown-character', 'prompt-too-long', 'bad-argument', 'bad-token'];

/** An error of the link as one of the scenario that was being run. */
export const asScenarioError = (error: unknown): unknown => {
  if (!(error instanceof LinkError)) return error;
  if (error.code === 'timeout') return new ScenarioError('timeout', error.message);
  const input = ASKERS_FAULT.includes(error.code);
  return new ScenarioError(
    input ? 'input' : 'device',
    `the firmware answered ${error.code}: ${error.message}`,
  );
};
