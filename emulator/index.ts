/** The emulator's front door: the rest of the house imports from here and from `types.ts` only. */
export type { CoreIndex, CounterReadListener, WriteWatcher } from './machine.ts';
export { Pico, type StackLimits } from './pico.ts';
export type { PicoPin, PinChangeListener } from './ports/pin.ts';
export type { ByteListener, PicoUart } from './ports/uart.ts';
export { ProgramError, UsageError } from './program/errors.ts';
export { type ReadOptions, readProgram, readProgramFile } from './program/load.ts';
export type * from './types.ts';
