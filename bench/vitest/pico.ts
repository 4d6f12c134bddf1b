/** `pico`: any RP2040 program in the emulator, ready to be asserted about. */
import { formatFault, loadProgram, Pico, type Program, type RunEnd } from '../../emulator/index.ts';
import { builtFirmware } from './scenario.ts';

/** How to run a program, and what ends the run. */
export interface PicoRunOptions {
  /** The run ends when UART0 has printed this. */
  until?: string;
  /** Emulated seconds after which it ends anyway. @default 1 */
  timeoutSeconds?: number;
  /** Sent to UART0, once the program has set it up. */
  input?: string;
  /** A boot ROM of one's own. @default ours, built with the firmware */
  bootrom?: Uint8Array;
}

/** What a program did. Cycles are integers: the same every time, on every machine. */
export interface PicoRun {
  kind: 'pico';
  end: RunEnd;
  /** What UART0 printed. */
  output: string;
  /** clk_sys cycles since reset. */
  cycles: number;
  seconds: number;
  /** The kind of the fault that ended the run. */
  fault?: string;
  /** Registers, stacks and the way to the fault, for people. */
  faultReport?: string;
  /** The Pico as it stands, for memory, registers, pins and symbols. */
  pico: Pico;
}

/**
 * Runs an ELF, UF2, Intel HEX or BIN file, or a program made in memory.
 * @throws ProgramError when it is none or does not fit
 */
export const pico = async (program: string | Program, options: PicoRunOptions = {}): Promise<PicoRun> => {
  const { until, timeoutSeconds = 1, input, bootrom } = options;
  const machine = new Pico({ bootrom: bootrom ?? (await builtFirmware()).bootrom });
  machine.load(typeof program === 'string' ? loadProgram(program) : program);
  if (input !== undefined) machine.uart[0].send(input);
  const { end, cycles, seconds, fault } = machine.run({ text: until, timeoutSeconds });
  return {
    kind: 'pico',
    end,
    output: machine.uart[0].text,
    cycles,
    seconds,
    fault: fault?.kind,
    faultReport: fault && formatFault(fault),
    pico: machine,
  };
};
