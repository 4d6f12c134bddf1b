/**
 * Frames as no well-meant program sends them, thousands of them, at both ports of the emulated Pico. Run as a program it takes
 * their number and a seed: `node --import tsx tests/firmware/link-stress.ts 100000 1`.
 */
import { fileURLToPath } from 'node:url';
import { encodeFrame, FrameParser } from '../../bench/link/frame.ts';
import { decodeMessage, encodeMessage, type RawMessage } from '../../bench/link/message.ts';
import type { Pico } from '../../emulator/index.ts';
import { testModel } from './device.ts';
import { type BothPorts, bootBoth, collect } from './ports.ts';

export interface StressResult {
  frames: number;
  bytes: number;
  /** How often each kind was sent. */
  kinds: Record<string, number>;
  /** Answers by error name, `ok` for those without. */
  answers: Record<string, number>;
  /** Times that the first request after the noise was lost with it; the second never may. */
  firstLost: number;
  emulatedSeconds: number;
}

/** Frames between two questions whether the device still answers. */
const BLOCK = 16;
const BAUD = 3_000_000;
const PATIENCE_SECONDS = 1;
const CHEAP = ['hello', 'describe', 'cancel', 'memory', 'clock', 'baud', 'nothing', ''];
const OPS = [...CHEAP, ...CHEAP, 'generate', 'logits'];
const KEYS = [
  'prompt',
  'tokens',
  'count',
  'temperature',
  'topK',
  'topP',
  'seed',
  'logits',
  'cores',
  'hz',
  'x',
];

/** xorshift32: the same frames from the same seed. */
function generator(seed: number) {
  let state = seed >>> 0 || 1;
  const next = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
  return {
    below: (n: number) => next() % n,
    bytes: (n: number) => Uint8Array.from({ length: n }, () => next() & 0xff),
    pick: <T>(list: readonly T[]): T => list[next() % list.length],
  };
}
type Random = ReturnType<typeof generator>;

/** A value that a key may or, more often, may not have. */
function value(r: Random): unknown {
  switch (r.below(9)) {
    case 0:
      return r.below(70_000);
    case 1:
      return -r.below(1000);
    case 2:
      return 'abc'.repeat(r.below(20));
    case 3:
      return Array.from({ length: r.below(70) }, () => r.below(80));
    case 4:
      return r.below(2) === 1;
    case 5:
      return null;
    case 6:
      return Buffer.from(r.bytes(r.below(40)));
    case 7:
      return 2 ** 31 * r.below(8);
    default:
      return { a: [r.below(4), { b: 'c' }] };
  }
}

function request(r: Random, id: number): Uint8Array {
  const message: RawMessage = { op: r.pick(OPS), id };
  for (let n = r.below(4); n > 0; n--) message[r.pick(KEYS)] = value(r);
  if (message['op'] === 'clock' || message['op'] === 'baud') message['hz'] = 1; // refused: the port must stay usable
  if (message['op'] === 'generate') message['count'] = r.below(3);
  if (r.below(20) === 0) message['op'] = value(r);
  if (r.below(20) === 0) message['id'] = value(r);
  return encodeMessage(message);
}

const flip = (r: Random, bytes: Uint8Array) => {
  const changed = bytes.slice();
  for (let n = 1 + r.below(3); n > 0; n--) changed[r.below(changed.length)] ^= 1 << r.below(8);
  return changed;
};
const without = (bytes: Uint8Array, at: number, count: number) =>
  Uint8Array.from([...bytes.subarray(0, at), ...bytes.subarray(at + count)]);

/** One disturbance each. */
const KINDS: Record<string, (r: Random, id: number) => Uint8Array> = {
  'a request, often senseless': (r, id) => encodeFrame(request(r, id)),
  'the same twice': (r, id) => {
    const frame = encodeFrame(request(r, id));
    return Uint8Array.from([...frame, ...frame]);
  },
  'bits flipped': (r, id) => flip(r, encodeFrame(request(r, id))),
  'its end missing': (r, id) => {
    const frame = encodeFrame(request(r, id));
    return frame.subarray(0, 1 + r.below(frame.length - 1));
  },
  'its beginning missing': (r, id) => {
    const frame = encodeFrame(request(r, id));
    return frame.subarray(1 + r.below(frame.length - 1));
  },
  'bytes dropped': (r, id) => {
    const frame = encodeFrame(request(r, id));
    return without(frame, r.below(frame.length), 1 + r.below(4));
  },
  'bytes doubled': (r, id) => {
    const frame = encodeFrame(request(r, id));
    const at = r.below(frame.length);
    return Uint8Array.from([...frame.subarray(0, at + 1), ...frame.subarray(at)]);
  },
  'random bytes': (r) => r.bytes(1 + r.below(120)),
  'random bytes in a right frame': (r) => encodeFrame(r.bytes(r.below(60))),
  'a CBOR header that promises much': (r, id) => {
    const payload = request(r, id);
    payload[r.below(payload.length)] = r.pick([0x1b, 0x5b, 0x7b, 0x9b, 0xbb, 0xbf, 0x9f, 0xdb, 0xff]);
    return encodeFrame(payload);
  },
  zeros: (r) => new Uint8Array(1 + r.below(9)),
  'nothing at all': () => new Uint8Array(0),
};
const RARE = (r: Random) => encodeFrame(r.bytes(4000 + r.below(300)));

