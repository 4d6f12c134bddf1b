import { describe, expect, it } from 'vitest';
import { LinkClient, type MemoryMap } from '../../bench/link/index.ts';
import { EmulatedDevice } from '../../bench/target/device.ts';
import { type LoadedModel, MODEL_FLASH_ADDRESS, modelFromCheckpoint } from '../../bench/target/model.ts';
import { Rng } from '../../models/reference/rng.ts';
import { firmware } from './support/bench.ts';
import { syntheticCheckpoint } from './support/synthetic.ts';

const LOADS = 100;

const models: LoadedModel[] = [
  modelFromCheckpoint(syntheticCheckpoint('maximum-speed')),
  modelFromCheckpoint(syntheticCheckpoint('balanced-production')),
  modelFromCheckpoint(syntheticCheckpoint('balanced-production', { vocabulary: 1024 })),
  modelFromCheckpoint(syntheticCheckpoint('story-8k')),
  modelFromCheckpoint(syntheticCheckpoint('story-30k')),
];

const device = async (): Promise<EmulatedDevice> =>
  new EmulatedDevice({ ...(await firmware()), imageAddress: MODEL_FLASH_ADDRESS });

/** Installs the model, boots, makes one token, and asks what lies where. */
const load = async (pico: EmulatedDevice, model: LoadedModel): Promise<MemoryMap> => {
  pico.install(model.image);
  await pico.boot();
  const client = new LinkClient(pico);
  expect((await client.hello()).model).toBe(model.name);
  await client.logits([1]);
  return client.memory();
};

const free = ({ regions }: MemoryMap): number =>
  regions.filter(({ name }) => /\bfree$/.test(name)).reduce((all, { bytes }) => all + bytes, 0);

describe('memory', () => {
  it(`has the same free bytes after each of ${LOADS} loads of a model, in any order`, async () => {
    const pico = await device();
    const rng = new Rng(2040);
    const seen = new Map<string, MemoryMap>();
    for (let n = 0; n < LOADS; n++) {
      const model = models[rng.next() % models.length]!;
      const map = await load(pico, model);
      const key = model.sha256;
      if (!seen.has(key)) seen.set(key, map);
      expect(map).toEqual(seen.get(key));
      expect(map.heapBytes).toBe(0);
    }
    expect(seen.size).toBe(models.length);
    expect([...seen.values()].every((map) => free(map) > 0)).toBe(true);
  });

  it('is a map in which no two regions overlap, within the 264 KB there are', async () => {
    const { regions } = await load(await device(), models[1]!);
    const sram = regions.filter(({ name }) => name.startsWith('sram:')).sort((a, b) => a.address - b.address);
    const ends = sram.map(({ address, bytes }) => address + bytes);
    expect(sram.slice(1).every(({ address }, i) => ends[i]! <= address)).toBe(true);
    expect(sram[0]!.address).toBe(0x20000000);
    expect(ends.at(-1)).toBeLessThanOrEqual(0x20042000);
  });
});
