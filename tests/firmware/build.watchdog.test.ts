import { beforeAll, beforeEach, expect, test } from 'vitest';
import type { GenerateEvent } from '../../bench/link/index.ts';
import { encodeMessage } from '../../bench/link/message.ts';
import { hostTarget } from '../../bench/target/host.ts';
import type { LoadedModel } from '../../bench/target/model.ts';
import { GREEDY } from '../../bench/target/scenario.ts';
import { testModel } from './device.ts';
import { type BothPorts, bootBoth, collect } from './ports.ts';

const WATCHDOG_SECONDS = 4;
let model: LoadedModel;
let ports: BothPorts;

beforeAll(() => {
  model = testModel();
});
beforeEach(async () => {
  ports = await bootBoth(model.image);
});

/** Sends `wedge` and lets time pass until the device has started again. */
async function wedge(keys: { core: number; after?: number }): Promise<number> {
  await ports.overUart.sendRaw(encodeMessage({ op: 'wedge', id: 900, ...keys }));
  return waitForRestart();
}

function waitForRestart(): number {
  const { pico } = ports;
  const from = pico.seconds;
  const before = pico.uart[0].text.length;
  pico.run({
    timeoutSeconds: WATCHDOG_SECONDS + 1,
    stop: () => /Restarted by the watchdog.*> $/s.test(pico.uart[0].text.slice(before)),
  });
  return pico.seconds - from;
}

/** A story that hangs at a position of the context, as far as it got. */
async function hangingStory(core: number, after: number): Promise<GenerateEvent[]> {
  await ports.overUart.sendRaw(encodeMessage({ op: 'wedge', id: 900, core, after }));
  ports.pico.run({ timeoutSeconds: 0.02 });
  const events: GenerateEvent[] = [];
  try {
    for await (const event of ports.overUart.within(1).generate({ prompt: 'abc', count: 20 }))
      events.push(event);
  } catch {
    // silence: it hangs
  }
  return events;
}

test('a core that hangs at once is reported after the reboot, on both ports, and everything works again', async () => {
  for (const core of [0, 1]) {
    const seconds = await wedge({ core });
    expect(seconds).toBeGreaterThan(WATCHDOG_SECONDS * 0.9);
    expect(seconds).toBeLessThan(WATCHDOG_SECONDS + 0.5);
    expect(ports.uart.text()).toContain(`Restarted by the watchdog: core ${core} hung.`);
    expect(await ports.overUart.hello()).toMatchObject({
      resetReason: 'watchdog',
      lastWedge: { cause: 'watchdog', core, phase: null, token: null },
    });
  }
  ports.pico.run({ timeoutSeconds: 0.2 });
  expect(ports.usb.text()).toContain('core 1 hung.');
  const host = await hostTarget.run({ model, prompt: 'abc', tokens: 5, sampler: GREEDY });
  const events = await collect(ports.overUsb.generate({ prompt: 'abc', count: 5 }));
  expect(events.flatMap((e) => (e.event === 'token' ? [e.token] : []))).toEqual(host.tokens);
  // A reboot that was asked for ends the report.
  await ports.overUart.reboot();
  ports.pico.run({ timeoutSeconds: 0.2 });
  expect(await ports.overUart.hello()).toMatchObject({ resetReason: 'reboot', lastWedge: null });
});

test.each([0, 1])(
  'core %i hanging in mid-story: what was sent stands, and position and phase are named',
  async (core) => {
    const events = await hangingStory(core, 7);
    expect(events.flatMap((e) => (e.event === 'token' ? [e.i] : []))).toEqual([0, 1, 2, 3, 4]);
    waitForRestart();
    const { lastWedge } = await ports.overUart.within(6).hello();
    expect(lastWedge).toMatchObject({ cause: 'watchdog', core, token: 7 });
    expect(['norm', 'qkv', 'rope', 'attention']).toContain(lastWedge?.phase);
    expect(ports.uart.text()).toMatch(new RegExp(`core ${core} hung at position 7 in [a-z]+\\.`));
  },
);

test('hanging in the prompt is told apart', async () => {
  await hangingStory(1, 1);
  waitForRestart();
  expect((await ports.overUart.within(6).hello()).lastWedge).toMatchObject({
    core: 1,
    token: 1,
    prefill: true,
  });
});

test('a device that does nothing for a minute, or tells a story for longer than the watchdog waits, is left alone', async () => {
  ports.pico.run({ timeoutSeconds: 60 });
  expect(await ports.overUart.hello()).toMatchObject({ resetReason: 'power-on', lastWedge: null });
  const long = await collect(ports.overUart.generate({ prompt: 'abc', count: 46, logits: true }));
  expect(long.at(-1)).toMatchObject({ event: 'done', tokens: 46 });
});

test('cores and positions that do not exist are refused', async () => {
  const refusals = () => ports.uart.text().split('bad-argument').length - 1;
  for (const keys of [{ core: 2 }, {}, { core: 1, after: -1 }, { core: 0, after: 70_000 }]) {
    const before = refusals();
    await ports.overUart.sendRaw(encodeMessage({ op: 'wedge', id: 900, ...keys }));
    ports.pico.run({ timeoutSeconds: 0.03 });
    expect(refusals()).toBe(before + 1);
  }
  expect((await ports.overUart.hello()).resetReason).toBe('power-on');
});
