/**
 * Who wrote a wrong element: the emulator goes back to a snapshot from before, and the stores to the element are watched while
 * the same cycles pass again. The last one before the difference was seen is the one.
 */
import type { CoreIndex, Pico, Snapshot } from '../../emulator/index.ts';

export interface WrongStore {
  cycle: number;
  core: CoreIndex;
  /** Address of the storing instruction. */
  pc: number;
  /** Name of the function it is in; undefined where no symbol covers it. */
  function: string | undefined;
  /** Stores to the element since the snapshot. */
  stores: number;
}

/**
 * Undefined when nothing was stored there after the snapshot. The Pico is afterwards where it was seen.
 * @param seen where and how long the element is, and the cycle in which its wrong value was seen
 */
export const findWriter = (
  pico: Pico,
  before: Snapshot,
  seen: { address: number; bytes: number; cycle: number },
): WrongStore | undefined => {
  pico.restore(before);
  let last: Omit<WrongStore, 'function' | 'stores'> | undefined;
  let stores = 0;
  const ends = Array.from({ length: seen.bytes }, (_, byte) =>
    pico.watchWrite(seen.address + byte, (_value, cycle, core) => {
      if (cycle !== last?.cycle || core !== last.core) stores++;
      last = { cycle, core, pc: pico.registers(core).pc! };
    }),
  );
  pico.run({ cycle: seen.cycle });
  for (const end of ends) end();
  return last && { ...last, function: pico.symbolAt(last.pc)?.name, stores };
};
