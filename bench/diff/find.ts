/**
 * Finds where the firmware leaves the reference: the emulated Pico is looked at at every change of phase, and the first
 * tensor that is not the integer reference's is named with its element. Looking costs the firmware no cycle.
 */
import type { Snapshot } from '../../emulator/index.ts';
import type { Firmware } from '../../firmware/build.ts';
import { IntegerModel } from '../../models/index.ts';
import { LinkClient, PHASES } from '../link/index.ts';
import { EmulatedDevice } from '../target/device.ts';
import { hostTarget } from '../target/host.ts';
import { MODEL_FLASH_ADDRESS } from '../target/model.ts';
import { type Scenario, ScenarioError } from '../target/scenario.ts';
import { type ExpectedPhase, type ExpectedTensor, expectedPhases } from './expected.ts';
import { placeOf, WorkingMemory } from './layout.ts';
import { findWrongWeight, type WrongWeight } from './weights.ts';
import { findWriter, type WrongStore } from './writer.ts';

export interface Divergence {
  /** Forward passes that were right before: 0 is the first token of the prompt. */
  position: number;
  /** The token given to the pass; undefined where a token itself is wrong. */
  token: number | undefined;
  layer: number | undefined;
  phase: string;
  tensor: string;
  element: number;
  expected: number;
  actual: number;
  /** Elements of the tensor that differ, of how many. */
  wrongElements: number;
  elements: number;
}

export interface DiffResult {
  /** Undefined: every tensor, logit and token is the reference's. */
  divergence: Divergence | undefined;
  /** Looked for when there is a divergence. */
  wrongWeight: WrongWeight | undefined;
  /** The store that left the wrong value there; undefined where a token is wrong. */
  writtenBy: WrongStore | undefined;
  /** Forward passes that were compared to their end. */
  passes: number;
  tensors: number;
}

export interface DiffRequest {
  scenario: Scenario;
  firmware: Firmware;
  /** What lies in the device's flash instead of the model's own image; of the same layout. */
  image?: Uint8Array;
}

/** @throws ScenarioError when the scenario cannot be run */
export const findDivergence = async ({ scenario, firmware, image }: DiffRequest): Promise<DiffResult> => {
  const { model, prompt, tokens, sampler, cores } = scenario;
  const reference = await hostTarget.run(scenario);
  const { bootrom, elf } = firmware;
  const device = new ComparedDevice({
    bootrom,
    elf,
    image: image ?? model.image,
    imageAddress: MODEL_FLASH_ADDRESS,
  });
  const client = new LinkClient(device);
  await device.boot();
  const { model: found, modelError } = await client.hello();
  if (found === null)
    throw new ScenarioError('device', `the firmware refuses the model image: ${modelError}`);
  const comparison = new Comparison(
    device,
    scenario,
    [...reference.promptTokens, ...reference.tokens],
    reference.promptTokens.length,
  );
  const given: number[] = [];
  try {
    for await (const event of client.generate({ prompt, count: tokens, ...sampler, cores })) {
      if (event.event === 'token') given.push(event.token);
    }
  } catch (error) {
    if (comparison.divergence === undefined) throw error;
  }
  const divergence =
    comparison.divergence ?? wrongToken(reference.tokens, given, reference.promptTokens.length);
  const { difference } = comparison;
  return {
    divergence,
    wrongWeight: divergence && findWrongWeight(device.pico, comparison.memory, model),
    writtenBy: difference && device.before && findWriter(device.pico, device.before, difference),
    passes: comparison.passes,
    tensors: comparison.tensors,
  };
};

/** Logits are right and the token is not: the sampler's. */
const wrongToken = (expected: number[], given: number[], promptTokens: number): Divergence | undefined => {
  const length = Math.max(expected.length, given.length);
  const at = Array.from({ length }, (_, i) => i).find((i) => expected[i] !== given[i]);
  if (at === undefined) return undefined;
  return {
    position: promptTokens + at,
    token: undefined,
    layer: undefined,
    phase: 'sample',
    tensor: 'token',
    element: 0,
    expected: expected[at] ?? -1,
    actual: given[at] ?? -1,
    wrongElements: 1,
    elements: 1,
  };
};

