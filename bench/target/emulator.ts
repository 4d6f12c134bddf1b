/** The `emulator` target: our firmware on the emulated Pico, driven over its serial link, its cycles counted twice. */
import type { CoreKind } from '../../emulator/index.ts';
import { timingVersion } from '../../emulator/timing/calibration.ts';
import type { Firmware } from '../../firmware/build.ts';
import { type GenerateEvent, joinLogits, LinkClient, LinkError } from '../link/index.ts';
import { EmulatedDevice } from './device.ts';
import { MODEL_FLASH_ADDRESS } from './model.ts';
import { describeDifference, PhaseObserver } from './observer.ts';
import {
  type Measurement,
  type RunOptions,
  type Scenario,
  ScenarioError,
  type ScenarioResult,
  type Target,
} from './scenario.ts';

export interface EmulatorOptions {
  /** Which core executes; the stock one is an independent oracle. @default 'starmind' */
  core?: CoreKind;
}

/** @param firmware as firmware/build.ts built it */
export const emulatorTarget = (
  firmware: Pick<Firmware, 'bootrom' | 'elf' | 'sha256'>,
  { core }: EmulatorOptions = {},
): Target => ({
  name: 'emulator',
  run: async (scenario, options = {}) => {
    const { bootrom, elf } = firmware;
    const { image } = scenario.model;
    const device = new EmulatedDevice({ bootrom, elf, image, imageAddress: MODEL_FLASH_ADDRESS, core });
    return new EmulatedRun(device, firmware.sha256, scenario, options).run();
  },
});

type TokenEvent = Extract<GenerateEvent, { event: 'token' }>;

class EmulatedRun {
  private readonly device: EmulatedDevice;
  private readonly client: LinkClient;
  private readonly observer: PhaseObserver;
  private readonly firmwareSha256: string;
  private readonly scenario: Scenario;
  private readonly options: RunOptions;
  private readonly promptTokens: number[] = [];
  private readonly tokens: number[] = [];
  private readonly pieces: Uint8Array[] = [];
  private readonly logits: Int32Array[] = [];
  private readonly cyclesPerToken: number[] = [];
  private readonly phasesPerToken: number[][] = [];
  private readonly prefillCycles: number[] = [];
  private logitParts: { from: number; values: Int32Array }[] = [];

  constructor(device: EmulatedDevice, firmwareSha256: string, scenario: Scenario, options: RunOptions) {
    this.device = device;
    this.firmwareSha256 = firmwareSha256;
    this.scenario = scenario;
    this.options = options;
    this.client = new LinkClient(this.device);
    this.observer = new PhaseObserver(this.device.pico);
    options.observer?.connected(this.device.pico);
  }

  async run(): Promise<ScenarioResult> {
    try {
      return await this.measure();
    } catch (error) {
      throw error instanceof LinkError ? asScenarioError(error) : error;
    }
  }

  private async measure(): Promise<ScenarioResult> {
    await this.device.boot();
    const { model, modelError, cores } = await this.client.hello();
    if (model === null) {
      throw new ScenarioError('device', `the firmware refuses the model image: ${modelError}`);
    }
    if (this.scenario.clockHz !== undefined) await this.client.clock(this.scenario.clockHz);
    this.options.observer?.began();
    const reason = await this.generate();
    this.options.observer?.ended();
    return {
      target: 'emulator',
      promptTokens: this.promptTokens,
      tokens: this.tokens,
      pieces: this.pieces,
      logits: this.logits,
      reason,
      measured: {
        clockHz: this.device.pico.clockHz,
        cores: this.scenario.cores ?? cores,
        cyclesPerToken: this.cyclesPerToken,
        phasesPerToken: this.phasesPerToken,
        prefillCycles: this.prefillCycles,
        ...(await this.memory()),
        timingVersion: String(timingVersion()),
        firmwareSha256: this.firmwareSha256,
      },
    };
  }

  private async generate(): Promise<ScenarioResult['reason']> {
    const { prompt, tokens: count, sampler, logits, cores } = this.scenario;
    for await (const event of this.client.generate({ prompt, count, ...sampler, logits, cores })) {
      if (event.event === 'done') return event.reason;
      this.take(event);
    }
    throw new ScenarioError('device', 'the firmware ended a story without saying so');
  }

  private take(event: GenerateEvent): void {
    switch (event.event) {
      case 'prompt':
        this.promptTokens.push(...event.tokens);
        break;
      case 'prefill':
        this.compareCounts(`prompt token ${event.i}`, event.phases, event.cycles);
        this.prefillCycles.push(event.cycles);
        break;
      case 'logits':
        this.logitParts.push(event);
        break;
      case 'token':
        this.takeToken(event);
    }
  }

  private takeToken({ i, token, text, cycles, phases }: TokenEvent): void {
    this.compareCounts(`token ${i}`, phases, cycles);
    this.tokens.push(token);
    this.pieces.push(text);
    this.cyclesPerToken.push(cycles);
    this.phasesPerToken.push(phases);
    const logits = this.scenario.logits ? joinLogits(this.logitParts) : undefined;
    this.logitParts = [];
    if (logits !== undefined) this.logits.push(logits);
    this.options.onToken?.({ index: i, token, piece: text, logits });
  }

  /** The firmware's own counts against what the emulator saw from outside. */
  private compareCounts(what: string, phases: readonly number[], cycles: number): void {
    const difference = describeDifference({ phases, cycles }, this.observer.take());
    if (difference === undefined) return;
    throw new ScenarioError(
      'disagreement',
      `${what}: the firmware's counts are not the emulator's: ${difference}`,
    );
  }

  /** What the firmware's memory map says is in use; its regions are called `sram: ...` and `flash: ...`. */
  private async memory(): Promise<Pick<Measurement, 'sramBytes' | 'flashBytes' | 'stackHighWater'>> {
    const { regions, stackHighWater } = await this.client.memory();
    const used = regions.filter(({ name }) => !/\bfree$/.test(name));
    const total = (kind: string) =>
      used.filter(({ name }) => name.startsWith(`${kind}:`)).reduce((all, { bytes }) => all + bytes, 0);
    return { sramBytes: total('sram'), flashBytes: total('flash'), stackHighWater };
  }
}

const asScenarioError = (error: LinkError): ScenarioError => {
  if (error.code === 'timeout') return new ScenarioError('timeout', error.message);
  const input = ['unknown-character', 'prompt-too-long', 'bad-argument', 'bad-token'].includes(error.code);
  return new ScenarioError(
    input ? 'input' : 'device',
    `the firmware answered ${error.code}: ${error.message}`,
  );
};
