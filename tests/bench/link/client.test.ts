import { describe, expect, it } from 'vitest';
import { type GenerateEvent, joinLogits, LinkClient, LinkError } from '../../../bench/link/index.ts';
import { FakeDevice, HELLO } from './fakeDevice.ts';

const collect = async (events: AsyncIterable<GenerateEvent>): Promise<GenerateEvent[]> => {
  const all: GenerateEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
};

/** Damages the nth call of a line: one bit of the middle byte. */
const damageCall = (n: number) => {
  let call = 0;
  return (bytes: Uint8Array): Uint8Array => {
    if (++call !== n) return bytes;
    const damaged = Uint8Array.from(bytes);
    damaged[bytes.length >> 1]! ^= 0x10;
    return damaged;
  };
};

describe('the link client', () => {
  it('reads a hello', async () => {
    expect(await new LinkClient(new FakeDevice()).hello()).toEqual(HELLO);
  });

  it('streams the events of a story in order', async () => {
    const events = await collect(new LinkClient(new FakeDevice()).generate({ prompt: 'a', count: 3 }));
    expect(events.map(({ event }) => event)).toEqual(['prompt', 'token', 'token', 'token', 'done']);
    expect(events[2]).toEqual({
      event: 'token',
      i: 1,
      token: 1,
      text: expect.anything(),
      cycles: 45,
      phases: [1, 2, 3, 4, 5, 6, 7, 8, 9],
    });
    expect(events.at(-1)).toEqual({ event: 'done', reason: 'length', tokens: 3, cycles: 135 });
  });

  it('cancels a run whose reader leaves, and can be used again', async () => {
    const device = new FakeDevice();
    const client = new LinkClient(device);
    for await (const event of client.generate({ prompt: 'a', count: 1000 }))
      if (event.event === 'token') break;
    expect(device.received.at(-1)).toMatchObject({ op: 'cancel' });
    expect((await client.hello()).model).toBe('letters');
  });

  it("throws the device's error with its name and details", async () => {
    const failing = collect(new LinkClient(new FakeDevice()).generate({ prompt: 'é' }));
    await expect(failing).rejects.toMatchObject({ code: 'unknown-character', details: { at: 0 } });
  });

  it('asks again when a request or its answer was damaged on the line', async () => {
    for (const way of ['toDevice', 'toHost'] as const) {
      const device = new FakeDevice();
      device[way] = damageCall(1);
      expect((await new LinkClient(device).hello()).firmware).toBe('fake 1');
    }
  });

  it('gives up on a silent device, and says for what it waited', async () => {
    const silent = { write: () => {}, read: async () => new Uint8Array() };
    const failing = new LinkClient(silent, { timeoutSeconds: 2 }).hello();
    await expect(failing).rejects.toThrow(/no answer to "hello" within 2 s/);
  });

  it('hands console text over and keeps it out of the messages', async () => {
    const device = new FakeDevice();
    device.print('Starmind Pico\r\n> ');
    let text = '';
    const client = new LinkClient(device, { onText: (bytes) => (text += Buffer.from(bytes).toString()) });
    await client.hello();
    expect(text).toBe('Starmind Pico\r\n> ');
  });

  it('refuses a request that the device could not take, before sending it', async () => {
    const device = new FakeDevice();
    const failing = collect(new LinkClient(device).generate({ prompt: 'x'.repeat(5000) }));
    await expect(failing).rejects.toThrow(LinkError);
    expect(device.received).toEqual([]);
  });

  it('says which field is missing from an answer', async () => {
    const device = new FakeDevice();
    const client = new LinkClient({
      write: () => device.say({ re: 1, protocol: 1 }),
      read: () => device.read(),
    });
    await expect(client.hello()).rejects.toMatchObject({
      code: 'bad-answer',
      message: expect.stringMatching(/firmware/),
    });
  });
});

describe('joinLogits', () => {
  it('puts the pieces where they belong, in any order', () => {
    const pieces = [
      { from: 2, values: Int32Array.of(30, -40) },
      { from: 0, values: Int32Array.of(10, 20) },
    ];
    expect([...joinLogits(pieces)]).toEqual([10, 20, 30, -40]);
  });
});
