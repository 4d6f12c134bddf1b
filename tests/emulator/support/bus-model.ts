/**
 * The bus in the plainest terms, to check the fast one against: every cycle, who asks for which port, who gets it.
 * Cores are generators of requests; nothing here knows how the emulator does it.
 */

/** What a core does: nothing for a cycle, or words moved in a row to or from one bank. */
export interface Move {
  words: number;
  bank: number;
}

export interface Request {
  cycle: number;
  port: number;
}

/** A core with straight-line code in `codePort`: each move is one 16-bit instruction. Receives the cycle of the grant. */
export function* coreRequests(
  moves: Move[],
  codePort: number,
  start: number,
): Generator<Request, number, number> {
  let time = start;
  for (let at = 0; at < moves.length; at++) {
    // The word after the one that holds this instruction, while the instruction before it still runs.
    if (at % 2 === 1) time = 1 + (yield { cycle: time - 1, port: codePort });
    for (let word = 0; word < moves[at].words; word++)
      time = 1 + (yield { cycle: time, port: moves[at].bank });
    time += 1;
  }
  return time;
}

export interface Outcome {
  /** Cycle in which each core is done. */
  finished: number[];
  /** Lost cycles by port. */
  contested: Map<number, number>;
}

/** @param highPriority bit n for core n */
export function arbitrate(cores: Generator<Request, number, number>[], highPriority: number): Outcome {
  const contested = new Map<number, number>();
  const served = new Map<number, number>();
  const pending: (Request | undefined)[] = [];
  const finished: number[] = [];
  const take = (core: number, step: IteratorResult<Request, number>) => {
    pending[core] = step.done ? undefined : step.value;
    if (step.done) finished[core] = step.value;
  };
  cores.forEach((core, n) => {
    take(n, core.next(0));
  });
  for (let cycle = 0; pending.some((request) => request !== undefined); cycle++) {
    const asked = cores.map((_, n) =>
      pending[n] && pending[n].cycle <= cycle ? pending[n].port : undefined,
    );
    for (const port of new Set(asked.filter((one) => one !== undefined))) {
      const rivals = cores.map((_, n) => n).filter((n) => asked[n] === port);
      const winner = rivals.length === 1 ? rivals[0] : choose(rivals, highPriority, served.get(port));
      served.set(port, winner);
      contested.set(port, (contested.get(port) ?? 0) + rivals.length - 1);
      take(winner, cores[winner].next(cycle));
    }
  }
  return { finished, contested };
}

function choose(rivals: number[], highPriority: number, last: number | undefined): number {
  const high = rivals.filter((n) => (highPriority >> n) & 1);
  if (high.length === 1) return high[0];
  return last === 0 ? 1 : 0;
}
