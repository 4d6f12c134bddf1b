/**
 * Which matrices are kept in SRAM and which are streamed from flash while the cores compute, and in what tiles. Every byte of
 * a matrix is read once a token, so it is not a matter of heat: DMA needs about as long for a byte as two cores for two
 * multiply-adds, and what it fetches while the cores work on pinned matrices is free as far as the ring holds it. So the
 * streamed matrices should lie between pinned ones. A token is simulated, tile by tile, for every choice.
 */
import { groupSize, type WeightFormat } from '../quantized.ts';
import { matrixBytes, pad, rowLanes, scaleBytes } from './layout.ts';

/** A matrix in the order in which a token needs it. */
export interface StreamCandidate {
  format: WeightFormat;
  rows: number;
  columns: number;
}

export interface StreamPlan {
  /** Blocks of a tile for each candidate; 0: pinned. */
  tiles: number[];
  /** Bytes of the region: the table of streamed matrices and the slots. */
  ringBytes: number;
  /** What the simulation says a token's matrices take on two cores. Good for comparing plans. */
  cycles: number;
}

/** clk_sys cycles per byte of the SSI at divider 2, and per tile: command, address and interrupt. */
const CYCLES_PER_BYTE = 4;
const CYCLES_PER_TILE = 120;
/** Cycles per multiply-add of two cores, and of what happens around a matrix. */
const CYCLES_PER_MAC: Record<WeightFormat, number> = { int8: 1.7, int4: 1.35, int4g32: 1.5 };
const CYCLES_BETWEEN = 8000;
/** Bytes of an entry of the ring's table. */
export const streamEntryBytes = 16;
/** A flash command reads this many words at most. */
const MOST_TILE_WORDS = 65536;
const TILE_TARGETS = [256, 512, 768, 1024, 1536, 2048, 3072, 3584, 4608, 6144, 8192];
const SLOTS = [2, 4, 8, 16, 32];
/** More matrices than this are chosen without trying every exchange of two. */
const MOST_FOR_EXCHANGES = 30;

interface Sized extends StreamCandidate {
  blocks: number;
  /** Of a block in a tile, scales included. */
  blockBytes: number;
  bytes: number;
}

/**
 * @param room bytes of SRAM for pinned matrices and the ring
 * @returns the best plan found, or undefined when not even two slots fit
 */
export function planStream(candidates: StreamCandidate[], room: number): StreamPlan | undefined {
  const matrices = candidates.map((candidate): Sized => {
    const { format, rows, columns } = candidate;
    const blocks = pad(rows, rowLanes(format)) / rowLanes(format);
    const bytes = matrixBytes(format, rows, columns) + scaleBytes(format, rows);
    return { ...candidate, blocks, blockBytes: bytes / blocks, bytes };
  });
  let best: StreamPlan | undefined;
  for (const target of TILE_TARGETS) {
    for (const slots of SLOTS) {
      const found = planFor(matrices, room, target, slots);
      if (found && (best === undefined || found.cycles < best.cycles)) best = found;
    }
  }
  return best;
}

/** The same ring for all choices: slots for the largest tile of any matrix. */
function planFor(matrices: Sized[], room: number, target: number, slots: number): StreamPlan | undefined {
  const tiles = matrices.map(({ blocks, blockBytes }) =>
    Math.min(
      blocks,
      Math.max(1, Math.floor(target / blockBytes)),
      Math.floor((4 * MOST_TILE_WORDS) / blockBytes),
    ),
  );
  const slotBytes = Math.max(...matrices.map(({ blockBytes }, i) => tiles[i] * blockBytes));
  const ringBytes = slots * slotBytes + streamEntryBytes * matrices.length;
  const pinnedRoom = room - ringBytes;
  if (pinnedRoom < 0) return undefined;
  const cost = (streamed: boolean[]) => simulate(matrices, tiles, streamed, slots);
  let streamed = evenly(matrices, pinnedRoom);
  let cycles = cost(streamed);
  const consider = (change: number[]): void => {
    const changed = streamed.map((value, i) => (change.includes(i) ? !value : value));
    if (pinnedBytes(matrices, changed) > pinnedRoom) return;
    const after = cost(changed);
    if (after < cycles) [streamed, cycles] = [changed, after];
  };
  if (matrices.length <= MOST_FOR_EXCHANGES) {
    for (let before = Number.POSITIVE_INFINITY; cycles < before; ) {
      before = cycles;
      for (let i = 0; i < matrices.length; i++) {
        consider([i]);
        for (let j = i + 1; j < matrices.length; j++) if (streamed[i] !== streamed[j]) consider([i, j]);
      }
    }
  }
  return { tiles: tiles.map((tile, i) => (streamed[i] ? tile : 0)), ringBytes, cycles };
}

function pinnedBytes(matrices: Sized[], streamed: boolean[]): number {
  return matrices.reduce((sum, { bytes }, i) => sum + (streamed[i] ? 0 : pad(bytes, 4)), 0);
}

/** Pins as much as there is room for, evenly over the token. */
function evenly(matrices: Sized[], pinnedRoom: number): boolean[] {
  const total = matrices.reduce((sum, { bytes }) => sum + bytes, 0);
  const share = Math.min(1, pinnedRoom / total);
  let due = 0;
  let left = pinnedRoom;
  const streamed = matrices.map(({ bytes }) => {
    due += share * bytes;
    if (due < bytes / 2 || bytes > left) return true;
    due -= bytes;
    left -= pad(bytes, 4);
    return false;
  });
  matrices.forEach(({ bytes }, i) => {
    if (!streamed[i] || pad(bytes, 4) > left) return;
    streamed[i] = false;
    left -= pad(bytes, 4);
  });
  return streamed;
}

/** Cycles of a token: a tile is fetched when its slot is free, and used when it is there and the one before is done. */
function simulate(matrices: Sized[], tiles: number[], streamed: boolean[], slots: number): number {
  const done: number[] = [];
  let now = 0;
  let fetched = 0;
  matrices.forEach(({ format, rows, columns, blocks, blockBytes }, i) => {
    now += CYCLES_BETWEEN;
    const compute = pad(rows, rowLanes(format)) * pad(columns, format === 'int4g32' ? groupSize : 4);
    const perBlock = (compute / blocks) * CYCLES_PER_MAC[format];
    if (!streamed[i]) {
      now += blocks * perBlock;
      return;
    }
    for (let first = 0; first < blocks; first += tiles[i]) {
      const count = Math.min(tiles[i], blocks - first);
      const free = done.length < slots ? 0 : done[done.length - slots];
      fetched = Math.max(fetched, free) + CYCLES_PER_TILE + CYCLES_PER_BYTE * count * blockBytes;
      now = Math.max(now, fetched) + count * perBlock;
      done.push(now);
    }
  });
  return now;
}
