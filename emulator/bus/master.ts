/**
 * What a bus master promises the arbiter. There are four: core 0, core 1, DMA read and DMA write.
 *
 * A master has at most one request outstanding. The arbiter always serves the earliest request; among requests
 * for the same slave port in the same cycle the priority bit (BUS_PRIORITY) decides, then round-robin. The loser's
 * `requestCycle` is moved to the cycle in which the port is free again.
 */

export const MASTER_CORE0 = 0;
export const MASTER_CORE1 = 1;
export const MASTER_DMA_READ = 2;
export const MASTER_DMA_WRITE = 3;
export type MasterId = 0 | 1 | 2 | 3;

export interface BusMaster {
  readonly id: MasterId;
  /**
   * Absolute clk_sys cycle of the address phase this master asks for; Infinity when it wants nothing.
   * Only the master lowers it (and then calls `bus.requestChanged()`); only the arbiter raises it, when lost.
   */
  requestCycle: number;
  /** Address asked for in that cycle. */
  requestAddress: number;
  /**
   * The request is granted: the address phase happens in `cycle`. The master calls `bus.read` or `bus.write`
   * exactly once and sets `requestCycle` to its next request (later than `cycle`) or Infinity.
   */
  commit(cycle: number): void;
}

/** Access width in bytes. */
export type AccessSize = 1 | 2 | 4;

/** The bus as the DMA masters see it. Cores have a faster way in. */
export interface MasterBus {
  /**
   * Reads at the address phase `cycle`. Returns the value, zero-extended. A bus error sets `failed`.
   * `dataCycle` says when the value is there: `cycle + 1` on a zero-wait port, later on XIP and APB.
   */
  read(address: number, size: AccessSize, cycle: number, master: MasterId): number;
  /** Writes at the address phase `cycle`; `dataCycle` is when the write is done. */
  write(address: number, value: number, size: AccessSize, cycle: number, master: MasterId): void;
  /** First cycle after the data phase of the last `read` or `write` began: the earliest use of its value. */
  readonly dataCycle: number;
  /** The last `read` or `write` met a bus error (nothing there). */
  readonly failed: boolean;
  /** A master lowered its `requestCycle`, or leaves the bus: the run limits are worked out anew. */
  requestChanged(): void;
}
