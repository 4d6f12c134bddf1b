/** Runs any RP2040 program until it prints what is awaited, ends, faults, or its emulated time is up. */
import {
  formatFault,
  loadProgram,
  Pico,
  type Program,
  ProgramError,
  type RunEnd,
} from '../../emulator/index.ts';

export interface ExecRequest {
  file: string;
  bootrom: Uint8Array;
  /** Ends the run as `expect-text` once UART0 has printed it. */
  expect?: string;
  /** Ends the run as `fail-text` once UART0 has printed it. */
  fail?: string;
  timeoutSeconds: number;
  /** Gets the bytes of UART0 as they come. */
  onOutput?: (bytes: Uint8Array) => void;
}

export interface ExecOutcome {
  end: Exclude<RunEnd, 'text' | 'stopped'> | 'expect-text' | 'fail-text';
  /** The text asked for did not come. */
  expectMissing: boolean;
  cycles: number;
  seconds: number;
  /** What UART0 printed; broken UTF-8 shows as U+FFFD. */
  output: string;
  faultReport?: string;
}

/** Emulated time between two looks at the event loop, so that output streams and Ctrl-C works. */
const SLICE_SECONDS = 0.02;

/** @throws ProgramError when the file is no program, or does not fit. */
export const execProgram = async (request: ExecRequest): Promise<ExecOutcome> => {
  const pico = new Pico({ bootrom: request.bootrom });
  pico.load(programOf(request.file));
  const output = new OutputWatch(request);
  pico.uart[0].onByte((byte) => output.take(byte));
  let result = pico.run({ timeoutSeconds: 0 });
  while (result.end === 'timeout' && output.found === undefined && pico.seconds < request.timeoutSeconds) {
    const timeoutSeconds = Math.min(SLICE_SECONDS, request.timeoutSeconds - pico.seconds);
    result = pico.run({ timeoutSeconds, stop: () => output.found !== undefined });
    output.flush();
    await new Promise((resume) => setImmediate(resume));
  }
  const end = output.found ?? (result.end as ExecOutcome['end']);
  return {
    end,
    expectMissing: request.expect !== undefined && end !== 'expect-text',
    cycles: pico.cycles,
    seconds: pico.seconds,
    output: output.text(),
    faultReport: result.fault && formatFault(result.fault),
  };
};

/** The file's name stands before what is wrong with it. */
const programOf = (file: string): Program => {
  try {
    return loadProgram(file);
  } catch (error) {
    if (!(error instanceof ProgramError) || error.message.startsWith(file)) throw error;
    throw new ProgramError(error.code, `${file}: ${error.message}`, error.at);
  }
};

/** Collects what a UART prints and sees the first of the awaited texts. */
class OutputWatch {
  found: 'expect-text' | 'fail-text' | undefined;
  private readonly all: number[] = [];
  private given = 0;
  private readonly onOutput: ((bytes: Uint8Array) => void) | undefined;
  private readonly awaited: ['expect-text' | 'fail-text', Uint8Array][] = [];

  constructor({ expect, fail, onOutput }: ExecRequest) {
    this.onOutput = onOutput;
    if (fail !== undefined) this.awaited.push(['fail-text', new TextEncoder().encode(fail)]);
    if (expect !== undefined) this.awaited.push(['expect-text', new TextEncoder().encode(expect)]);
  }

  take(byte: number): void {
    this.all.push(byte);
    this.found ??= this.awaited.find(([, text]) => this.endsWith(text))?.[0];
  }

  flush(): void {
    if (this.given === this.all.length) return;
    this.onOutput?.(Uint8Array.from(this.all.slice(this.given)));
    this.given = this.all.length;
  }

  text(): string {
    return new TextDecoder().decode(Uint8Array.from(this.all));
  }

  private endsWith(text: Uint8Array): boolean {
    const start = this.all.length - text.length;
    return start >= 0 && text.every((byte, i) => this.all[start + i] === byte);
  }
}
