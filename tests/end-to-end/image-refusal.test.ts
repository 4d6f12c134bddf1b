import { describe, expect, it } from 'vitest';
import { LinkClient } from '../../bench/link/index.ts';
import { EmulatedDevice } from '../../bench/target/device.ts';
import { MODEL_FLASH_ADDRESS, modelFromCheckpoint } from '../../bench/target/model.ts';
import { crc32, validateImage } from '../../models/index.ts';
import { Rng } from '../../models/reference/rng.ts';
import { firmware } from './support/bench.ts';
import { syntheticCheckpoint } from './support/synthetic.ts';

const { image } = modelFromCheckpoint(syntheticCheckpoint('maximum-speed'));

/** A copy with one change, its CRC put right so that the change itself is judged. */
const changed = (change: (view: DataView) => void): Uint8Array => {
  const copy = image.slice();
  const view = new DataView(copy.buffer);
  change(view);
  view.setUint32(12, crc32(copy.subarray(16, view.getUint32(8, true))), true);
  return copy;
};

const boot = async (bytes: Uint8Array | undefined) => {
  const device = new EmulatedDevice({
    ...(await firmware()),
    image: bytes,
    imageAddress: MODEL_FLASH_ADDRESS,
  });
  const banner = await device.boot();
  const client = new LinkClient(device);
  return { banner, client, hello: await client.hello() };
};

const flipped = (bit: number): Uint8Array => {
  const copy = image.slice();
  copy[bit >> 3]! ^= 1 << (bit & 7);
  return copy;
};

describe('the firmware refuses an image that is', () => {
  it.each([
    ['missing', undefined, 'no-model'],
    ['empty', new Uint8Array(4096), 'no-model'],
    ['of another version', changed((view) => view.setUint16(4, 3, true)), 'bad-version'],
    ['larger than flash', changed((view) => view.setUint32(8, 0x00400000, true)), 'truncated'],
    ['cut short', image.subarray(0, image.length / 2), 'bad-crc'],
    ['too big for SRAM', changed((view) => view.setUint32(108, 300_000, true)), 'too-big-for-sram'],
    ['of no known family', changed((view) => view.setUint8(48, 9)), 'bad-config'],
  ])('%s, by name, and still answers', async (_, bytes, error) => {
    const { banner, hello, client } = await boot(bytes);
    expect(hello).toMatchObject({ model: null, modelError: error });
    expect(banner).toContain(error);
    await expect(client.logits([1])).rejects.toMatchObject({ code: 'no-model' });
    expect((await client.memory()).heapBytes).toBe(0);
  });

  it('damaged in any one bit, with the same name as the host-side validator', async () => {
    const rng = new Rng(7);
    const header = Array.from({ length: 8 }, () => rng.next() % (192 * 8));
    const anywhere = Array.from({ length: 8 }, () => rng.next() % (image.length * 8));
    for (const bit of [...header, ...anywhere]) {
      const damaged = flipped(bit);
      const { hello } = await boot(damaged);
      expect([bit, hello.modelError]).toEqual([bit, validateImage(damaged)?.code]);
    }
  });
});
