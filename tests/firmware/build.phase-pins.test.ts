import { beforeAll, expect, test } from 'vitest';
import { LinkClient, PHASES } from '../../bench/link/index.ts';
import { EmulatedDevice } from '../../bench/target/device.ts';
import { buildFirmware } from '../../firmware/build.ts';
import { imageAddress } from '../../models/image/layout.ts';
import { testModel } from './device.ts';

const PINS = [2, 3, 4, 5];
const IDLE: number = PHASES.length;

let device: EmulatedDevice;

beforeAll(async () => {
  // One build for all that a build can be told.
  const { bootrom, elf } = await buildFirmware({ phasePins: true, board: 'pico_w', flashDivider: 4 });
  device = new EmulatedDevice({ bootrom, elf, image: testModel().image, imageAddress });
  await device.boot();
});

/** The number on the pins. */
const shown = () => PINS.reduce((sum, gpio, bit) => sum | (device.pico.gpio(gpio).level ? 1 << bit : 0), 0);

test('a firmware with phase pins shows the phases that it counts, for as long as it counts', async () => {
  expect(shown()).toBe(IDLE);
  const onPins = PHASES.map(() => 0);
  let last = { phase: IDLE, cycle: 0 };
  for (const gpio of PINS) {
    device.pico.gpio(gpio).onChange((_level, cycle) => {
      if (last.phase < IDLE) onPins[last.phase] += cycle - last.cycle;
      last = { phase: shown(), cycle };
    });
  }
  const client = new LinkClient(device);
  const counted = PHASES.map(() => 0);
  let boundaries = 0;
  for await (const event of client.generate({ prompt: 'abc', count: 3 })) {
    if (event.event !== 'token' && event.event !== 'prefill') continue;
    for (const [i, cycles] of event.phases.entries()) counted[i] += cycles;
    boundaries += 1;
  }
  expect(shown()).toBe(IDLE);
  expect(boundaries).toBe(5);
  // The pins follow the counter by the same few instructions at each boundary.
  for (const [i, cycles] of counted.entries()) expect(Math.abs(onPins[i] - cycles)).toBeLessThanOrEqual(40);
});

test('a build can name a board that its flash size does not tell, and read a slow flash at a quarter of the clock', async () => {
  expect(await new LinkClient(device).hello()).toMatchObject({
    board: 'pico_w',
    led: null,
    flashDivider: 4,
    flashBytes: 2 * 1024 * 1024,
    model: 'random 31',
  });
});

test('a name or a divider that cannot be is refused before anything is built', async () => {
  await expect(buildFirmware({ board: 'my board' })).rejects.toThrow(/no name for a board/);
  await expect(buildFirmware({ flashDivider: 3 })).rejects.toThrow(/an even number from 2 to 254; 3 is not/);
});
