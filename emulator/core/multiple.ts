/**
 * LDM, STM, PUSH and POP (ARMv6-M ARM A6.7): which registers, which addresses, what becomes of the base register.
 */
import { timing } from '../timing/table.ts';
import type { Core } from './core.ts';
import { LIST_EXTRA, Op } from './decode.ts';

/** In a register list, the bit that stands for LR in PUSH and for PC in POP. */
export const EXTRA_REGISTER = 8;

/** Number of registers in a list of nine bits. */
const LENGTH = Uint8Array.from({ length: 512 }, (_, list) => {
  let count = 0;
  for (let bits = list; bits !== 0; bits &= bits - 1) count++;
  return count;
});

/** Lowest register first; bit 8 is `EXTRA_REGISTER`. */
export function registerList(decoded: number): number {
  const list = (decoded >> 19) & (LIST_EXTRA | 0xff);
  return (decoded & 0xff) === Op.popPc ? list | LIST_EXTRA : list;
}

export function isStore(decoded: number): boolean {
  return (decoded & 0xff) === Op.stm || (decoded & 0xff) === Op.push;
}

/** Cycles a word takes, from what a single load or store of it costs. */
export function wordCycles(cost: number): number {
  return cost === timing.sio ? timing.sioMultiple : cost - 1;
}

/** Address of the first word; the base register does not change before the end. */
export function firstAddress(core: Core, decoded: number): number {
  const base = core.registers[(decoded >> 15) & 15];
  return (decoded & 0xff) === Op.push ? (base - 4 * LENGTH[registerList(decoded)]) | 0 : base;
}

/** The base register after all `count` words: an LDM with its base in the list leaves the loaded word there. */
export function baseAfter(core: Core, decoded: number, count: number): number {
  const register = (decoded >> 15) & 15;
  const op = decoded & 0xff;
  if (op === Op.ldm && ((decoded >> (19 + register)) & 1) === 1) return core.loadedBase;
  return op === Op.push ? core.registers[13] - 4 * count : core.registers[register] + 4 * count;
}
