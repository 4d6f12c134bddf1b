/** The `emulator` target: our firmware on the emulated Pico, driven over its serial link, its cycles counted twice. */
import type { CoreKind } from '../../emulator/index.ts';
import { timingVersion } from '../../emulator/timing/calibration.ts';
import type { Firmware } from '../../firmware/build.ts';
import { LinkClient } from '../link/index.ts';
import { EmulatedDevice } from './device.ts';
import { MODEL_FLASH_ADDRESS } from './model.ts';
import { describeDifference, PhaseObserver } from './observer.ts';
import {
  type RunOptions,
  type Scenario,
  ScenarioError,
  type ScenarioResult,
  type Target,
} from './scenario.ts';
import { asScenarioError, type CountListener, memoryInUse, tellStory } from './story.ts';

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
    const { image, flashBytes } = scenario.model;
    const imageAddress = MODEL_FLASH_ADDRESS;
    const device = new EmulatedDevice({ bootrom, elf, image, imageAddress, flashBytes, core });
    try {
      return await measure(device, firmware.sha256, scenario, options);
    } catch (error) {
      throw asScenarioError(error);
    }
  },
});

const measure = async (
  device: EmulatedDevice,
  firmwareSha256: string,
  scenario: Scenario,
  { onToken, observer }: RunOptions,
): Promise<ScenarioResult> => {
  const client = new LinkClient(device);
  const seen = new PhaseObserver(device.pico);
  observer?.connected(device.pico);
  await device.boot();
  const { model, modelError, cores } = await client.hello();
  if (model === null)
    throw new ScenarioError('device', `the firmware refuses the model image: ${modelError}`);
  if (scenario.clockHz !== undefined) await client.clock(scenario.clockHz);
  observer?.began();
  const { cyclesPerToken, phasesPerToken, prefillCycles, ...story } = await tellStory(client, scenario, {
    onToken,
    onCount: against(seen),
  });
  observer?.ended();
  return {
    target: 'emulator',
    ...story,
    measured: {
      clockHz: device.pico.clockHz,
      cores: scenario.cores ?? cores,
      cyclesPerToken,
      phasesPerToken,
      prefillCycles,
      ...(await memoryInUse(client)),
      timingVersion: String(timingVersion()),
      firmwareSha256,
    },
  };
};

/** The firmware's own counts against what the emulator saw from outside. */
const against =
  (seen: PhaseObserver): CountListener =>
  (what, counted) => {
    const difference = describeDifference(counted, seen.take());
    if (difference === undefined) return;
    throw new ScenarioError(
      'disagreement',
      `${what}: the firmware's counts are not the emulator's: ${difference}`,
    );
  };
