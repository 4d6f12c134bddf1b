import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { GenerateEvent } from '../../bench/link/index.ts';
import { LinkClient } from '../../bench/link/index.ts';
import { EmulatedDevice } from '../../bench/target/device.ts';
import { hostTarget } from '../../bench/target/host.ts';
import type { LoadedModel } from '../../bench/target/model.ts';
import { GREEDY } from '../../bench/target/scenario.ts';
import { buildFirmware } from '../../firmware/build.ts';
import { imageAddress } from '../../models/image/layout.ts';
import { testModel } from './device.ts';
import { type BothPorts, bootBoth, collect, counted, failure } from './ports.ts';

const STORY = { prompt: 'abc', count: 12 };
let model: LoadedModel;
let ports: BothPorts;

beforeAll(() => {
  model = testModel();
});

const fresh = async () => {
  ports = await bootBoth(model.image);
};
const tokensOf = (events: GenerateEvent[]) => events.flatMap((e) => (e.event === 'token' ? [e.token] : []));

/** Asks for a descriptor as an operating system does and gives the packets of the answer. */
function descriptor(type: number, index = 0): Uint8Array {
  const { usbCtrl } = ports.pico.chip!.rp2040;
  const before = usbCtrl.onEndpointWrite;
  const got: number[] = [];
  usbCtrl.onEndpointWrite = (endpoint, bytes) => {
    if (endpoint === 0) got.push(...bytes);
    else before?.(endpoint, bytes);
  };
  usbCtrl.sendSetupPacket(Uint8Array.of(0x80, 6, index, type, 9, 4, 255, 0));
  ports.pico.run({ timeoutSeconds: 0.01 });
  usbCtrl.onEndpointWrite = before;
  return Uint8Array.from(got);
}
const stringDescriptor = (index: number) => Buffer.from(descriptor(3, index).subarray(2)).toString('utf16le');

describe('enumeration by the host of rp2040js', () => {
  beforeAll(fresh);

  test('opens a CDC port that greets', () => {
    expect(ports.pico.usb.connected).toBe(true);
    expect(ports.pico.usb.text).toBe('');
    expect(ports.pico.uart[0].text).toMatch(/Starmind Pico .*\n> $/s);
  });

  test('the device says what it is: vendor, product, names, and the flash chip’s id as its serial number', async () => {
    const device = descriptor(1);
    const view = new DataView(device.buffer);
    expect(device.length).toBe(18);
    expect([view.getUint16(8, true), view.getUint16(10, true)]).toEqual([0x2e8a, 0x000a]);
    expect(stringDescriptor(2)).toBe('Starmind Pico');
    expect(stringDescriptor(3)).toBe((await ports.overUsb.hello()).boardId);
    expect(descriptor(2).length).toBe(new DataView(descriptor(2).buffer).getUint16(2, true));
  });

  test('a program that opens the port at 1,200 baud sends it to the boot drive', async () => {
    await fresh();
    const { usbCtrl } = ports.pico.chip!.rp2040;
    const before = usbCtrl.onEndpointRead;
    usbCtrl.onEndpointRead = (endpoint, size) => {
      // SET_LINE_CODING: 1,200 baud, one stop bit, no parity, 8 bits.
      if (endpoint === 0) usbCtrl.endpointReadDone(0, Uint8Array.of(0xb0, 4, 0, 0, 0, 0, 8));
      else before?.(endpoint, size);
    };
    usbCtrl.sendSetupPacket(Uint8Array.of(0x21, 0x20, 0, 0, 0, 0, 7, 0));
    ports.pico.run({ timeoutSeconds: 0.05 });
    expect(ports.pico.fault?.kind).toBe('bootrom:usb-boot');
    await fresh();
  });

  test('hello tells which port it came by', async () => {
    expect(await ports.overUsb.hello()).toMatchObject({ port: 'usb', protocol: 1, model: 'random 31' });
    expect(await ports.overUart.hello()).toMatchObject({ port: 'uart', baud: 115_207 });
  });
});

describe('the same session over either port', () => {
  test('gives the same events, to the cycle, with and without a cable, with a reader or not', async () => {
    await fresh();
    const overUart = await collect(ports.overUart.generate({ ...STORY, logits: true }));
    const overUsb = await collect(ports.overUsb.generate({ ...STORY, logits: true }));
    expect(overUsb).toEqual(overUart);
    const host = await hostTarget.run({ model, prompt: 'abc', tokens: 12, sampler: GREEDY });
    expect(tokensOf(overUsb)).toEqual(host.tokens);

    const { bootrom, elf } = await buildFirmware();
    const alone = new EmulatedDevice({ bootrom, elf, image: model.image, imageAddress });
    await alone.boot();
    const bare = await collect(new LinkClient(alone, { retries: 0 }).generate({ ...STORY, logits: true }));
    expect(alone.pico.usb.connected).toBe(false);
    expect(bare).toEqual(overUart);
  });

  test('USB traffic, a cable pulled and put back, and enumeration in mid-story change no cycle', async () => {
    await fresh();
    const { pico, overUart } = ports;
    const quiet = counted(await collect(overUart.generate({ prompt: 'abc', count: 40 })));
    const busy: GenerateEvent[] = [];
    for await (const event of overUart.generate({ prompt: 'abc', count: 40 })) {
      busy.push(event);
      if (event.event !== 'token') continue;
      if (event.i % 3 === 0) pico.usb.send(Buffer.alloc(200, event.i));
      if (event.i === 10) pico.usb.unplug();
      if (event.i === 13) pico.usb.plug();
      if (event.i === 30) pico.usb.close();
      if (event.i === 33) pico.usb.open();
    }
    expect(counted(busy)).toEqual(quiet);
    expect(pico.usb.connected).toBe(true);
    expect((await ports.overUsb.hello()).port).toBe('usb');
  });
});

