/** The emulated recordings of fixtures/boards/: always the same bytes for the same firmware, model and timing table. */
import { timingVersion } from '../../emulator/timing/calibration.ts';
import type { Firmware } from '../../firmware/build.ts';
import { EmulatedDevice } from '../target/device.ts';
import { loadModel, MODEL_FLASH_ADDRESS, type Placement } from '../target/model.ts';
import { GREEDY, type SamplerSettings } from '../target/scenario.ts';
import { recordScenario } from './record.ts';
import { Recorder } from './recorder.ts';
import { encodeRecording } from './recording.ts';

interface Fixture {
  name: string;
  model: string;
  placement?: Placement;
  prompt: string;
  tokens: number;
  sampler?: Partial<SamplerSettings>;
  logits?: boolean;
  clockHz?: number;
}

/** Small ones, each for something: an ordinary story, logits and sampling, another clock and weights in flash. */
export const FIXTURES: readonly Fixture[] = [
  { name: 'emulated-story-90k.cbor', model: 'story-90k', prompt: 'Once upon a time', tokens: 16 },
  {
    name: 'emulated-balanced-logits.cbor',
    model: 'balanced-production',
    prompt: 'The little fox',
    tokens: 4,
    sampler: { temperature: 52429, seed: 7 },
    logits: true,
  },
  {
    name: 'emulated-balanced-flash-200mhz.cbor',
    model: 'balanced-production',
    placement: 'xip',
    prompt: 'One day',
    tokens: 8,
    clockHz: 200_000_000,
  },
];

export async function* emulatedRecordings(
  firmware: Firmware,
): AsyncGenerator<{ name: string; bytes: Uint8Array }, void, void> {
  for (const fixture of FIXTURES) yield { name: fixture.name, bytes: await record(fixture, firmware) };
}

const record = async (
  { name, model: modelName, placement, prompt, tokens, sampler, logits, clockHz }: Fixture,
  firmware: Firmware,
): Promise<Uint8Array> => {
  const model = await loadModel(modelName, { placement });
  const { bootrom, elf } = firmware;
  const device = new EmulatedDevice({ bootrom, elf, image: model.image, imageAddress: MODEL_FLASH_ADDRESS });
  await device.boot();
  const recorder = new Recorder(() => device.pico.seconds);
  const { recording } = await recordScenario(recorder.wrap(device), recorder, name, {
    scenario: { model, prompt, tokens, sampler: { ...GREEDY, ...sampler }, logits, clockHz },
    placement,
    firmware,
    timingVersion: String(timingVersion()),
  });
  return encodeRecording(recording);
};