/** Reading from it ends as soon as the search is over. A snapshot from before the present forward pass is at hand. */
class ComparedDevice extends EmulatedDevice {
  searchOver = false;
  /** Forward passes that have begun. */
  begun = 0;
  /** Taken when fewer passes had begun than now. */
  before: Snapshot | undefined;
  private latest: { snapshot: Snapshot; begun: number } | undefined;

  /** What the host sends is part of the past only when it is in the snapshot. */
  override write(bytes: Uint8Array): void {
    super.write(bytes);
    this.latest = undefined;
  }

  override async read(timeoutSeconds: number): Promise<Uint8Array> {
    const deadline = this.pico.seconds + timeoutSeconds;
    for (;;) {
      if (this.searchOver) throw new ScenarioError('disagreement', 'the firmware left the reference');
      if (this.latest?.begun !== this.begun)
        this.latest = { snapshot: this.pico.snapshot(), begun: this.begun };
      const left = deadline - this.pico.seconds;
      const bytes = await super.read(Math.min(left, 0.05));
      if (bytes.length > 0 || left <= 0.05) return bytes;
    }
  }

  passBegins(): void {
    this.begun++;
    this.before = this.latest?.snapshot ?? this.before;
  }
}

class Comparison {
  divergence: Divergence | undefined;
  /** Where in memory it is, how long, and when it was seen. */
  difference: { address: number; bytes: number; cycle: number } | undefined;
  passes = 0;
  tensors = 0;
  readonly memory: WorkingMemory;
  private readonly device: ComparedDevice;
  private readonly model: IntegerModel;
  /** heads * headSize */
  private readonly queries: number;
  private readonly story: readonly number[];
  private readonly promptTokens: number;
  private expected: ExpectedPhase[] = [];

  constructor(device: ComparedDevice, { model }: Scenario, story: readonly number[], promptTokens: number) {
    this.device = device;
    this.memory = new WorkingMemory(device.pico, model.image);
    this.model = new IntegerModel(model.quantized);
    const { heads, headSize } = model.quantized.shape;
    this.queries = heads * headSize;
    this.story = story;
    this.promptTokens = promptTokens;
    const marker = device.pico.symbol('sm_phase_marker');
    if (marker === undefined) throw new ScenarioError('device', 'the firmware has no symbol sm_phase_marker');
    device.pico.watchWrite(marker.address, (phase) => this.phaseBegins(phase));
  }

  /** The tensors of the phase before are complete. */
  private phaseBegins(phase: number): void {
    if (this.divergence !== undefined) return;
    const finished = this.expected.shift();
    if (finished !== undefined) this.compare(finished);
    if (PHASES[phase] === 'embed') {
      this.device.passBegins();
      this.expected = this.nextPass();
    }
    if (phase >= PHASES.length) this.passes++;
  }

  private nextPass(): ExpectedPhase[] {
    const token = this.story[this.passes];
    return expectedPhases(this.model, token, this.passes, this.passes >= this.promptTokens - 1);
  }

  private compare({ tensors }: ExpectedPhase): void {
    for (const tensor of tensors) {
      this.divergence = this.compareTensor(tensor);
      if (this.divergence === undefined) continue;
      this.device.searchOver = true;
      this.device.pico.stop();
      return;
    }
  }

  private compareTensor({ layer, phase, tensor, values }: ExpectedTensor): Divergence | undefined {
    const place = placeOf({ layer, phase, tensor, position: this.passes }, this.queries);
    if (place === undefined) return undefined;
    const actual = this.memory.read(place, values.length);
    const element = values.findIndex((value, i) => value !== actual[i]);
    this.tensors++;
    if (element < 0) return undefined;
    this.difference = {
      address: this.memory.addressOf(place, element),
      bytes: this.memory.bytesOf(place),
      cycle: this.device.pico.cycles,
    };
    return {
      position: this.passes,
      token: this.story[this.passes],
      layer,
      phase,
      tensor,
      element,
      expected: values[element],
      actual: actual[element],
      wrongElements: values.reduce((count, value, i) => count + (value === actual[i] ? 0 : 1), 0),
      elements: values.length,
    };
  }
}
