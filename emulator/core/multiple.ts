/**
 * LDM, STM, PUSH and POP one word at a time (ARMv6-M ARM A6.7): for when they can be interrupted, share the bus, or go to
 * other places than SRAM. Registers change only when all words are there, so that an interrupted instruction can
 * start again from the beginning.
 */
import { timing } from '../timing/table.ts';
import type { Core } from './core.ts';
import { immediateOf, LIST_EXTRA, Op } from './decode.ts';

/** Registers still to do after `done` words; bit 8 stands for LR in PUSH and for PC in POP. */
export function remainingList(decoded: number, done: number): number {
  let list = immediateOf(decoded) & (LIST_EXTRA | 0xff);
  if ((decoded & 0xff) === Op.popPc) list |= LIST_EXTRA;
  for (let word = 0; word < done; word++) list &= list - 1;
  return list;
}

export function isStore(decoded: number): boolean {
  return (decoded & 0xff) === Op.stm || (decoded & 0xff) === Op.push;
}

/** Address of the first word; the base register does not change before the end. */
export function firstAddress(core: Core, decoded: number): number {
  const base = core.registers[(decoded >> 15) & 15];
  return (decoded & 0xff) === Op.push ? base - 4 * countBits(remainingList(decoded, 0)) : base;
}

/** Cycles a word takes, from what a single load or store of it costs. */
export function wordCycles(cost: number): number {
  return cost === timing.sio ? timing.sioMultiple : cost - 1;
}

/** Number of the lowest register of a list. */
export function lowestRegister(list: number): number {
  const register = 31 - Math.clz32(list & -list);
  return register === 8 ? 14 : register;
}

/** All words are transferred, loaded ones to `core.words`. Returns the PC that POP loaded, or 0. */
export function finishMultiple(core: Core, decoded: number): number {
  const op = decoded & 0xff;
  const { registers, words } = core;
  const base = (decoded >> 15) & 15;
  const count = countBits(remainingList(decoded, 0));
  const start = firstAddress(core, decoded);
  const list = immediateOf(decoded) & 0xff;
  if (!isStore(decoded)) {
    let word = 0;
    for (let rest = list; rest !== 0; rest &= rest - 1) registers[lowestRegister(rest)] = words[word++];
    // LDM with its base in the list leaves the loaded word there.
    if (op === Op.ldm && ((list >> base) & 1) === 1) return 0;
  }
  registers[base] = op === Op.push ? start : start + 4 * count;
  return op === Op.popPc ? words[count - 1] : 0;
}

function countBits(list: number): number {
  let count = 0;
  for (let bits = list; bits !== 0; bits &= bits - 1) count++;
  return count;
}