describe('two clients at once', () => {
  beforeEach(fresh);

  test('the second is told who holds the device, and cannot stop the story; the first loses nothing', async () => {
    const told: unknown[] = [];
    const events: GenerateEvent[] = [];
    for await (const event of ports.overUart.generate({ prompt: 'abc', count: 20 })) {
      events.push(event);
      if (event.event !== 'token' || event.i % 7 !== 3) continue;
      told.push(await failure(event.i === 3 ? ports.overUsb.hello() : ports.overUsb.stop()));
    }
    expect(told).toEqual(Array(3).fill({ code: 'busy', details: { holder: 'uart' } }));
    expect(events.at(-1)).toMatchObject({ event: 'done', reason: 'length', tokens: 20 });
    expect((await ports.overUsb.hello()).port).toBe('usb');
  });

  test('so is a person who types at the other port, and a program while a person’s story is told', async () => {
    for await (const event of ports.overUsb.generate({ prompt: 'abc', count: 9 })) {
      if (event.event === 'token' && event.i === 2) ports.pico.uart[0].send('hello\r');
    }
    ports.pico.run({ timeoutSeconds: 0.1 });
    expect(ports.uart.text()).toContain('Busy: a request from usb is carried out.');
    ports.pico.uart[0].send('abc\r');
    ports.pico.run({ timeoutSeconds: 0.006 });
    expect(await failure(ports.overUsb.hello())).toEqual({
      code: 'busy',
      details: { holder: 'console-uart' },
    });
  });

  test('long requests from both at the same time are both heard', async () => {
    const long = { prompt: 'abc', count: 1, pad: 'x'.repeat(3900) };
    const one = collect(ports.overUart.generate(long));
    const two = collect(ports.overUsb.generate(long));
    const [a, b] = await Promise.all([one, two]);
    expect(a.at(-1)).toMatchObject({ event: 'done', tokens: 1 });
    // Not the cycles: bytes that UART0 receives while a token is computed cost an interrupt.
    expect(tokensOf(b)).toEqual(tokensOf(a));
  });
});

describe('a reader that is slow or gone', () => {
  beforeEach(fresh);

  test('a pause shorter than two seconds loses nothing', async () => {
    const { pico } = ports;
    const whole = await collect(ports.overUart.generate(STORY));
    const events: GenerateEvent[] = [];
    for await (const event of ports.overUsb.generate(STORY)) {
      events.push(event);
      if (event.event !== 'token' || event.i % 4 !== 1) continue;
      pico.usb.reading = false;
      pico.run({ timeoutSeconds: 1.7 });
      pico.usb.reading = true;
    }
    expect(events).toEqual(whole);
  });

  test('while it is waited for, the other port is answered at once', async () => {
    const { pico } = ports;
    const story = ports.overUsb.generate({ prompt: 'abc', count: 40 });
    for await (const event of story) {
      if (event.event !== 'token' || event.i !== 2) continue;
      pico.usb.reading = false;
      pico.run({ timeoutSeconds: 0.1 });
      const asked = pico.seconds;
      expect(await failure(ports.overUart.hello())).toEqual({ code: 'busy', details: { holder: 'usb' } });
      expect(pico.seconds - asked).toBeLessThan(0.05);
      pico.usb.reading = true;
    }
  });

  test('one that never reads again loses its story after two seconds; the device serves on', async () => {
    const { pico } = ports;
    const story = ports.overUsb.generate({ prompt: 'abc', count: 40 });
    await story.next();
    pico.usb.reading = false;
    pico.run({ timeoutSeconds: 2.2 });
    expect((await ports.overUart.hello()).port).toBe('uart');
    pico.usb.reading = true;
    const [later] = [await collect(ports.overUsb.within(6).generate(STORY))];
    expect(later.at(-1)).toMatchObject({ event: 'done', reason: 'length', tokens: 12 });
  });

  test.each([
    ['closed', 'close', 'open'],
    ['pulled out', 'unplug', 'plug'],
  ] as const)(
    'a port that is %s in mid-story ends it; opened again, it greets and serves',
    async (_what, away, back) => {
      const { pico } = ports;
      const events = ports.overUsb.generate({ prompt: 'abc', count: 46 });
      for (let i = 0; i < 6; i++) await events.next();
      pico.usb[away]();
      pico.run({ timeoutSeconds: 0.01 });
      expect(await ports.overUart.hello()).toMatchObject({ port: 'uart' });
      const before = ports.usb.text().length;
      pico.usb[back]();
      pico.run({ timeoutSeconds: 0.1 });
      expect(ports.usb.text().slice(before)).toContain('Starmind Pico');
      expect((await ports.overUsb.within(6).hello()).port).toBe('usb');
    },
  );
});

test('over the stock core of rp2040js it is the same session', async () => {
  const { bootrom, elf } = await buildFirmware();
  const device = new EmulatedDevice({
    bootrom,
    elf,
    image: model.image,
    imageAddress,
    port: 'usb',
    core: 'rp2040js',
  });
  expect(await device.boot()).toContain('Model random 31');
  const events = await collect(new LinkClient(device, { retries: 0 }).generate({ ...STORY, cores: 1 }));
  const host = await hostTarget.run({ model, prompt: 'abc', tokens: 12, sampler: GREEDY });
  expect(tokensOf(events)).toEqual(host.tokens);
});
