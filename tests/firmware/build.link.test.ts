import { Encoder } from 'cbor-x';
import { beforeAll, describe, expect, test } from 'vitest';
import { encodeFrame } from '../../bench/link/frame.ts';
import { type GenerateEvent, LinkClient, LinkError } from '../../bench/link/index.ts';
import type { EmulatedDevice } from '../../bench/target/device.ts';
import { hostTarget } from '../../bench/target/host.ts';
import type { LoadedModel } from '../../bench/target/model.ts';
import { GREEDY } from '../../bench/target/scenario.ts';
import { buildFirmware } from '../../firmware/build.ts';
import { crc32 } from '../../models/image/crc32.ts';
import { bootDevice, testModel } from './device.ts';

const encoder = new Encoder({ useRecords: false, variableMapSize: true, tagUint8Array: false });
const frame = (message: unknown) => encodeFrame(encoder.encode(message));

let model: LoadedModel;
let device: EmulatedDevice;
let client: LinkClient;
let text: string;

/** Each group starts on a fresh device and ends with one that still answers. */
async function connect(): Promise<void> {
  model = testModel();
  ({ device } = await bootDevice(model.image));
  text = '';
  client = new LinkClient(device, {
    retries: 0,
    onText: (bytes) => {
      text += Buffer.from(bytes).toString();
    },
  });
}

async function failure(attempt: Promise<unknown>): Promise<{ code: string; details: unknown }> {
  const error = await attempt.then(
    () => undefined,
    (e: unknown) => e,
  );
  if (!(error instanceof LinkError)) throw new Error(`no LinkError but ${error}`);
  return { code: error.code, details: error.details };
}

async function collect(events: AsyncGenerator<GenerateEvent>): Promise<GenerateEvent[]> {
  const all: GenerateEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}

describe('hello, describe, memory and self-test', () => {
  beforeAll(connect);

  test('say what the device is and which model it holds', async () => {
    expect(await client.hello()).toMatchObject({
      protocol: 1,
      board: 'pico',
      clockHz: 125_000_000,
      cores: 2,
      arenaBytes: 233_472,
      model: 'random 31',
      modelError: null,
      resetReason: 'power-on',
      port: 'uart',
      baud: 115_207,
      flashId: 0xef4015,
      flashBytes: 2 * 1024 * 1024,
      flashDivider: 2,
      led: 25,
      lastWedge: null,
    });
    expect(await client.describe()).toMatchObject({
      name: 'random 31',
      family: 'llama',
      vocabulary: 60,
      headSize: 8,
      context: 48,
      format: 'int8',
      tied: true,
      imageBytes: model.image.length,
      imageCrc: new DataView(model.image.buffer, model.image.byteOffset).getUint32(12, true),
      sramBytes: model.arenaBytes,
      bos: 0,
      eos: 39,
    });
  });

  test('hello vouches for firmware and model with their CRCs', async () => {
    const { bin } = await buildFirmware();
    const { firmwareBytes, firmwareCrc, modelCrc, boardId } = await client.hello();
    expect([firmwareBytes, firmwareCrc]).toEqual([bin.length, crc32(bin)]);
    expect(modelCrc).toBe((await client.describe()).imageCrc);
    expect(boardId).toMatch(/^[0-9A-F]{16}$/);
  });

  test('every self-test passes, at each of the three clocks', async () => {
    for (const hz of [125_000_000, 133_000_000, 200_000_000]) {
      expect(await client.clock(hz)).toBe(hz);
      expect(device.pico.clockHz).toBe(hz);
      const { ok, tests } = await client.selftest();
      expect(Object.entries(tests).filter(([, passed]) => !passed)).toEqual([]);
      expect(ok).toBe(true);
    }
  });

  test('the memory map covers all SRAM once, without overlap', async () => {
    const { regions, stackHighWater, heapBytes } = await client.memory();
    const sram = regions.filter(({ name }) => name.startsWith('sram')).sort((a, b) => a.address - b.address);
    let end = 0x20000000;
    for (const { address, bytes } of sram) {
      expect(address).toBeGreaterThanOrEqual(end);
      end = address + bytes;
    }
    expect(end).toBe(0x20042000);
    expect(sram.find(({ name }) => name === 'sram: arena, planned')?.bytes).toBe(model.arenaBytes);
    expect(heapBytes).toBe(0);
    expect(stackHighWater[0]).toBeLessThan(3000);
  });

  test('a rate up to 3 Mbaud is taken, proven by a frame, and kept over a change of clock', async () => {
    for (const hz of [9600, 1_000_000, 3_000_000]) {
      const real = await client.baud(hz);
      expect(Math.abs(real / hz - 1)).toBeLessThan(0.01);
      expect((await client.hello()).baud).toBe(real);
      expect(Math.round(device.pico.uart[0].baud)).toBe(real);
    }
    device.pico.run({ timeoutSeconds: 3 });
    await client.clock(200_000_000);
    expect(Math.abs((await client.hello()).baud! / 3_000_000 - 1)).toBeLessThan(0.01);
    await client.clock(125_000_000);
    for (const hz of [0, 9599, 3_000_001]) expect((await failure(client.baud(hz))).code).toBe('bad-argument');
  });

  test('a rate at which nothing is heard is given up after two seconds', async () => {
    const before = (await client.hello()).baud;
    await client.baud(460_800);
    device.pico.run({ timeoutSeconds: 1.9 });
    expect(device.pico.uart[0].baud).toBeGreaterThan(455_000);
    expect(device.pico.uart[0].baud).toBeLessThan(465_000);
    device.pico.run({ timeoutSeconds: 0.3 });
    expect((await client.hello()).baud).toBe(before);
  });

  test('a reboot is answered and seen as one afterwards, at 115,200 baud again', async () => {
    await client.reboot();
    await device.boot();
    expect(await client.hello()).toMatchObject({ resetReason: 'reboot', lastWedge: null, baud: 115_207 });
  });

  test('bootsel leads to the boot ROM’s USB drive, which our boot ROM names', async () => {
    await client.bootsel();
    device.pico.run({ timeoutSeconds: 0.1 });
    expect(device.pico.fault?.kind).toBe('bootrom:usb-boot');
  });
});

