/**
 * Who wrote a wrong element: the emulator goes back to a snapshot from before, and the stores to the element's word are watched while
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
  /** Stores to the word since the snapshot. */
  stores: number;
}

/**
 * Undefined when nothing was stored there after the snapshot. The Pico is afterwards where it was seen.
 * @param seenAt cycle in which the wrong value was seen
 */
export const findWriter = (
  pico: Pico,
  before: Snapshot,
  address: number,
  seenAt: number,
): WrongStore | undefined => {
  pico.restore(before);
  let last: Omit<WrongStore, 'function' | 'stores'> | undefined;
  let stores = 0;
  const ends = [0, 1, 2, 3].map((byte) =>
    pico.watchWrite(address + byte, (_value, cycle, core) => {
      if (cycle !== last?.cycle || core !== last.core) stores++;
      last = { cycle, core, pc: pico.registers(core).pc! };
    }),
  );
  pico.run({ cycle: seenAt });
  for (const end of ends) end();
  return last && { ...last, function: pico.symbolAt(last.pc)?.name, stores };
};
