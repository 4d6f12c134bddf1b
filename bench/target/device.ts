/** An emulated Pico with our firmware and a model in its flash, as a byte transport: it runs while somebody reads. */
import { type CoreKind, formatFault, Pico, readProgram } from '../../emulator/index.ts';
import type { ByteTransport } from '../link/index.ts';
import { ScenarioError } from './scenario.ts';

export interface DeviceParts {
  bootrom: Uint8Array;
  /** The firmware with its symbols. */
  elf: Uint8Array;
  /** The model image; none leaves that part of flash erased. */
  image?: Uint8Array;
  /** Where the firmware looks for the image. */
  imageAddress: number;
  /** @default 'starmind' */
  core?: CoreKind;
  /** Which of the firmware's ports is spoken to: UART0, with no USB cable, or USB CDC. @default 'uart' */
  port?: DevicePort;
  /** Size of the flash chip. @default 2 MB */
  flashBytes?: number;
}

export type DevicePort = 'uart' | 'usb';

/** Emulated time that runs before the event loop gets a turn, so that tokens stream and Ctrl-C works. */
const SLICE_SECONDS = 0.05;
/** Emulated time in which the firmware must have greeted. */
const BOOT_SECONDS = 5;
const CONSOLE_PROMPT = '\n> ';

export class EmulatedDevice implements ByteTransport {
  readonly pico: Pico;
  readonly port: DevicePort;
  private readonly imageAddress: number;
  private received: number[] = [];

  constructor({ bootrom, elf, image, imageAddress, core, port = 'uart', flashBytes }: DeviceParts) {
    this.pico = new Pico({ bootrom, core, flashBytes });
    this.port = port;
    if (port === 'uart') this.pico.usb.unplug();
    this.pico.load(readProgram(elf));
    this.imageAddress = imageAddress;
    if (image !== undefined) this.install(image);
    this.wire.onByte((byte) => this.received.push(byte));
  }

  private get wire() {
    return this.port === 'usb' ? this.pico.usb : this.pico.uart[0];
  }

  /** Writes bytes where the firmware looks for a model, and resets. */
  install(image: Uint8Array): void {
    this.pico.load({ format: 'bin', segments: [{ address: this.imageAddress, data: image }], symbols: [] });
  }

  /**
   * Runs until the console shows its prompt; gives the banner.
   * @throws ScenarioError when it does not come, or the firmware faults.
   */
  async boot(): Promise<string> {
    const until =
      this.port === 'usb'
        ? { stop: () => this.pico.usb.text.endsWith(CONSOLE_PROMPT) }
        : { text: CONSOLE_PROMPT };
    const { end } = this.pico.run({ ...until, timeoutSeconds: BOOT_SECONDS });
    const banner = new TextDecoder().decode(this.take());
    this.throwIfFaulted();
    if (end === 'text' || end === 'stopped') return banner;
    throw new ScenarioError(
      'timeout',
      `the firmware did not greet within ${BOOT_SECONDS} s of emulated time`,
      banner === '' ? undefined : `It printed:\n${banner}`,
    );
  }

  write(bytes: Uint8Array): void {
    this.wire.send(bytes);
  }

  async read(timeoutSeconds: number): Promise<Uint8Array> {
    const deadline = this.pico.seconds + timeoutSeconds;
    while (this.received.length === 0 && this.pico.seconds < deadline) {
      const slice = Math.min(SLICE_SECONDS, deadline - this.pico.seconds);
      this.pico.run({ timeoutSeconds: slice, stop: () => this.received.length > 0 });
      await new Promise((resume) => setImmediate(resume));
      if (this.received.length === 0) this.throwIfFaulted();
    }
    return this.take();
  }

  private take(): Uint8Array {
    const bytes = Uint8Array.from(this.received);
    this.received = [];
    this.wire.clear();
    return bytes;
  }

  private throwIfFaulted(): void {
    const { fault } = this.pico;
    if (fault !== undefined)
      throw new ScenarioError('fault', `the firmware faulted: ${fault.message}`, formatFault(fault));
  }
}
