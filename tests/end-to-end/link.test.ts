import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { encodeFrame } from '../../bench/link/frame.ts';
import { type GenerateEvent, type GenerateRequest, LinkClient } from '../../bench/link/index.ts';
import { encodeMessage } from '../../bench/link/message.ts';
import { EmulatedDevice } from '../../bench/target/device.ts';
import { MODEL_FLASH_ADDRESS, modelFromCheckpoint } from '../../bench/target/model.ts';
import { Rng } from '../../models/reference/rng.ts';
import { firmware, onHost } from './support/bench.ts';
import { syntheticCheckpoint } from './support/synthetic.ts';

const model = modelFromCheckpoint(syntheticCheckpoint('maximum-speed'));
let device: EmulatedDevice;
let client: LinkClient;
let text: string;

beforeAll(async () => {
  const { image } = model;
  device = new EmulatedDevice({ ...(await firmware()), image, imageAddress: MODEL_FLASH_ADDRESS });
  await device.boot();
});

beforeEach(() => {
  text = '';
  client = new LinkClient(device, { timeoutSeconds: 2, onText: (bytes) => (text += Buffer.from(bytes)) });
});

const events = async (request: GenerateRequest): Promise<GenerateEvent[]> => {
  const all: GenerateEvent[] = [];
  for await (const event of client.generate(request)) all.push(event);
  return all;
};

describe('the firmware on the link', () => {
  it('says who it is, and which model it has', async () => {
    expect(await client.hello()).toMatchObject({
      protocol: 1,
      board: 'pico',
      clockHz: 125_000_000,
      model: model.name,
      modelError: null,
      resetReason: 'power-on',
    });
    const { shape } = model.quantized;
    const { name, parameters } = model;
    const { vocabulary, dim, hidden, layers, heads, kvHeads, headSize, context, tied } = shape;
    expect(await client.describe()).toMatchObject({
      ...{ name, parameters, vocabulary, dim, hidden, layers, heads, kvHeads, headSize, context, tied },
      family: 'starmind',
      imageBytes: model.image.length,
      sramBytes: model.arenaBytes,
      bos: model.quantized.bos,
      eos: model.quantized.eos,
    });
  });

  it('passes its own tests', async () => {
    const { ok, tests } = await client.selftest();
    expect(Object.keys(tests).length).toBeGreaterThan(0);
    expect([ok, tests]).toEqual([true, Object.fromEntries(Object.keys(tests).map((name) => [name, true]))]);
  });

  it.each([
    [{ prompt: 'a', count: 0 }, 'bad-argument'],
    [{ prompt: 'a', temperature: 5 }, 'bad-argument'],
    [{ prompt: 'a', temperature: 65536, topP: 0 }, 'bad-argument'],
    [{ tokens: [] }, 'bad-argument'],
    [{}, 'bad-argument'],
    [{ tokens: [60000] }, 'bad-token'],
    [{ prompt: 'x'.repeat(2000) }, 'prompt-too-long'],
  ])('refuses a wrong request (%#) by name, and is ready for the next', async (request, code) => {
    await expect(events({ count: 1, ...request })).rejects.toMatchObject({ code });
    expect((await client.hello()).model).toBe(model.name);
  });

  it('takes token ids as well as text', async () => {
    const ids = model.tokenizer.encode('Once upon');
    const byText = await events({ prompt: 'Once upon', count: 5 });
    const byIds = await events({ tokens: ids, count: 5 });
    expect(byIds).toEqual(byText);
  });

  it('gives the logits after any tokens, as the reference has them', async () => {
    const prompt = 'The fox';
    const host = await onHost(model, { prompt, tokens: 1, logits: true });
    expect([...(await client.logits(host.promptTokens))]).toEqual([...host.logits[0]!]);
  });

  it('ends a story after the present token when it is cancelled', async () => {
    let tokens = 0;
    for await (const { event } of client.generate({ prompt: 'a', count: 60 })) {
      if (event === 'token' && ++tokens === 2) break;
    }
    const all = await events({ prompt: 'a', count: 3 });
    expect(all.at(-1)).toMatchObject({ event: 'done', reason: 'length', tokens: 3 });
  });

  it('is in step again after damaged frames, noise and unknown requests', async () => {
    const rng = new Rng(11);
    const good = encodeFrame(encodeMessage({ op: 'hello', id: 1 }));
    for (let n = 0; n < 30; n++) {
      const frame = [...good];
      const at = rng.next() % frame.length;
      const kind = rng.next() % 3;
      if (kind === 0) frame.splice(at, 1);
      else if (kind === 1) frame.splice(at, 0, rng.next() & 255);
      else frame[at]! ^= 1 << (rng.next() % 8);
      device.write(Uint8Array.from(frame));
      expect((await client.hello()).model).toBe(model.name);
    }
    await client.sendRaw(encodeMessage({ op: 'sing', id: 7 }));
    await client.sendRaw(Uint8Array.of(0xff, 0x01));
    expect((await client.hello()).protocol).toBe(1);
  });

  it('changes its clock and keeps its baud rate', async () => {
    for (const hz of [200_000_000, 133_000_000, 125_000_000]) {
      expect(await client.clock(hz)).toBe(hz);
      expect(device.pico.clockHz).toBe(hz);
      expect((await client.hello()).clockHz).toBe(hz);
    }
    await expect(client.clock(48_000_000)).rejects.toMatchObject({ code: 'bad-argument' });
  });

  it('tells a person who types a prompt the story that the reference tells', async () => {
    const { pieces, tokens } = await onHost(model, { prompt: 'One day', tokens: 64 });
    expect(tokens.length).toBeGreaterThan(0);
    // Ctrl-U clears what noise before may have left on the line.
    device.write(new TextEncoder().encode('\x15One day\r'));
    device.pico.run({ timeoutSeconds: 1 });
    await client.hello();
    // A NUL would part frames, so the console leaves those of the story out.
    expect(text).toContain(Buffer.concat(pieces).toString().replaceAll('\0', '').replaceAll('\n', '\r\n'));
    expect(text).not.toContain('hello');
  });

  it('starts anew when asked to, and says so', async () => {
    await client.reboot();
    expect(await device.boot()).toMatch(/Starmind Pico/);
    expect(await client.hello()).toMatchObject({ resetReason: 'reboot', model: model.name });
  });
});
