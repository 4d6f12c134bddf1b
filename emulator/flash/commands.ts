/**
 * The command set of a W25Q-class serial NOR flash, as data. W25Q16JV datasheet, "Instructions" tables.
 *
 * A command is one byte on one line, then optionally a 24-bit address, 8 mode bits, dummy clocks and data.
 */

/** What the chip does with the data phase, or at the rising edge of chip select when there is none. */
export type FlashEffect =
  | 'read-array'
  | 'read-status-1'
  | 'read-status-2'
  | 'read-status-3'
  | 'read-jedec-id'
  | 'read-device-id'
  | 'read-manufacturer-id'
  | 'read-unique-id'
  | 'write-status-1'
  | 'write-status-2'
  | 'write-status-3'
  | 'write-enable'
  | 'write-disable'
  | 'program-page'
  | 'erase-4k'
  | 'erase-32k'
  | 'erase-64k'
  | 'erase-chip'
  | 'power-down'
  | 'reset-enable'
  | 'reset';

export interface FlashCommand {
  readonly effect: FlashEffect;
  /** Lines that carry the 24-bit address; 0 when the command has none. */
  readonly addressLines: 0 | 1 | 2 | 4;
  /** Eight mode bits follow the address, on the address lines. */
  readonly mode: boolean;
  readonly dummyClocks: number;
  /** Lines that carry data. */
  readonly dataLines: 1 | 2 | 4;
  /** Ignored by the chip unless status register 2 has QE set. */
  readonly quad: boolean;
}

function command(effect: FlashEffect, shape: Partial<Omit<FlashCommand, 'effect'>> = {}): FlashCommand {
  return { effect, addressLines: 0, mode: false, dummyClocks: 0, dataLines: 1, quad: false, ...shape };
}

export const FLASH_COMMANDS: ReadonlyMap<number, FlashCommand> = new Map([
  [0x03, command('read-array', { addressLines: 1 })],
  [0x0b, command('read-array', { addressLines: 1, dummyClocks: 8 })],
  [0x3b, command('read-array', { addressLines: 1, dummyClocks: 8, dataLines: 2 })],
  [0x6b, command('read-array', { addressLines: 1, dummyClocks: 8, dataLines: 4, quad: true })],
  [0xbb, command('read-array', { addressLines: 2, mode: true, dataLines: 2 })],
  [0xeb, command('read-array', { addressLines: 4, mode: true, dummyClocks: 4, dataLines: 4, quad: true })],
  [0x05, command('read-status-1')],
  [0x35, command('read-status-2')],
  [0x15, command('read-status-3')],
  [0x9f, command('read-jedec-id')],
  [0x90, command('read-manufacturer-id', { addressLines: 1 })],
  [0xab, command('read-device-id', { dummyClocks: 24 })],
  [0x4b, command('read-unique-id', { dummyClocks: 32 })],
  [0x01, command('write-status-1')],
  [0x31, command('write-status-2')],
  [0x11, command('write-status-3')],
  [0x06, command('write-enable')],
  [0x50, command('write-enable')],
  [0x04, command('write-disable')],
  [0x02, command('program-page', { addressLines: 1 })],
  [0x32, command('program-page', { addressLines: 1, dataLines: 4, quad: true })],
  [0x20, command('erase-4k', { addressLines: 1 })],
  [0x52, command('erase-32k', { addressLines: 1 })],
  [0xd8, command('erase-64k', { addressLines: 1 })],
  [0xc7, command('erase-chip')],
  [0x60, command('erase-chip')],
  [0xb9, command('power-down')],
  [0x66, command('reset-enable')],
  [0x99, command('reset')],
]);

/** Effects whose data phase is driven by the chip. */
export function isReadEffect(effect: FlashEffect): boolean {
  return effect.startsWith('read-');
}

/** Effects that need the write enable latch and make the chip busy. */
export function isWriteEffect(effect: FlashEffect): boolean {
  return effect === 'program-page' || effect.startsWith('erase-') || effect.startsWith('write-status-');
}
