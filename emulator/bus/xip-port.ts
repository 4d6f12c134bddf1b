/**
 * How the bus asks the XIP block what a flash access costs, and what the XIP block tells the bus.
 * The flash bytes themselves are `chip.flash`; this port is about time only.
 */

/** Cycles are absolute clk_sys cycles of the address phase. */
export interface XipPort {
  /**
   * One byte per flash word, index `(address & 0xffffff) >>> 2` (0x400000 entries). Non-zero when a read of that word
   * through the cached alias (0x10) hits now, with no wait state; the value names the way (1 or 2). The bus then does
   * not call `access`: it adds one to `fastHits` and writes the value to `lastWay[(address >>> 3) & 1023]`,
   * which is all that a replacement policy may want to know. All zero when the cache is off or the fast way must
   * not be used (tracing).
   */
  readonly resident: Uint8Array;
  /** Way of the last hit per set (1024 sets of 8-byte lines), written by the bus on fast hits. */
  readonly lastWay: Uint8Array;
  /** Hits the bus took by the fast way since the XIP block last folded them into CTR_HIT and CTR_ACC. */
  fastHits: number;
  /**
   * A read of the word holding `address` (0x10000000-0x13ffffff, any alias) with its address phase in `cycle`.
   * Returns the wait states: 0 for a hit. The port stays busy for them.
   */
  access(address: number, cycle: number): number;
  /** Set by `access` when the flash cannot serve the read (direct mode, busy): the reason. The bus clears it. */
  problem?: string | undefined;
  /** A write to 0x10000000-0x13ffffff (invalidates a line when the cached alias is used). Returns wait states. */
  write(address: number, cycle: number): number;
  /**
   * Optional: bytes of the cache used as SRAM (0x15000000, 16 KB), when the cache is disabled.
   * `null` while the cache is enabled (access is then a bus fault).
   */
  readonly sram?: Uint8Array | null;
}

/** Flash at the speed of SRAM: every word resident. Stands in until the XIP block is there, and for tests. */
export class ZeroWaitXip implements XipPort {
  readonly resident = new Uint8Array(0x400000).fill(1);
  readonly lastWay = new Uint8Array(1024);
  fastHits = 0;
  access(): number {
    return 0;
  }
  write(): number {
    return 0;
  }
}