describe('generate', () => {
  beforeAll(connect);

  test('streams the prompt, its prefill, logits and tokens in order, the same as the host', async () => {
    const host = await hostTarget.run({ model, prompt: 'abc', tokens: 5, sampler: GREEDY, logits: true });
    const events = await collect(client.generate({ prompt: 'abc', count: 5, logits: true }));
    const kinds = events.map(({ event }) => event).join(' ');
    const each = 'logits token ';
    expect(kinds).toBe(`prompt prefill prefill ${each.repeat(5)}done`);
    expect(events[0]).toMatchObject({ from: 0, tokens: host.promptTokens });
    const tokens = events.filter((e) => e.event === 'token');
    expect(tokens.map((e) => e.token)).toEqual(host.tokens);
    expect(tokens.map((e) => Buffer.from(e.text).toString('hex'))).toEqual(
      host.pieces.map((p) => Buffer.from(p).toString('hex')),
    );
    for (const { cycles, phases } of tokens) expect(phases.reduce((a, b) => a + b)).toBe(cycles);
    expect(events.at(-1)).toMatchObject({
      reason: 'length',
      tokens: 5,
      cycles: tokens.reduce((sum, { cycles }) => sum + cycles, 0),
    });
  });

  test('ends at the context', async () => {
    const events = await collect(client.generate({ prompt: 'abc', count: 1000 }));
    expect(events.at(-1)).toMatchObject({ reason: 'context', tokens: 46 });
  });

  test('takes token ids instead of a text', async () => {
    const byText = await collect(client.generate({ prompt: 'abc', count: 3 }));
    const byIds = await collect(client.generate({ tokens: [0, 21, 14], count: 3 }));
    expect(byIds).toEqual(byText); // the cycles too
  });

  test('ends after a cancel, and answers another request meanwhile with busy', async () => {
    const seen: GenerateEvent[] = [];
    const events = client.generate({ prompt: 'abc', count: 40 });
    for await (const event of events) {
      seen.push(event);
      if (event.event === 'token' && event.i === 2) break;
    }
    expect(seen.filter((e) => e.event === 'token').length).toBe(3);
    expect((await client.hello()).model).toBe('random 31');

    device.write(frame({ op: 'generate', id: 900, prompt: 'abc', count: 40 }));
    device.write(frame({ op: 'hello', id: 901 }));
    await expect(client.hello()).rejects.toMatchObject({ code: 'busy' });
    device.write(frame({ op: 'cancel', id: 902 }));
    device.pico.run({ timeoutSeconds: 0.1 });
    expect((await client.hello()).model).toBe('random 31');
  });

  test('gives logits of one forward pass as the host has them', async () => {
    const host = await hostTarget.run({ model, prompt: 'abc', tokens: 1, sampler: GREEDY, logits: true });
    expect(await client.logits(host.promptTokens)).toEqual(host.logits[0]);
  });

  test.each([
    [
      'a character outside the vocabulary, with its place',
      { prompt: 'abXc' },
      'unknown-character',
      { at: 2 },
    ],
    [
      'a prompt beyond the context',
      { tokens: Array(49).fill(1) },
      'prompt-too-long',
      { tokens: 49, context: 48 },
    ],
    ['a token that does not exist', { tokens: [0, 60] }, 'bad-token', {}],
    ['no tokens at all', { tokens: [] }, 'bad-argument', {}],
    ['count 0', { prompt: 'abc', count: 0 }, 'bad-argument', {}],
    ['a temperature outside its range', { prompt: 'abc', temperature: 1 }, 'bad-argument', {}],
    ['a count that is no number', { prompt: 'abc', count: 'many' as unknown as number }, 'bad-argument', {}],
    ['neither prompt nor tokens', {}, 'bad-argument', {}],
  ])('refuses %s', async (_what, request, code, details) => {
    const refused = await failure(collect(client.generate(request)));
    expect(refused.code).toBe(code);
    expect(refused.details).toMatchObject(details);
    expect((await client.hello()).model).toBe('random 31');
  });
});

