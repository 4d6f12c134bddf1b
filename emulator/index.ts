/** The emulator's front door: the rest of the house imports from here and from `types.ts` only. */
export { formatFault } from './faults/format.ts';
export type { DetailedFaultReport, StackDump } from './faults/report.ts';
export type { CoreIndex, CounterReadListener, StackRange, WriteWatcher } from './machine.ts';
export { Pico, type StackRanges } from './pico.ts';
export type { PicoPin, PinChangeListener } from './ports/pin.ts';
export type { ByteListener, PicoUart } from './ports/uart.ts';
export type { PicoUsb } from './ports/usb.ts';
export { ProgramError, UsageError } from './program/errors.ts';
export { loadProgram, type ReadOptions, readProgram } from './program/load.ts';
export type { Snapshot } from './snapshot/snapshot.ts';
export { TIMING_VERSION } from './timing/table.ts';
export type { CallObserver } from './trace/call-observer.ts';
export {
  type CallNode,
  CallProfile,
  type NodeChange,
  STALL_NAMES,
  type StallCause,
} from './trace/call-profile.ts';
export { FunctionMap } from './trace/function-map.ts';
export { InstructionProfile } from './trace/instruction-profile.ts';
export { type VcdOptions, writeVcd } from './trace/vcd.ts';
export { type WaveChange, WaveRecorder, type WaveSignal } from './trace/wave.ts';
export type * from './types.ts';