/** @throws Error that says after which frame the device was lost, and how */
export async function stress(
  frames: number,
  seed: number,
  log = (_line: string) => {},
): Promise<StressResult> {
  const ports = await bootBoth(testModel().image);
  const reference = await collect(ports.overUart.generate({ prompt: 'abc', count: 3 }));
  await ports.overUart.baud(BAUD);
  ports.pico.run({ timeoutSeconds: 0.01 });
  await ports.overUart.hello();
  const r = generator(seed);
  const result: StressResult = {
    frames: 0,
    bytes: 0,
    kinds: {},
    answers: {},
    firstLost: 0,
    emulatedSeconds: 0,
  };
  const listeners = [listen(ports.pico.uart[0], result), listen(ports.pico.usb, result)];
  const names = Object.keys(KINDS);
  while (result.frames < frames) {
    for (let i = 0; i < BLOCK; i++) {
      const kind = r.below(400) === 0 ? 'about the longest there may be' : r.pick(names);
      const bytes = (KINDS[kind] ?? RARE)(r, 1 + r.below(0xffff));
      const wire = r.below(2) === 0 ? ports.pico.uart[0] : ports.pico.usb;
      wire.send(bytes);
      result.kinds[kind] = (result.kinds[kind] ?? 0) + 1;
      result.bytes += bytes.length;
      result.frames++;
    }
    settle(ports);
    for (const [i, wire] of [ports.pico.uart[0], ports.pico.usb].entries()) {
      const id = 0x1000000 + result.frames * 4 + 2 * i;
      if (!answers(ports, wire, listeners[i], id)) {
        result.firstLost++;
        if (!answers(ports, wire, listeners[i], id + 1)) throw lost(ports, result, `port ${i} is silent`);
      }
    }
    if (ports.pico.fault) throw lost(ports, result, ports.pico.fault.message);
    if (result.frames % (BLOCK * 50) === 0) {
      await isWhole(ports, result, reference);
      log(
        `${result.frames} frames, ${ports.pico.cycles / 1e6} M cycles, cpu ${process.cpuUsage().user / 1e6}`,
      );
    }
  }
  await isWhole(ports, result, reference);
  result.emulatedSeconds = ports.pico.seconds;
  return result;
}

function lost({ pico }: BothPorts, { frames }: StressResult, how: string): Error {
  return new Error(`after ${frames} frames, at cycle ${pico.cycles}: ${how}`);
}

/** Messages that come in, counted, and their ids. */
function listen(wire: Pico['usb'] | Pico['uart'][number], result: StressResult): Set<number> {
  const parser = new FrameParser();
  const seen = new Set<number>();
  wire.onByte((byte) => {
    for (const piece of parser.push(Uint8Array.of(byte))) {
      const message = piece.kind === 'frame' ? decodeMessage(piece.payload) : undefined;
      if (!message) continue;
      seen.add(Number(message['re']));
      const name = typeof message['error'] === 'string' ? message['error'] : 'ok';
      result.answers[name] = (result.answers[name] ?? 0) + 1;
    }
  });
  return seen;
}

/** Lets everything that was sent arrive. */
function settle({ pico }: BothPorts): void {
  const arrived = () => pico.uart[0].unsent === 0 && pico.usb.unsent === 0;
  pico.run({ timeoutSeconds: PATIENCE_SECONDS, stop: arrived });
  pico.uart[0].clear();
  pico.usb.clear();
}

/** A story may still be told: `busy` is an answer. */
function answers(
  { pico }: BothPorts,
  wire: Pico['usb'] | Pico['uart'][number],
  seen: Set<number>,
  id: number,
): boolean {
  wire.send(encodeFrame(encodeMessage({ op: 'cancel', id })));
  pico.run({ timeoutSeconds: 0.2, stop: () => seen.has(id) });
  return seen.has(id);
}

/** The device was not restarted, and a story is what it was. */
async function isWhole(ports: BothPorts, result: StressResult, reference: unknown[]): Promise<void> {
  ports.pico.run({ timeoutSeconds: 0.6 }); // half a begun frame is given up after half a second
  await Promise.all([ports.uart.read(0), ports.usb.read(0)]); // answers to the noise
  const hello = await ports.overUart.within(PATIENCE_SECONDS).hello();
  if (hello.resetReason !== 'power-on') throw lost(ports, result, 'it was restarted by its watchdog');
  const events = await collect(ports.overUsb.within(PATIENCE_SECONDS).generate({ prompt: 'abc', count: 3 }));
  if (JSON.stringify(events) !== JSON.stringify(reference))
    throw lost(ports, result, 'a story is another one');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [frames = '100000', seed = '1'] = process.argv.slice(2);
  const result = await stress(Number(frames), Number(seed), (line) => console.error(line));
  console.log(JSON.stringify(result, undefined, 2));
}