test('the stack stays a quarter below its end, whatever was asked', async () => {
  await connect();
  await collect(
    client.generate({
      prompt: 'abc'.repeat(8),
      count: 30,
      temperature: 65536,
      topK: 10,
      topP: 50000,
      logits: true,
    }),
  );
  device.pico.uart[0].send(`${'abc'.repeat(8)}\r/stats\r`);
  device.pico.run({ timeoutSeconds: 1 });
  await client.selftest();
  const { stackHighWater, regions } = await client.memory();
  const stack = regions.find(({ name }) => name === 'sram: stack of core 0')!;
  expect(stackHighWater[0]).toBeLessThan(0.75 * stack.bytes);
  expect(stackHighWater[0]).toBeGreaterThan(200);
});

describe('bytes that are no request', () => {
  beforeAll(connect);

  test('an unknown operation is named so', async () => {
    device.write(frame({ op: 'dance', id: 1 }));
    expect(await failure(client.hello())).toMatchObject({ code: 'unknown-op' });
  });

  test('a frame that is no CBOR map is answered with bad-cbor', async () => {
    for (const payload of [
      [],
      [0xff],
      [0x83, 1, 2, 3],
      [0xbf, 0xff],
      [0xa1, 1, 2],
      [0xa1, 0x62, 0x6f],
      [0xa1, 0x61, 0x61, 1, 9],
    ]) {
      device.write(encodeFrame(Uint8Array.from(payload)));
      expect((await failure(client.memory())).code).toBe('bad-cbor');
    }
    expect((await client.hello()).protocol).toBe(1);
  });

  test('a damaged frame is answered once with bad-frame, and the next one is heard', async () => {
    const damaged = frame({ op: 'hello', id: 1 });
    damaged[5] ^= 0x41;
    device.write(damaged);
    expect((await failure(client.memory())).code).toBe('bad-frame');
    expect((await client.hello()).protocol).toBe(1);
  });

  test('a frame whose first or last NUL was lost does not take the next one with it', async () => {
    device.write(frame({ op: 'selftest', id: 7 }).subarray(1));
    expect((await client.hello()).protocol).toBe(1);
    device.write(frame({ op: 'memory', id: 8 }).subarray(0, -1));
    expect((await client.hello()).protocol).toBe(1);
    expect((await client.hello()).protocol).toBe(1);
  });

  test('a request beyond 4,096 bytes is answered with too-long, one of exactly that is heard', async () => {
    const padded = (bytes: number) => {
      const empty = encoder.encode({ op: 'hello', id: 5, pad: Buffer.alloc(1000) }).length - 1000;
      return encoder.encode({ op: 'hello', id: 5, pad: Buffer.alloc(bytes - empty, 7) });
    };
    expect(padded(4096).length).toBe(4096);
    device.write(encodeFrame(padded(4097)));
    expect((await failure(client.memory())).code).toBe('too-long');
    device.write(encodeFrame(padded(4096)));
    expect((await client.hello()).protocol).toBe(1);
  });
});

describe('text and frames on one port', () => {
  beforeAll(connect);

  test('a person types between two frames and is heard', async () => {
    await client.hello();
    device.write(new TextEncoder().encode('/tem'));
    await client.hello();
    device.write(new TextEncoder().encode('p 0.5\r'));
    await client.hello();
    await client.hello();
    expect(text).toContain('/temp 0.5');
    expect(text).toContain('ok');
  });
});
