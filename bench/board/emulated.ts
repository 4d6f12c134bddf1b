/**
 * An emulated Pico in (at most) real time, for programs that know nothing of it: what it sends goes to a listener, what
 * others send goes in. `endpoints.ts` puts it behind a pseudo-terminal or a TCP port.
 */
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { formatFault, Pico, type Program } from '../../emulator/index.ts';

export interface EmulatedBoardParts {
  bootrom: Uint8Array;
  /** What lies in flash, in this order: firmware, then perhaps a model. */
  programs: readonly Program[];
  flashBytes: number;
  /** Which of the firmware's ports the listener hears. @default 'uart' */
  port?: 'uart' | 'usb';
}

/** Takes bytes; when they cannot be taken at once, a promise of when. The emulated board waits. */
export type ByteSink = (bytes: Uint8Array) => void | Promise<void>;

/** Emulated time between two looks at the outside. */
const SLICE_SECONDS = 0.002;
/** A board that fell behind real time by more than this does not hurry to catch up. */
const FORGIVEN_SECONDS = 0.1;
/** Our boot ROM's name for what a board does in BOOTSEL mode. */
const USB_BOOT = 'bootrom:usb-boot';

export class EmulatedBoard {
  readonly pico: Pico;
  /** Called when the program asks for BOOTSEL mode; the board stands still until `load`. */
  onBootsel: () => void = () => {};
  private readonly port: Pico['usb'] | Pico['uart'][number];
  private outgoing: number[] = [];
  private stopped = false;
  private readonly wake = new AbortController();

  /** @throws ProgramError when a program does not fit */
  constructor({ bootrom, programs, flashBytes, port = 'uart' }: EmulatedBoardParts) {
    this.pico = new Pico({ bootrom, flashBytes });
    // Without a cable the firmware has UART0 alone, and its USB costs nothing.
    if (port === 'uart') this.pico.usb.unplug();
    for (const program of programs) this.pico.load(program);
    this.port = port === 'usb' ? this.pico.usb : this.pico.uart[0];
    this.port.onByte((byte) => this.outgoing.push(byte));
  }

  /** Puts a program or a model into flash and resets, as a UF2 dropped on the drive does. */
  load(program: Program): void {
    this.pico.load(program);
    this.inBootsel = false;
  }

  write(bytes: Uint8Array): void {
    this.port.send(bytes);
  }

  stop(): void {
    this.stopped = true;
    this.wake.abort();
  }

  /**
   * Runs until `stop`.
   * @returns the report of the fault that ended the run; undefined when it was stopped
   */
  async run(sink: ByteSink): Promise<string | undefined> {
    let ahead = 0;
    let last = performance.now();
    while (!this.stopped) {
      const before = this.pico.seconds;
      const fault = this.inBootsel ? undefined : this.slice();
      if (fault !== undefined) return fault;
      if (this.outgoing.length > 0) await sink(this.take());
      const now = performance.now();
      // A reset sets the emulated clock back.
      const passed = this.inBootsel ? SLICE_SECONDS : Math.max(0, this.pico.seconds - before);
      ahead = Math.max(-FORGIVEN_SECONDS, ahead + passed - (now - last) / 1000);
      last = now;
      await (ahead > 0 ? this.rest(1000 * ahead) : nextTurn());
    }
    return undefined;
  }

  private inBootsel = false;

  /** @returns the report of a fault */
  private slice(): string | undefined {
    this.pico.run({ timeoutSeconds: SLICE_SECONDS });
    const { fault } = this.pico;
    if (fault === undefined) return undefined;
    if (fault.kind !== USB_BOOT) return formatFault(fault);
    this.inBootsel = true;
    this.onBootsel();
    return undefined;
  }

  private take(): Uint8Array {
    const bytes = Uint8Array.from(this.outgoing);
    this.outgoing = [];
    this.port.clear();
    return bytes;
  }

  private async rest(milliseconds: number): Promise<void> {
    await sleep(milliseconds, undefined, { signal: this.wake.signal }).catch(() => {});
  }
}
