/** Runs the conformance program on the emulated chip. */
import { type CoreKind, loadProgram, Pico } from '../../emulator/index.ts';
import type { FaultReport, RunEnd } from '../../emulator/types.ts';
import { ConformanceOutputError, type DeviceTable, parseDeviceTable } from './serial.ts';

const LAST_LINE = '\r\ndone\r\n';
/** It takes less than one. */
const TIMEOUT_SECONDS = 3;

export interface EmulatorRequest {
  /** ELF or UF2. */
  programPath: string;
  bootrom: Uint8Array;
  /** @default 'starmind' */
  core?: CoreKind;
  /** Runs in pieces of this many cycles; the result is the same. @default one piece */
  sliceCycles?: number;
}

export interface EmulatorOutcome {
  table: DeviceTable;
  /** All that the program printed. */
  text: string;
  end: RunEnd;
  fault?: FaultReport;
}

/** @throws ConformanceOutputError when the program printed no table */
export function measureOnEmulator({
  programPath,
  bootrom,
  core,
  sliceCycles,
}: EmulatorRequest): EmulatorOutcome {
  const pico = new Pico({ core, bootrom });
  pico.load(loadProgram(programPath));
  const finished = () => pico.uart[0].text.endsWith(LAST_LINE);
  let end: RunEnd = 'cycle';
  while (end === 'cycle' && !finished() && pico.seconds < TIMEOUT_SECONDS) {
    end = pico.run({
      text: LAST_LINE,
      timeoutSeconds: TIMEOUT_SECONDS - pico.seconds,
      ...(sliceCycles ? { cycle: pico.cycles + sliceCycles } : {}),
    }).end;
  }
  const { text } = pico.uart[0];
  return { table: tableOf(text, pico.fault), text, end: finished() ? 'text' : end, fault: pico.fault };
}

/** A fault before the head of the table says more than that there is none. */
function tableOf(text: string, fault: FaultReport | undefined): DeviceTable {
  try {
    return parseDeviceTable(text);
  } catch (error) {
    if (!fault || !(error instanceof ConformanceOutputError)) throw error;
    throw new ConformanceOutputError(`The program ended before its first row: ${fault.message}`);
  }
}
