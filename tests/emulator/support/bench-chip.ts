/** A chip without firmware: a few assembled instructions, run on one core or both. */
import { Chip, type ChipOptions } from '../../../emulator/chip/chip.ts';
import type { Core } from '../../../emulator/core/core.ts';
import { assemble } from './assemble.ts';

export const SRAM = 0x20000000;
export const FLASH = 0x10000000;
/** In SRAM5, where nothing else of a test lies. */
export const STACK = 0x20041f00;

export function chipWith(source: string, address = SRAM, options: ChipOptions = {}): Chip {
  const chip = new Chip(options);
  chip.load(address, assemble(source, address));
  startAt(chip.cores[0], address);
  chip.cores[1].held = true;
  return chip;
}

/** Puts a core, as after reset, at the address. */
export function startAt(core: Core, address: number, sp = STACK): void {
  core.reset();
  core.held = false;
  core.registers[13] = sp;
  core.jump(address);
}

/** Runs core 0 from the beginning to its BKPT; returns the cycles spent before the BKPT. */
export function cyclesToBreak(chip: Chip, limit = 100_000): number {
  const start = chip.cores[0].cycle;
  chip.onBreak = () => true;
  const reason = chip.run(start + limit);
  if (reason !== 'break') throw new Error(`the run ended with ${reason}, not at a BKPT`);
  return chip.cores[0].cycle - start;
}
