import { beforeAll, expect, test } from 'vitest';
import { LinkClient } from '../../bench/link/index.ts';
import { EmulatedDevice } from '../../bench/target/device.ts';
import type { LoadedModel } from '../../bench/target/model.ts';
import { buildFirmware, type Firmware } from '../../firmware/build.ts';
import { imageAddress } from '../../models/image/layout.ts';
import { testModel } from './device.ts';
import { collect } from './ports.ts';

const MEGABYTE = 1024 * 1024;
let firmware: Firmware;
let model: LoadedModel;

beforeAll(async () => {
  firmware = await buildFirmware();
  model = testModel();
});

async function boot(flashBytes: number) {
  const device = new EmulatedDevice({ ...firmware, image: model.image, imageAddress, flashBytes });
  await device.boot();
  return { device, client: new LinkClient(device, { retries: 0 }) };
}

test.each([
  ['Pico', 2 * MEGABYTE, 'pico', 25, true],
  ['Tiny2040', 8 * MEGABYTE, 'tiny2040', 19, false],
  ['board with 4 MB', 4 * MEGABYTE, 'generic', null, true],
  ['board with 16 MB', 16 * MEGABYTE, 'generic', null, true],
  ['board with 512 KB', MEGABYTE / 2, 'generic', null, true],
])(
  'the one program knows a %s by its flash, and shows a story on its LED',
  async (_what, flashBytes, board, led, lit) => {
    const { device, client } = await boot(flashBytes);
    expect(await client.hello()).toMatchObject({ board, flashBytes, led, model: 'random 31' });
    const changes: boolean[] = [];
    if (led !== null) {
      const pin = device.pico.gpio(led);
      expect(pin.isOutput).toBe(true);
      expect(pin.level).toBe(!lit);
      pin.onChange((level) => changes.push(level));
    }
    const { cycles } = (await collect(client.generate({ prompt: 'abc', count: 3 }))).at(-1) as {
      cycles: number;
    };
    device.pico.run({ timeoutSeconds: 0.01 });
    expect(changes).toEqual(led === null ? [] : [lit, !lit]);
    expect(cycles).toBe(await cyclesOnPico());
  },
);

/** Cycles do not depend on the board. */
let onPico: Promise<number> | undefined;
function cyclesOnPico(): Promise<number> {
  onPico ??= (async () => {
    const { client } = await boot(2 * MEGABYTE);
    const done = (await collect(client.generate({ prompt: 'abc', count: 3 }))).at(-1);
    return done?.event === 'done' ? done.cycles : Number.NaN;
  })();
  return onPico;
}

test('a model longer than the flash that is there is refused', async () => {
  const claims = model.image.slice();
  new DataView(claims.buffer, claims.byteOffset).setUint32(8, MEGABYTE, true);
  const device = new EmulatedDevice({ ...firmware, image: claims, imageAddress, flashBytes: MEGABYTE / 2 });
  await device.boot();
  const { model: name, modelError } = await new LinkClient(device, { retries: 0 }).hello();
  expect(name).toBeNull();
  expect(modelError).toMatch(/flash|short|truncated|bytes|size/);
});
