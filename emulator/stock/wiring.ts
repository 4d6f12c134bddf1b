/** What both kinds of chip need done to a fresh RP2040 before a program may see it. */
import type { RP2040 } from 'rp2040js';
import type { CarriedState } from '../machine.ts';

/** Pad control after reset (datasheet 2.19.6.3): input enabled, 4 mA, pull-down, Schmitt. The stock value disables the input. */
const PAD_RESET = 0x56;
const WATCHDOG = 0x40058;
const BOOT_MAGIC = 0xb007c0d3;

export interface WatchdogRegisters {
  readonly scratchData: Uint32Array;
  reason: number;
  onWatchdogTrigger: () => void;
}

export function watchdogOf(rp2040: RP2040): WatchdogRegisters {
  return rp2040.peripherals[WATCHDOG] as unknown as WatchdogRegisters;
}

export function resetPads(rp2040: RP2040): void {
  for (const pin of rp2040.gpio) pin.padValue = PAD_RESET;
}

/** What the watchdog kept, and what it does when it fires. */
export function connectWatchdog(
  rp2040: RP2040,
  { watchdog: carried }: CarriedState,
  onReset: () => void,
): void {
  const watchdog = watchdogOf(rp2040);
  watchdog.onWatchdogTrigger = onReset;
  if (!carried) return;
  watchdog.scratchData.set(carried.scratch);
  watchdog.reason = carried.reason;
}

/** Scratch registers 4 to 7 as the boot ROM's watchdog boot wants them (datasheet 2.8.1.1): it jumps to the entry, not to flash. */
export function setBootVector(rp2040: RP2040, entry: number, sp: number): void {
  const thumb = (entry | 1) >>> 0;
  watchdogOf(rp2040).scratchData.set([BOOT_MAGIC, (thumb ^ -BOOT_MAGIC) >>> 0, sp, thumb], 4);
}

/** The memory side of a reset that is not a power-on. */
export function carriedState(
  rp2040: RP2040,
  flashBytes: number,
  cycles: number,
  seconds: number,
): CarriedState {
  const { scratchData, reason } = watchdogOf(rp2040);
  return {
    flash: rp2040.flash.slice(0, flashBytes),
    sram: rp2040.sram.slice(),
    cycles,
    seconds,
    watchdog: { scratch: scratchData.slice(), reason },
  };
}
