/** Measurements that others published from boards and that go through several blocks at once. */
import { memoryTiming } from '../../../emulator/timing/memory-rules.ts';
import { timing } from '../../../emulator/timing/table.ts';
import { type ConformanceRow, publishedRow } from '../row.ts';

/** A channel's read and write of one word, from its read address phase to the end of the write's data phase. */
const oneElement = 2 + memoryTiming.dmaReadToWrite;

export const publishedRows: ConformanceRow[] = [
  publishedRow(
    'published.gpio-edge-to-toggle',
    timing.sio + timing.exceptionEntry + timing.load + timing.alu + timing.sio,
    25,
    'graeme-winter 2023-01-02, facts 3.1 row 4',
    'just under 200 ns, resolution 5 cycles, seen by PIO from outside: both input synchronisers (2 cycles each) are in it; ours goes from store to store and has none',
  ),
  publishedRow(
    'published.pio-dma-dma-loop',
    memoryTiming.dmaDreqLatency + memoryTiming.dmaStart + 2 * oneElement,
    11,
    'rhulme in PF 202, facts 3.1 row 5',
    'from a push to the OUT that its answer releases; the PIO model takes the answer in the cycle of its arrival, without a cycle for the autopull',
  ),
];
