/**
 * The crossbar in the plainest terms (RP2040 datasheet 2.1): every cycle each port serves one of those who ask, by priority, then in
 * turns. Predicts the rows with two masters on the bus; knows nothing of the emulator.
 */

export interface Master {
  /** 0 core 0, 1 core 1, 2 DMA read. Turns go in this order. */
  id: number;
  requests: readonly BusRequest[];
  /** Begins again after the last request, and is not waited for. */
  endless?: true;
}

export interface BusRequest {
  port: number;
  /** Cycles after the grant of the request before. */
  after: number;
}

export interface Arbitration {
  /** Masters with high priority. */
  high?: readonly number[];
  /** Who was served last on every port. @default 0 */
  last?: number;
}

/** Lost cycles of each master until those that end have ended. All begin in the same cycle. */
export function lostCycles(
  masters: readonly Master[],
  { high = [], last: first = 0 }: Arbitration = {},
): number[] {
  const states = masters.map((master) => ({ master, at: 0, due: master.requests[0].after, lost: 0 }));
  const last = new Map<number, number>();
  const distance = (id: number, port: number) => (id - (last.get(port) ?? first) + 3) % 4;
  const goesOn = ({ master, at }: (typeof states)[0]) => at < master.requests.length;
  for (let cycle = 0; states.some((state) => !state.master.endless && goesOn(state)); cycle++) {
    const asking = states
      .filter((state) => goesOn(state) && state.due <= cycle)
      .map((state) => ({ state, id: state.master.id, port: state.master.requests[state.at].port }));
    for (const port of new Set(asking.map((one) => one.port))) {
      const rivals = asking.filter((one) => one.port === port);
      const preferred = rivals.filter(({ id }) => high.includes(id));
      const [winner] = (preferred.length > 0 ? preferred : [...rivals]).sort(
        (a, b) => distance(a.id, port) - distance(b.id, port),
      );
      last.set(port, winner.id);
      for (const rival of rivals) if (rival !== winner) rival.state.lost++;
      advance(winner.state, cycle);
    }
  }
  return states.map(({ lost }) => lost);
}

function advance(state: { master: Master; at: number; due: number }, cycle: number): void {
  state.at++;
  if (state.at === state.master.requests.length && state.master.endless) state.at = 0;
  state.due = cycle + (state.master.requests[state.at]?.after ?? 0);
}

/** LDM or STM again and again: words in a row, then one cycle without. */
export function blockMoves(times: number, words: number, portOf: (word: number) => number): BusRequest[] {
  return Array.from({ length: times * words }, (_, word) => ({
    port: portOf(word),
    after: word === 0 ? 0 : word % words === 0 ? 2 : 1,
  }));
}

/** LDR again and again, or instruction fetches of straight code: a word every other cycle. */
export function everyOtherCycle(times: number, port: number): BusRequest[] {
  return Array.from({ length: times }, (_, n) => ({ port, after: n === 0 ? 0 : 2 }));
}
