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
}

/** Emulated time that runs before the event loop gets a turn, so that tokens stream and Ctrl-C works. */
const SLICE_SECONDS = 0.05;
/** Emulated time in which the firmware must have greeted. */
const BOOT_SECONDS = 5;

export class EmulatedDevice implements ByteTransport {
  readonly pico: Pico;
  private readonly imageAddress: number;
  private received: number[] = [];

  constructor({ bootrom, elf, image, imageAddress, core }: DeviceParts) {
    this.pico = new Pico({ bootrom, core });
    this.pico.load(readProgram(elf));
    this.imageAddress = imageAddress;
    if (image !== undefined) this.install(image);
    this.pico.uart[0].onByte((byte) => this.received.push(byte));
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
    const { end } = this.pico.run({ text: '\n> ', timeoutSeconds: BOOT_SECONDS });
    const banner = new TextDecoder().decode(this.take());
    this.throwIfFaulted();
    if (end === 'text') return banner;
    throw new ScenarioError(
      'timeout',
      `the firmware did not greet within ${BOOT_SECONDS} s of emulated time`,
      banner === '' ? undefined : `It printed:\n${banner}`,
    );
  }

  write(bytes: Uint8Array): void {
    this.pico.uart[0].send(bytes);
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
    this.pico.uart[0].clear();
    return bytes;
  }

  private throwIfFaulted(): void {
    const { fault } = this.pico;
    if (fault !== undefined)
      throw new ScenarioError('fault', `the firmware faulted: ${fault.message}`, formatFault(fault));
  }
}
