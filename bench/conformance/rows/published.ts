/** Measurements that others published from boards and that go through several blocks at once. */
import { memoryTiming } from '../../../emulator/timing/memory-rules.ts';
import { timing } from '../../../emulator/timing/table.ts';
import { type ConformanceRow, publishedRow } from '../row.ts';

/** A channel's read and write of one word, from its read address phase to the end of the write's data phase. */
const oneElement = 2 + memoryTiming.dmaReadToWrite;

/** Fetching the four words of a block, one a cycle, then the word it moves, then back. */
const controlBlock =
  memoryTiming.dmaStart + oneElement + 3 + memoryTiming.dmaStart + oneElement + memoryTiming.dmaChain;

const TWO_CORES = 'steffenyount in pico-sdk 2654, facts 3.1 row 8';
const FLASH_READ = 'Klipper 6464, facts 3.2 row 19';
const OUR_LOOP =
  'another program: a loop of our own that notes SysTick with its index in memory (18 cycles alone as compiled here); code, logs and indices in striped SRAM';

const twoCores = (what: string, cycles: number, note: string) =>
  publishedRow(`published.two-cores-log-${what}`, null, cycles, TWO_CORES, `${note}; ${OUR_LOOP}`);

const missWait = (sckCycles: number, divider: number) =>
  timing.load + sckCycles * divider + memoryTiming.xipOverhead;

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
  publishedRow(
    'published.gpio-edge-to-sdk-callback',
    null,
    200,
    'graeme-winter 2023-01-01, facts 3.1 row 3',
    'compiled code of another SDK version, timed by PIO from outside; ours goes from store to store with the XIP cache warm',
  ),
  publishedRow(
    'published.thirteen-pins-on-off',
    null,
    63,
    'Roy Longbottom, facts 3.1 row 7',
    '13 pins on and off by gpio_put, 26 writes: 51.59 Mbit/s; compiled by another compiler',
  ),
  publishedRow(
    'published.dma-control-block',
    controlBlock,
    15.6,
    'Cornell ECE 4760, facts 3.2 row 17',
    'about 8 million a second: fetching a control block and copying the word it names; their mix of blocks is another',
  ),
  twoCores('mean', 20, 'about 20'),
  twoCores('least', 18, 'wandering from 18 to 22'),
  twoCores('most', 22, 'wandering from 18 to 22'),
  publishedRow(
    'published.flash-read-quad-div2',
    missWait(memoryTiming.xipQuadWord, 2),
    40,
    FLASH_READ,
    '320 ns at 125 MHz is the SCK periods alone; ours has the load and the overhead of a miss, which no document gives',
  ),
  publishedRow(
    'published.flash-read-serial-div4',
    missWait(memoryTiming.xipSerialWord, 4),
    250,
    FLASH_READ,
    'command 03h; a little over 2 us at 125 MHz, 256 cycles by SCK periods alone',
  ),
];
