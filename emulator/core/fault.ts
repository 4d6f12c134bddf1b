/** Faults of a core: every one becomes HardFault, or lockup when HardFault or NMI is already running (ARMv6-M ARM B1.5.6). */
import type { Core } from './core.ts';
import { EXC_HARDFAULT } from './nvic.ts';

export function hex(value: number): string {
  return `0x${(value >>> 0).toString(16).padStart(8, '0')}`;
}

/** Tells the machine and, unless it stops there, makes HardFault pending or locks the core up. */
export function raiseFault(core: Core, kind: string, message: string, address?: number): void {
  const lockup = core.inFault;
  const stop = core.host.faulted(core, {
    kind,
    message,
    pc: core.pc,
    lockup,
    ...(address === undefined ? {} : { address }),
  });
  if (lockup) core.lockedUp = true;
  if (!stop && !lockup) core.nvic.setPending(EXC_HARDFAULT);
  core.callAttention();
}

/** The next instruction cannot be fetched. */
export function fetchFault(core: Core): void {
  const { pc } = core;
  if (!core.thumb) {
    raiseFault(core, 'thumb-bit-clear', `A branch to ${hex(pc)} without the Thumb bit`, pc);
    return;
  }
  const peripheral = pc >>> 28 === 4 || pc >>> 28 === 5 || pc >>> 28 === 0xd || pc >>> 28 === 0xe;
  const kind = peripheral ? 'fetch-from-peripheral' : 'unmapped-fetch';
  const where = peripheral ? 'in the address range of peripherals' : 'where there is no memory';
  raiseFault(core, kind, `The program jumped to ${hex(pc)}, ${where}`, pc);
}

/** A load or store went wrong; `size` in bytes. */
export function accessFault(core: Core, kind: string, address: number, size: number): void {
  raiseFault(core, kind, accessMessage(kind, address, size), address >>> 0);
}

function accessMessage(kind: string, address: number, size: number): string {
  switch (kind) {
    case 'unaligned-access':
      return `A ${size * 8}-bit access to ${hex(address)}, which is not a multiple of ${size}`;
    case 'unmapped-read':
      return `A read from ${hex(address)}, where there is nothing`;
    case 'unmapped-write':
      return `A write to ${hex(address)}, where there is nothing`;
    case 'write-to-rom':
      return `A write to ${hex(address)}, which is boot ROM`;
    case 'write-to-flash':
      return `A write to ${hex(address)}, which is flash`;
    default:
      return `An access to ${hex(address)} that the bus refused`;
  }
}
