/** One emulated Pico with the cable plugged in, and a byte transport for each of its two ports. */
import { type ByteTransport, type GenerateEvent, LinkClient, LinkError } from '../../bench/link/index.ts';
import { EmulatedDevice } from '../../bench/target/device.ts';
import { type Pico, readProgram } from '../../emulator/index.ts';
import { buildFirmware } from '../../firmware/build.ts';
import { imageAddress } from '../../models/image/layout.ts';

export interface BothPorts {
  pico: Pico;
  uart: ByteTransport & { text(): string };
  usb: ByteTransport & { text(): string };
  /** Clients that never try twice. */
  overUart: LinkClient;
  overUsb: LinkClient;
}

const SLICE_SECONDS = 0.02;

function portOf(pico: Pico, wire: Pico['usb'] | Pico['uart'][number]): ByteTransport & { text(): string } {
  let received: number[] = [];
  const all: number[] = [];
  wire.onByte((byte) => {
    received.push(byte);
    all.push(byte);
  });
  return {
    write: (bytes) => wire.send(bytes),
    text: () => Buffer.from(all).toString('latin1'),
    async read(timeoutSeconds) {
      const deadline = pico.seconds + timeoutSeconds;
      while (received.length === 0 && pico.seconds < deadline && !pico.fault) {
        pico.run({ timeoutSeconds: SLICE_SECONDS, stop: () => received.length > 0 });
        await new Promise((resume) => setImmediate(resume));
      }
      if (pico.fault) throw new Error(`the firmware faulted: ${pico.fault.message}`);
      const bytes = Uint8Array.from(received);
      received = [];
      return bytes;
    },
  };
}

/** Booted, with the USB port enumerated and open, and its banner read. */
export async function bootBoth(
  image?: Uint8Array,
  options: { flashBytes?: number } = {},
): Promise<BothPorts> {
  const { bootrom, elf } = await buildFirmware();
  const device = new EmulatedDevice({ bootrom, elf, image, imageAddress, port: 'usb', ...options });
  await device.boot();
  const { pico } = device;
  const uart = portOf(pico, pico.uart[0]);
  const usb = portOf(pico, pico.usb);
  return {
    pico,
    uart,
    usb,
    overUart: new LinkClient(uart, { retries: 0, timeoutSeconds: 6 }),
    overUsb: new LinkClient(usb, { retries: 0, timeoutSeconds: 6, firstId: 5000 }),
  };
}

/** Our firmware as a program, for tests that write flash themselves. */
export async function firmwareProgram() {
  const { bootrom, elf } = await buildFirmware();
  return { bootrom, program: readProgram(elf) };
}

export async function collect(events: AsyncGenerator<GenerateEvent>): Promise<GenerateEvent[]> {
  const all: GenerateEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}

/** Tokens with their cycles, all phases: what must not depend on the port. */
export const counted = (events: GenerateEvent[]) =>
  events.flatMap((e) =>
    e.event === 'token' || e.event === 'prefill'
      ? [[e.i, e.event === 'token' ? e.token : -1, e.cycles, ...e.phases]]
      : [],
  );

export async function failure(attempt: Promise<unknown>): Promise<{ code: string; details: unknown }> {
  const error = await attempt.then(
    () => undefined,
    (e: unknown) => e,
  );
  if (!(error instanceof LinkError)) throw new Error(`no LinkError but ${error}`);
  return { code: error.code, details: error.details };
}
