/** The whole timing table: cores, bus and SIO first, then flash, XIP, DMA and clocks. */
import { type MemoryRule, memoryRules } from './memory-rules.ts';
import { timingTable } from './table.ts';

export const allTimingRules: readonly MemoryRule[] = [...timingTable, ...memoryRules];
